// What another host's instances are in the JSON of docs/api.md.
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <charconv>

#include "base/text.h"
#include "cli/remote.h"

namespace qm::cli {
namespace {

constexpr std::string_view kManagementXsd = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
constexpr std::string_view kCommonSpace = "http://schemas.dmtf.org/wbem/wscim/1/common";
constexpr std::string_view kInstanceSpace = "http://www.w3.org/2001/XMLSchema-instance";
constexpr unsigned kMostDepth = 8;

// The last segment of a class's URI.
std::string class_in(std::string_view uri) {
  return std::string(uri.substr(uri.find_last_of('/') + 1));
}

// "i1:Test_Type": Test.
std::string class_of_type(std::string_view type) {
  type.remove_prefix(type.find(':') + 1);
  if (type.ends_with("_Type")) type.remove_suffix(5);
  return std::string(type);
}

template <class T>
std::optional<T> number_from(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (read != end || error != std::errc{}) return std::nullopt;
  return number;
}

// 2026-01-02T03:04:05.123456+01:00 as CIM's 25 characters; what is not so stays.
std::string cim_datetime(std::string_view xs) {
  std::string digits;
  std::size_t i = 0;
  for (; i < xs.size() && i < 19; ++i) {
    if (xs[i] >= '0' && xs[i] <= '9') digits += xs[i];
  }
  if (digits.size() != 14) return std::string(xs);
  std::string micros;
  if (i < xs.size() && xs[i] == '.') {
    for (++i; i < xs.size() && xs[i] >= '0' && xs[i] <= '9'; ++i) micros += xs[i];
  }
  micros.resize(6, '0');
  const std::string_view zone = xs.substr(i);
  if (zone.empty() || zone == "Z") return fmt::format("{}.{}+000", digits, micros);
  const auto hours = zone.size() == 6 ? number_from<unsigned>(zone.substr(1, 2)) : std::nullopt;
  const auto minutes = zone.size() == 6 ? number_from<unsigned>(zone.substr(4, 2)) : std::nullopt;
  if (!hours || !minutes) return std::string(xs);
  return fmt::format("{}.{}{}{:03}", digits, micros, zone[0], *hours * 60 + *minutes);
}

boost::json::value typed(std::string_view text, std::string_view type) {
  if (type.starts_with("uint")) {
    if (const auto number = number_from<std::uint64_t>(text)) return *number;
  } else if (type.starts_with("sint")) {
    if (const auto number = number_from<std::int64_t>(text)) return *number;
  } else if (type.starts_with("real")) {
    if (const auto number = number_from<double>(text)) return *number;
  } else if (type == "boolean" && (text == "true" || text == "false")) {
    return text == "true";
  }
  return boost::json::string(plain_text(text, kMostAnswerBytes));
}

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

// The path that an endpoint reference stands for.
std::string path_of(const xml::Element& parameters) {
  std::string out;
  std::string keys;
  for (const auto* one = parameters.first_child; one != nullptr; one = one->next) {
    if (one->is(kManagementXsd, "ResourceURI")) out = class_in(one->text);
    if (!one->is(kManagementXsd, "SelectorSet")) continue;
    for (const auto* key = one->first_child; key != nullptr; key = key->next) {
      const std::string_view name = key->attribute("", "Name").value_or("");
      if (same_name(name, "__cimnamespace")) continue;
      keys += fmt::format("{}{}=\"{}\"", keys.empty() ? "." : ",", name, quoted(key->text));
    }
  }
  return plain_text(out + keys);
}

}  // namespace

boost::json::value ManagementApi::value_of(const xml::Element& element, std::string_view type,
                                           const std::string& name_space, unsigned depth) {
  if (element.attribute(kInstanceSpace, "nil") == "true" || depth > kMostDepth) return nullptr;
  const xml::Element* inner = element.first_child;
  if (inner == nullptr) return typed(element.text, type);
  if (inner->name_space == kCommonSpace) {
    return boost::json::string(plain_text(
        inner->name == "Datetime" ? cim_datetime(xml::trimmed(inner->text)) : inner->text));
  }
  for (const auto* one = inner; one != nullptr; one = one->next) {
    if (one->name == "ReferenceParameters") return boost::json::string(path_of(*one));
  }
  const std::string of = class_of_type(element.attribute(kInstanceSpace, "type").value_or(""));
  return properties_of(element, of, name_space, depth + 1);
}

boost::json::object ManagementApi::properties_of(const xml::Element& instance,
                                                 const std::string& class_name,
                                                 const std::string& name_space, unsigned depth) {
  static const Types kNone;
  const Types& types = class_name.empty() ? kNone : types_of(class_name, name_space);
  boost::json::object out;
  for (const auto* one = instance.first_child; one != nullptr; one = one->next) {
    const std::string name = plain_text(one->name, 512);
    const auto known = types.find(name);
    std::string_view type = known == types.end() ? std::string_view() : known->second;
    const bool array = type.ends_with("[]");
    if (array) type.remove_suffix(2);
    boost::json::value value = value_of(*one, type, name_space, depth);
    auto* before = out.if_contains(name);
    if (before == nullptr) {
      out[name] =
          array && !value.is_null() ? boost::json::array{std::move(value)} : std::move(value);
    } else {
      if (!before->is_array()) *before = boost::json::array{std::move(*before)};
      before->as_array().push_back(std::move(value));
    }
  }
  return out;
}

boost::json::object ManagementApi::row_of(const xml::Element& item, const std::string& name_space) {
  const bool fragment = item.is(kManagementXsd, "XmlFragment");
  std::string class_name = plain_text(item.name, 512);
  if (fragment) {
    class_name = item.first_child == nullptr ? "" : class_in(item.first_child->name_space);
  }
  boost::json::object properties = properties_of(item, class_name, name_space, 0);
  std::string path =
      fmt::format("\\\\{}\\{}:{}", plain_text(url_.host, 255), name_space, class_name);
  const auto* name = properties.if_contains("InstanceName");
  if (const auto* text = name == nullptr ? nullptr : name->if_string()) {
    path += fmt::format(".InstanceName=\"{}\"", quoted(*text));
  }
  boost::json::object out{{"class", class_name}, {"path", path}};
  if (const auto* target = item.first_child; !fragment && class_name.ends_with("Event")) {
    for (; target != nullptr; target = target->next) {
      if (target->name != "TargetInstance") continue;
      const auto type = target->attribute(kInstanceSpace, "type").value_or("");
      out["instance_class"] = plain_text(class_of_type(type), 512);
    }
  }
  out["properties"] = std::move(properties);
  return out;
}

}  // namespace qm::cli
