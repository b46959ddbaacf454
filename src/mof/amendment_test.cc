#include "mof/amendment.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

constexpr const char* kWhole =
    "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n"
    "[WMI, Description(\"A class\") : Amended] class A : B {\n"
    "  [key, read] string InstanceName;\n"
    "  [read, Description(\"A number\") : Amended] uint8 x = 3;\n"
    "  uint8 y;\n"
    "  [Implemented] void m([in, Description(\"In\") : Amended] uint8 a, [out] uint8 b);\n"
    "  [Implemented] void n();\n"
    "};\n"
    "class Plain { uint8 x; };\n";

TEST(Amendment, SplitsIntoWhatIsNeutralAndWhatIsTranslated) {
  const Amended halves = split_amendment(compile_text(kWhole).model, "ms_409");
  EXPECT_EQ(emit_mof(halves.neutral),
            "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n\n"
            "[WMI]\nclass A : B\n{\n"
            "  [key, read] string InstanceName;\n"
            "  [read] uint8 x = 3;\n"
            "  uint8 y;\n\n"
            "  [Implemented] void m([in] uint8 a, [out] uint8 b);\n\n"
            "  [Implemented] void n();\n};\n\n"
            "class Plain\n{\n  uint8 x;\n};\n");
  EXPECT_EQ(emit_mof(halves.localized),
            "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n\n"
            "instance of __namespace\n{\n  name = \"ms_409\";\n};\n\n"
            "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\\\\ms_409\")\n\n"
            "[Description(\"A class\") : Amended, AMENDMENT, LOCALE(1033)]\nclass A : B\n{\n"
            "  [key] string InstanceName;\n"
            "  [Description(\"A number\") : Amended] uint8 x;\n\n"
            "  void m([Description(\"In\") : Amended] uint8 a, uint8 b);\n};\n");
}

TEST(Amendment, MergesIntoTheWhole) {
  const Amended halves = split_amendment(compile_text(kWhole).model, "ms_409");
  const Model merged = merge_amendment(halves.neutral, halves.localized);
  EXPECT_EQ(emit_mof(merged), emit_mof(compile_text(kWhole).model));
}

}  // namespace
}  // namespace qm::mof
