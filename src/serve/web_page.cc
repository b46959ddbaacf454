#include "serve/web_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "serve/accept.h"
#include "serve/gzip.h"

namespace qm {
std::span<const EmbeddedFile> embedded_web();
}

namespace qm::serve {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view content_type_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

std::string packed(std::string_view bytes) {
  Gzip gzip(std::make_shared<const std::string>(bytes), kSmallestGzip);
  while (gzip.work()) {
  }
  const Packed made = std::move(gzip).take();
  const std::string end = gzip_end(made, "");
  return end.empty() ? std::string() : made.bytes + end;
}

// FNV-1a: tells versions of our own files apart; nobody chooses their content against it.
std::string tag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

WebPage::WebPage() {
  for (const EmbeddedFile& file : embedded_web()) {
    const std::string name(file.name == "index.html" ? "" : file.name);
    files_[name] = {file.bytes, content_type_of(file.name), tag_of(file.bytes), ""};
  }
}

std::vector<std::string> WebPage::paths() const {
  std::vector<std::string> paths;
  paths.reserve(files_.size());
  for (const auto& [name, file] : files_) paths.push_back(name);
  return paths;
}

bool WebPage::is_current(std::string_view name, std::string_view version) const {
  return files_.find("")->second.bytes.find(fmt::format("\"{}?v={}\"", name, version)) !=
         std::string_view::npos;
}

void WebPage::handle(const Request& request, Done done) {
  const auto& path = request.target.path;
  const auto found = files_.find(path.empty() ? std::string() : path.front());
  if (found == files_.end() || path.size() > 1) {
    return done(refusal_answer({404, "no such file; the page is at /"}));
  }
  File& file = found->second;
  if (file.packed.empty() && takes_gzip(request.accept_encoding)) file.packed = packed(file.bytes);
  const bool small = !file.packed.empty() && takes_gzip(request.accept_encoding);
  const std::string tag = fmt::format("\"{}{}\"", file.tag, small ? "-gzip" : "");
  const auto& parameters = request.target.parameters;
  const bool kept = std::ranges::any_of(parameters, [&](const Parameter& one) {
    return one.name == "v" && is_current(found->first, one.value);
  });
  Answer answer{200, file.content_type, {}};
  answer.fields = {{"ETag", tag},
                   {"Vary", "Accept-Encoding"},
                   {"Cache-Control", kept ? "private, max-age=31536000, immutable" : "no-cache"},
                   {"Content-Security-Policy", std::string(kPolicy)}};
  if (request.if_none_match == tag) {
    answer.status = 304;
    return done(std::move(answer));
  }
  if (small) {
    answer.body = file.packed;
    answer.fields.push_back({"Content-Encoding", "gzip"});
  } else {
    answer.body = file.bytes;
  }
  done(std::move(answer));
}

}  // namespace qm::serve
