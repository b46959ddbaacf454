// The class that all this is about: the seed's own text, and ours.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/guid.h"
#include "mof/dump.h"
#include "mof/file.h"
#include "mof/header.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

const std::string kMof = QM_SOURCE_DIR "/mof/";

Compiled compile_disk(const std::vector<std::string>& paths) {
  Compiled compiled;
  compiled.model = compile(paths, disk_reader(), {}, compiled.diagnostics);
  return compiled;
}

// Runs of white space as one blank, none at the ends.
std::string words(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

const Class& stats_class(const Compiled& compiled) {
  const Class* found = compiled.model.find_class("MSiSCSI_QMIPSECStats");
  EXPECT_NE(found, nullptr);
  static const Class kNone;
  return found == nullptr ? kNone : *found;
}

TEST(Seed, ItsClassPassesWithWarnings) {
  Compiled compiled =
      compile_files({{"seed.mof", file_text(golden_path("seed.mof"))}}, {}, {"seed.mof"});
  EXPECT_FALSE(compiled.diagnostics.has_errors());
  expect_golden("seed.txt", compiled.said());
  expect_golden("seed.dump", dump_text(compiled.model));
}

TEST(Seed, TheGoldenFileIsTheSeedsBlock) {
  std::string seed;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(QM_SHARED_DIR "/seed", none)) {
    const std::string text = file_text(entry.path().string());
    if (text.find("class MSiSCSI_QMIPSECStats") != std::string::npos) seed = text;
  }
  if (seed.empty()) GTEST_SKIP() << "the seed is not here";
  const std::size_t begin = seed.find("```cpp\n") + 7;
  EXPECT_EQ(seed.substr(begin, seed.find("```", begin) - begin),
            file_text(golden_path("seed.mof")));
}

TEST(Seed, OursIsTheSameBlockToTheByte) {
  const Compiled seed = compile_disk({golden_path("seed.mof")});
  const Compiled ours = compile_disk({kMof + "iscsiprf.mof"});
  EXPECT_FALSE(ours.diagnostics.has_errors());
  const Layout theirs_laid_out = layout_of(seed.model, stats_class(seed));
  const Layout ours_laid_out = layout_of(ours.model, stats_class(ours));
  EXPECT_EQ(theirs_laid_out.bytes, 144U);
  EXPECT_EQ(ours_laid_out.bytes, 144U);
  ASSERT_EQ(theirs_laid_out.fields.size(), 18U);
  ASSERT_EQ(ours_laid_out.fields.size(), 18U);
  for (std::size_t i = 0; i < 18; ++i) {
    const Field& theirs = theirs_laid_out.fields[i];
    const Field& own = ours_laid_out.fields[i];
    EXPECT_EQ(own.property->name, theirs.property->name);
    EXPECT_EQ(own.data_id, i + 1);
    EXPECT_EQ(theirs.data_id, i + 1);
    EXPECT_EQ(own.offset, 8 * i);
    EXPECT_EQ(theirs.offset, 8 * i);
    EXPECT_EQ(own.bytes, 8U);
  }
}

TEST(Seed, OursSaysWhatTheSeedSays) {
  const Compiled seed = compile_disk({golden_path("seed.mof")});
  const Compiled ours = compile_disk({kMof + "iscsiprf.mof"});
  for (const Property& theirs : stats_class(seed).properties) {
    const Property* own = stats_class(ours).property(theirs.name);
    ASSERT_NE(own, nullptr) << theirs.name;
    EXPECT_EQ(own->type, theirs.type);
    ASSERT_EQ(own->qualifiers.size(), theirs.qualifiers.size()) << theirs.name;
    for (const Qualifier& qualifier : theirs.qualifiers) {
      const Qualifier* same = find(own->qualifiers, qualifier.name);
      ASSERT_NE(same, nullptr) << theirs.name << " " << qualifier.name;
      EXPECT_EQ(same->flavor, qualifier.flavor);
      EXPECT_EQ(uint_of(own->qualifiers, qualifier.name),
                uint_of(theirs.qualifiers, qualifier.name));
    }
    const auto text = text_of(theirs.qualifiers, "Description");
    if (!text) continue;
    EXPECT_EQ(text_of(own->qualifiers, "Description"), words(*text));
    // The seed's cpp_quotes have typing errors; mended, each says what the description says.
    EXPECT_EQ(text_of(own->qualifiers, "cpp_quote"), "// " + words(*text));
  }
}

TEST(Seed, OursIsARegisteredPerformanceClass) {
  const Compiled ours = compile_disk({kMof + "iscsiprf.mof"});
  const Class& stats = stats_class(ours);
  EXPECT_EQ(stats.name_space, "root\\wmi");
  EXPECT_EQ(stats.superclass, "Win32_PerfRawData");
  EXPECT_EQ(text_of(stats.qualifiers, "guid"), "{b4d1c606-8682-4b7a-ac6b-d883d91555fb}");
  EXPECT_EQ(text_of(stats.qualifiers, "Provider"), "WMIProv");
  EXPECT_EQ(uint_of(stats.qualifiers, "PerfDetail"), 100U);
  for (const char* flag : {"Dynamic", "WMI", "HiPerf"}) {
    EXPECT_TRUE(flag_of(stats.qualifiers, flag)) << flag;
  }
  EXPECT_EQ(find(stats.qualifiers, "Description")->flavor, kAmended);
  const std::vector<const Class*> line = ours.model.lineage("MSiSCSI_QMIPSECStats");
  ASSERT_EQ(line.size(), 4U);
  EXPECT_EQ(line[2]->name, "Win32_Perf");
  EXPECT_EQ(line[2]->properties.size(), 6U);
  EXPECT_EQ(line[3]->name, "CIM_StatisticalInformation");
}

struct Published {
  const char* name;
  const char* guid;
  std::size_t items;
  std::uint32_t bytes;
  std::uint32_t last_offset;
};

TEST(Seed, TheOtherClassesAreTheBlocksThatDriversKnow) {
  constexpr std::array<Published, 8> kClasses = {
      {{"MSiSCSI_QMIPSECStats", "b4d1c606-8682-4b7a-ac6b-d883d91555fb", 18, 144, 136},
       {"MSiSCSI_MMIPSECStats", "36b58ea2-c461-4bb0-ac8e-952f59d251ed", 21, 168, 160},
       {"MSiSCSI_ConnectionStatistics", "4ae27cd9-8dfa-4c37-a42c-b88a93e3e521", 8, 504, 496},
       {"MSiSCSI_SessionStatistics", "c827993c-6d1f-4194-9b5c-d7c0a5f1cfb7", 10, 520, 512},
       {"MSiSCSI_InitiatorLoginStatistics", "f022f413-3bf5-47ec-a942-33b81cf8e7ff", 10, 44, 40},
       {"MSiSCSI_InitiatorInstanceStatistics", "fa30c290-68db-430a-af76-91a2e1c49154", 5, 24, 20},
       {"MSiSCSI_NICPerformance", "5c59fd61-e919-4687-84e2-7200abe2209b", 4, 16, 12},
       {"MSiSCSI_RequestTimeStatistics", "e0b40aa8-544b-4d5e-ba60-a03f136da83d", 6, 480, 476}}};
  const Compiled ours = compile_disk({kMof + "iscsiprf.mof"});
  for (const Published& published : kClasses) {
    SCOPED_TRACE(published.name);
    const Class* one = ours.model.find_class(published.name);
    ASSERT_NE(one, nullptr);
    ASSERT_TRUE(one->guid().has_value());
    EXPECT_EQ(guid_text(*one->guid()), published.guid);
    EXPECT_EQ(one->superclass, "Win32_PerfRawData");
    const Layout layout = layout_of(ours.model, *one);
    ASSERT_EQ(layout.fields.size(), published.items);
    EXPECT_EQ(layout.bytes, published.bytes);
    EXPECT_EQ(layout.fields.back().offset, published.last_offset);
  }
}

TEST(Seed, TheHeaderIsThisText) {
  const Compiled ours = compile_disk({kMof + "iscsiprf.mof"});
  HeaderOptions options;
  options.guard = guard_of("out/iscsiprf.h");
  expect_golden("iscsiprf.h.txt", emit_header(ours.model, options));
}

TEST(Seed, AllOurClassesCompileTogetherWithoutAWarning) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kMof)) {
    if (entry.path().extension() == ".mof") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  const Compiled compiled = compile_disk(paths);
  // NICPerformance has no Active, and RequestTimeStatistics 64-bit counter types on 32-bit numbers:
  // as published, so that the blocks stay what drivers know.
  std::string warnings;
  for (const Diagnostic& one : compiled.diagnostics.all()) {
    if (one.severity != Severity::note) warnings += one.code + " ";
  }
  EXPECT_EQ(warnings, "no-active counter-width counter-width ");
  EXPECT_GE(compiled.model.classes.size(), 4U);
}

}  // namespace
}  // namespace qm::mof
