#include <gtest/gtest.h>

#include "mof/limits.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

// "name@offset+bytes" of each field, then the size; "~" where there is no fixed place.
std::string layout(const std::string& text, std::string_view name = "T") {
  const Compiled compiled = compile_text(text);
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  const Class* the_class = compiled.model.find_class(name);
  if (the_class == nullptr) return "no such class";
  const Layout laid_out = layout_of(compiled.model, *the_class);
  std::string out;
  for (const Field& field : laid_out.fields) {
    out += field.property->name + "@" + std::to_string(field.offset) + "+" +
           (field.bytes == 0 ? "~" : std::to_string(field.bytes)) + " ";
  }
  return out + "= " + std::to_string(laid_out.bytes) + (laid_out.fixed ? "" : "~");
}

TEST(Layout, FollowsTheIdsNotTheText) {
  EXPECT_EQ(layout("class T { [WmiDataId(2)] uint8 b; [WmiDataId(1)] uint32 a; uint64 none; };"),
            "a@0+4 b@4+1 = 5");
}

TEST(Layout, AlignsNaturally) {
  EXPECT_EQ(layout("class T { [WmiDataId(1)] uint8 a; [WmiDataId(2)] uint16 b;"
                   "[WmiDataId(3)] boolean c; [WmiDataId(4)] sint64 d; [WmiDataId(5)] char16 e;"
                   "[WmiDataId(6)] real32 f; [WmiDataId(7)] real64 g; };"),
            "a@0+1 b@2+2 c@4+1 d@8+8 e@16+2 f@20+4 g@24+8 = 32");
}

TEST(Layout, StringsHoldACountAndTheirMostUnits) {
  EXPECT_EQ(layout("class T { [WmiDataId(1)] uint8 a; [WmiDataId(2), MaxLen(3)] string s;"
                   "[WmiDataId(3)] datetime d; [WmiDataId(4)] uint8 b; };"),
            "a@0+1 s@2+8 d@10+50 b@60+1 = 61");
}

// The published iscsiprf classes with strings and mixed widths; offsets from their headers.
TEST(Layout, OfThePublishedIscsiClasses) {
  const std::string head =
      "[WmiDataId(1), MaxLen(223)] string iSCSIName; [WmiDataId(2)] uint16 CID;"
      "[WmiDataId(3)] uint64 USID; [WmiDataId(4)] uint64 UniqueAdapterId;";
  EXPECT_EQ(layout("class T {" + head +
                   "[WmiDataId(5)] uint64 a; [WmiDataId(6)] uint64 b;"
                   "[WmiDataId(7)] uint64 c; [WmiDataId(8)] uint64 d; };"),
            "iSCSIName@0+448 CID@448+2 USID@456+8 UniqueAdapterId@464+8 a@472+8 b@480+8 c@488+8 "
            "d@496+8 = 504");
  EXPECT_EQ(layout("class T {" + head + "[WmiDataId(5)] uint32 m; [WmiDataId(6)] uint32 a; };"),
            "iSCSIName@0+448 CID@448+2 USID@456+8 UniqueAdapterId@464+8 m@472+4 a@476+4 = 480");
}

TEST(Layout, FixedArraysAndEmbeddedClasses) {
  EXPECT_EQ(layout("class E { [WmiDataId(1)] uint64 a; [WmiDataId(2)] uint8 b; };\n"
                   "class T { [WmiDataId(1)] uint8 x[3]; [WmiDataId(2), Max(2)] uint16 y[];"
                   "[WmiDataId(3)] E e; [WmiDataId(4)] E f[2]; [WmiDataId(5)] uint8 z; };"),
            "x@0+3 y@4+4 e@8+16 f@24+32 z@56+1 = 57");
}

TEST(Layout, NothingHasAPlaceBehindAVariableField) {
  EXPECT_EQ(layout("class T { [WmiDataId(1)] uint32 n; [WmiDataId(2), WmiSizeIs(\"n\")] uint8 x[];"
                   "[WmiDataId(3)] uint32 y; };"),
            "n@0+4 x@4+~ y@0+~ = 4~");
  EXPECT_EQ(layout("class T { [WmiDataId(1)] string s; };"), "s@0+~ = 0~");
}

TEST(Layout, OfTextThatTheCheckerRefusesEnds) {
  const Compiled cycle = compile_text(
      "class A { [WmiDataId(1)] B b; }; class B { [WmiDataId(1)] A a; };"
      "class C { [WmiDataId(1)] Nowhere n; [WmiDataId(1)] uint8 x[]; };");
  for (const Class& one : cycle.model.classes) {
    EXPECT_FALSE(layout_of(cycle.model, one).fixed);
  }
}

TEST(Layout, ClassesThatHoldTheNextTwiceCostNoMoreThanOnce) {
  std::string text = "class C0 { [WmiDataId(1)] uint8 a[200]; };\n";
  for (unsigned i = 1; i < kMostEmbedDepth; ++i) {
    const std::string held = "C" + std::to_string(i - 1);
    text += "class C" + std::to_string(i) + " { [WmiDataId(1)] " + held + " a; [WmiDataId(2)] " +
            held + " b; };\n";
  }
  const Compiled compiled = compile_text(text);
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  EXPECT_EQ(layout_of(compiled.model, compiled.model.classes.back()).bytes,
            200U << (kMostEmbedDepth - 1));
}

}  // namespace
}  // namespace qm::mof
