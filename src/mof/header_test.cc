#include "mof/header.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

std::string header(const std::string& text,
                   HeaderOptions options = {.guard = "_t_h_", .basic_types = false}) {
  const Compiled compiled = compile_text(text);
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  return emit_header(compiled.model, options);
}

TEST(Header, OfEveryConstruct) {
  const Compiled compiled =
      compile_files({{"every.mof", file_text(golden_path("every.mof"))}}, {}, {"every.mof"});
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  expect_golden("every.h.txt", emit_header(compiled.model, {.guard = guard_of("every.h")}));
}

TEST(Header, TheGuardIsTheFilesName) {
  EXPECT_EQ(guard_of("iscsiprf.h"), "_iscsiprf_h_");
  EXPECT_EQ(guard_of("/a.b/c-d.e.h"), "_c_d_e_h_");
  EXPECT_EQ(guard_of(""), "__");
}

TEST(Header, ClassesWithoutAnythingForCAreLeftOut) {
  EXPECT_EQ(header("class A { uint8 x; };\n"
                   "[WmiGenerateHeader(FALSE)] class B { [WmiDataId(1)] uint8 x; };"),
            "#ifndef _t_h_\n#define _t_h_\n\n#endif\n");
}

TEST(Header, FindsTheBasicTypesElsewhereThanOnWindows) {
  EXPECT_EQ(header("", {.guard = "_t_h_"}),
            "#ifndef _t_h_\n#define _t_h_\n\n#ifndef _WIN32\n#include \"quickmode/wdm_types.h\"\n"
            "#endif\n\n#endif\n");
}

TEST(Header, EndsLinesAsAskedFor) {
  const std::string text = header(
      "[guid(\"{b4d1c606-8682-4b7a-ac6b-d883d91555fb}\"), cpp_quote(\"a\\r\\nb\\nc\")]\n"
      "class A { [WmiDataId(1)] uint8 x; };",
      {.guard = "_t_h_", .basic_types = false, .crlf = true});
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      ASSERT_GT(i, 0U);
      EXPECT_EQ(text[i - 1], '\r');
    }
    if (text[i] == '\r') {
      EXPECT_EQ(text[i + 1], '\n');
    }
  }
}

TEST(Header, ADescriptionNeverLeavesItsComment) {
  const std::string text =
      header("class A { [WmiDataId(1), Description(\"one\\n  two\\r\\n three \\\\\")] uint8 x; };");
  EXPECT_NE(text.find("    // one two three \\.\n    UCHAR x;\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace qm::mof
