#include "mof/diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/guid.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

template <class Member>
const Member* find_member(const List<Member>& list, std::string_view name) {
  const auto found =
      std::ranges::find_if(list, [&](const Member& one) { return same_name(one.name, name); });
  return found == list.end() ? nullptr : &*found;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return plain_text(text, kMost);
}

class Comparison {
 public:
  Comparison(const Model& older, const Model& newer) : older_(older), newer_(newer) {}

  std::vector<Change> run() {
    for (const Class& one : older_.classes) {
      const Class* now = newer_.find_class(one.name);
      if (now == nullptr) {
        add(true, one.name, "was removed");
      } else {
        compare_class(one, *now);
      }
    }
    for (const Class& one : newer_.classes) {
      if (older_.find_class(one.name) == nullptr) add(false, one.name, "is new");
    }
    return std::move(changes_);
  }

 private:
  void add(bool breaks, std::string where, std::string what) {
    changes_.push_back({breaks, std::move(where), std::move(what)});
  }

  void compare_class(const Class& was, const Class& now) {
    const auto guid_was = was.guid();
    const auto guid_now = now.guid();
    if (guid_was.has_value() != guid_now.has_value() ||
        (guid_was && !equal(*guid_was, *guid_now))) {
      add(true, was.name,
          fmt::format("guid: {} became {}", guid_was ? guid_text(*guid_was) : "none",
                      guid_now ? guid_text(*guid_now) : "none"));
    }
    if (!same_name(was.superclass, now.superclass)) {
      add(true, was.name,
          fmt::format("superclass: '{}' became '{}'", was.superclass, now.superclass));
    }
    compare_qualifiers(was.name, was.qualifiers, now.qualifiers, {"guid"});
    compare_layout(was, now);
    for (const Property& one : was.properties) {
      const std::string where = was.name + "." + one.name;
      const Property* then = now.property(one.name);
      if (then == nullptr) {
        add(true, where, "was removed");
        continue;
      }
      compare_property(where, one, *then);
    }
    for (const Property& one : now.properties) {
      if (was.property(one.name) != nullptr) continue;
      const bool in_block = find(one.qualifiers, "WmiDataId") != nullptr;
      add(in_block, was.name + "." + one.name, in_block ? "is new in the data block" : "is new");
    }
    compare_methods(was, now);
  }

  void compare_property(const std::string& where, const Property& was, const Property& now) {
    if (type_text(was) != type_text(now)) {
      add(true, where, fmt::format("type: {} became {}", type_text(was), type_text(now)));
    }
    if (flag_of(was.qualifiers, "key") != flag_of(now.qualifiers, "key")) {
      add(true, where, flag_of(now.qualifiers, "key") ? "became a key" : "is no key any more");
    }
    const auto text = [](const Property& one) {
      return one.default_value ? mof_literal(*one.default_value) : std::string("none");
    };
    if (text(was) != text(now)) {
      add(false, where,
          fmt::format("default: {} became {}", shortened(text(was)), shortened(text(now))));
    }
    compare_qualifiers(where, was.qualifiers, now.qualifiers, {"key", "WmiDataId"});
  }

  void compare_layout(const Class& was, const Class& now) {
    const Layout before = layout_of(older_, was);
    const Layout after = layout_of(newer_, now);
    if (before.bytes != after.bytes || before.fixed != after.fixed) {
      add(true, was.name,
          fmt::format("data block: {}{} bytes became {}{}", before.fixed ? "" : "at least ",
                      before.bytes, after.fixed ? "" : "at least ", after.bytes));
    }
    for (const Field& field : before.fields) {
      const Text& name = field.property->name;
      const auto same = std::ranges::find_if(
          after.fields, [&](const Field& one) { return same_name(one.property->name, name); });
      if (same == after.fields.end()) continue;  // said as a removed property
      const std::string where = was.name + "." + name;
      if (same->data_id != field.data_id) {
        add(true, where, fmt::format("WmiDataId: {} became {}", field.data_id, same->data_id));
      }
      if (same->offset != field.offset) {
        add(true, where, fmt::format("offset: {} became {}", field.offset, same->offset));
      }
    }
  }

  void compare_methods(const Class& was, const Class& now) {
    for (const Method& one : was.methods) {
      const std::string where = was.name + "." + one.name + "()";
      const Method* then = find_member(now.methods, one.name);
      if (then == nullptr) {
        add(true, where, "was removed");
        continue;
      }
      compare_method(where, one, *then);
    }
    for (const Method& one : now.methods) {
      if (find_member(was.methods, one.name) == nullptr) {
        add(false, was.name + "." + one.name + "()", "is new");
      }
    }
  }

  void compare_method(const std::string& where, const Method& was, const Method& now) {
    const auto signature = [](const Method& method) {
      std::string text = type_text(method.return_type, method.return_class_name,
                                   method.returns_array, std::nullopt) +
                         "(";
      for (const Property& one : method.parameters) {
        if (&one != method.parameters.data()) text += ", ";
        if (find(one.qualifiers, "in") != nullptr) text += "in ";
        if (find(one.qualifiers, "out") != nullptr) text += "out ";
        text += type_text(one) + " " + one.name;
      }
      return text + ")";
    };
    if (signature(was) != signature(now)) {
      add(true, where, fmt::format("{} became {}", signature(was), signature(now)));
    }
    const auto before = uint_of(was.qualifiers, "WmiMethodId");
    const auto after = uint_of(now.qualifiers, "WmiMethodId");
    if (before != after) {
      add(true, where,
          fmt::format("WmiMethodId: {} became {}", before.value_or(0), after.value_or(0)));
    }
    compare_qualifiers(where, was.qualifiers, now.qualifiers, {"WmiMethodId"});
  }

  // Meaning only: what breaks was said where it belongs.
  void compare_qualifiers(const std::string& where, const Qualifiers& was, const Qualifiers& now,
                          std::initializer_list<std::string_view> but) {
    const auto left_out = [&](std::string_view name) {
      return std::ranges::any_of(but, [&](std::string_view one) { return same_name(one, name); });
    };
    for (const Qualifier& one : was) {
      if (left_out(one.name)) continue;
      const Qualifier* then = find(now, one.name);
      if (then == nullptr) {
        add(false, where, fmt::format("qualifier {} was removed", one.name));
        continue;
      }
      const std::string before = mof_literal(one.value);
      const std::string after = mof_literal(then->value);
      if (before != after) {
        add(false, where,
            fmt::format("{}: {} became {}", one.name, shortened(before), shortened(after)));
      } else if (one.flavor != then->flavor) {
        add(false, where, fmt::format("{}: its flavors changed", one.name));
      }
    }
    for (const Qualifier& one : now) {
      if (!left_out(one.name) && find(was, one.name) == nullptr) {
        add(false, where, fmt::format("qualifier {} is new", one.name));
      }
    }
  }

  const Model& older_;
  const Model& newer_;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> compare(const Model& older, const Model& newer) {
  return Comparison(older, newer).run();
}

std::string diff_text(const std::vector<Change>& changes) {
  std::string out;
  for (const bool breaks : {true, false}) {
    for (const Change& one : changes) {
      if (one.breaks != breaks) continue;
      out += fmt::format("{:<8}{}: {}\n", breaks ? "breaks" : "", one.where, one.what);
    }
  }
  const auto breaking = std::ranges::count_if(changes, &Change::breaks);
  return out + fmt::format("{} {}, {} of them {} binary compatibility\n", changes.size(),
                           changes.size() == 1 ? "change" : "changes", breaking,
                           breaking == 1 ? "breaks" : "break");
}

std::string diff_json(const std::vector<Change>& changes) {
  JsonWriter json;
  json.begin_object().member("breaks", std::ranges::any_of(changes, &Change::breaks));
  json.key("changes").begin_array();
  for (const Change& one : changes) {
    json.begin_object().member("breaks", one.breaks).member("where", one.where);
    json.member("what", one.what).end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace qm::mof
