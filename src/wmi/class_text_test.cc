#include "wmi/class_text.h"

#include <gtest/gtest.h>

#include "wmi/repository_testing.h"

namespace qm::wmi {
namespace {

TEST(ClassText, reads_as_one_would_write_it) {
  const auto repository = compiled(R"(
    [Dynamic, WMI, guid("{00000000-0000-0000-0000-000000000001}"),
     Description("Says \"a\\b\"\nand more") : amended]
    class Sample : Base
    {
      [read, key] string InstanceName;
      [read] boolean Active;
      [read, WmiDataId(1), Values{"in", "out"}, ValueMap{"1", "2"}, Scale(-3)] uint8 Way = 1;
      [read, WmiDataId(2)] uint16 Ports[4];
    };)");
  ASSERT_TRUE(repository) << repository.error().message;
  EXPECT_EQ(class_text(*(*repository)->find("Sample")->definition),
            "[Dynamic, WMI, guid(\"{00000000-0000-0000-0000-000000000001}\"),\n"
            " Description(\"Says \\\"a\\\\b\\\"\\nand more\") : amended]\n"
            "class Sample : Base\n"
            "{\n"
            "  [read, key]\n"
            "  string InstanceName;\n"
            "  [read]\n"
            "  boolean Active;\n"
            "  [read, WmiDataId(1), Values{\"in\", \"out\"}, ValueMap{\"1\", \"2\"}, Scale(-3)]\n"
            "  uint8 Way = 1;\n"
            "  [read, WmiDataId(2)]\n"
            "  uint16 Ports[4];\n"
            "};\n");
}

TEST(ClassText, compiles_to_the_same_class_again) {
  const auto first = Repository::built_in();
  ASSERT_TRUE(first) << first.error().message;
  for (const ClassEntry& entry : (*first)->classes()) {
    const std::string text = class_text(*entry.definition);
    const auto again = compiled(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(class_text(*(*again)->find(entry.name())->definition), text);
  }
}

}  // namespace
}  // namespace qm::wmi
