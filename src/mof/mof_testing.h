// What the tests of this folder share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mof/memory_reader.h"
#include "mof/mof.h"

namespace qm::mof {

struct Compiled {
  Diagnostics diagnostics;
  Model model;
  std::string said() const { return diagnostics.text(); }
  // The codes of what was said, in order, each behind its severity: "error syntax\n".
  std::string codes() const {
    std::string out;
    for (const Diagnostic& one : diagnostics.all()) {
      out += std::string(severity_name(one.severity)) + " " + one.code + "\n";
    }
    return out;
  }
};

inline Compiled compile_files(std::map<std::string, std::string> files, Options options = {},
                              std::vector<std::string> paths = {"t.mof"}) {
  Compiled compiled;
  compiled.model = compile(paths, memory_reader(std::move(files)), options, compiled.diagnostics);
  return compiled;
}

inline Compiled compile_text(std::string text, Options options = {}) {
  return compile_files({{"t.mof", std::move(text)}}, std::move(options));
}

inline std::string codes(std::string text) {
  return compile_text(std::move(text)).codes();
}

inline Bytes bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::string golden_path(std::string_view name) {
  return std::string(QM_SOURCE_DIR "/tests/golden/mof/") + std::string(name);
}

// A folder of its own, so that tests of several builds can run at once. The caller removes it.
inline std::filesystem::path fresh_folder(const std::string& name) {
  std::random_device random;
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("quickmode_" + name + "_" + std::to_string(random()) + std::to_string(random()));
  std::filesystem::create_directories(folder);
  return folder;
}

// The text is what the golden file says; UPDATE_GOLDEN=1 makes it so.
inline void expect_golden(std::string_view name, const std::string& text) {
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream(golden_path(name), std::ios::binary) << text;
  }
  EXPECT_EQ(file_text(golden_path(name)), text) << "golden file " << name;
}

}  // namespace qm::mof
