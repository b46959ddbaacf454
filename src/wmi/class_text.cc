#include "wmi/class_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/text.h"

namespace qm::wmi {
namespace {

constexpr std::size_t kLineColumns = 100;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        // Four digits: with fewer, a hex digit that follows would be taken in.
        if (byte < 0x20 || byte == 0x7f) {
          out += fmt::format("\\x{:04x}", byte);
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string value_text(const mof::Value& value);

std::string list_text(const mof::ValueList& list) {
  std::string out = "{";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i != 0) out += ", ";
    out += value_text(list[i]);
  }
  return out + "}";
}

std::string instance_text(const mof::Instance& instance) {
  std::string out = "instance of " + instance.class_name + " {";
  for (const mof::PropertyValue& value : instance.values) {
    out += fmt::format(" {} = {};", value.name, value_text(value.value));
  }
  return out + " }";
}

std::string value_text(const mof::Value& value) {
  struct Write {
    std::string operator()(const mof::Null&) const { return "NULL"; }
    std::string operator()(bool flag) const { return flag ? "TRUE" : "FALSE"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(std::uint64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const {
      std::string text = fmt::format("{}", number);
      return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }
    std::string operator()(const mof::Text& text) const { return quoted(text); }
    std::string operator()(const mof::AliasName& alias) const { return "$" + alias.name; }
    std::string operator()(const std::shared_ptr<const mof::Instance>& instance) const {
      return instance ? instance_text(*instance) : "NULL";
    }
    std::string operator()(const mof::ValueList& list) const { return list_text(list); }
  };
  return std::visit(Write{}, value.data);
}

std::string qualifier_text(const mof::Qualifier& qualifier) {
  std::string out = qualifier.name;
  const auto* flag = std::get_if<bool>(&qualifier.value.data);
  if (std::holds_alternative<mof::ValueList>(qualifier.value.data)) {
    out += value_text(qualifier.value);
  } else if (flag == nullptr || !*flag) {
    out += "(" + value_text(qualifier.value) + ")";
  }
  struct Row {
    mof::Flavor bit;
    const char* name;
  };
  static constexpr Row kRows[] = {{mof::kToInstance, "ToInstance"},
                                  {mof::kToSubclass, "ToSubclass"},
                                  {mof::kDisableOverride, "DisableOverride"},
                                  {mof::kAmended, "amended"}};
  std::string_view before = " : ";
  for (const Row& row : kRows) {
    if ((qualifier.flavor & row.bit) == 0) continue;
    out += before;
    out += row.name;
    before = " ";
  }
  return out;
}

// In brackets, with a new line where the next one would run past the right margin.
std::string qualifiers_text(const mof::Qualifiers& qualifiers, std::string_view indent) {
  if (qualifiers.empty()) return "";
  std::string out(indent);
  out += '[';
  std::size_t column = out.size();
  for (std::size_t i = 0; i < qualifiers.size(); ++i) {
    const std::string text = qualifier_text(qualifiers[i]);
    if (i != 0) {
      const bool fits = column + 2 + text.size() < kLineColumns;
      out += fits ? ", " : fmt::format(",\n{} ", indent);
      column = fits ? column + 2 : indent.size() + 1;
    }
    out += text;
    column += text.size();
  }
  return out + "]\n";
}

// The name stands between the type and the brackets.
std::string single_type(const mof::Property& property) {
  return mof::type_text(property.type, property.class_name, false, std::nullopt);
}

std::string array_text(const mof::Property& property) {
  if (!property.is_array) return "";
  return property.array_size ? fmt::format("[{}]", *property.array_size) : "[]";
}

std::string property_text(const mof::Property& property) {
  std::string out = qualifiers_text(property.qualifiers, "  ");
  out += fmt::format("  {} {}{}", single_type(property), property.name, array_text(property));
  if (property.default_value) out += " = " + value_text(*property.default_value);
  return out + ";\n";
}

std::string method_text(const mof::Method& method) {
  std::string out = qualifiers_text(method.qualifiers, "  ");
  const std::string_view type = mof::type_name(method.return_type);
  out += fmt::format("  {} {}(", type.empty() ? "void" : type, method.name);
  for (std::size_t i = 0; i < method.parameters.size(); ++i) {
    const mof::Property& parameter = method.parameters[i];
    out += i == 0 ? "\n" : ",\n";
    out += qualifiers_text(parameter.qualifiers, "    ");
    out +=
        fmt::format("    {} {}{}", single_type(parameter), parameter.name, array_text(parameter));
  }
  return out + ");\n";
}

}  // namespace

std::string class_text(const mof::Class& the_class) {
  std::string out = qualifiers_text(the_class.qualifiers, "");
  out += "class " + the_class.name;
  if (!the_class.alias.empty()) out += " as $" + the_class.alias;
  if (!the_class.superclass.empty()) out += " : " + the_class.superclass;
  out += "\n{\n";
  for (const mof::Property& property : the_class.properties) out += property_text(property);
  for (const mof::Method& method : the_class.methods) out += method_text(method);
  return out + "};\n";
}

}  // namespace qm::wmi
