// One folder a case: tests/golden/mof/cases/NAME/main.mof and what it includes; `warnings` holds
// -W words, a line each; said.txt is the whole text that mofc then says.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(golden_path("cases"))) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class Case : public testing::TestWithParam<std::string> {};

TEST_P(Case, SaysThisAndNothingElse) {
  const std::string folder = "cases/" + GetParam() + "/";
  std::map<std::string, std::string> files;
  Options options;
  for (const auto& entry : fs::directory_iterator(golden_path(folder))) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".mof")) files[name] = file_text(entry.path().string());
    if (name != "warnings") continue;
    std::istringstream words(file_text(entry.path().string()));
    for (std::string word; words >> word;) ASSERT_TRUE(options.warnings.add(word)) << word;
  }
  expect_golden(folder + "said.txt", compile_files(std::move(files), options, {"main.mof"}).said());
}

INSTANTIATE_TEST_SUITE_P(Mof, Case, testing::ValuesIn(case_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace qm::mof
