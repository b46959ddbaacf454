#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "mof/checker.h"
#include "mof/limits.h"
#include "mof/names.h"
#include "mof/symbols.h"

namespace qm::mof {
namespace {

constexpr std::string_view kEventTrace = "EventTrace";

bool is_integer(Type type) {
  return type >= Type::uint8 && type <= Type::sint64;
}

}  // namespace

// A class whose properties have WmiDataIds describes a block of bytes that a driver fills.
void Checker::check_block(const Class& the_class) {
  const auto in_block = [](const Property& property) {
    return find(property.qualifiers, "WmiDataId") != nullptr;
  };
  check_data_ids(the_class);
  check_embedding(the_class);
  if (describes_event(the_class)) return;
  check_identity(the_class);
  for (const Property& property : the_class.properties) {
    if (in_block(property)) check_field(the_class, property);
  }
  if (!damaged(the_class)) check_holes(the_class);
}

// Classes below EventTrace say what an event's data hold for those who read traces (Microsoft's
// "Event Tracing MOF Qualifiers"): packed, of types that `extension` names, served by no driver.
bool Checker::describes_event(const Class& the_class) const {
  const Class& top = *line_of(the_class).classes.back();
  return same_name(top.name, kEventTrace) || same_name(top.superclass, kEventTrace);
}

void Checker::check_data_ids(const Class& the_class) {
  std::map<std::uint64_t, const Property*> by_id;
  bool all_known = true;
  for (const Property& property : the_class.properties) {
    const Qualifier* qualifier = find(property.qualifiers, "WmiDataId");
    const auto id = uint_of(property.qualifiers, "WmiDataId");
    all_known = all_known && (qualifier == nullptr || id.has_value());
    if (!id) continue;
    if (*id == 0 || *id > kMostDataId) {
      diagnostics_.error("bad-data-id", qualifier->span,
                         fmt::format("a WmiDataId is 1 to {}", kMostDataId));
      continue;
    }
    const auto [at, fresh] = by_id.emplace(*id, &property);
    if (fresh) continue;
    diagnostics_.error("duplicate-data-id", qualifier->span,
                       fmt::format("WmiDataId {} is given twice", *id),
                       "each id names one place in the data block");
    diagnostics_.also(find(at->second->qualifiers, "WmiDataId")->span, "first here");
  }
  if (damaged(the_class) || !all_known) return;
  std::uint64_t expected = 1;
  for (const auto& [id, property] : by_id) {
    if (id != expected) {
      diagnostics_.error("data-id-gap", find(property->qualifiers, "WmiDataId")->span,
                         fmt::format("WmiDataId {} without a {} before it", id, expected),
                         "ids run from 1 without a gap");
      return;
    }
    ++expected;
  }
}

// What WMI needs to serve the block: who it is (guid), whose it is (InstanceName), whether it
// supplies data (Active). Embedded and abstract classes are served by others.
void Checker::check_identity(const Class& the_class) {
  if (damaged(the_class) || flag_of(the_class.qualifiers, "abstract")) return;
  if (is_embedded(the_class)) return;
  if (find(the_class.qualifiers, "guid") == nullptr) {
    diagnostics_.warning(
        "no-guid", the_class.span,
        fmt::format("class '{}' has no guid; no driver can register it", the_class.name),
        "add guid(\"{…}\") to the class's qualifiers");
  }
  const Line line = line_of(the_class);
  const Property* name = find_property(line, "InstanceName");
  if (name == nullptr || name->type != Type::string) {
    diagnostics_.warning("no-instance-name", the_class.span,
                         fmt::format("class '{}' has no InstanceName", the_class.name),
                         "add [key, read] string InstanceName;");
  } else if (!flag_of(name->qualifiers, "key")) {
    diagnostics_.warning("no-instance-name", name->span, "InstanceName is not the key",
                         "add [key] to it");
  }
  const Property* active = find_property(line, "Active");
  if (active == nullptr || active->type != Type::boolean) {
    diagnostics_.warning("no-active", the_class.span,
                         fmt::format("class '{}' has no Active", the_class.name),
                         "add [read] boolean Active;");
  }
}

void Checker::check_field(const Class& the_class, const Property& property) {
  if (property.type == Type::reference ||
      (property.type == Type::object && property.class_name.empty())) {
    diagnostics_.error("no-wire-form", property.span,
                       fmt::format("'{}' is {}, which has no form in a data block", property.name,
                                   property.type == Type::object ? "an object" : "a reference"));
    return;
  }
  if (property.type == Type::string) {
    const auto most_units = uint_of(property.qualifiers, "MaxLen");
    if (!most_units && find(property.qualifiers, "MaxLen") == nullptr) {
      diagnostics_.warning("no-max-len", property.span,
                           fmt::format("string '{}' has no MaxLen; all behind it has no fixed "
                                       "place",
                                       property.name),
                           "add MaxLen(n), n in UTF-16 units");
    } else if (most_units && (*most_units == 0 || *most_units > 32'767)) {
      // The byte count in front of a string is a USHORT.
      diagnostics_.error("bad-max-len", find(property.qualifiers, "MaxLen")->span,
                         "MaxLen is 1 to 32767 UTF-16 units");
    }
  }
  if (property.is_array) {
    if (find(property.qualifiers, "WmiSizeIs") != nullptr) {
      check_size_is(the_class, property);
    } else if (!property.array_size && find(property.qualifiers, "Max") == nullptr &&
               !damaged(the_class)) {
      diagnostics_.error("array-without-size", property.span,
                         fmt::format("nothing says how long array '{}' is", property.name),
                         "write a size in the brackets, or WmiSizeIs(\"property\")");
    }
  }
  check_counter(property);
}

void Checker::check_size_is(const Class& the_class, const Property& property) {
  const Qualifier* qualifier = find(property.qualifiers, "WmiSizeIs");
  const auto name = text_of(property.qualifiers, "WmiSizeIs");
  if (!name) return;
  const Property* target = the_class.property(*name);
  if (target == nullptr || !is_integer(target->type) || target->is_array) {
    if (target == nullptr && damaged(the_class)) return;
    diagnostics_.error(
        "bad-size-is", qualifier->span,
        fmt::format("'{}' is no integer property of '{}'", plain_text(*name, 60), the_class.name),
        "name the property that holds the number of elements");
    return;
  }
  const auto own_id = uint_of(property.qualifiers, "WmiDataId");
  const auto target_id = uint_of(target->qualifiers, "WmiDataId");
  if (own_id && target_id && *target_id < *own_id) return;
  diagnostics_.error(
      "bad-size-is", qualifier->span,
      fmt::format("'{}' must come before '{}' in the data block", target->name, property.name),
      "give the count the lower WmiDataId");
}

void Checker::check_counter(const Property& property) {
  const auto counter = uint_of(property.qualifiers, "CounterType");
  if (!counter) return;
  const Qualifier* qualifier = find(property.qualifiers, "CounterType");
  if (!is_integer(property.type)) {
    diagnostics_.warning("counter-width", qualifier->span,
                         fmt::format("a counter type on a {}", type_name(property.type)));
    return;
  }
  const CounterWidth width = counter_width(*counter);
  const unsigned bytes = type_bytes(property.type);
  const bool fits = (width == CounterWidth::large && bytes == 8) ||
                    (width == CounterWidth::dword && bytes == 4) || width == CounterWidth::zero ||
                    width == CounterWidth::variable;
  if (fits) return;
  const std::string_view name = counter_type_name(*counter);
  diagnostics_.warning(
      "counter-width", qualifier->span,
      fmt::format("{} is a {}-bit counter type, '{}' has {} bits",
                  name.empty() ? fmt::format("{}", *counter) : std::string(name),
                  width == CounterWidth::large ? 64 : 32, property.name, bytes * 8),
      width == CounterWidth::large ? "make it uint64, or take the 32-bit counter type"
                                   : "make it uint32, or take the LARGE counter type");
}

// A class that holds itself has no size.
void Checker::check_embedding(const Class& the_class) {
  std::vector<const Class*> path = {&the_class};
  std::vector<std::size_t> next = {0};
  std::unordered_set<const Class*> done;
  while (!path.empty()) {
    const Class& at = *path.back();
    if (next.back() >= at.properties.size()) {
      done.insert(path.back());
      path.pop_back();
      next.pop_back();
      continue;
    }
    const Property& property = at.properties[next.back()++];
    if (property.type != Type::object) continue;
    const Class* held = find_class(property.class_name);
    if (held == nullptr || done.contains(held)) continue;
    if (held == &the_class || path.size() >= kMostEmbedDepth) {
      diagnostics_.error(held == &the_class ? "embedding-cycle" : "embed-depth", property.span,
                         held == &the_class ? fmt::format("class '{}' holds itself", the_class.name)
                                            : fmt::format("classes hold classes more than {} deep",
                                                          kMostEmbedDepth));
      return;
    }
    if (std::ranges::find(path, held) != path.end()) return;  // another class's cycle
    path.push_back(held);
    next.push_back(0);
  }
}

void Checker::check_holes(const Class& the_class) {
  const Layout layout = layout_of(model_, the_class);
  std::uint32_t end = 0;
  std::uint32_t wasted_bytes = 0;
  const Property* first = nullptr;
  bool variable = false;
  for (const Field& field : layout.fields) {
    if (field.offset > end) {
      wasted_bytes += field.offset - end;
      if (first == nullptr) first = field.property;
    }
    if (field.bytes == 0) {
      const Property& property = *field.property;
      variable = property.type == Type::string || property.type == Type::object ||
                 find(property.qualifiers, "WmiSizeIs") != nullptr;
      if (!variable && !diagnostics_.has_errors()) {
        diagnostics_.error("block-size", property.span,
                           fmt::format("a data block of more than {} MiB", kMostBlockBytes >> 20U));
      }
      break;
    }
    end = field.offset + field.bytes;
  }
  if (first == nullptr) return;
  diagnostics_.note("alignment-hole", first->span,
                    fmt::format("{} {} of '{}' lie unused, the first before '{}'", wasted_bytes,
                                wasted_bytes == 1 ? "byte" : "bytes", the_class.name, first->name),
                    "order the WmiDataIds from wide types to narrow ones to save them");
}

}  // namespace qm::mof
