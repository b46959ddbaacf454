#include "serve/http_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <chrono>

#include "base/text.h"
#include "login/basic.h"

namespace qm::serve {

namespace http = boost::beast::http;

namespace {

bool is_mandatory(const Message& message) {
  return view(message.method_string()) == "M-POST";
}

// RFC 2774: Man: "http://…" ; ns=73 makes CIMOperation 73-CIMOperation.
std::string extension_prefix(const Message& message) {
  const std::string_view man = view(message["Man"]);
  const std::size_t at = man.rfind("ns=");
  std::string out;
  for (std::size_t i = at; at != std::string_view::npos && i + 3 < man.size(); ++i) {
    const char digit = man[i + 3];
    if (digit < '0' || digit > '9') break;
    out += digit;
  }
  return out.empty() ? out : out + '-';
}

void take_cim_fields(CimFields& cim, const Message& message, const std::string& prefix) {
  const auto field = [&](std::string_view name) {
    return view(message[beast_view(prefix + std::string(name))]);
  };
  cim.operation = field("CIMOperation");
  if (cim.operation.empty()) return;  // nobody's but CIM-XML's
  cim.method = field("CIMMethod");
  cim.object = field("CIMObject");
  cim.batch = field("CIMBatch");
  cim.protocol = field("CIMProtocolVersion");
}

// What every answer carries: it is data for the one who asked, never a document or a script. An
// answer that is a document says so by fields of its own.
struct Constant {
  std::string_view name, value;
};
constexpr Constant kConstants[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"}};

class HeadWriter {
 public:
  HeadWriter(std::string& out, const Answer& answer) : out_(out), answer_(answer) {}
  // Unless the answer has its own.
  void constant(std::string_view name, std::string_view value) {
    const auto is_it = [name](const Field& one) { return same_name(one.name, name); };
    if (std::ranges::none_of(answer_.fields, is_it)) field(name, value);
  }
  void field(std::string_view name, std::string_view value) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }

 private:
  std::string& out_;
  const Answer& answer_;
};

}  // namespace

std::string head_of(const Answer& answer, const HeadSetting& setting) {
  std::string out;
  out.reserve(512);
  const auto status = static_cast<http::status>(answer.status);
  out.append(fmt::format("HTTP/1.1 {} {}\r\n", answer.status, view(http::obsolete_reason(status))));
  HeadWriter head(out, answer);
  if (!answer.content_type.empty()) head.constant("Content-Type", answer.content_type);
  for (const Constant& one : kConstants) head.constant(one.name, one.value);
  if (answer.status == 401) head.constant("WWW-Authenticate", login::kChallenge);
  if (!setting.date.empty()) head.field("Date", setting.date);
  for (const Field& one : answer.fields) head.field(one.name, plain_text(one.value));
  if (setting.content_bytes) {
    head.field("Content-Length", fmt::format("{}", *setting.content_bytes));
  }
  if (!setting.keep_alive) head.field("Connection", "close");
  if (setting.keep_alive && setting.old) head.field("Connection", "keep-alive");
  out.append("\r\n");
  return out;
}

std::string_view HttpDate::at(std::uint64_t unix_s) {
  using namespace std::chrono;
  if (unix_s == unix_s_ && !text_.empty()) return text_;
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const sys_days day{days(static_cast<std::int64_t>(unix_s / 86'400))};
  const year_month_day date{day};
  const auto word = [](std::string_view words, std::size_t index) {
    return words.substr(3 * index, 3);
  };
  text_ = fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", word(kDays, weekday(day).c_encoding()),
      static_cast<unsigned>(date.day()), word(kMonths, static_cast<unsigned>(date.month()) - 1U),
      static_cast<int>(date.year()), unix_s % 86'400 / 3'600, unix_s % 3'600 / 60, unix_s % 60);
  unix_s_ = unix_s;
  return text_;
}

Verb verb_of(const Message& message) {
  switch (message.method()) {
    case http::verb::get:
    case http::verb::head:
      return Verb::get;
    case http::verb::post:
      return Verb::post;
    case http::verb::delete_:
      return Verb::remove;
    case http::verb::options:
      return Verb::options;
    default:
      break;
  }
  return is_mandatory(message) ? Verb::post : Verb::other;
}

void take_fields(Request& request, const Message& message) {
  request.accept = view(message[http::field::accept]);
  request.accept_encoding = view(message[http::field::accept_encoding]);
  request.authorization = view(message[http::field::authorization]);
  request.content_type = view(message[http::field::content_type]);
  request.if_none_match = view(message[http::field::if_none_match]);
  request.mandatory = is_mandatory(message);
  if (request.verb != Verb::post) return;
  take_cim_fields(request.cim, message, request.mandatory ? extension_prefix(message) : "");
}

std::optional<Refusal> refusal_of(boost::system::error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return Refusal{431, "the request's header is longer than the limit"};
  }
  if (ec == http::error::body_limit) {
    return Refusal{413, "the request's body is longer than the limit"};
  }
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
  if (ec.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refusal{400, "malformed HTTP: " + ec.message()};
  }
  return std::nullopt;
}

}  // namespace qm::serve
