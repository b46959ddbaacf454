#include "mof/text.h"

#include <gtest/gtest.h>

#include <optional>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

TEST(Text, LentLiesWhereItWasAndItsCopyElsewhere) {
  const std::string_view place = "abc";
  Text lent = Text::lent(place);
  EXPECT_EQ(lent.data(), place.data());
  const Text copy = lent;
  EXPECT_NE(copy.data(), place.data());
  EXPECT_EQ(copy, "abc");
  Text moved = std::move(lent);
  EXPECT_EQ(moved.data(), place.data());
  moved = Text(std::string("own"));
  EXPECT_EQ(moved, "own");
  moved = copy;
  EXPECT_EQ(moved, copy);
  moved = *&moved;
  EXPECT_EQ(moved, "abc");
}

TEST(Text, StandsWhereAStringDoes) {
  const Text text("name");
  EXPECT_EQ(fmt::format("{}", text), "name");
  EXPECT_EQ("$" + text + std::string("!"), "$name!");
  EXPECT_EQ(text + "." + text, "name.name");
  EXPECT_LT(Text("a"), Text("b"));
  EXPECT_TRUE(Text().empty());
  EXPECT_EQ(Text(""), Text());
  EXPECT_EQ(std::string(text), "name");
  EXPECT_EQ(std::string_view(text), "name");
}

// The strings of a class lie in its text, which it keeps when all else is gone.
TEST(Text, OfAClassOutlivesDiagnosticsAndModel) {
  std::optional<Class> one;
  std::optional<Instance> other;
  {
    Compiled compiled = compile_text(
        "#define JOIN(a, b) a##b\n"
        "[Description(\"a text \" \"of two pieces\")] class JOIN(First, Part) { uint8 x; };\n"
        "class Holder { object inner; };\n"
        "instance of Holder { inner = instance of FirstPart { x = 3; }; };\n");
    ASSERT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
    one = std::move(compiled.model.classes[0]);
    other = compiled.model.instances[0];  // a copy shares the instances that its values hold
  }
  EXPECT_EQ(one->name, "FirstPart");
  EXPECT_EQ(one->description(), "a text of two pieces");
  const auto inner = std::get<std::shared_ptr<const Instance>>(other->values[0].value.data);
  other.reset();
  EXPECT_EQ(inner->class_name, "FirstPart");
  EXPECT_EQ(inner->values[0].name, "x");
}

}  // namespace
}  // namespace qm::mof
