#include "mof/mof_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "mof/names.h"
#include "mof/parser.h"
#include "mof/visit.h"

namespace qm::mof {
namespace {

constexpr std::size_t kIndent = 2;

void append_escaped(std::string& out, std::string_view character) {
  for (const char16_t unit : utf16(character)) {
    fmt::format_to(std::back_inserter(out), "\\x{:04X}", static_cast<unsigned>(unit));
  }
}

std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// One character of a string, as it stands between quotes.
std::string escaped(std::string_view character) {
  switch (character.front()) {
    case '\b':
      return "\\b";
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\f':
      return "\\f";
    case '\r':
      return "\\r";
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    default:
      break;
  }
  if (is_plain_text(character)) return std::string(character);
  std::string out;
  append_escaped(out, character);
  return out;
}

std::string real_text(double value) {
  if (!std::isfinite(value)) return "0.0";  // MOF has no word for it
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// A text in the making, which knows its column.
class Page {
 public:
  std::string take() && { return std::move(out_); }
  void add(std::string_view text) {
    out_ += text;
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos) {
      column_ += text.size();
    } else {
      column_ = text.size() - newline - 1;
    }
  }
  void line(std::size_t indent) {
    while (out_.ends_with(' ')) out_.pop_back();
    out_ += '\n';
    out_.append(indent, ' ');
    column_ = indent;
  }
  bool fits(std::size_t bytes) const { return column_ + bytes <= kMostTextColumns; }
  std::size_t column() const { return column_; }

 private:
  std::string out_;
  std::size_t column_ = 0;
};

class TextWriter {
 public:
  explicit TextWriter(const Model& model) : model_(model) {}

  std::string run() {
    for (const Pragma& one : model_.pragmas) pragma(one);
    for (const Deletion& one : model_.deletions) deletion(one);
    for (const QualifierDeclaration& one : model_.qualifier_declarations) declaration(one);
    in_text_order(
        model_, [this](const Class& one) { the_class(one); },
        [this](const Instance& one) { top_instance(one); });
    return std::move(page_).take();
  }

 private:
  void pragma(const Pragma& one) {
    // Some stand before what they speak of; the others belong to decompile().
    if (one.name.ends_with("flags") || one.name == "deleteclass") return;
    if (one.name.starts_with("bmf_")) return;
    page_.add("#pragma " + one.name);
    if (!one.arguments.empty()) {
      page_.add("(");
      for (const std::string& argument : one.arguments) {
        if (&argument != one.arguments.data()) page_.add(", ");
        page_.add(mof_string(argument));
      }
      page_.add(")");
    }
    page_.add("\n");
  }

  void deletion(const Deletion& one) {
    if (!same_name(plain_name_space(name_space_), one.name_space)) {
      name_space_ = one.name_space;
      page_.add("#pragma namespace(" + mof_string(name_space_) + ")\n");
    }
    page_.add(fmt::format("#pragma deleteclass(\"{}\", {})\n", one.class_name,
                          one.must_exist ? "FAIL" : "NOFAIL"));
  }

  void settings(const Setting& setting, bool is_instance) {
    const bool other_space = setting.name_space_spelling != name_space_;
    // What is said of instances stays as it is over the classes between them.
    const bool other_instances = is_instance && setting.instance_flags != instance_flags_;
    if (other_space) {
      name_space_ = setting.name_space_spelling;
      const std::string& name = name_space_.empty() ? std::string("root\\default") : name_space_;
      page_.add("#pragma namespace(" + mof_string(name) + ")\n");
    }
    const bool other_classes = setting.flags != flags_;
    if (other_classes) flags("classflags", flags_ = setting.flags);
    if (other_instances) flags("instanceflags", instance_flags_ = setting.instance_flags);
    if (other_space || other_classes || other_instances) page_.add("\n");
  }

  void flags(std::string_view pragma, std::optional<std::uint32_t> value) {
    std::string word;
    if (value) {
      const auto known = std::ranges::find(kChangeFlagNames, *value, &ChangeFlagName::bit);
      word = known == kChangeFlagNames.end() ? fmt::format("{}", *value) : mof_string(known->name);
    }
    page_.add(fmt::format("#pragma {}({})\n", pragma, word));
  }

  void declaration(const QualifierDeclaration& one) {
    page_.add(fmt::format("Qualifier {} : {}{}", one.name, type_name(one.type),
                          one.is_array ? "[]" : ""));
    if (one.default_value) page_.add(" = " + mof_literal(*one.default_value));
    words("Scope", one.scopes);
    words("Flavor", one.flavors);
    page_.add(";\n");
  }
  void words(std::string_view name, const std::vector<std::string>& list) {
    if (list.empty()) return;
    const std::string text = fmt::format("{}({})", name, fmt::join(list.begin(), list.end(), ", "));
    page_.add(",");
    if (page_.fits(text.size() + 2)) {
      page_.add(" ");
    } else {
      page_.line(2 * kIndent);
    }
    page_.add(text);
  }

  void blank_line() {
    if (page_.column() != 0) page_.add("\n");
    page_.add("\n");
  }

  // Of a class or an instance.
  template <class Declaration>
  void declaration_head(const Declaration& one, bool is_instance) {
    if (!first_) blank_line();
    first_ = false;
    settings(one.setting, is_instance);
    if (one.qualifiers.empty()) return;
    qualifiers(one.qualifiers, 0);
    page_.line(0);
  }

  void the_class(const Class& one) {
    declaration_head(one, false);
    page_.add("class " + one.name);
    if (!one.alias.empty()) page_.add(" as $" + one.alias);
    if (!one.superclass.empty()) page_.add(" : " + one.superclass);
    page_.add("\n{\n");
    for (const Property& property : one.properties) {
      page_.add("  ");
      member(property.qualifiers, property_text(property), kIndent);
      default_value(property);
      page_.add(";\n");
    }
    for (const Method& method : one.methods) {
      if (!one.properties.empty() || &method != one.methods.data()) page_.add("\n");
      page_.add("  ");
      member(method.qualifiers, method_head(method) + "(", kIndent);
      parameters(method);
      page_.add(");\n");
    }
    page_.add("};\n");
  }

  // Qualifiers and what they are of: on one line where that fits, else on lines of their own.
  void member(const Qualifiers& list, const std::string& text, std::size_t indent) {
    if (list.empty()) {
      page_.add(text);
      return;
    }
    const bool one_line = page_.fits(width(list) + text.size() + 2);
    qualifiers(list, indent);
    if (one_line) {
      page_.add(" ");
    } else {
      page_.line(indent);
    }
    page_.add(text);
  }

  static std::size_t width(const Qualifiers& list) {
    std::size_t total = 2;
    for (const Qualifier& one : list) total += text_of_qualifier(one).size() + 2;
    return total;
  }

  static std::string flavor_text(const Qualifier& one) {
    std::string text;
    for (const FlavorName& flavor : kFlavorNames) {
      if ((one.flavor & flavor.bit) == 0) continue;
      text += text.empty() ? " : " : " ";
      text += flavor.name;
    }
    return text;
  }

  static std::string text_of_qualifier(const Qualifier& one) {
    const auto* flag = std::get_if<bool>(&one.value.data);
    std::string text = one.name;
    if (std::holds_alternative<ValueList>(one.value.data)) {
      text += mof_literal(one.value);
    } else if (flag == nullptr || !*flag) {
      text += "(" + mof_literal(one.value) + ")";
    }
    return text + flavor_text(one);
  }

  void qualifiers(const Qualifiers& list, std::size_t indent) {
    page_.add("[");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool last = i + 1 == list.size();
      const std::string text = text_of_qualifier(list[i]);
      if (i != 0) {
        if (page_.fits(text.size() + 2)) {
          page_.add(" ");
        } else {
          page_.line(indent + 1);
        }
      }
      if (page_.fits(text.size() + 1)) {
        page_.add(text);
      } else {
        broken_qualifier(list[i], indent + 1);
      }
      page_.add(last ? "]" : ",");
    }
  }

  // One that is longer than a line: its string or its list is broken.
  void broken_qualifier(const Qualifier& one, std::size_t indent) {
    page_.add(one.name);
    if (std::holds_alternative<ValueList>(one.value.data)) {
      broken_value(one.value, indent + kIndent);
    } else {
      page_.add("(");
      broken_value(one.value, indent + kIndent);
      page_.add(")");
    }
    page_.add(flavor_text(one));
  }

  void broken_value(const Value& value, std::size_t indent) {
    if (const auto* list = std::get_if<ValueList>(&value.data)) {
      page_.add("{");
      for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string text = mof_literal((*list)[i]);
        if (!page_.fits(text.size() + 2)) {
          page_.line(indent);
        } else if (i != 0) {
          page_.add(" ");
        }
        if (page_.fits(text.size() + 2)) {
          page_.add(text);
        } else {
          broken_value((*list)[i], indent);
        }
        if (i + 1 != list->size()) page_.add(",");
      }
      page_.add("}");
      return;
    }
    if (const auto* text = std::get_if<Text>(&value.data)) {
      broken_string(*text, indent);
      return;
    }
    page_.add(mof_literal(value));
  }

  // Literals one below the other, broken behind blanks and line ends.
  void broken_string(std::string_view text, std::size_t indent) {
    std::string piece;
    bool first = true;
    const auto flush = [&] {
      if (!first || !page_.fits(piece.size() + 4)) page_.line(indent);
      page_.add("\"" + piece + "\"");
      piece.clear();
      first = false;
    };
    const std::size_t room = kMostTextColumns - indent - 6;
    std::string word;
    const auto end_word = [&](bool ends_line) {
      const std::size_t have = first ? page_.column() - std::min(page_.column(), indent) : 0;
      if (!piece.empty() && have + piece.size() + word.size() > room) flush();
      piece += word;
      word.clear();
      if (ends_line) flush();
    };
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
      const std::string_view character = text.substr(at, bytes);
      word += escaped(character);
      at += bytes;
      const bool ends_line = character == "\n" && at != text.size();
      if (character == " " || ends_line || word.size() >= room) end_word(ends_line);
    }
    end_word(false);
    if (!piece.empty() || first) flush();
  }

  static std::string typed(Type type, std::string_view spelling, std::string_view class_name) {
    std::string text(class_name);
    if (text.empty()) text = type == Type::reference ? "object" : type_name(type);
    if (class_name.empty() && !spelling.empty()) text = spelling;
    if (type == Type::reference) text += " ref";
    return text;
  }

  static std::string property_text(const Property& one) {
    std::string text = typed(one.type, one.type_spelling, one.class_name) + " " + one.name;
    if (one.is_array) text += one.array_size ? fmt::format("[{}]", *one.array_size) : "[]";
    return text;
  }

  static std::string method_head(const Method& one) {
    if (one.return_type == Type::none) return "void " + one.name;
    return typed(one.return_type, one.return_spelling, one.return_class_name) +
           (one.returns_array ? "[] " : " ") + one.name;
  }

  void default_value(const Property& one) {
    if (!one.default_value) return;
    page_.add(" = ");
    const auto* unit = std::get_if<std::uint64_t>(&one.default_value->data);
    if (one.type == Type::char16 && unit != nullptr && is_letter(*unit)) {
      page_.add(fmt::format("'{}'", static_cast<char>(*unit)));
      return;
    }
    assigned(*one.default_value, 2 * kIndent);
  }

  // What stands between quotes as it is.
  static bool is_letter(std::uint64_t unit) {
    return unit >= ' ' && unit <= '~' && unit != '\'' && unit != '\\';
  }

  void parameters(const Method& method) {
    std::size_t total = 0;
    for (const Property& one : method.parameters) {
      total += width(one.qualifiers) + property_text(one).size() + 3;
    }
    const bool one_line = page_.fits(total + 2);
    for (std::size_t i = 0; i < method.parameters.size(); ++i) {
      const Property& one = method.parameters[i];
      if (i != 0) page_.add(one_line ? ", " : ",");
      if (!one_line) page_.line(3 * kIndent);
      member(one.qualifiers, property_text(one), 3 * kIndent);
      default_value(one);
    }
  }

  void top_instance(const Instance& one) {
    declaration_head(one, true);
    page_.add("instance of " + one.class_name);
    if (!one.alias.empty()) page_.add(" as $" + one.alias);
    page_.line(0);
    body(one, 0);
    page_.add(";\n");
  }

  void body(const Instance& one, std::size_t indent) {
    page_.add("{");
    for (const PropertyValue& value : one.values) {
      page_.line(indent + kIndent);
      member(value.qualifiers, value.name + (value.has_value ? " = " : ""), indent + kIndent);
      if (value.has_value) assigned(value.value, indent + 2 * kIndent);
      page_.add(";");
    }
    page_.line(indent);
    page_.add("}");
  }

  void assigned(const Value& value, std::size_t indent) {
    if (const auto* held = std::get_if<std::shared_ptr<const Instance>>(&value.data)) {
      page_.add("instance of " + (*held)->class_name + " ");
      body(**held, indent);
      return;
    }
    const auto* list = std::get_if<ValueList>(&value.data);
    const auto is_instance = [](const Value& one) {
      return std::holds_alternative<std::shared_ptr<const Instance>>(one.data);
    };
    if (list != nullptr && std::ranges::any_of(*list, is_instance)) {
      page_.add("{");
      for (const Value& one : *list) {
        if (&one != list->data()) page_.add(",");
        page_.line(indent);
        assigned(one, indent);
      }
      page_.add("}");
      return;
    }
    const std::string text = mof_literal(value);
    if (page_.fits(text.size() + 1)) {
      page_.add(text);
    } else {
      broken_value(value, indent);
    }
  }

  const Model& model_;
  Page page_;
  std::string name_space_;
  std::optional<std::uint32_t> flags_;
  std::optional<std::uint32_t> instance_flags_;
  bool first_ = true;
};

}  // namespace

std::string emit_mof(const Model& model) {
  return TextWriter(model).run();
}

std::string mof_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
    out += escaped(text.substr(at, bytes));
    at += bytes;
  }
  return out + "\"";
}

std::string mof_literal(const Value& value) {
  if (const auto* list = std::get_if<ValueList>(&value.data)) {
    std::string text = "{";
    for (const Value& one : *list) {
      if (text.size() > 1) text += ", ";
      text += mof_literal(one);
    }
    return text + "}";
  }
  if (const auto* text = std::get_if<Text>(&value.data)) return mof_string(*text);
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? "TRUE" : "FALSE";
  if (const auto* real = std::get_if<double>(&value.data)) return real_text(*real);
  if (const auto* alias = std::get_if<AliasName>(&value.data)) return "$" + alias->name;
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    return fmt::format("{}", *number);
  }
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return fmt::format("{}", *number);
  }
  return "NULL";
}

}  // namespace qm::mof
