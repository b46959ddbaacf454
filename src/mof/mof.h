// The MOF compiler as a library: text in, Model and diagnostics out; emitters beside it.
//
// Promise: bad input of any kind ends in diagnostics, never in a crash, a hang or more memory than
// the limits allow; the same input gives the same output. Files are reached only through the
// FileReader that the caller hands in. Threads: none inside; calls are independent.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "base/kept_text.h"
#include "base/result.h"

#include "mof/model.h"
#include "mof/warnings.h"

namespace qm::mof {

// The text of a file by path, or why not; a std::string does. #include and #pragma include go
// through it.
using FileReader = std::function<Result<KeptText>(const std::string& path)>;
FileReader disk_reader();  // file_linux.cc: regular files up to kMostSourceBytes

struct Options {
  std::vector<std::string> include_dirs;
  std::vector<std::pair<std::string, std::string>> defines;  // NAME, VALUE
  std::string name_space;  // for classes before any #pragma namespace; "" = none given
  WarningChoice warnings;
  // False: what is wrong with a driver's data block is a warning, for those who, like mofcomp, do
  // not lay it out.
  bool strict_blocks = true;
};

// Parses and checks all sources as one compilation. The model holds what could be understood even
// when there are errors; use it only if !diagnostics.has_errors().
Model compile(const std::vector<std::string>& paths, const FileReader& read, const Options& options,
              Diagnostics& diagnostics);

// The same checks of a model that came another way, such as out of a binary MOF. Places are none.
void check_model(const Model& model, Diagnostics& diagnostics);

}  // namespace qm::mof
