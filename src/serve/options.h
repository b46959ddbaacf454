// The command line of quickmode-serve.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "serve/config.h"

namespace qm::serve {

inline constexpr int kExitUsage = 64;  // sysexits.h EX_USAGE

struct Options {
  Config config;             // file, then flags
  std::optional<int> exits;  // --help, --version, bad usage: told already; leave with this
};

// Reads the configuration file that --config names. An error is the file's.
Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace qm::serve
