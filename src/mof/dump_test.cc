#include "mof/dump.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

TEST(Dump, OfEveryKindOfThing) {
  const Compiled compiled = compile_text(R"(
    #pragma amendment("MS_409")
    Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);
    class Base {};
    [Description("d\"q\"") : amended ToSubclass, Big(18446744073709551615)]
    class T as $C : Base {
      [key] string Name = "é";
      [WmiDataId(1)] uint32 n;
      [WmiDataId(2), WmiSizeIs("n")] sint16 v[];
      [WmiDataId(3)] uint8 z;
      uint8 fixed[4] = {1, 2};
      Base ref r;
      Base ref f([in] uint8 a);
    };
    instance of T as $one { Name = "a"; r = $one; n = 7; };)");
  ASSERT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  expect_golden("everything.json", dump_json(compiled.model));
  expect_golden("everything.dump", dump_text(compiled.model));
}

TEST(Dump, OfNothingIsStillAnObject) {
  EXPECT_EQ(dump_json({}),
            "{\n  \"classes\": [],\n  \"instances\": [],\n  \"qualifier_declarations\": [],\n"
            "  \"pragmas\": []\n}\n");
  EXPECT_EQ(dump_text({}), "");
}

}  // namespace
}  // namespace qm::mof
