#include "mof/parser.h"

#include <gtest/gtest.h>

#include "mof/limits.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

Model good(std::string text) {
  Compiled compiled = compile_text(std::move(text));
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  return std::move(compiled.model);
}

TEST(ParseClass, EveryPart) {
  const Model model = good(R"(
    [abstract] class Base {};
    [Description("what it is") : amended ToSubclass, Locale(1033)]
    class Thing as $T : Base {
      [key, read] String Name;
      uint8 bytes[16];
      sint32 many[];
      boolean on = TRUE;
      Base held;
      Base ref other;
      object anything;
      char16 letter = 'x';
      datetime since = "20240101000000.000000+000";
      real32 ratio = -1.5;
      [WmiMethodId(1)] uint32 Do([in] uint8 a, [out] Base ref b[2]);
      void Nothing();
    };)");
  ASSERT_EQ(model.classes.size(), 2U);
  const Class& thing = model.classes[1];
  EXPECT_EQ(thing.name, "Thing");
  EXPECT_EQ(thing.superclass, "Base");
  EXPECT_EQ(thing.alias, "T");
  EXPECT_EQ(thing.description(), "what it is");
  EXPECT_EQ(thing.qualifiers[0].flavor, kAmended | kToSubclass);
  ASSERT_EQ(thing.properties.size(), 10U);
  EXPECT_EQ(thing.properties[0].type, Type::string);
  EXPECT_TRUE(flag_of(thing.properties[0].qualifiers, "KEY"));
  EXPECT_EQ(thing.properties[1].array_size, 16U);
  EXPECT_TRUE(thing.properties[2].is_array);
  EXPECT_FALSE(thing.properties[2].array_size);
  EXPECT_TRUE(std::get<bool>(thing.properties[3].default_value->data));
  EXPECT_EQ(thing.properties[4].type, Type::object);
  EXPECT_EQ(thing.properties[4].class_name, "Base");
  EXPECT_EQ(thing.properties[5].type, Type::reference);
  EXPECT_EQ(thing.properties[6].class_name, "");
  EXPECT_EQ(std::get<std::uint64_t>(thing.properties[7].default_value->data), u'x');
  EXPECT_DOUBLE_EQ(std::get<double>(thing.properties[9].default_value->data), -1.5);
  ASSERT_EQ(thing.methods.size(), 2U);
  EXPECT_EQ(thing.methods[0].return_type, Type::uint32);
  ASSERT_EQ(thing.methods[0].parameters.size(), 2U);
  EXPECT_EQ(thing.methods[0].parameters[1].array_size, 2U);
  EXPECT_EQ(thing.methods[1].return_type, Type::none);
}

TEST(ParseClass, KeywordsAreNamesToo) {
  const Model model = good(
      "class class { string Class; string instance; boolean ref; class ref qualifier; };\n"
      "instance of class { Class = \"a\"; instance = \"b\"; };");
  EXPECT_EQ(model.classes[0].name, "class");
  EXPECT_EQ(model.classes[0].properties[3].type, Type::reference);
  EXPECT_EQ(model.instances[0].values[1].name, "instance");
}

TEST(ParseValue, StringsInARowAreOneAndKeepTheirLines) {
  const Model model = good("[D(\"a \"  // why\n \"b\n c\" /**/ \"\\x41\")] class A {};");
  EXPECT_EQ(text_of(model.classes[0].qualifiers, "d"), "a b\n cA");
}

TEST(ParseValue, ListsNullAliasesAndNestedInstances) {
  const Model model = good(R"(
    class P { [key] sint64 x; string names[]; };
    class Q { P one; P many[]; };
    instance of P as $p { x = -9223372036854775808; names = {"a", NULL, "b"}; };
    instance of Q { one = $p; many = {instance of P { x = 1; }, $p}; };)");
  ASSERT_EQ(model.instances.size(), 2U);
  EXPECT_EQ(std::get<std::int64_t>(model.instances[0].value("X")->value.data),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(std::get<ValueList>(model.instances[0].values[1].value.data).size(), 3U);
  const auto& many = std::get<ValueList>(model.instances[1].values[1].value.data);
  EXPECT_EQ(std::get<std::shared_ptr<const Instance>>(many[0].data)->class_name, "P");
  EXPECT_EQ(std::get<AliasName>(many[1].data).name, "p");
}

TEST(ParseValue, CounterTypesHaveNames) {
  const Model model = good(
      "class A { [CounterType(PERF_COUNTER_LARGE_RAWCOUNT)] uint64 a;\n"
      "[CounterType(PERF_COUNTER_BULK_COUNT)] uint64 b; [CounterType(PERF_COUNTER_RAWCOUNT)] "
      "uint32 c; [CounterType(PERF_COUNTER_COUNTER)] uint32 d; };");
  const List<Property>& all = model.classes[0].properties;
  EXPECT_EQ(uint_of(all[0].qualifiers, "CounterType"), 65792U);
  EXPECT_EQ(uint_of(all[1].qualifiers, "CounterType"), 272696576U);
  EXPECT_EQ(uint_of(all[2].qualifiers, "CounterType"), 65536U);
  EXPECT_EQ(uint_of(all[3].qualifiers, "CounterType"), 272696320U);
}

TEST(ParseValue, AnUnknownNameGetsTheNearestAsAHint) {
  EXPECT_EQ(
      compile_text("class A {\n [CounterType(PERF_COUNTER_BULK_COUNTS)] uint64 a;\n};").said(),
      "t.mof:2:15: error: 'PERF_COUNTER_BULK_COUNTS' is no value [unknown-name]\n"
      " [CounterType(PERF_COUNTER_BULK_COUNTS)] uint64 a;\n"
      "              ^~~~~~~~~~~~~~~~~~~~~~~~\n"
      "hint: did you mean 'PERF_COUNTER_BULK_COUNT'?\n");
}

TEST(ParseQualifier, DeclarationsWithScopesAndFlavors) {
  const Model model = good(
      "Qualifier Max : uint32 = 7, Scope(property, Method), Flavor(EnableOverride, ToSubclass);\n"
      "Qualifier Names : string[] = {\"a\"}, Scope(any);");
  ASSERT_EQ(model.qualifier_declarations.size(), 2U);
  EXPECT_EQ(model.qualifier_declarations[0].scopes,
            (std::vector<std::string>{"property", "method"}));
  EXPECT_EQ(model.qualifier_declarations[0].flavors,
            (std::vector<std::string>{"enableoverride", "tosubclass"}));
  EXPECT_TRUE(model.qualifier_declarations[1].is_array);
}

TEST(ParseQualifier, FlavorsForAllUsesThatFollow) {
  const Model model = good(
      "[Description(\"a\")] class A {};\n"
      "qualifier DESCRIPTION:ToSubClass Amended ;\n"
      "Qualifier read : ToInstance;\n"
      "[Description(\"b\")] class B { [Read:DisableOverride] uint8 x; [read:NotToInstance] uint8 "
      "y; "
      "};");
  EXPECT_TRUE(model.qualifier_declarations.empty());
  EXPECT_EQ(model.classes[0].qualifiers[0].flavor, 0);
  EXPECT_EQ(model.classes[1].qualifiers[0].flavor, kToSubclass | kAmended);
  EXPECT_EQ(model.classes[1].properties[0].qualifiers[0].flavor, kToInstance | kDisableOverride);
  EXPECT_EQ(model.classes[1].properties[1].qualifiers[0].flavor, 0);
}

TEST(ParseQualifier, FlavorsForAllUsesAlsoInTheNextFile) {
  const Compiled compiled = compile_files(
      {{"a.mof", "qualifier D:Amended;"}, {"b.mof", "[D] class A {};"}}, {}, {"a.mof", "b.mof"});
  EXPECT_EQ(compiled.said(), "");
  EXPECT_EQ(compiled.model.classes[0].qualifiers[0].flavor, kAmended);
}

TEST(ParseQualifier, AFlavorThatIsNone) {
  EXPECT_EQ(compile_text("Qualifier D : Amended ToSubclas;\nclass A {};").said(),
            "t.mof:1:23: error: unknown flavor 'ToSubclas' [unknown-flavor]\n"
            "Qualifier D : Amended ToSubclas;\n"
            "                      ^~~~~~~~~\n"
            "hint: did you mean 'ToSubclass'?\n");
}

TEST(ParsePragma, NamespacesHoldUntilTheNextOne) {
  Options options;
  options.name_space = "//./root/cimv2";
  const Compiled compiled =
      compile_files({{"t.mof",
                      "class A {};\n#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\nclass B {};\n"
                      "#pragma namespace (\"root/x\")\ninstance of B {};"},
                     {"u.mof", "class C {};"}},
                    options, {"t.mof", "u.mof"});
  EXPECT_EQ(compiled.said(), "");
  EXPECT_EQ(compiled.model.classes[0].name_space, "root\\cimv2");
  EXPECT_EQ(compiled.model.classes[1].name_space, "root\\wmi");
  EXPECT_EQ(compiled.model.instances[0].name_space, "root\\x");
  EXPECT_EQ(compiled.model.classes[2].name_space, "root\\cimv2");  // each file begins anew
}

TEST(ParsePragma, TheOthersAreKept) {
  const Model model = good(
      "#pragma autorecover\n#pragma ClassFlags(\"forceupdate\")\n#pragma locale(\"en_US\")\n"
      "#pragma instancelocale(\"en_US\")\n#pragma amendment(\"MS_409\")\n"
      "#pragma deleteclass(\"Old\", nofail)\n");
  ASSERT_EQ(model.pragmas.size(), 6U);
  EXPECT_EQ(model.pragmas[0].name, "autorecover");
  EXPECT_EQ(model.pragmas[1].name, "classflags");
  EXPECT_EQ(model.pragmas[5].arguments, (std::vector<std::string>{"Old", "nofail"}));
}

TEST(ParsePragma, IncludeBringsTheFile) {
  const Compiled compiled = compile_files(
      {{"t.mof", "#pragma include(\"d\\\\a.mof\")\nclass B : A {};"}, {"d/a.mof", "class A {};"}});
  EXPECT_EQ(compiled.said(), "");
  EXPECT_EQ(compiled.model.classes.size(), 2U);
}

TEST(ParsePragma, ManyFlagsInOneStringAndASemicolonAtTheEnd) {
  const Model model =
      good("#pragma autorecover;\n#pragma classflags(\"updateonly, forceupdate\");\nclass A {};");
  EXPECT_EQ(model.classes[0].setting.flags, kUpdateOnly | kForceUpdate);
}

TEST(ParsePragma, UnknownOnesAreWarnedAbout) {
  EXPECT_EQ(compile_text("#pragma namespaces(\"x\")\nclass A {};").said(),
            "t.mof:1:9: warning: unknown #pragma 'namespaces' is ignored [unknown-pragma]\n"
            "#pragma namespaces(\"x\")\n"
            "        ^~~~~~~~~~\n"
            "hint: did you mean 'namespace'?\n");
  EXPECT_EQ(codes("#pragma namespace()\n"), "error bad-pragma\n");
  EXPECT_EQ(codes("#pragma namespace(\"a\"\n"), "error syntax\n");
}

TEST(Recovery, OneErrorAMistakeAndTheRestIsUnderstood) {
  const Compiled compiled = compile_text(R"(
    class A { uint32 x y; uint8 z; };
    class B { [WmiDataId(1] uint8 a; uint8 b; };
    clas C { uint8 a; };
    class D { uint8 a; }
    class E { uint8 a = {1,; uint8 b; };
    instance of D { a = ; };
    class F { uint8 a; };)");
  EXPECT_EQ(compiled.codes(),
            "error syntax\nerror syntax\nerror syntax\nerror syntax\nerror syntax\n"
            "error syntax\n");
  std::string names;
  for (const Class& one : compiled.model.classes) names += one.name;
  EXPECT_EQ(names, "ABDEF");
  EXPECT_EQ(compiled.model.classes[0].properties.size(), 2U);
  EXPECT_EQ(compiled.model.classes[1].properties.size(), 2U);
}

TEST(Recovery, WhatADamagedClassLacksIsNotComplainedAbout) {
  EXPECT_EQ(codes("[guid(\"{b4d1c606-8682-4b7a-ac6b-d883d91555fb}\")] class A {\n"
                  "  [key string InstanceName; [WmiDataId(2)] uint8 x; };\n"
                  "instance of A { InstanceName = \"a\"; };"),
            "error syntax\n");
}

TEST(Recovery, AClassWithoutItsEndIsOneError) {
  const Compiled compiled = compile_text(
      "class A {\n  uint8 a;\nclass B : A {\n  uint8 b;\n};\nclass C {\n  uint8 c;\n"
      "[abstract]\nclass D {\n};\n");
  EXPECT_EQ(compiled.said(),
            "t.mof:3:1: error: expected '}' at the end of the class, found 'class' [syntax]\n"
            "class B : A {\n^~~~~\nhint: a class ends with };\n"
            "t.mof:9:1: error: expected '}' at the end of the class, found 'class' [syntax]\n"
            "class D {\n^~~~~\nhint: a class ends with };\n");
  EXPECT_EQ(compiled.model.classes.size(), 4U);
}

TEST(Recovery, AMissingQuoteIsPointedAtAlsoWhereItsLineGoesOn) {
  const Compiled compiled = compile_text(
      "class A {\n [V{\"one, \"two\"}, W{\"x\"}] uint8 a;\n [D(\"three\")] uint8 b;\n};\n"
      "[Provider(\"P),\n guid(\"{x}\")]\nclass B { uint8 c; };\n"
      "instance of A {\n a = \"1;\n b = \"2\";\n};\nclass C {};\n"
      "class D { [V{\"a\", \"b};");
  EXPECT_EQ(compiled.said(),
            "t.mof:2:5: error: this string is never closed [open-string]\n"
            " [V{\"one, \"two\"}, W{\"x\"}] uint8 a;\n    ^\nhint: end it with \"\n"
            "t.mof:5:11: error: this string is never closed [open-string]\n"
            "[Provider(\"P),\n          ^\nhint: end it with \"\n"
            "t.mof:9:6: error: this string is never closed [open-string]\n"
            " a = \"1;\n     ^\nhint: end it with \"\n"
            "t.mof:13:19: error: this string is never closed [open-string]\n"
            "class D { [V{\"a\", \"b};\n                  ^\nhint: end it with \"\n");
  ASSERT_EQ(compiled.model.classes.size(), 4U);
  EXPECT_EQ(compiled.model.classes[0].properties.size(), 1U);
  EXPECT_EQ(compiled.model.classes[1].properties.size(), 1U);
  // A macro's name that nobody defined is no quote.
  EXPECT_EQ(codes("[D(\"a\"B)] class A {};"), "error syntax\n");
}

TEST(Recovery, InstancesWithoutAnEndOrABeginningAreOneErrorEach) {
  EXPECT_EQ(compile_text("class A { uint8 x; uint8 y; };\ninstance of A {\n x = 1;\n"
                         "instance of A\n x = 2;\n y = 3;\n};\ninstance of A { x = 256; };")
                .said(),
            "t.mof:4:1: error: expected '}' at the end of the instance, found 'instance' [syntax]\n"
            "instance of A\n^~~~~~~~\nhint: an instance ends with };\n"
            "t.mof:5:2: error: expected '{' to begin the instance, found 'x' [syntax]\n"
            " x = 2;\n ^\n"
            "t.mof:8:21: error: 'x' is uint8: 0 to 255 [value-range]\n"
            "instance of A { x = 256; };\n                    ^~~\n");
}

TEST(Recovery, WhatIsThereTwiceOrAtTheEndMissingIsOneError) {
  EXPECT_EQ(codes("class A {{ uint8 x; };\nclass B {};"), "error syntax\n");
  EXPECT_EQ(codes("class A { uint8 x; };\ninstance of A {{ x = 1; };\nclass B {};"),
            "error syntax\n");
  for (const char* cut : {"instance of A { x =", "instance of A { x", "instance of A { x = {1,",
                          "class B { uint8 x", "class B { [D(", "instance of A { x = 1"}) {
    EXPECT_EQ(codes("class A { uint8 x; };\n" + std::string(cut)), "error syntax\n") << cut;
  }
}

TEST(Recovery, WhatIsNotUnderstoodBehindAnErrorIsPassed) {
  for (const char* next : {";", "=", ")", "{", "]", "5", "$a", "\"s\"", "#pragma locale(\"x\")"}) {
    const std::string end = std::string("\n\x01") + next + "\n};\nclass C {};";
    EXPECT_NE(codes("class A { uint8 x;" + end), "") << next;
    EXPECT_NE(codes("class A { uint8 x; };\ninstance of A { x = 1;" + end), "") << next;
    const std::string cut = std::string("\"s\n") + next + "\n[Key] \"x\"y;};";
    EXPECT_NE(codes("class A { string x = " + cut), "") << next;
    EXPECT_NE(codes("class A { string x; };\ninstance of A { x = " + cut), "") << next;
  }
}

TEST(Recovery, AStrayCharacterIsOneError) {
  EXPECT_EQ(codes("[D(1\x01] class A { uint8 x\x02 };\nclass B {};"),
            "error stray-character\nerror stray-character\n");
  EXPECT_EQ(codes("#pragma namespace\"\\\\root\\\\x\"\nclass A {};"), "error syntax\n");
}

TEST(Recovery, AMacroCalledWronglyIsOneError) {
  const std::string macro = "#define F(a, b) a\n";
  EXPECT_EQ(codes(macro + "class F(A) { uint8 x; };\nclass B {};"), "error argument-count\n");
  EXPECT_EQ(codes(macro + "class A { [F(Key), read] uint8 x; };"), "error argument-count\n");
  EXPECT_EQ(codes(macro + "class A { uint8 x; F(A) };"), "error argument-count\n");
  EXPECT_EQ(codes(macro + "class F(A { uint8 x; };"), "error open-call\n");
  EXPECT_EQ(codes(macro + "F(A)\n#undef F\nclass A { uint8 x };\nclass B { uint8 x };"),
            "error argument-count\nerror syntax\nerror syntax\n");
}

TEST(Recovery, AMissingQuoteIsPointedAt) {
  EXPECT_EQ(compile_text("class A {\n [D(\"one)] uint8 a;\n [D(\"two\")] uint8 b;\n};").said(),
            "t.mof:2:5: error: this string is never closed [open-string]\n"
            " [D(\"one)] uint8 a;\n"
            "    ^\n"
            "hint: end it with \"\n");
}

TEST(Recovery, TwentyErrorsEndTheRun) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "class A { uint8 ; };\n";
  const Compiled compiled = compile_text(text);
  EXPECT_EQ(compiled.diagnostics.error_count(), Diagnostics::kMostErrors);
  EXPECT_EQ(compiled.diagnostics.all().back().code, "too-many-errors");
}

std::string repeated(std::string_view piece, std::size_t times, std::string_view between = "") {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    if (i > 0) out += between;
    out += piece;
  }
  return out;
}

TEST(Limits, ValuesNest) {
  const auto nested = [](unsigned depth) {
    return codes("[Q{" + repeated("{", depth - 1) + "1" + repeated("}", depth - 1) +
                 "}] class A {};");
  };
  EXPECT_EQ(nested(kMostValueDepth), "");
  EXPECT_EQ(nested(kMostValueDepth + 1), "error value-depth\n");
}

TEST(Limits, InstancesNest) {
  const auto nested = [](unsigned depth) {
    return codes("class A { object o; };\n" + repeated("instance of A { o = ", depth) + "NULL" +
                 repeated("; }", depth) + ";");
  };
  EXPECT_EQ(nested(kMostValueDepth), "");
  EXPECT_EQ(nested(kMostValueDepth + 2), "error value-depth\n");
}

TEST(Limits, StringBytes) {
  const auto text = [](std::size_t bytes) {
    return codes("[D(\"" + std::string(bytes / 2, 'x') + "\" \"" +
                 std::string(bytes - bytes / 2, 'y') + "\")] class A {};");
  };
  EXPECT_EQ(text(kMostStringBytes), "");
  EXPECT_EQ(text(kMostStringBytes + 1), "error long-string\n");
}

TEST(Limits, ValuesInAList) {
  const auto list = [](std::size_t count) {
    return codes("[Q{" + repeated("1", count, ",") + "}] class A {};");
  };
  EXPECT_EQ(list(kMostListValues), "");
  EXPECT_EQ(list(kMostListValues + 1), "error value-count\n");
}

std::string numbered(std::string_view before, std::string_view after, std::size_t count,
                     std::string_view between = "") {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += between;
    out += std::string(before) + std::to_string(i) + std::string(after);
  }
  return out;
}

TEST(Limits, QualifiersOfOneThing) {
  const auto text = [](std::size_t count) {
    return codes("[" + numbered("q", "", count, ",") + "] class A {};");
  };
  EXPECT_EQ(text(kMostQualifiers), "");
  EXPECT_EQ(text(kMostQualifiers + 1), "error qualifier-count\n");
}

TEST(Limits, PropertiesOfAClass) {
  const auto text = [](std::size_t count) {
    return codes("class A {" + numbered("uint8 p", ";\n", count) + "};");
  };
  EXPECT_EQ(text(kMostProperties), "");
  EXPECT_EQ(text(kMostProperties + 1), "error property-count\n");
}

TEST(Limits, MethodsOfAClass) {
  const auto text = [](std::size_t count) {
    return codes("class A {" + numbered("void m", "();\n", count) + "};");
  };
  EXPECT_EQ(text(kMostMethods), "");
  EXPECT_EQ(text(kMostMethods + 1), "error method-count\n");
}

TEST(Limits, Declarations) {
  const std::string text = repeated("instance of __A {};\n", kMostDeclarations);
  EXPECT_EQ(codes(text), "");
  EXPECT_EQ(codes(text + "instance of __A {};\n"), "error declaration-count\n");
}

TEST(Limits, ArraySizes) {
  EXPECT_EQ(codes("class A { uint8 x[16777216]; };"), "");
  EXPECT_EQ(codes("class A { uint8 x[16777217]; };"), "error array-size\n");
  EXPECT_EQ(codes("class A { uint8 x[0]; };"), "error array-size\n");
}

// Tokens out of a macro all stand at one place.
TEST(Strings, OutOfAMacroAreTakenOnce) {
  const Compiled compiled = compile_text(
      "#define E (\"a\\n\")\n#define F (\"a\" \"b\\t\" \"c\")\n#define G (\"g\")\n"
      "[P E, Q F, R G, S(\"x\" \"y\"), T(\"\")] class A {};");
  EXPECT_EQ(compiled.said(), "");
  const Qualifiers& list = compiled.model.classes.at(0).qualifiers;
  EXPECT_EQ(text_of(list, "P"), "a\n");
  EXPECT_EQ(text_of(list, "Q"), "ab\tc");
  EXPECT_EQ(text_of(list, "R"), "g");
  EXPECT_EQ(text_of(list, "S"), "xy");
  EXPECT_EQ(text_of(list, "T"), "");
}

}  // namespace
}  // namespace qm::mof
