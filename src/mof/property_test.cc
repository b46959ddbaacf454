// Properties that hold for any text, and for any class.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "mof/dump.h"
#include "mof/header.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

const std::vector<std::string> kPieces = {"class ",
                                          "A ",
                                          "B ",
                                          ": ",
                                          "{ ",
                                          "} ",
                                          "}; ",
                                          "; ",
                                          "[ ",
                                          "] ",
                                          "( ",
                                          ") ",
                                          ", ",
                                          "= ",
                                          "\" ",
                                          "\"s\" ",
                                          "'c' ",
                                          "$a ",
                                          "1 ",
                                          "-0x7f ",
                                          "99999999999999999999 ",
                                          "1.5 ",
                                          "instance of ",
                                          "as ",
                                          "ref ",
                                          "object ",
                                          "string ",
                                          "uint32 ",
                                          "NULL ",
                                          "TRUE ",
                                          "Qualifier ",
                                          "Scope(any)",
                                          "[WmiDataId(1)] ",
                                          "[WmiDataId(2), MaxLen(4)] ",
                                          "[key] ",
                                          "x ",
                                          "InstanceName ",
                                          "PERF_COUNTER_COUNTER ",
                                          "\n",
                                          "\n#define A B\n",
                                          "\n#define F(x) x x #x x##x\n",
                                          "F(",
                                          "\n#if 1\n",
                                          "\n#else\n",
                                          "\n#endif\n",
                                          "\n#if (",
                                          "\n#include \"t.mof\"\n",
                                          "\n#pragma namespace(\"x\")\n",
                                          "\n#pragma include(\"t.mof\")\n",
                                          "\n#undef A\n",
                                          "// ",
                                          "/* ",
                                          "*/ ",
                                          "\\\n",
                                          "\\x41 ",
                                          "\xff",
                                          "é",
                                          std::string(1, '\0'),
                                          "WmiSizeIs(\"x\") "};

RC_GTEST_PROP(AnyText, EndsInAModelAndDiagnostics, ()) {
  const auto picks = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces));
  std::string text;
  for (const std::string& pick : picks) text += pick;
  const Compiled once = compile_text(text);
  const Compiled twice = compile_text(text);
  RC_ASSERT(once.said() == twice.said());
  RC_ASSERT(dump_json(once.model) == dump_json(twice.model));
  RC_ASSERT(once.diagnostics.error_count() <= Diagnostics::kMostErrors);
  // Emitters want a model without errors, but no model may break them.
  RC_ASSERT(!emit_header(once.model, {.guard = "_t_h_"}).empty());
  RC_ASSERT(!once.diagnostics.json().empty());
}

RC_GTEST_PROP(AnyBytes, EndInAModelAndDiagnostics, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const Compiled compiled = compile_text(bytes);
  RC_ASSERT(compiled.said() == compile_text(bytes).said());
}

struct MadeProperty {
  Type type;
  std::uint32_t array_size;  // 0: none
  std::uint64_t most_units;  // of a string
};

rc::Gen<MadeProperty> made_property() {
  return rc::gen::build<MadeProperty>(
      rc::gen::set(&MadeProperty::type,
                   rc::gen::element(Type::boolean, Type::uint8, Type::sint8, Type::uint16,
                                    Type::sint16, Type::uint32, Type::sint32, Type::uint64,
                                    Type::sint64, Type::string, Type::datetime)),
      rc::gen::set(&MadeProperty::array_size, rc::gen::inRange<std::uint32_t>(0, 5)),
      rc::gen::set(&MadeProperty::most_units, rc::gen::inRange<std::uint64_t>(1, 300)));
}

RC_GTEST_PROP(AnyClass, IsUnderstoodAsItWasWritten, ()) {
  const auto made = *rc::gen::container<std::vector<MadeProperty>>(made_property());
  std::string text = "class T {\n";
  for (std::size_t i = 0; i < made.size(); ++i) {
    text += "  [WmiDataId(" + std::to_string(i + 1) + ")";
    if (made[i].type == Type::string)
      text += ", MaxLen(" + std::to_string(made[i].most_units) + ")";
    text += "] " + std::string(type_name(made[i].type)) + " p" + std::to_string(i);
    if (made[i].array_size != 0) text += "[" + std::to_string(made[i].array_size) + "]";
    text += ";\n";
  }
  const Compiled compiled = compile_text(text + "};\n");
  RC_ASSERT(!compiled.diagnostics.has_errors());
  RC_ASSERT(compiled.model.classes.size() == 1U);
  const Class& the_class = compiled.model.classes[0];
  const Layout layout = layout_of(compiled.model, the_class);
  RC_ASSERT(layout.fixed);
  RC_ASSERT(layout.fields.size() == made.size());
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Field& field = layout.fields[i];
    RC_ASSERT(the_class.properties[i].type == made[i].type);
    RC_ASSERT(field.property == &the_class.properties[i]);
    const std::uint32_t one = made[i].type == Type::string
                                  ? static_cast<std::uint32_t>(made[i].most_units + 1) * 2
                                  : type_bytes(made[i].type);
    const unsigned alignment = type_alignment(made[i].type);
    RC_ASSERT(field.bytes == one * std::max(1U, made[i].array_size));
    RC_ASSERT(field.offset % alignment == 0U);
    RC_ASSERT(field.offset >= end);
    RC_ASSERT(field.offset - end < alignment);
    end = field.offset + field.bytes;
  }
  RC_ASSERT(layout.bytes == end);
}

RC_GTEST_PROP(AnyString, ComesBackFromItsLiteral, (const std::vector<std::uint16_t>& units)) {
  // Written with escapes only; units that MOF cannot hold (0, surrogates) are left out.
  std::string literal;
  std::u16string expected;
  for (const std::uint16_t unit : units) {
    if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff)) continue;
    static const char* kHex = "0123456789abcdef";
    literal += "\\x";
    for (int shift = 12; shift >= 0; shift -= 4) literal += kHex[(unit >> shift) & 15];
    expected += static_cast<char16_t>(unit);
  }
  const Compiled compiled = compile_text("[D(\"" + literal + "\")] class A {};");
  RC_ASSERT(!compiled.diagnostics.has_errors());
  RC_ASSERT(text_of(compiled.model.classes[0].qualifiers, "D") == utf8(expected));
}

}  // namespace
}  // namespace qm::mof
