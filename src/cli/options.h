// The command line as a value. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace qm::cli {

inline constexpr std::size_t kMostArgumentBytes = 4096;
inline constexpr std::uint64_t kLeastIntervalMs = 10;
inline constexpr std::uint64_t kMostIntervalMs = 86'400'000;
inline constexpr std::uint64_t kMostSamples = 1'000'000'000;

enum class Format : std::uint8_t { text, json, csv, mof, nagios };

struct Options {
  std::string command;          // as in docs/commands.md
  std::string subject;          // a class, path, counter or query; "" where optional
  std::string action;           // of user: add, remove, list, passwd
  std::string role = "read";    // of user add
  bool password_stdin = false;  // of user add and passwd
  std::string state_dir = "/var/lib/quickmode";  // of user
  std::string name_space = "root/wmi";           // of a query
  std::string host;           // of a query: another host's URL; "": this one's service
  std::string user;           // to log in as there; "": without a login
  std::string ca_file;        // whom to trust there, in PEM; "": whom the system trusts
  std::string password_file;  // "": $QUICKMODE_PASSWORD, or the terminal is asked
  std::string instance;       // a glob on names or short names; "": all
  Format format = Format::text;
  bool rates = false;
  std::uint64_t interval_ms = 1000;
  std::uint64_t samples = 1;  // 0: until interrupted
  std::string runtime_dir = "/run/quickmode";
  ColorChoice color = ColorChoice::automatic;
};

struct Parsed {
  bool run = false;  // else: print out and err, and exit
  Options options;
  int exit_code = 0;
  std::string out;  // help, version
  std::string err;
};

// arguments: without the program's name. environment_runtime_dir: $QUICKMODE_RUNTIME_DIR, or
// nullptr.
Parsed parse_options(std::span<const std::string_view> arguments,
                     const char* environment_runtime_dir);

}  // namespace qm::cli
