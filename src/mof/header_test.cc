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

constexpr std::string_view kVaried =
    "[guid(\"{b4d1c606-8682-4b7a-ac6b-d883d91555fb}\")] class A {\n"
    "[key] string InstanceName; boolean Active;\n"
    "[WmiDataId(1)] uint32 n; [WmiDataId(2), WmiSizeIs(\"n\"), MaxLen(31)] string names[];\n"
    "[WmiDataId(3)] uint8 x; [WmiMethodId(1)] void m([in] uint8 y); };\n"
    "[guid(\"{b4d1c606-8682-4b7a-ac6b-d883d91555fc}\")] class B {\n"
    "[key] string InstanceName; boolean Active; [WmiDataId(1), MaxLen(31)] string s; };\n";

std::string without_guids(const std::string& header) {
  std::string kept;
  std::istringstream lines(header);
  for (std::string line; std::getline(lines, line);) {
    const bool of_guid = line.find("0x") != std::string::npos ||
                         line.find("Guid") != std::string::npos ||
                         line.find("DEFINE_GUID") != std::string::npos ||
                         line.starts_with("#endif") || line.starts_with("#if");
    if (!of_guid && !line.empty()) kept += line + "\n";
  }
  return kept;
}

// Microsoft's "Using Wmimofck.exe", and headers that it made with and without these switches.
TEST(Header, WithoutMAndUHasNoParametersAndNothingBehindWhatVaries) {
  EXPECT_EQ(without_guids(header(std::string(kVaried))),
            "#define _t_h_\n// A - A\n//\n// Method id definitions for A\n#define m     1\n"
            "typedef struct _m_IN\n{\n    // \n    UCHAR y;\n"
            "    #define m_IN_y_SIZE sizeof(UCHAR)\n    #define m_IN_y_ID 1\n} m_IN, *Pm_IN;\n"
            "#define m_IN_SIZE (FIELD_OFFSET(m_IN, y) + m_IN_y_SIZE)\n"
            "typedef struct _A\n{\n    // \n    ULONG n;\n    #define A_n_SIZE sizeof(ULONG)\n"
            "    #define A_n_ID 1\n    // \n    WCHAR names[1];\n    #define A_names_ID 2\n"
            "    // \n//  UCHAR x;\n    #define A_x_ID 3\n} A, *PA;\n"
            "// B - B\ntypedef struct _B\n{\n    // \n    WCHAR s[31 + 1];\n    #define B_s_ID 1\n"
            "} B, *PB;\n");
  EXPECT_EQ(without_guids(header(
                std::string(kVaried),
                {.guard = "_t_h_", .basic_types = false, .methods = false, .all_members = false})),
            "#define _t_h_\n// A - A\n//\n// Method id definitions for A\n#define m     1\n"
            "// Warning: Header for class A cannot be created\n"
            "typedef struct _A\n{\n    char VariableData[1];\n} A, *PA;\n"
            "// B - B\ntypedef struct _B\n{\n    // \n    CHAR VariableData[1];\n"
            "    #define B_s_ID 1\n} B, *PB;\n");
}

TEST(Header, ADescriptionNeverLeavesItsComment) {
  const std::string text =
      header("class A { [WmiDataId(1), Description(\"one\\n  two\\r\\n three \\\\\")] uint8 x; };");
  EXPECT_NE(text.find("    // one two three \\.\n    UCHAR x;\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace qm::mof
