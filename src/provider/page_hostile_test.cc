// A page whose writer lies: whatever stands in it, reading ends, and gives either an error or data
// that keeps every rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <set>
#include <string>

#include "base/text.h"
#include "provider/page_testing.h"
#include "provider/page_view.h"

namespace qm::provider {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kCapacity = 3;

class HostilePage : public testing::Test {
 protected:
  HostilePage() : page_(test_class(kCapacity)) {
    page_.begin();
    page_.put("a", 1);
    page_.put("b", 2);
    page_.publish();
    qm_page_layout_of(144, 18, kCapacity, &layout_);
  }

  std::size_t slot() const { return qm_slot_offset(&layout_, 1); }
  std::size_t name(std::size_t index) const { return slot() + qm_name_offset(&layout_, index); }

  template <class T>
  void write(std::size_t offset, T value) {
    std::memcpy(page_.scribble().data() + offset, &value, sizeof value);
  }
  Error read_error() {
    auto view = PageView::open(page_.bytes(), page_.info());
    if (!view) return view.error();
    auto generation = view->read();
    return generation ? Error{ErrorCode::state, "it was read"} : generation.error();
  }

  TestPage page_;
  qm_page_layout layout_{};
};

TEST_F(HostilePage, WithAnotherHeaderIsNotOpened) {
  const auto open_error = [this] {
    const auto view = PageView::open(page_.bytes(), page_.info());
    return view ? std::string("opened") : view.error().message;
  };
  write<std::uint32_t>(offsetof(qm_page_header, version), 2);
  EXPECT_EQ(open_error(), "page version 2; this service reads version 1");
  write<std::uint32_t>(offsetof(qm_page_header, version), 1);
  write<std::uint32_t>(offsetof(qm_page_header, capacity), 4);
  EXPECT_EQ(open_error(), "the page's header differs from its registration");
  write<std::uint64_t>(0, 0);
  EXPECT_EQ(open_error(), "not a page: wrong magic");
}

TEST_F(HostilePage, OfAnotherSizeIsNotOpened) {
  const auto view = PageView::open(page_.bytes().first(page_.bytes().size() - 8), page_.info());
  ASSERT_FALSE(view.has_value());
  EXPECT_THAT(view.error().message, HasSubstr("this class with 3 instances makes"));
}

TEST_F(HostilePage, WithMoreInstancesThanPlacesIsBroken) {
  write<std::uint64_t>(slot() + offsetof(qm_slot_header, count), kCapacity + 1);
  EXPECT_EQ(read_error().message, "the page is broken: 4 instances; its capacity is 3");
  write<std::uint64_t>(slot() + offsetof(qm_slot_header, count), UINT64_MAX);
  EXPECT_EQ(read_error().code, ErrorCode::invalid);
}

TEST_F(HostilePage, WhoseSlotHoldsAnotherGenerationIsBroken) {
  write<std::uint64_t>(slot(), 3);
  EXPECT_EQ(read_error().message,
            "the page is broken: generation 1 is published, its slot holds 3");
}

TEST_F(HostilePage, WithSequencesThatCannotBeTimesOut) {
  write<std::uint64_t>(offsetof(qm_page_header, begun), UINT64_MAX);
  EXPECT_EQ(read_error().code, ErrorCode::timeout);
  write<std::uint64_t>(offsetof(qm_page_header, begun), 0);  // before what is published
  EXPECT_EQ(read_error().code, ErrorCode::timeout);
}

TEST_F(HostilePage, WithANameThatIsNotPlainIsBroken) {
  write(name(1) + offsetof(qm_name_entry, name), '\x1b');
  EXPECT_THAT(read_error().message, HasSubstr("the name of instance 1 is not plain text"));
}

TEST_F(HostilePage, WithANameTooLongOrEmptyIsBroken) {
  for (const std::uint32_t bytes : {0U, 512U, UINT32_MAX}) {
    write(name(0), bytes);
    EXPECT_THAT(read_error().message, HasSubstr("the name of instance 0")) << bytes;
  }
}

TEST_F(HostilePage, WithACaptionThatIsNotPlainIsBroken) {
  write<std::uint32_t>(name(0) + offsetof(qm_name_entry, caption_bytes), 1);
  write(name(0) + offsetof(qm_name_entry, caption), '\n');
  EXPECT_THAT(read_error().message, HasSubstr("the caption of instance 0"));
}

TEST_F(HostilePage, WithANameTwiceIsBroken) {
  write(name(1) + offsetof(qm_name_entry, name), 'a');
  EXPECT_EQ(read_error().message, "the page is broken: two instances are named 'a'");
}

TEST_F(HostilePage, WithAQualityOrReasonOutOfRangeIsBroken) {
  const std::size_t item = slot() + qm_record_offset(&layout_, 1) + layout_.quality_offset;
  write<std::uint8_t>(item, QM_UNAVAILABLE + 1);
  EXPECT_THAT(read_error().message, HasSubstr("quality or reason"));
  write<std::uint8_t>(item, QM_EXACT);
  write<std::uint8_t>(item + 1, QM_REASON_COUNT);
  EXPECT_THAT(read_error().message, HasSubstr("quality or reason"));
}

TEST_F(HostilePage, ThatHidesAChangeOfNamesShowsTheOldOnesAtMost) {
  auto view = PageView::open(page_.bytes(), page_.info());
  ASSERT_TRUE(view.has_value());
  ASSERT_TRUE(view->read().has_value());
  write(name(0) + offsetof(qm_name_entry, name), '\x1b');
  const auto generation = view->read();
  ASSERT_TRUE(generation.has_value());
  EXPECT_EQ(generation->instances[0].name, "a");
}

void expect_valid(const Generation& generation) {
  RC_ASSERT(generation.instances.size() <= kCapacity);
  std::set<std::string> names;
  for (const InstanceData& instance : generation.instances) {
    RC_ASSERT(!instance.name.empty() && instance.name.size() <= QM_MOST_NAME_BYTES);
    RC_ASSERT(is_plain_text(instance.name) && is_plain_text(instance.caption));
    RC_ASSERT(names.insert(instance.name).second);
    RC_ASSERT(instance.block.size() == 144U && instance.qualities.size() == 18U);
    for (const ItemQuality item : instance.qualities) {
      RC_ASSERT(item.quality <= QM_UNAVAILABLE && item.reason < QM_REASON_COUNT);
    }
  }
}

// Bytes anywhere, more often where the numbers stand that steer the reader.
std::size_t scribbled_offset(std::size_t page_bytes, const qm_page_layout& layout) {
  const auto somewhere = rc::gen::inRange<std::size_t>(0, page_bytes);
  const auto header = rc::gen::inRange<std::size_t>(0, 80);
  const auto in_slot =
      rc::gen::inRange<std::size_t>(qm_slot_offset(&layout, 1), qm_slot_offset(&layout, 1) + 64);
  const std::size_t names = qm_slot_offset(&layout, 1) + layout.names_offset;
  const auto in_name = rc::gen::inRange<std::size_t>(names, names + 24);
  return *rc::gen::oneOf(somewhere, header, in_slot, in_name);
}

TEST(ScribbledPage, FailsOrGivesDataThatKeepsTheRules) {
  EXPECT_TRUE(rc::check([] {
    TestPage page(test_class(kCapacity));
    for (int i = 0; i < 3; ++i) {
      page.begin();
      page.put("a", 1);
      page.put("b", 2);
      page.publish();
    }
    auto view = PageView::open(page.bytes(), page.info());
    RC_ASSERT(view.has_value());
    qm_page_layout layout{};
    qm_page_layout_of(144, 18, kCapacity, &layout);
    for (int turn = 0; turn < 8; ++turn) {
      const auto at = scribbled_offset(page.bytes().size(), layout);
      page.scribble()[at] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
      if (const auto generation = view->read()) expect_valid(*generation);
      std::array<std::byte, 144> block{};
      std::array<ItemQuality, 18> qualities{};
      if (view->read_block(1, block, qualities)) {
        for (const ItemQuality item : qualities) RC_ASSERT(item.reason < QM_REASON_COUNT);
      }
    }
  }));
}

}  // namespace
}  // namespace qm::provider
