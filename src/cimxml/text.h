// Values and types as CIM-XML writes them (DSP0201 section 6). Pure.
#pragma once

#include <string>
#include <string_view>

#include "mof/model.h"
#include "wmi/value.h"

namespace qm::cimxml {

// The TYPE attribute: "uint64"; an embedded object travels as a string.
std::string_view type_of(mof::Type type);

// What stands within VALUE, escaped: TRUE, FALSE, decimal numbers, text; "" of NULL, of an array
// and of an object.
void append_scalar(std::string& out, const wmi::Value& value);
// VALUE, VALUE.ARRAY (of VALUE and VALUE.NULL); nothing where it is NULL. An embedded object is an
// INSTANCE of class_name, itself escaped.
void append_value(std::string& out, const wmi::Value& value, std::string_view class_name = {});
// The same, of what stands in a class's text.
void append_value(std::string& out, const mof::Value& value);

}  // namespace qm::cimxml
