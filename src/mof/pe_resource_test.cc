#include "mof/pe_resource.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <span>

#include "base/text.h"
#include "mof/load.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

// The least of a driver: headers, one section, three levels of resources.
class Driver {
 public:
  explicit Driver(bool wide = true) {
    put16(0, 0x5a4d);
    put32(0x3c, 0x40);
    put32(0x40, 0x4550);
    put16(0x46, 1);  // sections
    const std::size_t optional = 0x58;
    const std::uint16_t optional_bytes = wide ? 0xf0 : 0xe0;
    put16(0x54, optional_bytes);
    put16(optional, wide ? 0x20b : 0x10b);
    const std::size_t count = optional + (wide ? 108 : 92);
    put32(count, 16);
    put32(count + 4 + 16, kAddress);
    put32(count + 4 + 20, 0x1000);
    const std::size_t section = optional + optional_bytes;
    std::memcpy(at(section, 40), ".rsrc", 5);
    put32(section + 12, kAddress);
    put32(section + 16, 0x1000);
    put32(section + 20, kFileOffset);
  }

  void resource(const std::string& type, const std::vector<std::string>& names,
                const std::string& data) {
    list(0, 1);
    const std::size_t type_list = 0x100;
    entry(0x10, name(type), kBranch | type_list);
    list(type_list, static_cast<std::uint16_t>(names.size()));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t language_list = 0x200 + 0x80 * i;
      entry(type_list + 0x10 + 8 * i, name(names[i]),
            kBranch | static_cast<std::uint32_t>(language_list));
      list(language_list, 1);
      entry(language_list + 0x10, 1033, static_cast<std::uint32_t>(language_list + 0x40));
      put32(kFileOffset + language_list + 0x40, kAddress + 0x800);
      put32(kFileOffset + language_list + 0x44, static_cast<std::uint32_t>(data.size()));
    }
    std::memcpy(at(kFileOffset + 0x800, data.size()), data.data(), data.size());
    at(kFileOffset, 0x1000);
  }
  const std::string& file() const { return file_; }
  void put32(std::size_t where, std::uint32_t value) { std::memcpy(at(where, 4), &value, 4); }

  static constexpr std::uint32_t kBranch = 0x80000000;
  static constexpr std::uint32_t kAddress = 0x3000;
  static constexpr std::size_t kFileOffset = 0x400;

 private:
  char* at(std::size_t where, std::size_t size) {
    if (file_.size() < where + size) file_.resize(where + size);
    return file_.data() + where;
  }
  void put16(std::size_t where, std::uint16_t value) { std::memcpy(at(where, 2), &value, 2); }
  void list(std::size_t where, std::uint16_t count) {
    put16(kFileOffset + where + 12, count);
    put16(kFileOffset + where + 14, 0);
  }
  void entry(std::size_t where, std::uint32_t of, std::uint32_t offset) {
    put32(kFileOffset + where, of);
    put32(kFileOffset + where + 4, offset);
  }
  std::uint32_t name(const std::string& text) {
    const std::u16string units = utf16(text);
    const std::uint32_t where = names_at_;
    put16(kFileOffset + where, static_cast<std::uint16_t>(units.size()));
    std::memcpy(at(kFileOffset + where + 2, 2 * units.size()), units.data(), 2 * units.size());
    names_at_ += 2 + static_cast<std::uint32_t>(2 * units.size());
    return kBranch | where;
  }

  std::string file_;
  std::uint32_t names_at_ = 0x500;
};

TEST(PeResource, FindsTheBinaryMofOfADriver) {
  for (const bool wide : {true, false}) {
    Driver driver(wide);
    driver.resource("MOFDATA", {"MofResourceName"}, "FOMB and more");
    const auto found = mof_resources(bytes_of(driver.file()));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ((*found)[0].name, "MofResourceName");
    EXPECT_EQ((*found)[0].language, 1033U);
    EXPECT_EQ(bmf_within(driver.file(), "").value(), "FOMB and more");
    EXPECT_EQ(bmf_within(driver.file(), "mofresourcename").value(), "FOMB and more");
  }
}

TEST(PeResource, AFileOfTheMostBytesIsReadAndNoneBeyond) {
  Driver driver;
  driver.resource("MOFDATA", {"MofResourceName"}, "FOMB and more");
  // Not filled: only what the reader goes to costs memory.
  const auto file = std::make_unique_for_overwrite<std::byte[]>(kMostPeBytes + 1);
  std::memcpy(file.get(), driver.file().data(), driver.file().size());
  const auto found = mof_resources({file.get(), kMostPeBytes});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 1U);
  const auto beyond = mof_resources({file.get(), kMostPeBytes + 1});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().message, "more than 256 MiB");
}

TEST(PeResource, OfSeveralOneMustBeChosen) {
  Driver driver;
  driver.resource("MOFDATA", {"One", "Two"}, "FOMB");
  EXPECT_EQ(bmf_within(driver.file(), "").error().message,
            "this program has 2 resources of type MOFDATA; choose one with --resource, such as "
            "'One' or 'Two'");
  EXPECT_EQ(bmf_within(driver.file(), "Two").value(), "FOMB");
  EXPECT_EQ(bmf_within(driver.file(), "Three").error().message,
            "there is no MOFDATA resource 'Three', only One, Two");
}

TEST(PeResource, OtherResourcesAreNone) {
  Driver driver;
  driver.resource("MUI", {"1"}, "x");
  EXPECT_TRUE(mof_resources(bytes_of(driver.file())).value().empty());
  EXPECT_EQ(bmf_within(driver.file(), "").error().message,
            "this program has no resource of type MOFDATA");
}

TEST(PeResource, AnyPrefixAndAnyChangedWordEndWell) {
  Driver driver;
  driver.resource("MOFDATA", {"One", "Two"}, "FOMB");
  for (std::size_t size = 0; size < driver.file().size(); ++size) {
    const std::string cut = driver.file().substr(0, size);
    (void)mof_resources(bytes_of(cut));
  }
  for (std::size_t where = 0; where < 0xc00; where += 2) {
    for (const std::uint32_t word : {0U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      Driver changed = driver;
      changed.put32(where, word);
      (void)mof_resources(bytes_of(changed.file()));
    }
  }
}

TEST(PeResource, ListsThatHoldThemselvesEndAtTheLimit) {
  Driver driver;
  driver.resource("MOFDATA", {"One"}, "FOMB");
  driver.put32(Driver::kFileOffset + 0x10c, 0xffffffff);  // 65,535 names and as many numbers
  const auto found = mof_resources(bytes_of(driver.file()));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::limit);
}

}  // namespace
}  // namespace qm::mof
