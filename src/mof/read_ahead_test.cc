#include "mof/read_ahead.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/descriptor_linux.h"
#include "mof/mof.h"

namespace qm::mof {
namespace {

using Paths = std::vector<std::string>;

TEST(ReadAhead, IncludesLieBesideTheFile) {
  EXPECT_EQ(
      included_paths("d/main.mof", "#pragma include (\"a.mof\")\n#pragma include(\"b/c.mof\")"),
      (Paths{"d/a.mof", "d/b/c.mof"}));
  EXPECT_EQ(included_paths("main.mof", "#pragma include(\"b\\\\c.mof\")"), Paths{"b//c.mof"});
  EXPECT_EQ(included_paths("d/main.mof", "#pragma include ( \"/e/a.mof\" )"), Paths{"/e/a.mof"});
}

TEST(ReadAhead, WhatIsNoIncludeNamesNothing) {
  for (const char* text :
       {"", "#pragma include", "#pragma include(", "#pragma include(\"", "#pragma include(\"a",
        "#pragma include(\"a\nb\")", "#pragma include(\"\")", "#pragma namespace(\"a\")",
        "class A { uint32 B; };"}) {
    EXPECT_EQ(included_paths("main.mof", text), Paths{}) << text;
  }
}

TEST(ReadAhead, NoMoreThanTheLimit) {
  std::string text;
  for (std::size_t i = 0; i <= kMostReadAhead; ++i) text += "#pragma include(\"a.mof\")\n";
  EXPECT_EQ(included_paths("main.mof", text).size(), kMostReadAhead);
}

// As many as it takes for a thread, one of them missing, none of them cached where the file system
// can do without: the compiler sees what it would have seen.
TEST(ReadAhead, TheCompilerSeesTheSame) {
  namespace fs = std::filesystem;
  std::string pattern = (fs::temp_directory_path() / "qm-ahead-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern;
  std::string text;
  for (std::size_t i = 0; i < 3 * kWorthAThread; ++i) {
    const std::string name = "part" + std::to_string(i) + ".mof";
    text += "#pragma include(\"" + name + "\")\n";
    if (i == 5) continue;
    std::ofstream(folder / name) << "class Part" + std::to_string(i) + " { uint8 A; };\n";
  }
  const std::string main = (folder / "main.mof").string();
  std::ofstream(main) << text;
  Diagnostics plain;
  Diagnostics ahead;
  const std::size_t classes = compile({main}, disk_reader(), {}, plain).classes.size();
  for (const fs::path& one : fs::directory_iterator(folder)) {
    const Descriptor file(::open(one.c_str(), O_RDONLY | O_CLOEXEC));
    ::fdatasync(file.get());
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
  EXPECT_EQ(compile({main}, reading_ahead(disk_reader()), {}, ahead).classes.size(), classes);
  EXPECT_EQ(plain.text(), ahead.text());
  EXPECT_TRUE(ahead.has_errors());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace qm::mof
