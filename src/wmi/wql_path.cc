#include "wmi/wql_path.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.h"

namespace qm::wmi::wql {
namespace {

bool is_slash(char c) {
  return c == '\\' || c == '/';
}

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80U;
}

std::string_view take_name(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_name_character(text[at])) ++at;
  return text.substr(begin, at - begin);
}

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("{} is not a path of WMI: {}", text, why));
}

Result<std::string> quoted(std::string_view text, std::size_t& at) {
  const char quote = text[at++];
  std::string out;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\' && at + 1 < text.size() &&
        (text[at + 1] == '\\' || text[at + 1] == quote)) {
      ++at;
    }
    out += text[at];
  }
  if (at == text.size()) return bad(text, "a string in it has no end");
  ++at;
  return out;
}

Result<Value> key_value(std::string_view text, std::size_t& at) {
  if (at == text.size()) return bad(text, "a key has no value");
  if (text[at] == '"' || text[at] == '\'') return Value{TRY(quoted(text, at))};
  const bool negative = text[at] == '-';
  std::uint64_t number = 0;
  const char* const first = text.data() + at + (negative ? 1 : 0);
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  if (error == std::errc{} && end != first) {
    at = static_cast<std::size_t>(end - text.data());
    if (!negative) return Value{number};
    if (number > std::uint64_t{1} << 63U) return bad(text, "a number in it is too small");
    return Value{static_cast<std::int64_t>(~number + 1)};
  }
  const std::string_view word = take_name(text, at);
  if (same_name(word, "TRUE")) return Value{true};
  if (same_name(word, "FALSE")) return Value{false};
  return bad(text, "a key's value is a string in quotes, a number, TRUE or FALSE");
}

// Up to the colon: \\server\root\wmi:, root\wmi:.
Result<std::size_t> take_place(std::string_view text, ObjectPath& out) {
  std::size_t colon = std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') colon = i;
    if (c == ':' || c == '"' || c == '\'' || c == '=') break;
  }
  if (colon == std::string_view::npos) return std::size_t{0};
  std::string_view place = text.substr(0, colon);
  if (place.size() >= 2 && is_slash(place[0]) && is_slash(place[1])) {
    place.remove_prefix(2);
    const std::size_t end = place.find_first_of("\\/");
    out.server = place.substr(0, end);
    place = end == std::string_view::npos ? std::string_view{} : place.substr(end + 1);
    if (place.empty()) return bad(text, "there is no namespace behind the server");
  }
  out.name_space = plain_name_space(place);
  return colon + 1;
}

void append_value(std::string& out, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    out += '"';
    for (const char c : *text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  } else if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    out += fmt::format("{}", *number);
  } else if (const auto* negative = std::get_if<std::int64_t>(&value.data)) {
    out += fmt::format("{}", *negative);
  } else if (const auto* flag = std::get_if<bool>(&value.data)) {
    out += *flag ? "TRUE" : "FALSE";
  } else {
    out += "NULL";
  }
}

}  // namespace

Result<ObjectPath> parse_path(std::string_view text) {
  if (text.size() > kMostPathBytes) {
    return fail(ErrorCode::limit, fmt::format("a path is longer than {} bytes", kMostPathBytes));
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  ObjectPath out;
  std::size_t at = TRY(take_place(text, out));
  out.class_name = take_name(text, at);
  if (out.class_name.empty()) return bad(text, "there is no class in it");
  if (at == text.size()) return out;
  if (text[at] == '=') {
    ++at;
    if (at < text.size() && text[at] == '@') {
      out.singleton = true;
      ++at;
    } else {
      out.keys.push_back({"", TRY(key_value(text, at))});
    }
  } else if (text[at] == '.') {
    do {
      if (out.keys.size() == kMostPathKeys) {
        return fail(ErrorCode::limit, fmt::format("a path has more than {} keys", kMostPathKeys));
      }
      std::string name(take_name(text, ++at));
      if (name.empty()) return bad(text, "a key has no name");
      if (at == text.size() || text[at] != '=') return bad(text, "a key has no value");
      out.keys.push_back({std::move(name), TRY(key_value(text, ++at))});
    } while (at < text.size() && text[at] == ',');
  }
  if (at != text.size()) return bad(text, "something follows its end");
  return out;
}

std::string relative_path(const ObjectPath& path) {
  std::string out = path.class_name;
  if (path.singleton) return out + "=@";
  char separator = '.';
  for (const ObjectPath::Key& key : path.keys) {
    if (!key.name.empty()) out += separator;
    out += key.name;
    out += '=';
    append_value(out, key.value);
    separator = ',';
  }
  return out;
}

std::string full_path(const ObjectPath& path) {
  return fmt::format("\\\\{}\\{}:{}", path.server.empty() ? "." : path.server, path.name_space,
                     relative_path(path));
}

std::string plain_name_space(std::string_view text) {
  if (text.size() >= 2 && is_slash(text[0]) && is_slash(text[1])) {
    const std::size_t end = text.find_first_of("\\/", 2);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  }
  std::string out;
  for (const char c : text) {
    if (is_slash(c)) {
      if (!out.empty() && out.back() != '\\') out += '\\';
    } else {
      out += c;
    }
  }
  while (!out.empty() && out.back() == '\\') out.pop_back();
  return out;
}

}  // namespace qm::wmi::wql
