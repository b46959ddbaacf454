// The commands of mofc: each returns the program's exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mof/mof.h"

namespace qm::mofc {

struct CommandLine {
  std::vector<std::string> files;
  std::vector<std::string> defines;   // NAME or NAME=VALUE
  std::vector<std::string> warnings;  // what follows -W
  mof::Options options;
  std::string output;  // "": standard output
  bool json = false;
  bool crlf = false;
  bool as_wmimofck = false;
  bool hex = false;
  std::string stubs;     // "": none
  std::string depfile;   // "": none
  std::string resource;  // of a driver that holds several binary MOFs
};

int run_check(const CommandLine& line);
int run_header(const CommandLine& line);
int run_dump(const CommandLine& line);
int run_bmf(const CommandLine& line);
int run_decompile(const CommandLine& line);
int run_diff(const CommandLine& line);

// Warns of what the text says and a binary MOF cannot.
void warn_of_lost(const mof::Model& model, Diagnostics& diagnostics);
// Errors and warnings to standard error; false when there are errors. What a build is not asked
// about (notes) only `check` tells.
bool tell(const Diagnostics& diagnostics, Severity least);
// What the output was made of, for make and ninja, where --depfile asks for it; the exit code.
int deliver_depfile(const CommandLine& line, const Diagnostics& diagnostics);
// Says why there is nothing to deliver; the exit code.
int failed(std::string_view message);
// The text to -o or standard output; the exit code.
int deliver(const CommandLine& line, std::string_view text);

}  // namespace qm::mofc
