#include "wmi/block.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "wmi/repository.h"
#include "wmi/source_testing.h"

namespace qm::wmi {
namespace {

constexpr std::string_view kText = R"(
#pragma namespace("\\\\.\\root\\wmi")
[WMI, guid("{00000000-0000-0000-0000-000000000001}")]
class Inner
{
  [read, WmiDataId(1)] uint8 Small;
  [read, WmiDataId(2)] uint32 Big;
};
[WMI, guid("{00000000-0000-0000-0000-000000000002}")]
class Every
{
  [read, key] string InstanceName;
  [read] boolean Active;
  [read, WmiDataId(1)] boolean Flag;
  [read, WmiDataId(2)] uint8 U8;
  [read, WmiDataId(3)] sint8 S8;
  [read, WmiDataId(4)] uint16 U16;
  [read, WmiDataId(5)] sint16 S16;
  [read, WmiDataId(6)] uint32 U32;
  [read, WmiDataId(7)] sint32 S32;
  [read, WmiDataId(8)] uint64 U64;
  [read, WmiDataId(9)] sint64 S64;
  [read, WmiDataId(10)] real32 R32;
  [read, WmiDataId(11)] real64 R64;
  [read, WmiDataId(12)] char16 C16;
  [read, WmiDataId(13), MaxLen(7)] string Text;
  [read, WmiDataId(14)] datetime When;
  [read, WmiDataId(15)] uint16 Numbers[3];
  [read, WmiDataId(16), MaxLen(3)] string Words[2];
  [read, WmiDataId(17)] Inner One;
  [read, WmiDataId(18)] Inner Two[2];
};
)";

class BlockTest : public ::testing::Test {
 protected:
  BlockTest() {
    const EmbeddedFile file{"every.mof", kText};
    auto made = Repository::compile({&file, 1});
    if (!made) ADD_FAILURE() << made.error().message;
    repository_ = made.value();
    every_ = repository_->find("Every");
    block_.resize(every_->layout.bytes);
  }
  const ItemPlan& plan(std::string_view name) const { return every_->property(name)->plan; }
  template <class T>
  void put(std::string_view name, T value, std::size_t past = 0) {
    std::memcpy(block_.data() + plan(name).offset + past, &value, sizeof value);
  }
  void put_units(std::string_view name, std::u16string_view units, std::size_t past = 0) {
    std::memcpy(block_.data() + plan(name).offset + past, units.data(), units.size() * 2);
  }
  DecodedItem item(std::string_view name) const { return decode_item(block_, plan(name)); }
  Value value(std::string_view name) const {
    const DecodedItem decoded = item(name);
    EXPECT_EQ(decoded.malformed, 0U) << name;
    return decoded.value;
  }

  std::shared_ptr<const Repository> repository_;
  const ClassEntry* every_ = nullptr;
  std::vector<std::byte> block_;
};

TEST_F(BlockTest, integers_keep_every_bit_at_both_ends) {
  put("U8", std::uint8_t{255});
  put("S8", std::int8_t{-128});
  put("U16", std::numeric_limits<std::uint16_t>::max());
  put("S16", std::numeric_limits<std::int16_t>::min());
  put("U32", std::numeric_limits<std::uint32_t>::max());
  put("S32", std::numeric_limits<std::int32_t>::min());
  put("U64", std::numeric_limits<std::uint64_t>::max());
  put("S64", std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(value("U8"), Value{std::uint64_t{255}});
  EXPECT_EQ(value("S8"), Value{std::int64_t{-128}});
  EXPECT_EQ(value("U16"), Value{std::uint64_t{65535}});
  EXPECT_EQ(value("S16"), Value{std::int64_t{-32768}});
  EXPECT_EQ(value("U32"), Value{std::uint64_t{4294967295}});
  EXPECT_EQ(value("S32"), Value{std::int64_t{-2147483648}});
  EXPECT_EQ(value("U64"), Value{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(value("S64"), Value{std::numeric_limits<std::int64_t>::min()});
}

TEST_F(BlockTest, booleans_reals_and_characters) {
  put("Flag", std::uint8_t{2});
  put("R32", 0.5F);
  put("R64", -2.25);
  put("C16", u'é');
  EXPECT_EQ(value("Flag"), Value{true});
  EXPECT_EQ(value("R32"), Value{0.5});
  EXPECT_EQ(value("R64"), Value{-2.25});
  EXPECT_EQ(value("C16"), Value{std::string("é")});
  put("C16", u'\x1b');
  EXPECT_EQ(value("C16"), Value{std::string("\\x1b")});
  put("C16", char16_t{0xd800});  // half a pair
  EXPECT_EQ(value("C16"), Value{std::string("\xef\xbf\xbd")});
}

TEST_F(BlockTest, a_string_is_as_long_as_its_count_says) {
  put("Text", std::uint16_t{6});
  put_units("Text", u"héx!!!!", 2);
  EXPECT_EQ(value("Text"), Value{std::string("héx")});
  put("Text", std::uint16_t{14});  // MaxLen, exactly
  EXPECT_EQ(value("Text"), Value{std::string("héx!!!!")});
  put("Text", std::uint16_t{0});
  EXPECT_EQ(value("Text"), Value{std::string()});
}

TEST_F(BlockTest, terminators_that_the_writer_counted_are_cut) {
  put("Text", std::uint16_t{8});
  put_units("Text", std::u16string_view(u"ab\0\0", 4), 2);
  EXPECT_EQ(value("Text"), Value{std::string("ab")});
}

TEST_F(BlockTest, a_string_with_a_lying_count_is_null_and_counted) {
  for (const std::uint16_t count : {std::uint16_t{16}, std::uint16_t{65535}, std::uint16_t{3}}) {
    put("Text", count);
    const DecodedItem decoded = item("Text");
    EXPECT_TRUE(decoded.value.is_null()) << count;
    EXPECT_EQ(decoded.malformed, 1U) << count;
  }
}

TEST_F(BlockTest, terminal_escapes_in_a_string_become_visible) {
  put("Text", std::uint16_t{14});
  put_units("Text", u"\x1b[2J\n\"\x202e", 2);
  EXPECT_EQ(value("Text"), Value{std::string("\\x1b[2J\\x0a\"\\u{202e}")});
}

TEST_F(BlockTest, a_datetime_is_cims_or_null) {
  EXPECT_TRUE(value("When").is_null());  // never set: all zero
  put_units("When", u"20240229123456.000000+060");
  EXPECT_EQ(value("When"), Value{std::string("20240229123456.000000+060")});
  put_units("When", u"00000001123456.******:000");
  EXPECT_EQ(value("When"), Value{std::string("00000001123456.******:000")});
  put_units("When", u"2024-02-29T12:34:56+06:00");
  EXPECT_TRUE(item("When").value.is_null());
  EXPECT_EQ(item("When").malformed, 1U);
}

TEST_F(BlockTest, arrays_element_by_element) {
  put("Numbers", std::array<std::uint16_t, 3>{1, 2, 65535});
  EXPECT_EQ(value("Numbers"),
            (Value{ValueList{{std::uint64_t{1}}, {std::uint64_t{2}}, {std::uint64_t{65535}}}}));
  put("Words", std::uint16_t{2});
  put_units("Words", u"a", 2);
  put("Words", std::uint16_t{9}, 8);  // the second one lies
  const DecodedItem words = item("Words");
  EXPECT_EQ(words.value, (Value{ValueList{{std::string("a")}, {}}}));
  EXPECT_EQ(words.malformed, 1U);
}

TEST_F(BlockTest, embedded_classes_with_their_padding) {
  ASSERT_EQ(plan("One").element_bytes, 8U);
  put("One", std::uint8_t{7});
  put("One", std::uint32_t{8}, 4);
  put("Two", std::uint8_t{9}, 8);
  const auto object = [](std::uint64_t small, std::uint64_t big) {
    return Value{ValueObject{{"Small", {small}}, {"Big", {big}}}};
  };
  EXPECT_EQ(value("One"), object(7, 8));
  EXPECT_EQ(value("Two"), (Value{ValueList{object(0, 0), object(9, 0)}}));
}

TEST_F(BlockTest, a_block_that_ends_early_gives_null_for_what_lies_past_its_end) {
  for (std::size_t bytes = 0; bytes <= block_.size(); ++bytes) {
    const Bytes cut = Bytes(block_).first(bytes);
    for (const PropertyEntry& entry : every_->properties) {
      if (entry.origin != Origin::data) continue;
      const bool whole = entry.field->offset + entry.field->bytes <= bytes;
      EXPECT_EQ(decode_item(cut, entry.plan).malformed, whole ? 0U : 1U)
          << entry.property->name << " in " << bytes;
    }
  }
}

TEST_F(BlockTest, any_bytes_decode_to_plain_text_or_null) {
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    std::mt19937 random(seed);
    for (std::byte& byte : block_) byte = static_cast<std::byte>(random());
    // Random counts are nearly always lies: half of the seeds tell the truth.
    if (seed % 2 == 0) put("Text", static_cast<std::uint16_t>(random() % 8 * 2));
    for (const PropertyEntry& entry : every_->properties) {
      if (entry.origin != Origin::data) continue;
      const DecodedItem decoded = decode_item(block_, entry.plan);
      const auto* text = std::get_if<std::string>(&decoded.value.data);
      EXPECT_TRUE(text == nullptr || is_plain_text(*text)) << seed << entry.property->name;
      if (entry.plan.is_array || entry.plan.type == mof::Type::datetime) continue;
      EXPECT_EQ(decoded.value.is_null(), decoded.malformed != 0) << seed << entry.property->name;
    }
  }
}

}  // namespace
}  // namespace qm::wmi
