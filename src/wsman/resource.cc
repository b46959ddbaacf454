#include "wsman/resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "wmi/wql_path.h"
#include "wsman/names.h"

namespace qm::wsman {
namespace {

constexpr std::string_view kNameSpaceSelector = "__cimnamespace";
constexpr std::string_view kMicrosoftCimUri =
    "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/";

// What stands behind the prefix, compared without case (RFC 3986 would not, Windows does).
std::optional<std::string_view> behind(std::string_view uri, std::string_view prefix) {
  if (uri.size() <= prefix.size() || !same_name(uri.substr(0, prefix.size()), prefix)) {
    return std::nullopt;
  }
  return uri.substr(prefix.size());
}

std::unexpected<Fault> no_such_resource(std::string_view uri) {
  return fault(FaultKind::destination_unreachable,
               fmt::format("no resource \"{}\"; a class's is {}root/wmi/CLASS or {}CLASS",
                           plain_text(uri, 200), kWmiUri, kCimUri),
               "InvalidResourceURI");
}

// The last segment of a path, and what stands before it.
struct Split {
  std::string_view before, last;
};
Split split(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// form, definition, class_name and, where the URI has one, name_space.
bool read_uri(std::string_view uri, Resource& out) {
  std::string_view class_name;
  if (const auto path = behind(uri, kWmiUri)) {
    const auto [name_space, last] = split(*path);
    out.form = UriForm::wmi;
    out.name_space = name_space;
    class_name = last;
    if (name_space.empty()) return false;
  } else if (const auto cim = behind(uri, kCimUri)) {
    out.form = UriForm::dmtf;
    class_name = *cim;
  } else if (const auto other = behind(uri, kMicrosoftCimUri)) {
    out.form = UriForm::microsoft;
    class_name = *other;
  } else if (same_name(uri, kAllCimUri)) {
    out.form = UriForm::dmtf;
    class_name = "*";
  } else if (const auto definition = behind(uri, kClassUri)) {
    out.form = UriForm::dmtf;
    out.definition = true;
    class_name = *definition;
  } else {
    return false;
  }
  if (class_name.empty() || class_name.find_first_of("/\\?") != std::string_view::npos) {
    return false;
  }
  if (class_name != "*") out.class_name = class_name;
  return true;
}

}  // namespace

Answered<Resource> resource_of(std::string_view uri, const std::vector<Selector>& selectors) {
  Resource out;
  if (uri.empty()) {
    return fault(FaultKind::destination_unreachable, "the header ResourceURI is missing",
                 "InvalidResourceURI");
  }
  if (!read_uri(uri, out)) return no_such_resource(uri);
  for (const Selector& one : selectors) {
    if (same_name(one.name, kNameSpaceSelector)) {
      const std::string_view said = xml::trimmed(one.value);
      const auto plain = [](std::string_view name) { return wmi::wql::plain_name_space(name); };
      if (said.size() > kMostNameSpaceBytes ||
          (!out.name_space.empty() && !same_name(plain(said), plain(out.name_space)))) {
        return fault(FaultKind::invalid_selectors,
                     fmt::format("the selector __cimnamespace says \"{}\", the ResourceURI \"{}\"",
                                 plain_text(said, 100), plain_text(out.name_space, 100)),
                     "InvalidValue");
      }
      if (out.name_space.empty()) out.name_space = said;
    } else if (out.definition && same_name(one.name, "ClassName")) {
      const std::string_view said = xml::trimmed(one.value);
      if (!out.class_name.empty() && !same_name(out.class_name, said)) {
        return fault(FaultKind::invalid_selectors,
                     "the selector ClassName names another class than the ResourceURI",
                     "InvalidValue");
      }
      out.class_name = said;
    } else {
      out.keys.push_back(one);
    }
  }
  if (out.name_space.size() > kMostNameSpaceBytes) return no_such_resource(uri);
  if (out.name_space.empty()) out.name_space = kUsualNameSpace;
  return out;
}

std::string class_uri(UriForm form, std::string_view name_space, std::string_view class_name) {
  if (form == UriForm::dmtf) return fmt::format("{}{}", kCimUri, class_name);
  if (form == UriForm::microsoft) return fmt::format("{}{}", kMicrosoftCimUri, class_name);
  std::string path(name_space);
  std::ranges::replace(path, '\\', '/');
  return fmt::format("{}{}/{}", kWmiUri, path, class_name);
}

}  // namespace qm::wsman
