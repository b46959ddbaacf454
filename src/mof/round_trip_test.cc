// What is written and read again is the same: text -> model -> text, model -> binary MOF -> model,
// for made-up models, and for such as go to the limits.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "mof/bmf.h"
#include "mof/dump.h"
#include "mof/limits.h"
#include "mof/mof_testing.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

constexpr std::uint8_t kBinaryFlavors = kToInstance | kToSubclass | kDisableOverride | kAmended;

// Unicode of every length in UTF-8 and UTF-16; not 0, which no string holds.
std::string any_text() {
  static const std::vector<std::string> kFragments = {
      "a", "B ", "\"", "\\", "\n", "\r", "\t", "\x7f", "é", "\u2028", "€", "😀", "longer words "};
  std::string text;
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(
           *rc::gen::inRange<std::size_t>(0, 12), rc::gen::elementOf(kFragments))) {
    text += piece;
  }
  return text;
}

Value any_single() {
  Value value;
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      value.data = *rc::gen::arbitrary<bool>();
      break;
    case 1:
      value.data = std::uint64_t{*rc::gen::inRange<std::uint32_t>(0, 0x7fffffff)};
      break;
    case 2:
      value.data = std::int64_t{*rc::gen::inRange<std::int32_t>(-0x7fffffff, -1)};
      break;
    case 3:
      value.data = static_cast<double>(*rc::gen::inRange(-1'000'000, 1'000'000)) / 64;
      break;
    default:
      value.data = any_text();
  }
  return value;
}

// Of one kind throughout, as a binary MOF wants a list to be.
Value any_value() {
  if (*rc::gen::inRange(0, 3) != 0) return any_single();
  ValueList list;
  const bool texts = *rc::gen::arbitrary<bool>();
  const auto count = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t i = 0; i < count; ++i) {
    Value one;
    if (texts) {
      one.data = any_text();
    } else {
      one.data = std::uint64_t{*rc::gen::inRange<std::uint32_t>(0, 0x7fffffff)};
    }
    list.push_back(std::move(one));
  }
  Value value;
  value.data = std::move(list);
  return value;
}

Qualifiers any_qualifiers(std::uint8_t flavors) {
  Qualifiers list(*rc::gen::inRange<std::size_t>(0, 4));
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].name = "Q" + std::to_string(i);
    list[i].value = any_value();
    list[i].flavor = *rc::gen::arbitrary<std::uint8_t>() & flavors;
  }
  return list;
}

Property any_property(const std::string& name, std::uint8_t flavors) {
  Property property;
  property.name = name;
  property.type = *rc::gen::element(Type::boolean, Type::char16, Type::uint8, Type::sint8,
                                    Type::uint16, Type::sint16, Type::uint32, Type::sint32,
                                    Type::uint64, Type::sint64, Type::real32, Type::real64,
                                    Type::string, Type::datetime, Type::reference, Type::object);
  if (property.type == Type::reference || property.type == Type::object) {
    property.class_name = "C0";
  }
  property.is_array = *rc::gen::arbitrary<bool>();
  if (property.is_array && *rc::gen::arbitrary<bool>()) {
    property.array_size = *rc::gen::inRange<std::uint32_t>(1, 100);
  }
  property.qualifiers = any_qualifiers(flavors);
  if (property.type == Type::string && !property.is_array && *rc::gen::arbitrary<bool>()) {
    property.default_value.emplace().data = any_text();
  }
  return property;
}

Method any_method(const std::string& name, std::uint8_t flavors) {
  Method method;
  method.name = name;
  method.qualifiers = any_qualifiers(flavors);
  if (*rc::gen::arbitrary<bool>()) method.return_type = Type::uint32;
  const auto count = *rc::gen::inRange<std::size_t>(0, 4);
  for (std::size_t i = 0; i < count; ++i) {
    Property parameter = any_property("a" + std::to_string(i), flavors);
    parameter.default_value.reset();
    Qualifier way;
    way.name = *rc::gen::element<std::string>("in", "out");
    way.value.data = true;
    parameter.qualifiers.insert(parameter.qualifiers.begin(), std::move(way));
    method.parameters.push_back(std::move(parameter));
  }
  return method;
}

Model any_model(std::uint8_t flavors) {
  Model model;
  const auto classes = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < classes; ++i) {
    Class one;
    one.name = "C" + std::to_string(i);
    one.setting.order = static_cast<std::uint32_t>(i);
    if (i > 0 && *rc::gen::arbitrary<bool>()) one.superclass = "C0";
    one.qualifiers = any_qualifiers(flavors);
    const auto properties = *rc::gen::inRange<std::size_t>(0, 6);
    for (std::size_t p = 0; p < properties; ++p) {
      one.properties.push_back(
          any_property("p" + std::to_string(i) + "_" + std::to_string(p), flavors));
    }
    const auto methods = *rc::gen::inRange<std::size_t>(0, 3);
    for (std::size_t m = 0; m < methods; ++m) {
      one.methods.push_back(any_method("m" + std::to_string(m), flavors));
    }
    model.classes.push_back(std::move(one));
  }
  return model;
}

Model model_of_text(const std::string& text) {
  Compiled compiled = compile_text(text);
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said() << text;
  return std::move(compiled.model);
}

RC_GTEST_PROP(RoundTrip, OfAnyModelThroughText, ()) {
  const Model model = any_model(0xff);
  const std::string text = emit_mof(model);
  const Compiled again = compile_text(text);
  if (again.diagnostics.has_errors()) RC_FAIL(again.said() + text);
  RC_ASSERT(dump_json(again.model) == dump_json(model));
  RC_ASSERT(emit_mof(again.model) == text);
}

RC_GTEST_PROP(RoundTrip, OfAnyModelThroughBinaryMof, ()) {
  const Model model = any_model(kBinaryFlavors);
  const std::string image = write_bmf_image(model);
  const Result<BmfContent> content = read_bmf_image(image);
  RC_ASSERT(content.has_value());
  RC_ASSERT(content->unread_bytes == 0U);
  RC_ASSERT(dump_json(content->model) == dump_json(model));
  RC_ASSERT(write_bmf_image(content->model) == image);
}

void expect_same_both_ways(const Model& model) {
  const std::string expected = dump_json(model);
  EXPECT_EQ(dump_json(model_of_text(emit_mof(model))), expected);
  const Result<BmfContent> content = read_bmf_image(write_bmf_image(model));
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(dump_json(content->model), expected);
}

Model one_class() {
  Model model;
  model.classes.emplace_back().name = "C";
  return model;
}

TEST(RoundTrip, OfAsManyMembersAsAClassMayHave) {
  Model model = one_class();
  for (std::size_t i = 0; i < kMostProperties; ++i) {
    Property& one = model.classes[0].properties.emplace_back();
    one.name = "p" + std::to_string(i);
    one.type = Type::uint32;
  }
  for (std::size_t i = 0; i < kMostMethods; ++i) {
    model.classes[0].methods.emplace_back().name = "m" + std::to_string(i);
  }
  expect_same_both_ways(model);
}

TEST(RoundTrip, OfAsManyQualifiersAndValuesAsThereMayBe) {
  Model model = one_class();
  for (std::size_t i = 0; i < kMostQualifiers; ++i) {
    Qualifier& one = model.classes[0].qualifiers.emplace_back();
    one.name = "q" + std::to_string(i);
    one.value.data = std::uint64_t{i};
  }
  ValueList list(kMostListValues);
  for (std::size_t i = 0; i < list.size(); ++i) list[i].data = std::uint64_t{i};
  model.classes[0].qualifiers.back().value.data = std::move(list);
  expect_same_both_ways(model);
}

TEST(RoundTrip, OfTheLongestStringAndName) {
  Model model = one_class();
  model.classes[0].name = std::string(kMostIdentifierBytes, 'N');
  Qualifier& one = model.classes[0].qualifiers.emplace_back();
  one.name = "Description";
  one.value.data = std::string(kMostStringBytes, 'x');
  expect_same_both_ways(model);
}

TEST(RoundTrip, OfDeletionsAndFlags) {
  const std::string text =
      "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n"
      "#pragma deleteclass(\"Gone\", FAIL)\n"
      "#pragma classflags(\"updateonly\")\n"
      "#pragma instanceflags(\"createonly\", \"safeupdate\")\n"
      "class A { [key] uint8 x; };\ninstance of A { x = 1; };\n"
      "#pragma instanceflags()\ninstance of A { x = 2; };\n";
  const Model model = model_of_text(text);
  ASSERT_EQ(model.deletions.size(), 1U);
  EXPECT_EQ(model.deletions[0].class_name, "Gone");
  EXPECT_EQ(model.deletions[0].name_space, "root\\wmi");
  EXPECT_TRUE(model.deletions[0].must_exist);
  EXPECT_EQ(model.classes[0].setting.flags, std::uint32_t{kUpdateOnly});
  EXPECT_EQ(model.classes[0].setting.instance_flags, std::nullopt);
  EXPECT_EQ(model.instances[0].setting.instance_flags, kCreateOnly | kSafeUpdate);
  EXPECT_EQ(model.instances[1].setting.instance_flags, std::nullopt);
  const std::string written = emit_mof(model);
  const Model again = model_of_text(written);
  EXPECT_EQ(emit_mof(again), written);
  EXPECT_EQ(again.deletions[0].name_space, "root\\wmi");
  EXPECT_EQ(again.instances[0].setting.instance_flags, kCreateOnly | kSafeUpdate);
  const Result<BmfContent> binary = read_bmf_image(write_bmf_image(model));
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->model.instances[0].setting.instance_flags, kCreateOnly | kSafeUpdate);
  EXPECT_EQ(binary->model.classes[0].setting.flags, std::uint32_t{kUpdateOnly});
}

// As texts for WMI's registry provider have it: the value is the provider's.
TEST(RoundTrip, OfValuesThatAreNotGiven) {
  const Model model = model_of_text(
      "class A { string x; string y; };\n"
      "[DYNPROPS] instance of A { [PropertyContext(\"local|x\")] x; y = NULL; };");
  ASSERT_EQ(model.instances[0].values.size(), 2U);
  EXPECT_FALSE(model.instances[0].values[0].has_value);
  EXPECT_TRUE(model.instances[0].values[1].has_value);
  const std::string written = emit_mof(model);
  EXPECT_NE(written.find("[PropertyContext(\"local|x\")] x;\n"), std::string::npos) << written;
  EXPECT_EQ(emit_mof(model_of_text(written)), written);
}

TEST(RoundTrip, ADeletedClassIsNotInTheModel) {
  const Model model = model_of_text(
      "class A { uint8 x; };\n#pragma deleteclass(\"a\", NOFAIL)\nclass A { uint16 x; };\n");
  ASSERT_EQ(model.classes.size(), 1U);
  EXPECT_EQ(model.classes[0].properties[0].type, Type::uint16);
}

}  // namespace
}  // namespace qm::mof
