#include "mof/tool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mof/file.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

namespace fs = std::filesystem;

class Tool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("tool");
    fs::create_directories(folder_ / "inc");
    write("good.mof", "#include \"b.mof\"\nclass A : B { uint8 x = N; };\n");
    write("inc/b.mof", "class B {};\n");
    write("bad.mof", "class A { uint8 ; };\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
  }

  // Runs mofc; what it wrote to standard output is in out_, to standard error in err_.
  int mofc(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "mofc");
    std::vector<char*> argv;
    for (std::string& one : arguments) argv.push_back(one.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_mofc(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(Tool, CheckSaysFine) {
  EXPECT_EQ(mofc({"check", path("good.mof"), "-I", path("inc"), "-D", "N=5"}), 0);
  EXPECT_EQ(out_, "2 classes, 0 instances: 0 errors, 0 warnings\n");
  EXPECT_EQ(err_, "");
}

TEST_F(Tool, CheckSaysWhatIsWrongWithoutColourInAFile) {
  EXPECT_EQ(mofc({"check", path("bad.mof")}), 1);
  EXPECT_EQ(out_, "1 class, 0 instances: 1 error, 0 warnings\n");
  EXPECT_EQ(err_, path("bad.mof") +
                      ":1:17: error: expected the name of a property or method, found ';' "
                      "[syntax]\nclass A { uint8 ; };\n                ^\n");
}

TEST_F(Tool, CheckAsJson) {
  EXPECT_EQ(mofc({"check", "--json", path("bad.mof")}), 1);
  EXPECT_TRUE(out_.starts_with("{\n  \"errors\": 1,"));
  EXPECT_EQ(err_, "");
}

TEST_F(Tool, AMissingFileIsAnError) {
  EXPECT_EQ(mofc({"check", path("none.mof")}), 1);
  EXPECT_EQ(err_,
            "error: cannot read " + path("none.mof") + ": there is no such file [unreadable]\n");
}

TEST_F(Tool, FoldersAndFifosAreNoSources) {
  EXPECT_EQ(mofc({"check", path("inc")}), 1);
  EXPECT_NE(err_.find("not a regular file"), std::string::npos);
}

TEST_F(Tool, HeaderToAFile) {
  EXPECT_EQ(mofc({"header", path("good.mof"), "-I", path("inc"), "-DN", "-o", path("o.h")}), 0);
  EXPECT_TRUE(file_text(path("o.h")).starts_with("#ifndef _o_h_\n"));
  EXPECT_EQ(out_, "");
}

TEST_F(Tool, HeaderToStandardOutputIsNamedByTheSource) {
  EXPECT_EQ(mofc({"header", "--wmimofck", path("good.mof"), "-I", path("inc"), "-DN"}), 0);
  EXPECT_EQ(out_, "#ifndef _good_h_\n#define _good_h_\n\n#endif\n");
}

TEST_F(Tool, WhatStoodThereStaysWhenTheInputIsWrong) {
  write("o.h", "before");
  EXPECT_EQ(mofc({"header", path("bad.mof"), "-o", path("o.h")}), 1);
  EXPECT_EQ(file_text(path("o.h")), "before");
}

TEST_F(Tool, OutputThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(mofc({"header", path("good.mof"), "-I", path("inc"), "-DN", "-o", path("none/o.h")}),
            1);
  EXPECT_TRUE(err_.starts_with("mofc: cannot write " + path("none/o.h"))) << err_;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 3);
}

TEST_F(Tool, ALinkStaysALinkAndADeviceADevice) {
  write("real.h", "before");
  fs::create_symlink(path("real.h"), path("link.h"));
  EXPECT_TRUE(write_file(path("link.h"), "after"));
  EXPECT_TRUE(fs::is_symlink(path("link.h")));
  EXPECT_EQ(file_text(path("real.h")), "after");
  EXPECT_TRUE(write_file("/dev/null", "gone"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Tool, DumpForPeopleAndPrograms) {
  EXPECT_EQ(mofc({"dump", path("good.mof"), "-I", path("inc"), "-DN"}), 0);
  EXPECT_TRUE(out_.starts_with("class B\nclass A : B\n")) << out_;
  EXPECT_EQ(mofc({"dump", "--json", path("good.mof"), "-I", path("inc"), "-DN"}), 0);
  EXPECT_TRUE(out_.starts_with("{\n  \"classes\": [\n")) << out_;
}

TEST_F(Tool, NamespaceBeforeAnyPragma) {
  EXPECT_EQ(mofc({"dump", "--json", "--namespace", "root/x", path("inc/b.mof")}), 0);
  EXPECT_NE(out_.find("\"namespace\": \"root\\\\x\""), std::string::npos) << out_;
}

TEST_F(Tool, AWrongCommandLineIsUsage) {
  EXPECT_EQ(mofc({}), 64);
  EXPECT_EQ(mofc({"frobnicate"}), 64);
  EXPECT_EQ(mofc({"check"}), 64);
  EXPECT_EQ(mofc({"check", path("good.mof"), "--crlf"}), 64);
  EXPECT_EQ(mofc({"check", path("good.mof"), "-D", "1=2"}), 64);
  EXPECT_NE(err_.find("not a macro's name"), std::string::npos);
}

TEST_F(Tool, HelpIsFine) {
  EXPECT_EQ(mofc({"--help"}), 0);
  EXPECT_NE(out_.find("check"), std::string::npos);
  EXPECT_EQ(mofc({"header", "--help"}), 0);
  EXPECT_NE(out_.find("--crlf"), std::string::npos);
}

}  // namespace
}  // namespace qm::mof
