#include "mof/diff.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

std::string changes(const std::string& older, const std::string& newer) {
  return diff_text(compare(compile_text(older).model, compile_text(newer).model));
}

std::string class_of(const std::string& body) {
  return "[guid(\"{00112233-4455-6677-8899-aabbccddeeff}\")] class A { " + body + " };";
}

TEST(Diff, EqualClassesHaveNone) {
  const std::string text = class_of("[WmiDataId(1), Description(\"d\")] uint32 x;");
  EXPECT_EQ(changes(text, text), "0 changes, 0 of them break binary compatibility\n");
}

TEST(Diff, LayoutBreaksAndMeaningDoesNot) {
  EXPECT_EQ(
      changes(class_of("[WmiDataId(1)] uint8 a; [WmiDataId(2), Description(\"old\")] uint8 b;"),
              class_of("[WmiDataId(1)] uint32 a; [WmiDataId(2), Description(\"new\")] uint8 b;")),
      "breaks  A: data block: 2 bytes became 5\n"
      "breaks  A.b: offset: 1 became 4\n"
      "breaks  A.a: type: uint8 became uint32\n"
      "        A.b: Description: \"old\" became \"new\"\n"
      "4 changes, 3 of them break binary compatibility\n");
}

TEST(Diff, WhatWasRemovedBreaksAndWhatIsNewMayNot) {
  EXPECT_EQ(changes("class A { uint8 x; }; class B { };",
                    "class A { uint8 y; [WmiDataId(1)] uint8 z; }; class C { };"),
            "breaks  A: data block: 0 bytes became 1\n"
            "breaks  A.x: was removed\n"
            "breaks  A.z: is new in the data block\n"
            "breaks  B: was removed\n"
            "        A.y: is new\n"
            "        C: is new\n"
            "6 changes, 4 of them break binary compatibility\n");
}

TEST(Diff, GuidsKeysAndMethodsBreak) {
  EXPECT_EQ(changes("[guid(\"{00112233-4455-6677-8899-aabbccddeeff}\")] class A : P {"
                    " [key] uint8 k; [WmiMethodId(1)] void m([in] uint8 a); };",
                    "class A : Q { uint8 k = 1;"
                    " [WmiMethodId(2)] void m([in, out] uint8 a); void n(); };"),
            "breaks  A: guid: 00112233-4455-6677-8899-aabbccddeeff became none\n"
            "breaks  A: superclass: 'P' became 'Q'\n"
            "breaks  A.k: is no key any more\n"
            "breaks  A.m(): (in uint8 a) became (in out uint8 a)\n"
            "breaks  A.m(): WmiMethodId: 1 became 2\n"
            "        A.k: default: none became 1\n"
            "        A.n(): is new\n"
            "7 changes, 5 of them break binary compatibility\n");
}

TEST(Diff, QualifiersChangeTheMeaning) {
  EXPECT_EQ(changes("[a, b(1), c : ToInstance] class A { };", "[b(2), c, d] class A { };"),
            "        A: qualifier a was removed\n"
            "        A: b: 1 became 2\n"
            "        A: c: its flavors changed\n"
            "        A: qualifier d is new\n"
            "4 changes, 0 of them break binary compatibility\n");
}

TEST(Diff, IsJsonForPrograms) {
  EXPECT_EQ(diff_json(compare(compile_text("class A { };").model, {})),
            "{\n  \"breaks\": true,\n  \"changes\": [\n    {\n      \"breaks\": true,\n"
            "      \"where\": \"A\",\n      \"what\": \"was removed\"\n    }\n  ]\n}\n");
}

}  // namespace
}  // namespace qm::mof
