#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qm {
namespace {

TEST(JsonWriter, WritesNestedValuesInOrder) {
  JsonWriter json(0);
  json.begin_object().member("b", true).key("a").begin_array();
  json.value(1U).null().value("x").begin_object().end_object().end_array().end_object();
  EXPECT_EQ(std::move(json).take(), R"({"b":true,"a":[1,null,"x",{}]})");
}

TEST(JsonWriter, IndentsByLevel) {
  JsonWriter json;
  json.begin_object().key("a").begin_array().value(1U).end_array();
  json.key("b").begin_array().end_array().end_object();
  EXPECT_EQ(std::move(json).take(), "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}\n");
}

TEST(JsonWriter, KeepsAll64Bits) {
  JsonWriter json(0);
  json.begin_array().value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int64_t>::min()).end_array();
  EXPECT_EQ(std::move(json).take(), "[18446744073709551615,-9223372036854775808]");
}

TEST(JsonWriter, WhatIsNotFiniteIsNull) {
  JsonWriter json(0);
  json.begin_array().value(std::nan("")).value(0.1).end_array();
  EXPECT_EQ(std::move(json).take(), "[null,0.1]");
}

TEST(JsonQuoted, EscapesWhatJsonForbids) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\t\x01\x7f"), R"("a\"b\\c\n\t\u0001\u007f")");
}

TEST(JsonQuoted, InvalidUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(json_quoted("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace qm
