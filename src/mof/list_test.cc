#include "mof/list.h"

#include <gtest/gtest.h>

#include <array>

#include "mof/gathered.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

std::string joined(const List<Text>& list) {
  std::string all;
  for (const Text& one : list) all += one.view();
  return all;
}

TEST(List, IsOneOfItsOwn) {
  List<Text> list = {"a", "b"};
  list.push_back("d");
  list.insert(list.begin() + 2, "c");
  EXPECT_EQ(joined(list), "abcd");
  list.push_back(list[0]);  // while it grows
  EXPECT_EQ(list.erase_if([](const Text& one) { return one == "a"; }), 2U);
  list.pop_back();
  EXPECT_EQ(joined(list), "bc");
  const List<Text> copy = list;
  list[0] = "x";
  EXPECT_EQ(joined(copy), "bc");
  EXPECT_TRUE(copy != list);
  list.resize(4, "z");
  EXPECT_EQ(joined(list), "xczz");
  list.resize(1);
  list.clear();
  EXPECT_TRUE(list.empty());
}

TEST(List, WhatIsLentIsNotCopiedUntilSomebodyChangesIt) {
  std::array<Text, 3> place = {Text::lent("a"), Text::lent("b"), Text::lent("c")};
  List<Text> list = List<Text>::lent(place);
  EXPECT_EQ(std::as_const(list).data(), place.data());
  List<Text> moved = std::move(list);
  EXPECT_EQ(std::as_const(moved).data(), place.data());
  const List<Text> copy = moved;
  EXPECT_NE(copy.data(), place.data());
  moved[1] = "x";  // a copy of its own, no longer lent
  EXPECT_EQ(joined(moved), "axc");
  EXPECT_EQ(place[0], "a");
  EXPECT_EQ(place[1], "b");
  List<Text> shorter = List<Text>::lent(place);
  shorter.resize(2);
  shorter.reserve(1);
  EXPECT_EQ(joined(shorter), "ab");
  List<Text> longer = List<Text>::lent(place);
  longer.emplace_back("d");
  EXPECT_EQ(joined(longer), "abcd");
  EXPECT_EQ(place[2], "c");
}

TEST(Gathered, SettlesWhatOwnsNothingInTheArena) {
  Arena arena;
  Gathered<Value> values;
  values.emplace_back().data = Text::lent("outer");
  for (int i = 0; i < 100; ++i) values.emplace_back().data = std::uint64_t{7};
  const List<Value> inner = values.settle(1, arena, true);
  EXPECT_EQ(inner.size(), 100U);
  EXPECT_EQ(values.size(), 1U);
  values.emplace_back().data = Text("of its own");
  const List<Value> owned = values.settle(1, arena, false);
  EXPECT_EQ(std::get<Text>(owned[0].data), "of its own");
  EXPECT_TRUE(values.settle(1, arena, true).empty());
  EXPECT_EQ(std::get<Text>(values.back().data), "outer");
}

// Instances that are values own something: what holds them must not lie in the arena.
TEST(Parse, ListsThatHoldInstancesOwnThem) {
  Compiled compiled = compile_text(
      "class A { uint8 x; };\n"
      "[Q{instance of A { x = 1; }, \"plain\"}, R{1}] class B {\n"
      "  A one = instance of A { x = 2; }; A many[] = {instance of A { x = 3; }};\n"
      "  void m([in] A a = instance of A { x = 4; });\n"
      "};");
  EXPECT_EQ(compiled.codes(), "");
  Class copy = compiled.model.classes[1];
  compiled.model = {};
  const auto& list = std::get<ValueList>(copy.qualifiers[0].value.data);
  EXPECT_EQ(std::get<std::shared_ptr<const Instance>>(list[0].data)->class_name, "A");
  EXPECT_EQ(copy.methods[0].parameters.size(), 1U);
}

// A class lives on without the diagnostics, the model and its neighbours.
TEST(Parse, ClassesStandAlone) {
  Class kept;
  {
    Compiled compiled = compile_text(
        "#pragma namespace(\"root\\\\wmi\")\n"
        "[Description(\"of \" \"two\"), Values{\"a\", \"b\"}] class A { [key] string x; uint8 y; "
        "void m([in] uint8 z); };");
    kept = std::move(compiled.model.classes[0]);
  }
  EXPECT_EQ(kept.name_space, "root\\wmi");
  EXPECT_EQ(kept.description(), "of two");
  EXPECT_EQ(texts_of(kept.qualifiers, "Values"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(kept.properties[0].qualifiers[0].name, "key");
  EXPECT_EQ(kept.methods[0].parameters[0].name, "z");
  kept.properties[1].qualifiers.push_back({"read", {true, {}}, 0, {}});
  EXPECT_EQ(kept.properties[1].qualifiers.size(), 1U);
}

}  // namespace
}  // namespace qm::mof
