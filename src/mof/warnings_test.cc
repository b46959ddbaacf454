#include "mof/warnings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

std::optional<Severity> told(const std::vector<std::string>& words, std::string_view name,
                             Severity usual = Severity::warning) {
  WarningChoice choice;
  for (const std::string& word : words) EXPECT_TRUE(choice.add(word)) << word;
  return choice.told_as(name, usual);
}

TEST(Warnings, AreChosenByName) {
  EXPECT_EQ(told({}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"no-no-guid"}, "no-guid"), std::nullopt);
  EXPECT_EQ(told({"no-no-guid", "no-guid"}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"no-unknown-class"}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"no-all"}, "no-guid"), std::nullopt);
  EXPECT_EQ(told({"no-all", "no-guid"}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"no-all"}, "syntax", Severity::error), Severity::error);
}

TEST(Warnings, NotesAreRaised) {
  EXPECT_EQ(told({}, "alignment-hole", Severity::note), Severity::note);
  EXPECT_EQ(told({"all"}, "alignment-hole", Severity::note), Severity::warning);
  EXPECT_EQ(told({"alignment-hole"}, "alignment-hole", Severity::note), Severity::warning);
  EXPECT_EQ(told({"error"}, "alignment-hole", Severity::note), Severity::note);
  EXPECT_EQ(told({"error", "all"}, "alignment-hole", Severity::note), Severity::error);
}

TEST(Warnings, AreMadeErrors) {
  EXPECT_EQ(told({"error"}, "no-guid"), Severity::error);
  EXPECT_EQ(told({"error", "no-error"}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"error=no-guid"}, "no-guid"), Severity::error);
  EXPECT_EQ(told({"error=no-guid"}, "no-active"), Severity::warning);
  EXPECT_EQ(told({"error", "no-error=no-guid"}, "no-guid"), Severity::warning);
  EXPECT_EQ(told({"error", "no-no-guid"}, "no-guid"), std::nullopt);
}

TEST(Warnings, OfNoNameAreRefused) {
  WarningChoice choice;
  const Result<bool> added = choice.add("no-unknown-clas");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message,
            "there is no warning 'unknown-clas'; did you mean 'unknown-class'?");
  EXPECT_FALSE(choice.add(""));
}

// What the compiler may say as a warning or a note, and what --help lists, are the same.
TEST(Warnings, AreAllInTheList) {
  std::set<std::string> said;
  const std::regex call(R"re((?:\.|_)(?:warning|note)\(\s*"([a-z-]+)")re");
  for (const char* folder : {"/src/mof", "/src/mofc"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(QM_SOURCE_DIR + std::string(folder))) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
      const std::string text = file_text(entry.path().string());
      for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
        said.insert((*at)[1].str());
      }
    }
  }
  std::set<std::string> listed;
  for (const Warning& one : warnings()) listed.emplace(one.name);
  EXPECT_EQ(said, listed);
}

}  // namespace
}  // namespace qm::mof
