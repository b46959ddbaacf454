#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/kept_text.h"

namespace qm {
namespace {

TEST(Arena, GivesPiecesThatStayAndAreAligned) {
  Arena arena;
  std::vector<std::string_view> texts;
  std::vector<std::string> copies;
  for (int i = 0; i < 2'000; ++i) {
    copies.emplace_back(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    texts.push_back(arena.keep(copies.back()));
    void* const word = arena.take(sizeof(std::uint64_t), alignof(std::uint64_t));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(word) % alignof(std::uint64_t), 0U);
    *static_cast<std::uint64_t*>(word) = ~std::uint64_t{0};
  }
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], copies[i]);
  const std::string large(300'000, 'x');  // more than a block
  EXPECT_EQ(arena.keep(large), large);
  EXPECT_EQ(arena.keep("small"), "small");
}

TEST(KeptText, KeepsItsOwnOrWhatAnotherKeeps) {
  KeptText own(std::string("abc"));
  own.remove_prefix(1);
  const KeptText moved = std::move(own);
  EXPECT_EQ(moved, "bc");
  EXPECT_EQ(moved.view().data()[2], '\0');
  auto keeper = std::make_shared<const std::string>("of another");
  KeptText lent = KeptText::lent(*keeper, keeper);
  EXPECT_EQ(lent.view().data(), keeper->data());
  keeper.reset();
  lent.remove_prefix(3);
  EXPECT_EQ(lent, "another");
}

}  // namespace
}  // namespace qm
