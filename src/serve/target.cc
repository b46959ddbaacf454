#include "serve/target.h"

#include <fmt/format.h>

#include "base/text.h"

namespace qm::serve {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Asked<std::string> decoded(std::string_view raw, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (raw[i] != '%') {
      out += raw[i];
    } else {
      const int high = i + 2 < raw.size() ? hex_digit(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_digit(raw[i + 2]) : -1;
      if (high < 0 || low < 0)
        return refuse(400, "a % in the URL is not followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_plain_text(out)) return refuse(400, "the URL holds control characters or invalid UTF-8");
  return out;
}

// Cuts text at the first separator: what was before it; rest is what follows.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

Asked<void> parse_path(std::string_view path, Target& out) {
  path.remove_prefix(1);
  while (!path.empty()) {
    if (out.path.size() == kMostPathSegments)
      return refuse(404, "no such path; see /api/v1/health");
    Asked<std::string> segment = decoded(cut(path, '/'), false);
    if (!segment) return std::unexpected(segment.error());
    out.path.push_back(std::move(*segment));
  }
  return {};
}

Asked<void> parse_parameters(std::string_view query, Target& out) {
  while (!query.empty()) {
    std::string_view value = cut(query, '&');
    if (value.empty()) continue;
    if (out.parameters.size() == kMostParameters) {
      return refuse(400, fmt::format("more than {} parameters", kMostParameters));
    }
    Asked<std::string> name = decoded(cut(value, '='), true);
    if (!name) return std::unexpected(name.error());
    Asked<std::string> text = decoded(value, true);
    if (!text) return std::unexpected(text.error());
    out.parameters.push_back({std::move(*name), std::move(*text)});
  }
  return {};
}

}  // namespace

Asked<Target> parse_target(std::string_view raw) {
  if (raw.size() > kMostTargetBytes) {
    return refuse(414, fmt::format("the URL is longer than {} bytes", kMostTargetBytes));
  }
  Target target;
  constexpr std::string_view kScheme = "http://";
  if (raw.starts_with(kScheme)) {
    raw.remove_prefix(kScheme.size());
    const std::size_t end = raw.find_first_of("/?");
    target.authority = raw.substr(0, end);
    raw = end == std::string_view::npos ? std::string_view("/") : raw.substr(end);
    if (target.authority.empty()) return refuse(400, "the URL names no host");
  }
  if (raw.find('#') != std::string_view::npos) return refuse(400, "a # has no place in a request");
  const std::string_view path = cut(raw, '?');
  if (!path.starts_with('/')) return refuse(400, "the request's target does not begin with /");
  if (Asked<void> done = parse_path(path, target); !done) return std::unexpected(done.error());
  if (Asked<void> done = parse_parameters(raw, target); !done) return std::unexpected(done.error());
  return target;
}

}  // namespace qm::serve
