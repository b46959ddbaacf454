// docs/counters.md is made from the classes: it says what `quickmode explain` says, or this fails.
// UPDATE_GOLDEN=1 writes it anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "wmi/repository.h"

namespace qm::wmi {
namespace {

std::string section(const ClassEntry& entry) {
  std::string text = fmt::format("\n## {}\n\n{}.\n", entry.name(), entry.description);
  text += "\n| id | counter | kind, unit | what | where it comes from |\n|---|---|---|---|---|\n";
  for (const PropertyEntry& property : entry.properties) {
    if (!property.semantics || property.field == nullptr) continue;
    const Semantics& says = *property.semantics;
    std::string definition = one_line(says.definition);
    if (says.source) {
      definition += fmt::format(" `sum {} of {} where {}`", says.source->value,
                                says.source->class_name, says.source->where);
    }
    text += fmt::format("| {} | {} | {}, {} | {} | {} |\n", property.field->data_id,
                        property.property->name, says.kind, says.unit,
                        one_line(mof::text_of(property.property->qualifiers, "Description")
                                     .value_or(std::string_view())),
                        definition);
  }
  return text;
}

TEST(CountersPage, SaysWhatTheClassesSay) {
  const auto repository = Repository::built_in();
  ASSERT_TRUE(repository.has_value()) << repository.error().message;
  std::string page =
      "# The counters\n\n"
      "Made from `mof/*.mof` by `UPDATE_GOLDEN=1 build/asan/bin/test_wmi`; edit those. Bytes are "
      "the\n"
      "kernel's curlft: the protected payload (in transport mode the transport header and what\n"
      "follows it; in tunnel mode the inner IP header too), not wire bytes. Every value has a\n"
      "quality: *exact*, *at least*, *inferred*, or *unavailable*, which is NULL on every "
      "surface.\n";
  for (const char* name : {"MSiSCSI_QMIPSECStats", "Quickmode_Adapter", "Quickmode_SA",
                           "Quickmode_HostIPSECStats", "Quickmode_CollectorHealth"}) {
    const ClassEntry* entry = (*repository)->find(name);
    ASSERT_NE(entry, nullptr) << name;
    page += section(*entry);
  }
  const std::string path = QM_SOURCE_DIR "/docs/counters.md";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << page;
  std::ifstream file(path);
  const std::string written{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(written, page);
}

}  // namespace
}  // namespace qm::wmi
