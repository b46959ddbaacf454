// The commands of mofc: each returns the program's exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mof/mof.h"

namespace qm::mof {

struct CommandLine {
  std::vector<std::string> files;
  Options options;
  std::string output;  // "": standard output
  bool json = false;
  bool crlf = false;
  bool as_wmimofck = false;
};

int run_check(const CommandLine& line);
int run_header(const CommandLine& line);
int run_dump(const CommandLine& line);

// Errors and warnings to standard error; false when there are errors. What a build is not asked
// about (notes) only `check` tells.
bool tell(const Diagnostics& diagnostics, Severity least);
// The text to -o or standard output; the exit code.
int deliver(const CommandLine& line, std::string_view text);

}  // namespace qm::mof
