// What a story publishes, whole: every number, quality, verdict and SA. The checker knows what must
// hold; the record knows what was told before, so that a total that is told to be worse than it
// need be shows, too.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "hba/report.h"

namespace qm::sim {

// A line for each adapter, session and SA, the host and the collector's health; zeros and what is
// exact are left out.
std::string text_of(const hba::Report& report);

// Of each story, by seed: how often it published, and the digest (FNV-1a) of all those texts.
class Record {
 public:
  void publish(std::string_view text);
  std::string line() const;  // "19 publications, 0123456789abcdef"

 private:
  unsigned publications_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325;
};

// Seeds and lines, as a file holds them: "SEED: LINE".
std::map<std::uint64_t, std::string> read_records(const std::string& path);
void write_records(const std::string& path, const std::map<std::uint64_t, std::string>& records);

}  // namespace qm::sim
