#include "mof/checker.h"

#include <gtest/gtest.h>

#include "mof/limits.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

// A class that lacks nothing, with these properties.
std::string block(std::string_view properties, std::string_view name = "T") {
  return "[guid(\"{11111111-0000-0000-0000-" + std::string(12 - name.size(), '0') +
         std::string(name.size(), 'a') + "}\")] class " + std::string(name) +
         " {\n[key, read] string InstanceName; [read] boolean Active;\n" + std::string(properties) +
         "};\n";
}

TEST(Check, ACompleteClassIsFine) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint64 a; [WmiDataId(2), MaxLen(3)] string b;")), "");
}

TEST(Check, Duplicates) {
  EXPECT_EQ(codes("class A {}; class a {};"), "error duplicate-class\n");
  EXPECT_EQ(codes("class A {};\n#pragma namespace(\"x\")\nclass A {};"), "");
  EXPECT_EQ(codes("class A { uint8 x; uint8 X; };"), "error duplicate-property\n");
  EXPECT_EQ(codes("class A { void x(); void X(); };"), "error duplicate-method\n");
  EXPECT_EQ(codes("[a, A] class X {};"), "error duplicate-qualifier\n");
  EXPECT_EQ(codes("Qualifier A : boolean, Scope(any); Qualifier a : boolean, Scope(any);"),
            "error duplicate-qualifier\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a;", "A") + block("[WmiDataId(1)] uint8 a;", "B")),
            "error duplicate-guid\n");
}

TEST(Check, DataIds) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a; [WmiDataId(1)] uint8 b;")),
            "error duplicate-data-id\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a; [WmiDataId(3)] uint8 b;")), "error data-id-gap\n");
  EXPECT_EQ(codes(block("[WmiDataId(2)] uint8 a;")), "error data-id-gap\n");
  EXPECT_EQ(codes(block("[WmiDataId(0)] uint8 a;")), "error bad-data-id\n");
  EXPECT_EQ(codes(block("[WmiDataId(4097)] uint8 a;")), "error bad-data-id\n");
  EXPECT_EQ(codes(block("[WmiDataId(\"1\")] uint8 a;")), "error bad-qualifier\n");
  EXPECT_EQ(codes(block("[WmiDataId(2)] uint8 b; [WmiDataId(1)] uint8 a;")), "");
}

TEST(Check, DataIdsAndBlocksUpToTheLimit) {
  const auto ids = [](std::size_t count) {
    std::string text = "[abstract] class A {\n";
    for (std::size_t i = 1; i <= count; ++i) {
      text += "[WmiDataId(" + std::to_string(i) + ")] uint8 x" + std::to_string(i) + ";\n";
    }
    return codes(text + "};");
  };
  EXPECT_EQ(ids(kMostDataId), "");
  const std::string whole =
      "[abstract] class A { [WmiDataId(1)] uint8 a[" + std::to_string(kMostBlockBytes) + "];";
  EXPECT_EQ(codes(whole + "};"), "");
  EXPECT_EQ(codes(whole + " [WmiDataId(2)] uint8 b; };"), "error block-size\n");
}

// What Windows' own event classes look like; no driver serves them as data blocks.
TEST(Check, ClassesBelowEventTraceDescribeEvents) {
  const std::string layout =
      "{ [WmiDataId(1), pointer] uint32 Key; [WmiDataId(2)] uint64 When;\n"
      "  [WmiDataId(3), extension(\"Sid\")] object User; [WmiDataId(4)] string Name; };\n";
  EXPECT_EQ(codes("[guid(\"{11111111-0000-0000-0000-000000000001}\")] class T : EventTrace {};\n"
                  "[EventType{1, 2}] class T_V1 : T " +
                  layout),
            "warning unknown-superclass\n");
  EXPECT_NE(codes("class T " + layout).find("error no-wire-form\n"), std::string::npos);
}

TEST(Check, IdentityOfABlock) {
  EXPECT_EQ(codes("class A { [WmiDataId(1)] uint8 a; };"),
            "warning no-guid\nwarning no-instance-name\nwarning no-active\n");
  EXPECT_EQ(codes("[abstract] class A { [WmiDataId(1)] uint8 a; };"), "");
  EXPECT_EQ(codes("class A { [WmiDataId(1)] uint8 a; };\n" + block("[WmiDataId(1)] A x;")), "");
  EXPECT_EQ(codes("[guid(\"nonsense\")] class A {};"), "error bad-guid\n");
}

TEST(Check, InheritedIdentityCounts) {
  EXPECT_EQ(codes("class B { [key] string InstanceName; boolean Active; };\n"
                  "[guid(\"{11111111-0000-0000-0000-000000000000}\")]\n"
                  "class A : B { [WmiDataId(1)] uint8 a; };"),
            "");
}

TEST(Check, SizeOfArrays) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint32 n; [WmiDataId(2), WmiSizeIs(\"n\")] uint8 x[];")),
            "");
  EXPECT_EQ(codes(block("[WmiDataId(1), WmiSizeIs(\"m\")] uint8 x[];")), "error bad-size-is\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), MaxLen(2)] string n;"
                        "[WmiDataId(2), WmiSizeIs(\"n\")] uint8 x[];")),
            "error bad-size-is\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), WmiSizeIs(\"n\")] uint8 x[]; [WmiDataId(2)] uint32 n;")),
            "error bad-size-is\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 x[];")), "error array-without-size\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), Max(4)] uint8 x[];")), "");
}

TEST(Check, StringsWantMaxLen) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] string s;")), "warning no-max-len\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), MaxLen(32767)] string s;")), "");
  EXPECT_EQ(codes(block("[WmiDataId(1), MaxLen(32768)] string s;")), "error bad-max-len\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), MaxLen(0)] string s;")), "error bad-max-len\n");
}

TEST(Check, CounterTypesFitTheWidth) {
  EXPECT_EQ(codes(block("[WmiDataId(1), CounterType(PERF_COUNTER_BULK_COUNT)] uint32 a;")),
            "warning counter-width\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), CounterType(PERF_COUNTER_RAWCOUNT)] uint64 a;")),
            "warning counter-width\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), CounterType(65536)] boolean a;")),
            "warning counter-width\n");
  EXPECT_EQ(codes(block("[WmiDataId(1), CounterType(65536)] uint32 a;")), "");
}

TEST(Check, HolesAreNoted) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a; [WmiDataId(2)] uint64 b;")),
            "note alignment-hole\n");
  EXPECT_EQ(codes(block("[WmiDataId(2)] uint8 a; [WmiDataId(1)] uint64 b;")), "");
}

TEST(Check, Superclasses) {
  EXPECT_EQ(codes("class A : Elsewhere {}; class B : elsewhere {};"),
            "warning unknown-superclass\n");
  EXPECT_EQ(codes("class A : __ExtrinsicEvent {};"), "");
  EXPECT_EQ(codes("class A : A {};"), "error superclass-cycle\n");
  EXPECT_EQ(codes("class A : C {}; class B : A {}; class C : B {}; class D : C {};"),
            "error superclass-cycle\n");
  EXPECT_EQ(codes("class A { uint8 x; }; class B : A { string x; };"), "error override-type\n");
  EXPECT_EQ(codes("class A { uint8 x; }; class B : A { [a] uint8 x; };"), "");
}

TEST(Check, LineageUpToTheLimit) {
  const auto line = [](unsigned above) {
    std::string text = "class C0 {};\n";
    for (unsigned i = 1; i <= above; ++i) {
      text += "class C" + std::to_string(i) + " : C" + std::to_string(i - 1) + " {};\n";
    }
    return codes(text);
  };
  EXPECT_EQ(line(kMostLineage), "");
  EXPECT_EQ(line(kMostLineage + 1), "error lineage-depth\n");
}

TEST(Check, EmbeddedClasses) {
  EXPECT_EQ(codes("class A { Nowhere x; };"), "warning unknown-class\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] Nowhere x;")), "error unknown-class\n");
  EXPECT_EQ(codes("class A { Nowhere ref x; };"), "warning unknown-class\n");
  EXPECT_EQ(codes("class A { uint31 x; };"), "error unknown-class\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] object x;")), "error no-wire-form\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] T ref x;")), "error no-wire-form\n");
  EXPECT_EQ(codes(block("[WmiDataId(1)] T x;")), "error embedding-cycle\n");
}

TEST(Check, EmbeddingUpToTheLimit) {
  const auto chain = [](unsigned depth) {
    std::string text = "[abstract] class C0 { [WmiDataId(1)] uint8 a; };\n";
    for (unsigned i = 1; i < depth; ++i) {
      text += "[abstract] class C" + std::to_string(i) + " { [WmiDataId(1)] C" +
              std::to_string(i - 1) + " a; };\n";
    }
    return codes(text);
  };
  EXPECT_EQ(chain(kMostEmbedDepth), "");
  EXPECT_EQ(chain(kMostEmbedDepth + 1), "error embed-depth\n");
}

TEST(Check, BlocksUpToTheLimit) {
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a[16777216];")), "");
  EXPECT_EQ(codes(block("[WmiDataId(1)] uint8 a[16777216]; [WmiDataId(2)] uint8 b;")),
            "error block-size\n");
}

TEST(Check, DefaultsFitTheirType) {
  for (const char* fine :
       {"uint8 a = 255", "sint8 a = -128", "uint64 a = 18446744073709551615", "boolean a = true",
        "sint64 a = -9223372036854775808", "string a = \"x\"", "real64 a = 1", "real32 a = 1.5",
        "uint8 a[] = {1, NULL, 255}", "char16 a = 'x'", "string a = NULL"}) {
    EXPECT_EQ(codes("class A { " + std::string(fine) + "; };"), "") << fine;
  }
  for (const char* bad : {"uint8 a = 256", "sint8 a = 128", "sint8 a = -129", "uint32 a = -1",
                          "sint64 a = 9223372036854775808", "uint8 a[] = {1, 256}"}) {
    EXPECT_EQ(codes("class A { " + std::string(bad) + "; };"), "error value-range\n") << bad;
  }
  for (const char* bad : {"uint8 a = \"1\"", "string a = 1", "boolean a = 1", "uint8 a = {1}",
                          "uint8 a[] = 1", "uint8 a = 1.5", "uint8 a[1] = {1, 2}"}) {
    EXPECT_EQ(codes("class A { " + std::string(bad) + "; };"), "error value-type\n") << bad;
  }
  EXPECT_EQ(codes("class A { datetime a = \"today\"; };"), "warning bad-datetime\n");
}

TEST(Check, ANumberInHexThatIsTooLargeIsShownWithItsSign) {
  EXPECT_EQ(compile_text("class A { sint32 a = 0x80000001; };").said(),
            "t.mof:1:22: error: 'a' is sint32: -2147483648 to 2147483647 [value-range]\n"
            "class A { sint32 a = 0x80000001; };\n"
            "                     ^~~~~~~~~~\n"
            "hint: a number in hex has no sign; write -2147483647 for these bits\n");
  for (const char* plain : {"sint8 a = 255", "uint8 a = 0x100", "sint8 a = 0x100"}) {
    const std::string said = compile_text("class A { " + std::string(plain) + "; };").said();
    EXPECT_EQ(said.find("hint"), std::string::npos) << plain;
  }
  const std::string lowest = compile_text("class A { sint64 a[] = {0x8000000000000000}; };").said();
  EXPECT_NE(lowest.find("write -9223372036854775808 for"), std::string::npos);
}

TEST(Check, AMisspeltTypeIsOneErrorAlsoWhereAValueIsGiven) {
  EXPECT_EQ(codes("class A { int32 x = 5; };\ninstance of A { x = 1; };"), "error unknown-class\n");
}

TEST(Check, QualifiersHoldWhatTheirDeclarationSays) {
  const std::string declared = "Qualifier Most : uint8 = 1, Scope(any);\n";
  EXPECT_EQ(codes(declared + "[Most(255)] class A {};"), "");
  EXPECT_EQ(codes(declared + "[Most(256)] class A {};"), "error value-range\n");
  EXPECT_EQ(codes(declared + "[Most] class A {};"), "error value-type\n");
}

TEST(Check, Instances) {
  const std::string base = "class B { [key] string k; }; class A : B { uint8 x; };\n";
  EXPECT_EQ(codes(base + "instance of A { k = \"1\"; x = 1; };"), "");
  EXPECT_EQ(codes(base + "instance of A { y = 1; };"), "error unknown-property\n");
  EXPECT_EQ(codes(base + "instance of A { x = 256; };"), "error value-range\n");
  EXPECT_EQ(codes(base + "instance of A { x = 1; x = 2; };"), "error duplicate-value\n");
  EXPECT_EQ(codes(base + "instance of Z { x = 1; };"), "warning unknown-class\n");
  EXPECT_EQ(codes(base + "instance of __Namespace { x = 1; };"), "");
  EXPECT_EQ(codes(base + "instance of A { k = \"1\"; }; instance of A { k = \"1\"; };"),
            "error duplicate-instance\n");
  EXPECT_EQ(codes("class A : Elsewhere {}; instance of A { y = 1; };"),
            "warning unknown-superclass\n");
}

TEST(Check, Aliases) {
  const std::string base = "class A { object o; };\n";
  EXPECT_EQ(codes(base + "instance of A as $x { o = $Y; }; instance of A as $y { o = $x; };"), "");
  EXPECT_EQ(codes(base + "instance of A { o = $x; };"), "error unknown-alias\n");
  EXPECT_EQ(codes(base + "instance of A as $x {}; instance of A as $X {};"),
            "error duplicate-alias\n");
}

TEST(Check, NamesForTheHeader) {
  EXPECT_EQ(codes("[HeaderName(\"a b\")] class A {};"), "error bad-c-name\n");
  EXPECT_EQ(codes("class A { [DefineValues{\"X 1\\n#include <x>\"}, ValueMap{\"1\"}] uint8 x; };"),
            "error bad-c-name\n");
  EXPECT_EQ(codes("class A { [Values{\"a\", \"b\"}, ValueMap{\"1\"}] uint8 x; };"),
            "warning values-length\n");
}

TEST(Check, ABrokenTextGivesThisAndNothingElse) {
  const Compiled compiled =
      compile_files({{"broken.mof", file_text(golden_path("broken.mof"))}}, {}, {"broken.mof"});
  expect_golden("broken.txt", compiled.said());
  expect_golden("broken.json", compiled.diagnostics.json());
}

}  // namespace
}  // namespace qm::mof
