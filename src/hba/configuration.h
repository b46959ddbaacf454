// quickmode-collect's settings: defaults, then a TOML file, then the command line. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qm::hba {

inline constexpr std::uint32_t kLeastIntervalMs = 100;
inline constexpr std::uint32_t kMostIntervalMs = 3'600'000;
inline constexpr std::size_t kMostConfigurationBytes = std::size_t{1} << 20U;

struct Configuration {
  std::string runtime_dir = "/run/quickmode";
  std::string state_dir = "/var/lib/quickmode";
  std::uint32_t interval_ms = 1000;                           // [collect] interval_ms
  bool probes = true;                                         // [collect] probes
  std::vector<std::string> vici_sockets{"/run/charon.vici"};  // [ike] vici

  std::string provider_socket() const { return runtime_dir + "/provider.sock"; }
  std::string state_file() const { return runtime_dir + "/ledger.state"; }
};

// Reads TOML over what is set already. Unknown keys and wrong types are errors, with file and line.
Result<void> read_toml(std::string_view text, const std::string& file_name,
                       Configuration& configuration);

}  // namespace qm::hba
