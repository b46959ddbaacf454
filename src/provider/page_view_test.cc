#include "provider/page_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>

#include "base/text.h"
#include "provider/page_testing.h"

namespace qm::provider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

PageView view_of(const TestPage& page) {
  auto view = PageView::open(page.bytes(), page.info());
  EXPECT_TRUE(view.has_value());
  return std::move(*view);
}

std::vector<std::string> names(const Generation& generation) {
  std::vector<std::string> out;
  for (const InstanceData& instance : generation.instances) out.push_back(instance.name);
  return out;
}

TEST(Page, HasNoGenerationBeforeTheFirstPublish) {
  TestPage page(test_class(2));
  PageView view = view_of(page);
  page.begin();
  page.put("a");
  const auto generation = view.read();
  ASSERT_TRUE(generation.has_value());
  EXPECT_EQ(generation->number, 0U);
  EXPECT_TRUE(generation->instances.empty());
}

TEST(Page, CarriesAllThatTheWriterSaid) {
  TestPage page(test_class(2));
  PageView view = view_of(page);
  page.begin(77);
  qm_instance* instance = nullptr;
  ASSERT_EQ(page.put("a", 42, &instance), 0);
  qm_set_caption(instance, "Adapter \x1b A");
  qm_set_active(instance, false);
  qm_set_quality(instance, 1, QM_AT_LEAST, QM_REASON_GAP);
  qm_set_quality(instance, 18, QM_UNAVAILABLE, QM_REASON_KIND);
  qm_set_quality(instance, 19, QM_INFERRED, QM_REASON_GAP);  // there is no such item
  qm_set_quality(instance, 0, QM_INFERRED, QM_REASON_GAP);
  ASSERT_EQ(page.put("b", 43), 0);
  page.publish();
  const auto generation = view.read();
  ASSERT_TRUE(generation.has_value());
  EXPECT_EQ(generation->number, 1U);
  EXPECT_EQ(generation->times.boot_ns, 77U);
  EXPECT_THAT(names(*generation), ElementsAre("a", "b"));
  const InstanceData& a = generation->instances[0];
  EXPECT_EQ(first_word(a), 42U);
  EXPECT_EQ(a.caption, "Adapter \ufffd A");
  EXPECT_FALSE(a.active);
  EXPECT_EQ(a.block.size(), 144U);
  ASSERT_EQ(a.qualities.size(), 18U);
  EXPECT_EQ(a.qualities[0], (ItemQuality{QM_AT_LEAST, QM_REASON_GAP}));
  EXPECT_EQ(a.qualities[1], ItemQuality{});
  EXPECT_EQ(a.qualities[17], (ItemQuality{QM_UNAVAILABLE, QM_REASON_KIND}));
  const InstanceData& b = generation->instances[1];
  EXPECT_TRUE(b.active);
  EXPECT_EQ(b.caption, "");
  EXPECT_EQ(b.qualities[0], ItemQuality{});
}

TEST(Page, KeepsTheLastWholeGenerationWhileTheNextIsWritten) {
  TestPage page(test_class(4));
  PageView view = view_of(page);
  for (std::uint64_t value = 1; value <= 3; ++value) {
    page.begin();
    page.put("a", value);
    page.publish();
    page.begin();  // never published: begun anew in the next turn
    page.put("b", 99);
    const auto generation = view.read();
    ASSERT_TRUE(generation.has_value());
    EXPECT_EQ(generation->number, value);
    EXPECT_THAT(names(*generation), ElementsAre("a"));
    EXPECT_EQ(first_word(generation->instances[0]), value);
  }
}

TEST(Page, StartsEachInstanceFromZero) {
  TestPage page(test_class(1));
  PageView view = view_of(page);
  for (int i = 0; i < 4; ++i) {
    page.begin();
    qm_instance* instance = nullptr;
    page.put("a", 0, &instance);
    const auto block = std::span(static_cast<std::byte*>(qm_block(instance)), 144);
    for (const std::byte byte : block) ASSERT_EQ(byte, std::byte{0});
    std::memset(block.data(), 0xff, block.size());
    qm_set_quality(instance, 3, QM_INFERRED, QM_REASON_OVERLAP);
    qm_set_active(instance, false);
    page.publish();
  }
}

TEST(Page, NamesAsWmiDoes) {
  const auto shown = [](std::uint32_t flags, const std::vector<std::string>& put) {
    TestPage page(test_class(4, flags));
    PageView view = view_of(page);
    page.begin();
    for (const std::string& name : put) EXPECT_EQ(page.put(name), 0);
    page.publish();
    return names(view.read().value_or(Generation{}));
  };
  EXPECT_THAT(shown(QM_REG_PDO, {"PCI\\X"}), ElementsAre("PCI\\X_0"));
  EXPECT_THAT(shown(QM_REG_LIST | QM_REG_DYNAMIC, {"x"}), ElementsAre("x"));
  EXPECT_THAT(shown(QM_REG_BASENAME, {"Port", "Port", "Port"}),
              ElementsAre("Port0", "Port1", "Port2"));
  EXPECT_THAT(shown(QM_REG_BASENAME, {"P", "P", "P", "P"}), testing::SizeIs(4));
}

TEST(Page, RefusesBadNamesAndTellsThemApart) {
  TestPage page(test_class(3));
  EXPECT_EQ(page.put("a"), -EINVAL);  // no begin
  page.begin();
  EXPECT_EQ(page.put(""), -EINVAL);
  EXPECT_EQ(page.put("a\nb"), -EINVAL);
  EXPECT_EQ(page.put("\xff"), -EINVAL);
  EXPECT_EQ(page.put(std::string(QM_MOST_NAME_BYTES + 1, 'x')), -EINVAL);
  EXPECT_EQ(page.put(std::string(QM_MOST_NAME_BYTES, 'x')), 0);
  EXPECT_EQ(page.put(std::string(QM_MOST_NAME_BYTES, 'x')), -EEXIST);
  EXPECT_EQ(page.put("y"), 0);
  EXPECT_EQ(page.put("z"), 0);
  EXPECT_EQ(page.put("one more"), -ENOSPC);
  page.publish();
  PageView view = view_of(page);
  EXPECT_EQ(view.read().value_or(Generation{}).instances.size(), 3U);
}

TEST(Page, KeepsACaptionWithItsNameWhileThatIsPut) {
  TestPage page(test_class(2));
  PageView view = view_of(page);
  const auto generation = [&](const std::vector<std::string>& put, const char* caption_of_first) {
    page.begin();
    for (std::size_t i = 0; i < put.size(); ++i) {
      qm_instance* instance = nullptr;
      page.put(put[i], 0, &instance);
      if (i == 0 && caption_of_first != nullptr) qm_set_caption(instance, caption_of_first);
    }
    page.publish();
    std::map<std::string, std::string> captions;
    for (const auto& one : view.read().value_or(Generation{}).instances) {
      captions[one.name] = one.caption;
    }
    return captions;
  };
  using Captions = std::map<std::string, std::string>;
  EXPECT_EQ(generation({"a", "b"}, "first"), (Captions{{"a", "first"}, {"b", ""}}));
  EXPECT_EQ(generation({"b", "a"}, nullptr), (Captions{{"a", "first"}, {"b", ""}}));
  EXPECT_EQ(generation({"a"}, "second"), (Captions{{"a", "second"}}));
  EXPECT_EQ(generation({"b", "a"}, nullptr), (Captions{{"a", "second"}, {"b", ""}}));
  EXPECT_EQ(generation({"b"}, nullptr), (Captions{{"b", ""}}));
  EXPECT_EQ(generation({"a", "b"}, nullptr), (Captions{{"a", ""}, {"b", ""}}));
}

TEST(Page, TellsSinceWhenTheNamesAreTheSame) {
  TestPage page(test_class(3));
  PageView view = view_of(page);
  const auto since = [&](const std::vector<std::string>& put) {
    page.begin();
    for (const std::string& name : put) page.put(name);
    page.publish();
    return view.read().value_or(Generation{}).names_since;
  };
  EXPECT_EQ(since({"a", "b"}), 1U);
  EXPECT_EQ(since({"a", "b"}), 1U);
  EXPECT_EQ(since({"b", "a"}), 3U);
  EXPECT_EQ(since({"b", "a"}), 3U);
  EXPECT_EQ(since({"b"}), 5U);
  EXPECT_EQ(since({"b", "c"}), 6U);
  EXPECT_EQ(since({"b", "c"}), 6U);
}

TEST(Page, GivesOneBlockWithoutTheRest) {
  TestPage page(test_class(2));
  const PageView view = view_of(page);
  std::array<std::byte, 144> block{};
  std::array<ItemQuality, 18> qualities{};
  EXPECT_EQ(view.read_block(0, block, qualities).error().code, ErrorCode::not_found);
  page.begin(5);
  page.put("a", 1);
  qm_instance* instance = nullptr;
  page.put("b", 2, &instance);
  qm_set_quality(instance, 2, QM_INFERRED, QM_REASON_OVERLAP);
  page.publish();
  const auto stamp = view.read_block(1, block, qualities);
  ASSERT_TRUE(stamp.has_value());
  EXPECT_EQ(stamp->generation, 1U);
  EXPECT_EQ(stamp->names_since, 1U);
  EXPECT_EQ(stamp->times.boot_ns, 5U);
  EXPECT_TRUE(stamp->active);
  EXPECT_EQ(block[0], std::byte{2});
  EXPECT_EQ(qualities[1], (ItemQuality{QM_INFERRED, QM_REASON_OVERLAP}));
  EXPECT_EQ(view.read_block(2, block, qualities).error().code, ErrorCode::not_found);
  std::array<std::byte, 3> few{};
  EXPECT_TRUE(view.read_block(1, few, {}).has_value());
}

// A model in std::map against thousands of puts with names that come, go and change places.
TEST(Page, HoldsWhatAModelHolds) {
  EXPECT_TRUE(rc::check([] {
    const auto capacity = *rc::gen::inRange<std::uint32_t>(1, 12);
    TestPage page(test_class(capacity));
    PageView view = view_of(page);
    for (std::uint64_t number = 1; number <= 20; ++number) {
      page.begin();
      std::map<std::string, std::uint64_t> model;
      std::vector<std::string> order;
      const auto puts = *rc::gen::inRange(0, 16);
      for (int i = 0; i < puts; ++i) {
        const std::string name = "n" + std::to_string(*rc::gen::inRange(0, 20));
        const std::uint64_t value = *rc::gen::arbitrary<std::uint64_t>();
        const int expected = order.size() == capacity ? -ENOSPC
                             : model.contains(name)   ? -EEXIST
                                                      : 0;
        RC_ASSERT(page.put(name, value) == expected);
        if (expected != 0) continue;
        model[name] = value;
        order.push_back(name);
      }
      page.publish();
      const auto generation = view.read();
      RC_ASSERT(generation.has_value());
      RC_ASSERT(generation->number == number);
      RC_ASSERT(names(*generation) == order);
      for (const auto& one : generation->instances) RC_ASSERT(first_word(one) == model[one.name]);
    }
  }));
}

TEST(PageLimits, AreTheHeadersAtTheEdge) {
  qm_page_layout layout{};
  EXPECT_TRUE(qm_page_layout_of(1, 1, 1, &layout));
  EXPECT_FALSE(qm_page_layout_of(0, 1, 1, &layout));
  EXPECT_FALSE(qm_page_layout_of(1, 0, 1, &layout));
  EXPECT_FALSE(qm_page_layout_of(1, 1, 0, &layout));
  EXPECT_TRUE(qm_page_layout_of(QM_MOST_BLOCK_BYTES, QM_MOST_DATA_ITEMS, 1, &layout));
  EXPECT_FALSE(qm_page_layout_of(QM_MOST_BLOCK_BYTES + 1, 1, 1, &layout));
  EXPECT_FALSE(qm_page_layout_of(1, QM_MOST_DATA_ITEMS + 1, 1, &layout));
  EXPECT_TRUE(qm_page_layout_of(144, 18, QM_MOST_INSTANCES, &layout));
  EXPECT_FALSE(qm_page_layout_of(144, 18, QM_MOST_INSTANCES + 1, &layout));
  std::uint32_t most = 0;  // instances of the largest block that a page has room for
  while (qm_page_layout_of(QM_MOST_BLOCK_BYTES, 1, most + 1, &layout)) ++most;
  qm_page_layout_of(QM_MOST_BLOCK_BYTES, 1, most, &layout);
  EXPECT_LE(layout.page_bytes, std::size_t{QM_MOST_PAGE_BYTES});
  EXPECT_GT(layout.page_bytes + 2 * layout.record_bytes, std::size_t{QM_MOST_PAGE_BYTES});
}

TEST(ClassFault, SaysWhatIsWrong) {
  EXPECT_EQ(qm_class_fault(QM_REG_PDO | QM_REG_DYNAMIC, 144, 18, 8, QM_MOST_BMOF_BYTES), nullptr);
  EXPECT_THAT(qm_class_fault(0x2, 144, 18, 8, 0), HasSubstr("flag is unknown"));
  EXPECT_THAT(qm_class_fault(QM_REG_PDO | QM_REG_BASENAME, 144, 18, 8, 0), HasSubstr("BASENAME"));
  EXPECT_THAT(qm_class_fault(0, 0, 18, 8, 0), HasSubstr("block_bytes"));
  EXPECT_THAT(qm_class_fault(0, 144, 129, 8, 0), HasSubstr("data_items"));
  EXPECT_THAT(qm_class_fault(0, 144, 18, 65537, 0), HasSubstr("most_instances"));
  EXPECT_THAT(qm_class_fault(0, 144, 18, 8, QM_MOST_BMOF_BYTES + 1), HasSubstr("binary MOF"));
  EXPECT_THAT(qm_class_fault(0, 65536, 18, 65536, 0), HasSubstr("1 GiB"));
}

}  // namespace
}  // namespace qm::provider
