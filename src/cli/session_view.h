// The sessions with what belongs to them, joined from one snapshot: adapter, SAs, disks, mounts.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/model.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace qm::cli {

// Quickmode_Session.Protection, mof/quickmode.mof.
enum class Protection : std::uint8_t {
  unknown = 0,
  protected_ = 1,
  integrity_only = 2,
  unprotected = 3
};

// Data older than this says nothing about now: a session that was protected is then unknown.
inline constexpr std::uint64_t kMostVerdictAgeMs = 60'000;

struct SessionView {
  const Instance* session = nullptr;
  Protection protection = Protection::unknown;
  bool stale = false;                  // protection was better, but is older than kMostVerdictAgeMs
  std::vector<const Instance*> disks;  // Quickmode_SessionDisk
  std::vector<const Instance*> sas;    // Quickmode_SA
};

struct Sessions {
  std::vector<Instances> snapshot;  // what the views point into
  ClassInfo sa_info;
  std::vector<SessionView> views;
  std::uint64_t providers = 0;
  bool refreshed = true;
};

Result<Sessions> fetch_sessions(Api& api);

std::string_view protection_word(Protection protection);  // for JSON: "integrity only"
Style style_of(Protection protection);

// "sdb → mpatha on /mnt/data (256 MiB)", a way to a file system each; empty without disks.
std::vector<std::string> disk_lines(const SessionView& view, const Terminal& terminal);
// "out 0xc1a2b3c4 ESP transport rfc4106(gcm(aes)), 4,325,376 bytes".
std::string sa_line(const ClassInfo& info, const Instance& sa, const Terminal& terminal);
std::string spi_text(const Instance& sa);

// Everything about a session, for people and for JSON. advice: with what to do.
Record session_record(const Sessions& sessions, const SessionView& view, const Terminal& terminal,
                      bool sas);

}  // namespace qm::cli
