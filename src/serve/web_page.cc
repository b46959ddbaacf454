#include "serve/web_page.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "base/embedded.h"
#include "base/result.h"
#include "serve/accept.h"

namespace qm {
std::span<const EmbeddedFile> embedded_web();
}

namespace qm::serve {
namespace {

constexpr std::string_view kStartElement =
    "<script id=\"start\" type=\"application/json\" data-from=\"";

// What stands between open and close, which the build has put there.
std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t begin = text.find(open);
  QM_ASSERT(begin != std::string_view::npos);
  text.remove_prefix(begin + open.size());
  return text.substr(0, text.find(close));
}

// As a policy names a text (CSP 3 section 2.3.1).
std::string hash_source(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  std::array<unsigned char, 45> digits{};  // base64, and a 0
  QM_ASSERT(
      ::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr) == 1);
  const int written = ::EVP_EncodeBlock(digits.data(), digest.data(), digest.size());
  return fmt::format("'sha256-{}'", std::string(digits.begin(), digits.begin() + written));
}

std::string policy_of(std::string_view document) {
  return fmt::format(
      "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      hash_source(between(document, "<script>", "</script>")),
      hash_source(between(document, "<style>", "</style>")));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at; (at = text.find(what)) != std::string_view::npos;) {
    out.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + what.size());
  }
  return out.append(text);
}

std::shared_ptr<const Packed> packed(std::shared_ptr<const std::string> text) {
  Gzip gzip(std::move(text), kSmallestGzip);
  while (gzip.work()) {
  }
  return std::make_shared<const Packed>(std::move(gzip).take());
}

}  // namespace

WebPage::WebPage(Handler& api) : api_(api) {
  const std::string_view document = embedded_web().front().bytes;
  const std::string_view from = between(document, kStartElement, "\"");
  Asked<Target> start = parse_target(replaced(from, "&amp;", "&"));
  QM_ASSERT(start.has_value());
  start_ = std::move(*start);
  const auto data_at = static_cast<std::size_t>(from.data() - document.data()) + from.size() +
                       std::string_view("\">").size();
  before_ = std::make_shared<const std::string>(document.substr(0, data_at));
  after_ = document.substr(data_at);
  policy_ = policy_of(document);
}

void WebPage::handle(const Request& request, Done done) {
  if (!request.target.path.empty()) {
    return done(refusal_answer({404, "no such file; the page is at /"}));
  }
  Request start;
  start.role = request.role;
  start.target = start_;
  api_.handle(start, [this, gzip = takes_gzip(request.accept_encoding),
                      done = std::move(done)](const Answer& said) { done(document(said, gzip)); });
}

Answer WebPage::document(const Answer& start, bool takes_gzip) {
  Answer answer{200, "text/html; charset=utf-8", {}};
  answer.fields = {{"Vary", "Accept-Encoding"}, {"Content-Security-Policy", policy_}};
  answer.middle = before_;
  // In JSON this character stands in strings alone, and may be written so there.
  if (start.status == 200) answer.end = replaced(start.body, "<", "\\u003c");
  answer.end.append(after_);
  if (!takes_gzip || answer.end.size() > kMostPackedStartBytes) return answer;
  if (!packed_) packed_ = packed(before_);
  std::string end = gzip_end(*packed_, answer.end);
  if (end.empty()) return answer;
  answer.middle = {packed_, &packed_->bytes};
  answer.end = std::move(end);
  answer.fields.push_back({"Content-Encoding", "gzip"});
  return answer;
}

}  // namespace qm::serve
