#include "mof/header.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "mof/limits.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

std::string_view c_type(Type type) {
  switch (type) {
    case Type::boolean:
      return "BOOLEAN";
    case Type::uint8:
      return "UCHAR";
    case Type::sint8:
      return "CHAR";
    case Type::uint16:
      return "USHORT";
    case Type::sint16:
      return "SHORT";
    case Type::uint32:
      return "ULONG";
    case Type::sint32:
      return "LONG";
    case Type::uint64:
      return "ULONGLONG";
    case Type::sint64:
      return "LONGLONG";
    case Type::real32:
      return "float";
    case Type::real64:
      return "double";
    case Type::char16:
    case Type::string:
    case Type::datetime:
      return "WCHAR";
    case Type::none:
    case Type::reference:
    case Type::object:
      return "";
  }
  return "";
}

// A description on one line: a new line in it would end the comment.
std::string comment_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t blank = std::min(text.find_first_of(" \t\r\n", at), text.size());
    out += text.substr(at, blank - at);
    const std::size_t word = std::min(text.find_first_not_of(" \t\r\n", blank), text.size());
    const std::string_view gap = text.substr(blank, word - blank);
    out += gap.find('\n') == std::string_view::npos ? gap : " ";
    at = word;
  }
  // A final backslash would draw the next line into the comment.
  if (out.ends_with('\\')) out += '.';
  return out;
}

bool has_data_id(const Property& property) {
  return uint_of(property.qualifiers, "WmiDataId").has_value();
}

bool has_method_id(const Method& method) {
  return uint_of(method.qualifiers, "WmiMethodId").has_value();
}

class HeaderText {
 public:
  HeaderText(const Model& model, const HeaderOptions& options) : model_(model), options_(options) {}

  std::string run() {
    put("#ifndef {0}\n#define {0}\n\n", options_.guard);
    if (options_.basic_types) {
      put("#ifndef _WIN32\n#include \"quickmode/wdm_types.h\"\n#endif\n\n");
    }
    for (const Class& one : model_.classes) write_class(one);
    put("#endif\n");
    return std::move(out_);
  }

 private:
  struct Member {
    const Property* property;
    std::uint64_t id;
  };

  static void sort_by_id(std::vector<Member>& members) {
    std::ranges::sort(members, {}, [](const Member& member) {
      return std::pair(member.id, member.property);  // then by place in the text
    });
  }

  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  static std::string struct_name(const Class& the_class) {
    return std::string(text_of(the_class.qualifiers, "HeaderName").value_or(the_class.name));
  }

  void write_quote(const Qualifiers& qualifiers) {
    if (const auto text = text_of(qualifiers, "cpp_quote")) put("\n{}\n", *text);
  }

  void write_class(const Class& the_class) {
    const Qualifier* generate = find(the_class.qualifiers, "WmiGenerateHeader");
    if (generate != nullptr && !flag_of(the_class.qualifiers, "WmiGenerateHeader")) return;
    const bool has_data = std::ranges::any_of(the_class.properties, has_data_id);
    const bool has_methods = std::ranges::any_of(the_class.methods, has_method_id);
    if (!the_class.guid() && !has_data && !has_methods) return;
    put("// {} - {}\n", the_class.name, struct_name(the_class));
    if (!the_class.description().empty()) put("// {}\n", comment_text(the_class.description()));
    write_quote(the_class.qualifiers);
    write_guid(the_class);
    if (has_methods) write_methods(the_class);
    put("\n");
    if (has_data) write_data(the_class);
  }

  void write_guid(const Class& the_class) {
    const std::optional<GUID> guid = the_class.guid();
    if (!guid) return;
    const auto name = [&](std::string_view qualifier, std::string_view suffix) {
      const auto given = text_of(the_class.qualifiers, qualifier);
      return given ? std::string(*given) : the_class.name + std::string(suffix);
    };
    std::string bytes;
    for (const auto byte : guid->Data4)
      fmt::format_to(std::back_inserter(bytes), ",0x{:02x}", byte);
    const std::string head =
        fmt::format("0x{:08x},0x{:04x},0x{:04x}", guid->Data1, guid->Data2, guid->Data3);
    put("#define {} \\\n    {{ {}, {{ {} }} }}\n\n", name("GuidName1", "Guid"), head,
        bytes.substr(1));
    put("#if ! (defined(MIDL_PASS))\nDEFINE_GUID({}, \\\n            {}{});\n#endif\n\n",
        name("GuidName2", "_GUID"), head, bytes);
  }

  void write_data(const Class& the_class) {
    std::vector<Member> members;
    for (const Property& property : the_class.properties) {
      if (const auto id = uint_of(property.qualifiers, "WmiDataId")) {
        members.push_back({&property, *id});
      }
    }
    sort_by_id(members);
    write_struct(struct_name(the_class), members);
  }

  void write_methods(const Class& the_class) {
    put("//\n// Method id definitions for {}\n", the_class.name);
    for (const Method& method : the_class.methods) {
      const auto id = uint_of(method.qualifiers, "WmiMethodId");
      if (!id) continue;
      write_quote(method.qualifiers);
      put("#define {}     {}\n", method.name, *id);
      if (!options_.methods) continue;
      write_parameters(method, "In", "_IN");
      write_parameters(method, "Out", "_OUT");
    }
  }

  void write_parameters(const Method& method, std::string_view direction, std::string_view suffix) {
    std::vector<Member> members;
    std::uint64_t running = 0;
    for (const Property& parameter : method.parameters) {
      // ID counts from 0, the header from 1.
      const std::uint64_t id =
          std::min<std::uint64_t>(uint_of(parameter.qualifiers, "ID").value_or(running),
                                  kMostProperties) +
          1;
      running = id;
      if (flag_of(parameter.qualifiers, direction)) members.push_back({&parameter, id});
    }
    sort_by_id(members);
    if (!members.empty()) write_struct(method.name + std::string(suffix), members);
  }

  // Without -u nothing may stand behind a member whose size varies.
  bool can_be_created(const std::vector<Member>& members) {
    for (const Member& member : members) {
      if (shape_of(*member.property).variable && &member != &members.back()) return false;
    }
    return true;
  }

  void write_struct(const std::string& name, const std::vector<Member>& members) {
    if (!options_.all_members && !can_be_created(members)) {
      put("// Warning: Header for class {} cannot be created\n", name);
      put("typedef struct _{0}\n{{\n    char VariableData[1];\n\n}} {0}, *P{0};\n\n", name);
      return;
    }
    put("typedef struct _{}\n{{\n", name);
    bool behind_variable = false;  // such members have no fixed place: only their ids are given
    bool all_fixed = true;
    bool last_has_size = false;
    for (const Member& member : members) {
      const Property& property = *member.property;
      write_values(property);
      write_quote(property.qualifiers);
      const auto description = text_of(property.qualifiers, "Description");
      put("    // {}\n", comment_text(description.value_or("")));
      const Shape shape = shape_of(property);
      put("{}{};\n", behind_variable ? "//  " : "    ", shape.declaration);
      last_has_size = !behind_variable && !shape.size.empty();
      if (last_has_size)
        put("    #define {}_{}_SIZE sizeof({})\n", name, property.name, shape.size);
      put("    #define {}_{}_ID {}\n\n", name, property.name, member.id);
      behind_variable = behind_variable || shape.variable;
      all_fixed = all_fixed && !shape.variable;
    }
    put("}} {0}, *P{0};\n\n", name);
    if (last_has_size && all_fixed) {
      const Text& last = members.back().property->name;
      put("#define {0}_SIZE (FIELD_OFFSET({0}, {1}) + {0}_{1}_SIZE)\n\n", name, last);
    }
  }

  // Named values stand before the member, as #defines.
  void write_values(const Property& property) {
    const std::vector<std::string> defines = texts_of(property.qualifiers, "DefineValues");
    const std::vector<std::string> values = texts_of(property.qualifiers, "Values");
    const std::vector<std::string> map = mapped_values(property);
    for (std::size_t i = 0; i < defines.size() && i < map.size(); ++i) {
      put("// {}\n", i < values.size() ? comment_text(values[i]) : std::string());
      put("#define {} {}\n", defines[i], comment_text(map[i]));
    }
  }

  // ValueMap{"0", "1"}, as DSP0004 has it, or ValueMap{0, 1}, which WMI takes as well.
  static std::vector<std::string> mapped_values(const Property& property) {
    std::vector<std::string> texts;
    const Qualifier* map = find(property.qualifiers, "ValueMap");
    const auto* list = map == nullptr ? nullptr : std::get_if<ValueList>(&map->value.data);
    if (list == nullptr) return texts_of(property.qualifiers, "ValueMap");
    for (const Value& one : *list) {
      const auto* text = std::get_if<Text>(&one.data);
      texts.push_back(text != nullptr ? std::string(*text) : mof_literal(one));
    }
    return texts;
  }

  struct Shape {
    std::string declaration;
    std::string size;  // what sizeof is taken of; "" without a _SIZE
    bool variable = false;
  };

  Shape shape_of(const Property& property) {
    std::string type(c_type(property.type));
    if (property.type == Type::object) {
      const Class* embedded = model_.find_class(property.class_name);
      type = embedded == nullptr ? std::string(property.class_name) : struct_name(*embedded);
    }
    const auto most_units = uint_of(property.qualifiers, "MaxLen");
    const bool fixed = most_units && (options_.all_members || property.is_array);
    if (property.type == Type::string && !fixed) return {"CHAR VariableData[1]", "", true};
    std::string unit;  // the array that one element is itself
    if (property.type == Type::string) unit = fmt::format("[{} + 1]", *most_units);
    if (property.type == Type::datetime) unit = "[25]";
    std::string count;
    if (property.is_array) {
      const auto elements = property.array_size ? std::optional<std::uint64_t>(*property.array_size)
                                                : uint_of(property.qualifiers, "Max");
      if (!elements || find(property.qualifiers, "WmiSizeIs") != nullptr) {
        return {fmt::format("{} {}[1]", type, property.name), "", true};
      }
      count = fmt::format("[{}]", *elements);
    }
    Shape shape;
    shape.declaration = fmt::format("{} {}{}{}", type, property.name, count, unit);
    if (property.type != Type::string) shape.size = type + count + unit;
    return shape;
  }

  const Model& model_;
  const HeaderOptions& options_;
  std::string out_;
};

}  // namespace

std::string guard_of(std::string_view path) {
  std::string guard = "_";
  for (const char c : path.substr(path.rfind('/') + 1)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    guard += fits ? c : '_';
  }
  return guard + "_";
}

std::string emit_header(const Model& model, const HeaderOptions& options) {
  std::string text = HeaderText(model, options).run();
  if (!options.crlf) return text;
  std::string out;
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

}  // namespace qm::mof
