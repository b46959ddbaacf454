#include "wmi/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guid.h"
#include "mof/decompile.h"
#include "mof/limits.h"
#include "mof/memory_reader.h"

namespace qm::wmi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string bmf(const std::string& text) {
  Diagnostics diagnostics;
  const mof::Model model =
      mof::compile({"t.mof"}, mof::memory_reader({{"t.mof", text}}), {}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.text();
  return mof::write_bmf(model).value_or("");
}

std::string block(const std::string& name, char digit, const std::string& properties) {
  return "[guid(\"{11111111-0000-0000-0000-00000000000" + std::string(1, digit) + "}\")] class " +
         name + " : Win32_PerfRawData {\n" +
         "[key, read] string InstanceName; [read] boolean Active;\n" + properties + "};\n";
}
const std::string kOne = block("Vendor_One", '1', "[WmiDataId(1)] uint64 A;");

class CatalogTest : public ::testing::Test {
 protected:
  Result<Added> add(const std::string& text, Bringer bringer = Bringer::compiler) {
    return catalog_.add(bringer, "here", std::as_bytes(std::span(binary_ = bmf(text))));
  }
  std::string refusal(const std::string& text, Bringer bringer = Bringer::compiler) {
    const auto added = add(text, bringer);
    return added ? "taken" : added.error().message;
  }
  bool has(std::string_view name) const { return catalog_.current()->find(name) != nullptr; }

  std::string binary_;
  Catalog catalog_{Repository::built_in().value()};
};

TEST_F(CatalogTest, TakesAClassAndServesIt) {
  const auto before = catalog_.current();
  const auto added = add(kOne);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_THAT(added->added, ElementsAre("Vendor_One"));
  EXPECT_EQ(catalog_.changes(), 1U);
  const ClassEntry* entry = catalog_.current()->find("vendor_one");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->layout.bytes, 8U);
  EXPECT_TRUE(entry->performance);
  EXPECT_EQ(before->find("Vendor_One"), nullptr) << "a repository never changes";
}

TEST_F(CatalogTest, TheSameAgainChangesNothing) {
  ASSERT_TRUE(add(kOne, Bringer::provider));
  const auto again = add(kOne, Bringer::provider);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->added, IsEmpty());
  EXPECT_THAT(again->unchanged, ElementsAre("Vendor_One"));
  EXPECT_EQ(catalog_.changes(), 1U);
}

TEST_F(CatalogTest, AnotherClassOfThatNameIsRefused) {
  EXPECT_THAT(refusal(block("MSiSCSI_QMIPSECStats", '1', "[WmiDataId(1)] uint64 A;")),
              HasSubstr("another class MSiSCSI_QMIPSECStats is there, built in; "));
  ASSERT_TRUE(add(kOne, Bringer::file));
  EXPECT_THAT(refusal(block("VENDOR_ONE", '1', "[WmiDataId(1)] uint32 A;")),
              HasSubstr("is there, from a file; "));
  EXPECT_THAT(refusal(block("Vendor_Two", '1', "[WmiDataId(1)] uint32 A;")), HasSubstr("guid"));
  EXPECT_EQ(catalog_.changes(), 1U);
}

TEST_F(CatalogTest, MofcompReplacesAndDeletesItsOwn) {
  ASSERT_TRUE(add(kOne));
  const auto newer = add(block("Vendor_One", '1', "[WmiDataId(1)] uint32 A;"));
  ASSERT_TRUE(newer) << newer.error().message;
  EXPECT_THAT(newer->replaced, ElementsAre("Vendor_One"));
  EXPECT_EQ(catalog_.current()->find("Vendor_One")->layout.bytes, 4U);
  ASSERT_TRUE(catalog_.remove("VENDOR_one"));
  EXPECT_FALSE(has("Vendor_One"));
  EXPECT_EQ(catalog_.remove("Vendor_One").error().code, ErrorCode::not_found);
  EXPECT_EQ(catalog_.remove("Win32_Perf").error().code, ErrorCode::denied);
}

TEST_F(CatalogTest, AClassInUseKeepsItsBlocks) {
  ASSERT_TRUE(add(kOne));
  catalog_.ask_use_of([](const GUID& guid) { return guid.Data1 == 0x11111111; });
  EXPECT_THAT(refusal(block("Vendor_One", '1', "[WmiDataId(1)] uint32 A;")),
              HasSubstr("a provider serves class Vendor_One"));
  EXPECT_EQ(refusal(block("Vendor_One", '1', "[WmiDataId(1), Description(\"d\")] uint64 A;")),
            "taken");
  EXPECT_EQ(catalog_.remove("Vendor_One").error().code, ErrorCode::state);
}

TEST_F(CatalogTest, MoreThanATextMayHoldIsRefused) {
  mof::Model model;
  mof::Class& one = model.classes.emplace_back();
  one.name = "Vendor_One";
  one.qualifiers.resize(mof::kMostQualifiers);
  for (std::size_t i = 0; i < one.qualifiers.size(); ++i) {
    one.qualifiers[i].name = "q" + std::to_string(i);
    one.qualifiers[i].value.data = true;
  }
  std::string file = mof::write_bmf(model).value();
  EXPECT_TRUE(catalog_.add(Bringer::file, "x", std::as_bytes(std::span(file))));
  model.classes[0].name = "Vendor_Two";
  model.classes[0].qualifiers.push_back(model.classes[0].qualifiers[0]);
  file = mof::write_bmf(model).value();
  EXPECT_FALSE(catalog_.add(Bringer::file, "x", std::as_bytes(std::span(file))));
}

TEST_F(CatalogTest, FlagsOfClassesAreObeyed) {
  EXPECT_THAT(refusal("#pragma classflags(\"updateonly\")\n" + kOne),
              HasSubstr("no class Vendor_One"));
  EXPECT_EQ(refusal("#pragma classflags(\"createonly\")\n" + kOne), "taken");
  EXPECT_THAT(refusal("#pragma classflags(\"createonly\")\n" + kOne), HasSubstr("already there"));
  EXPECT_EQ(refusal("#pragma classflags(\"updateonly\")\n" + kOne), "taken");
}

TEST_F(CatalogTest, AProvidersClassesGoWithTheLastThatServesThem) {
  ASSERT_TRUE(add(kOne, Bringer::provider));
  ASSERT_TRUE(add(block("Vendor_Two", '2', "[WmiDataId(1)] uint64 A;"), Bringer::compiler));
  catalog_.ask_use_of([](const GUID&) { return true; });
  catalog_.keep_provided();
  EXPECT_TRUE(has("Vendor_One"));
  catalog_.ask_use_of([](const GUID&) { return false; });
  catalog_.keep_provided();
  EXPECT_FALSE(has("Vendor_One"));
  EXPECT_TRUE(has("Vendor_Two"));
}

TEST_F(CatalogTest, WhatItSaysOfCountersHoldsForItsOwnClasses) {
  const std::string row = "instance of Quickmode_CounterSemantics { Class = \"";
  ASSERT_TRUE(add(kOne + row + "Vendor_One\"; Property = \"A\"; Kind = \"gauge\"; };\n" + row +
                  "MSiSCSI_QMIPSECStats\"; Property = \"ReKeys\"; Kind = \"lie\"; };\n"));
  EXPECT_EQ(catalog_.current()->find("Vendor_One")->property("A")->semantics->kind, "gauge");
  EXPECT_NE(catalog_.current()->find("MSiSCSI_QMIPSECStats")->property("ReKeys")->semantics->kind,
            "lie");
}

TEST_F(CatalogTest, WhatIsNoClassIsRefused) {
  const std::string text = "no binary MOF";
  EXPECT_FALSE(catalog_.add(Bringer::file, "x", std::as_bytes(std::span(text))));
  const std::string large(kMostAdditionBytes + 1, 'x');
  EXPECT_EQ(catalog_.add(Bringer::file, "x", std::as_bytes(std::span(large))).error().code,
            ErrorCode::limit);
  EXPECT_EQ(catalog_.changes(), 0U);
}

TEST_F(CatalogTest, NamesThatNoTextCouldHoldAreRefused) {
  mof::Model model;
  model.classes.emplace_back().name = "a\x1b[2J";
  const std::string file = mof::write_bmf(model).value();
  EXPECT_EQ(catalog_.add(Bringer::file, "x", std::as_bytes(std::span(file))).error().code,
            ErrorCode::invalid);
}

TEST_F(CatalogTest, AdditionsUpToTheLimit) {
  catalog_ = Catalog(Repository::built_in().value(), 3);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(add("class V" + std::to_string(i) + " {};", Bringer::file));
  }
  EXPECT_THAT(refusal("class TooMuch {};", Bringer::file), HasSubstr("more than 3 places"));
}

TEST_F(CatalogTest, ClassesUpToTheLimit) {
  std::string text;
  for (std::size_t i = 0; i < kMostOutsideClasses; ++i)
    text += "class V" + std::to_string(i) + " {};\n";
  ASSERT_EQ(refusal(text), "taken");
  EXPECT_THAT(refusal("class TooMuch {};"), HasSubstr("more than 1024 classes"));
}

}  // namespace
}  // namespace qm::wmi
