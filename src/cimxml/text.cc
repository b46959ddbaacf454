#include "cimxml/text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "xml/writer.h"

namespace qm::cimxml {
namespace {

// DSP0004's realValue has a point; what is no number is written as DSP0201 has it.
std::string real_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-INF" : "INF";
  std::string text = fmt::format("{}", number);
  if (text.find('.') != std::string::npos) return text;
  const std::size_t exponent = text.find('e');
  text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
  return text;
}

struct Scalar {
  std::string& out;
  void operator()(bool flag) const { out += flag ? "TRUE" : "FALSE"; }
  void operator()(std::int64_t number) const {
    fmt::format_to(std::back_inserter(out), "{}", number);
  }
  void operator()(std::uint64_t number) const {
    fmt::format_to(std::back_inserter(out), "{}", number);
  }
  void operator()(double number) const { out += real_text(number); }
  void operator()(const std::string& text) const { xml::append_text(out, text); }
  void operator()(const mof::Text& text) const { xml::append_text(out, text); }
  void operator()(const auto&) const {}
};

// As an embedded instance: DSP0201 section 5.2.5, EmbeddedObject.
void append_object(std::string& out, const wmi::ValueObject& object, std::string_view class_name) {
  std::string inner = fmt::format("<INSTANCE CLASSNAME=\"{}\">", class_name);
  for (const wmi::NamedValue& one : object) {
    const auto& data = one.value.data;
    const std::string_view type = std::holds_alternative<bool>(data)            ? "boolean"
                                  : std::holds_alternative<std::int64_t>(data)  ? "sint64"
                                  : std::holds_alternative<std::uint64_t>(data) ? "uint64"
                                  : std::holds_alternative<double>(data)        ? "real64"
                                                                                : "string";
    const bool array = std::holds_alternative<wmi::ValueList>(data);
    const std::string_view element = array ? "PROPERTY.ARRAY" : "PROPERTY";
    inner += fmt::format("<{} NAME=\"{}\" TYPE=\"{}\">", element, one.name, type);
    append_value(inner, one.value);
    inner += fmt::format("</{}>", element);
  }
  inner += "</INSTANCE>";
  xml::append_text(out, inner);
}

}  // namespace

std::string_view type_of(mof::Type type) {
  return type == mof::Type::object || type == mof::Type::none ? "string" : mof::type_name(type);
}

void append_scalar(std::string& out, const wmi::Value& value) {
  std::visit(Scalar{out}, value.data);
}

void append_value(std::string& out, const wmi::Value& value, std::string_view class_name) {
  if (value.is_null()) return;
  if (const auto* list = std::get_if<wmi::ValueList>(&value.data)) {
    out += "<VALUE.ARRAY>";
    for (const wmi::Value& one : *list) {
      if (one.is_null()) {
        out += "<VALUE.NULL/>";
      } else {
        append_value(out, one, class_name);
      }
    }
    out += "</VALUE.ARRAY>";
    return;
  }
  out += "<VALUE>";
  if (const auto* object = std::get_if<wmi::ValueObject>(&value.data)) {
    append_object(out, *object, class_name);
  } else {
    append_scalar(out, value);
  }
  out += "</VALUE>";
}

void append_value(std::string& out, const mof::Value& value) {
  if (value.is_null()) return;
  if (const auto* list = std::get_if<mof::ValueList>(&value.data)) {
    out += "<VALUE.ARRAY>";
    for (const mof::Value& one : *list) {
      if (one.is_null()) {
        out += "<VALUE.NULL/>";
      } else {
        append_value(out, one);
      }
    }
    out += "</VALUE.ARRAY>";
    return;
  }
  out += "<VALUE>";
  std::visit(Scalar{out}, value.data);
  out += "</VALUE>";
}

}  // namespace qm::cimxml
