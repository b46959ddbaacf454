#include "mofc/tool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "mof/file.h"
#include "mof/mof_testing.h"
#include "mofc/server.h"

namespace qm::mofc {

using namespace mof;
namespace {

namespace fs = std::filesystem;

class Tool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("tool");
    ::setenv("QUICKMODE_RUNTIME_DIR", folder_.c_str(), 1);  // where nobody serves
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
  int mofc(const std::vector<std::string>& arguments) { return called("mofc", arguments); }
  int called(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), name);
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

TEST_F(Tool, AWrongCommandLineIsToldWhichWordIsWrong) {
  EXPECT_EQ(mofc({"chek"}), 64);
  EXPECT_EQ(err_, "mofc: there is no command 'chek'; did you mean 'check'?\nTry `mofc --help`.\n");
  EXPECT_EQ(mofc({"check", "--bogus"}), 64);
  EXPECT_EQ(err_, "mofc: unknown option --bogus\nTry `mofc check --help`.\n");
  EXPECT_EQ(mofc({"check"}), 64);
  EXPECT_EQ(err_, "mofc: FILE is required\nTry `mofc check --help`.\n");
  EXPECT_EQ(mofc({}), 64);
  EXPECT_NE(err_.find("Subcommands:"), std::string::npos);
}

// Standard input can be read once a process.
TEST_F(Tool, ReadsStandardInputAndWritesStandardOutput) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const std::string_view text = "class A { uint8 x };";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const int before = ::dup(STDIN_FILENO);
  ASSERT_EQ(::dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  EXPECT_EQ(mofc({"check", "-"}), 1);
  EXPECT_NE(err_.find("-:1:19: error: "), std::string::npos) << err_;
  EXPECT_EQ(mofc({"dump", "-", "-o", "-"}), 1);
  EXPECT_FALSE(fs::exists("-"));
  EXPECT_EQ(mofc({"dump", path("inc/b.mof"), "-o", "-"}), 0);
  EXPECT_TRUE(out_.starts_with("class B")) << out_;
  ASSERT_EQ(::dup2(before, STDIN_FILENO), STDIN_FILENO);
  ::close(before);
  ::close(ends[0]);
}

TEST_F(Tool, HelpIsFine) {
  EXPECT_EQ(mofc({"--help"}), 0);
  EXPECT_NE(out_.find("check"), std::string::npos);
  EXPECT_EQ(mofc({"header", "--help"}), 0);
  EXPECT_NE(out_.find("--crlf"), std::string::npos);
}

TEST_F(Tool, HelpFitsATerminal) {
  for (const std::string command : {"", "check", "header", "bmf", "decompile", "dump", "diff"}) {
    EXPECT_EQ(command.empty() ? mofc({"--help"}) : mofc({command, "--help"}), 0);
    std::istringstream lines(out_);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST_F(Tool, BinaryMofComesBackFromItsText) {
  EXPECT_EQ(mofc({"bmf", path("good.mof"), "-I", path("inc"), "-D", "N=5", "-o", path("a.bmf")}), 0)
      << err_;
  EXPECT_EQ(mofc({"decompile", path("a.bmf"), "-o", path("a.mof")}), 0) << err_;
  EXPECT_EQ(file_text(path("a.mof")), "class B\n{\n};\n\nclass A : B\n{\n  uint8 x = 5;\n};\n");
  EXPECT_EQ(mofc({"bmf", path("a.mof")}), 0);
  EXPECT_EQ(out_, file_text(path("a.bmf")));
  EXPECT_EQ(mofc({"bmf", "-x", path("a.mof")}), 0);
  EXPECT_TRUE(out_.starts_with("Name(WQMO, Buffer(")) << out_;
  EXPECT_NE(out_.find("    0x46, 0x4f, 0x4d, 0x42, 0x01, 0x00,"), std::string::npos) << out_;
  EXPECT_EQ(mofc({"dump", path("a.bmf")}), 0);
  EXPECT_EQ(out_, "class B\nclass A : B\n                        uint8       x\n");
}

TEST_F(Tool, WhatIsNoBinaryMofSaysSo) {
  EXPECT_EQ(mofc({"decompile", path("good.mof")}), 1);
  EXPECT_EQ(err_, "mofc: " + path("good.mof") + ": no binary MOF: it does not begin with 'FOMB'\n");
  write("cut.bmf", std::string("FOMB\1\0\0\0", 8));
  EXPECT_EQ(mofc({"dump", path("cut.bmf")}), 1);
  EXPECT_EQ(err_, "error: " + path("cut.bmf") +
                      ": the file ends within its header of 16 bytes [bad-bmf]\n");
  EXPECT_EQ(mofc({"decompile"}), 64);
}

TEST_F(Tool, TellsMakeWhatTheOutputWasMadeOf) {
  write("one $#.mof", "#include \"inc.mof\"\nclass A : Base { };");
  write("inc.mof", "#pragma include(\"inc2.mof\")\n");
  write("inc2.mof", "class Base { uint8 x; };");
  EXPECT_EQ(mofc({"bmf", path("one $#.mof"), "-DN", "-o", path("a b.bmf"), "--depfile", path("d")}),
            0)
      << err_;
  EXPECT_EQ(file_text(path("d")), path("a\\ b.bmf") + ": \\\n  " + path("inc.mof") + " \\\n  " +
                                      path("inc2.mof") + " \\\n  " + path("one\\ $$\\#.mof") +
                                      "\n");
  EXPECT_EQ(mofc({"header", path("one $#.mof"), "-o", path("a.h"), "--depfile", path("no/d")}), 1);
  EXPECT_FALSE(fs::exists(path("a.h")));
}

TEST_F(Tool, DiffTellsByItsExitCode) {
  write("old.mof", "class A { uint8 x; };");
  write("new.mof", "class A { uint16 x; };");
  EXPECT_EQ(mofc({"diff", path("old.mof"), path("old.mof")}), 0);
  EXPECT_EQ(mofc({"diff", path("old.mof"), path("new.mof")}), 1);
  EXPECT_EQ(out_,
            "breaks  A.x: type: uint8 became uint16\n1 change, 1 of them breaks binary "
            "compatibility\n");
  EXPECT_EQ(mofc({"diff", path("old.mof")}), 64);
}

TEST_F(Tool, IsMofcompUnderItsName) {
  write("plain.mof", "class A { uint8 x; };");
  EXPECT_EQ(called("/usr/bin/mofcomp", {"-b:" + path("a.bmf"), "-N:root\\wmi", path("plain.mof")}),
            0)
      << err_;
  EXPECT_EQ(mofc({"bmf", "--namespace", "root\\wmi", path("plain.mof")}), 0);
  EXPECT_EQ(out_, file_text(path("a.bmf")));
  EXPECT_EQ(called("MOFCOMP.EXE", {"-Check", "-class:forceupdate", path("plain.mof")}), 0);
  EXPECT_EQ(called("mofcomp", {path("plain.mof")}), 1);
  EXPECT_EQ(err_, "mofcomp: quickmode-serve is not running: nobody listens on " +
                      path("query.sock") + "\n");
  EXPECT_EQ(called("mofcomp", {"-nonsense", path("plain.mof")}), 2);
  EXPECT_EQ(called("mofcomp", {"-class:sometimes", "-check", path("plain.mof")}), 2);
  EXPECT_EQ(err_, "mofcomp: -class:sometimes: no such option here\n");
  EXPECT_EQ(called("mofcomp", {"-WMIx", "-check", path("plain.mof")}), 2);
  EXPECT_EQ(called("mofcomp", {"/class:ForceUpdate", "-wmi", "-check", path("plain.mof")}), 0);
  EXPECT_EQ(called("mofcomp", {"-AMENDMENT:ms_407", path("plain.mof")}), 2);
  EXPECT_EQ(called("mofcomp", {"-MOF:" + path("n.mof"), path("plain.mof")}), 2);
  write("amended.mof", "#pragma amendment(\"ms_407\")\n[D(\"x\"):amended] class A { uint8 x; };");
  EXPECT_EQ(called("mofcomp", {"-MFL:" + path("l.mfl"), path("amended.mof")}), 0) << err_;
  EXPECT_NE(file_text(path("l.mfl")).find("\"ms_407\""), std::string::npos);
  EXPECT_EQ(called("mofcomp", {"/?"}), 0);
  EXPECT_TRUE(out_.starts_with("usage: mofcomp "));
  EXPECT_EQ(called("mofcomp", {}), 2);
  EXPECT_EQ(called("mofcomp", {"-check", path("bad.mof")}), 3);
}

TEST_F(Tool, SplitsAmendmentsAsMofcomp) {
  write("whole.mof", "[WMI, Description(\"d\") : Amended] class A {};");
  EXPECT_EQ(called("mofcomp", {"-AMENDMENT:ms_407", "-MOF:" + path("n.mof"),
                               "-MFL:" + path("l.mfl"), path("whole.mof")}),
            0)
      << err_;
  EXPECT_EQ(file_text(path("n.mof")), "[WMI]\nclass A\n{\n};\n");
  EXPECT_NE(file_text(path("l.mfl")).find("LOCALE(1031)"), std::string::npos);
}

TEST_F(Tool, IsWmimofckUnderItsName) {
  const std::string text = file_text(golden_path("every.mof"));
  write("every.mof", text);
  EXPECT_EQ(called("mofcomp", {"-B:" + path("every.bmf"), path("every.mof")}), 0) << err_;
  EXPECT_EQ(called("wmimofck", {"-h" + path("every.h"), "-m", "-u", "-c" + path("every.c"),
                                "-x" + path("every.txt"), path("every.bmf")}),
            0)
      << err_;
  EXPECT_EQ(mofc({"header", "--wmimofck", "--crlf", path("every.mof")}), 0);
  EXPECT_EQ(out_, file_text(path("every.h")));
  expect_golden("every.c.txt", file_text(path("every.c")));
  EXPECT_EQ(called("wmimofck", {path("every.bmf"), "-q"}), 1);
  EXPECT_EQ(called("wmimofck", {"-?"}), 0);
  EXPECT_TRUE(out_.starts_with("usage: wmimofck "));
  EXPECT_EQ(called("wmimofck", {}), 1);
}

TEST_F(Tool, WmimofckPutsTheHalvesTogetherForTheBinary) {
  write("whole.mof",
        "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n"
        "[WMI, Description(\"d\") : Amended] class A { uint8 x; };");
  EXPECT_EQ(called("mofcomp", {"-Amendment:MS_409", "-MFL:" + path("l.mfl"),
                               "-MOF:" + path("n.mof"), path("whole.mof")}),
            0);
  EXPECT_EQ(called("wmimofck", {"-y" + path("n.mof"), "-z" + path("l.mfl"), path("both.mof")}), 0);
  EXPECT_EQ(called("mofcomp", {"-B:" + path("both.bmf"), path("both.mof")}), 0) << err_;
  EXPECT_EQ(mofc({"decompile", path("both.bmf")}), 0);
  EXPECT_NE(out_.find("root\\\\wmi\\\\MS_409"), std::string::npos) << out_;
  EXPECT_EQ(called("wmimofck", {"-y" + path("n.mof"), "-z" + path("none.mfl"), path("x.mof")}), 1);
}

TEST_F(Tool, WmimofckLooksAtWhatMofcompDoesNot) {
  write("gap.mof", "class A { [WmiDataId(1)] uint8 x; [WmiDataId(3)] uint8 y; };");
  EXPECT_EQ(mofc({"check", path("gap.mof")}), 1);
  EXPECT_EQ(called("mofcomp", {"-B:" + path("gap.bmf"), path("gap.mof")}), 0);
  EXPECT_NE(err_.find("warning: WmiDataId 3 without a 2 before it"), std::string::npos) << err_;
  EXPECT_EQ(called("wmimofck", {"-h" + path("gap.h"), path("gap.bmf")}), 1);
  EXPECT_FALSE(fs::exists(path("gap.h")));
  EXPECT_EQ(mofc({"check", path("gap.bmf")}), 1);
  EXPECT_NE(err_.find("gap.bmf:4:4: error: WmiDataId 3 without a 2 before it [data-id-gap]\n"
                      "  [WmiDataId(3)] uint8 y;\n"),
            std::string::npos)
      << err_;
}

// As Linux shows the binary MOFs of firmware, made up.
TEST_F(Tool, DecompilesWhatFirmwareHolds) {
  const std::string device = "sys/bus/wmi/devices/05901221-D566-11D1-B2F0-00A0C9062910";
  const std::string other = device + "-1";
  for (const std::string& one : {device, other}) fs::create_directories(folder_ / one);
  write("plain.mof", "class A { uint8 x; };");
  EXPECT_EQ(mofc({"bmf", path("plain.mof"), "-o", path(device + "/bmof")}), 0);
  EXPECT_EQ(mofc({"bmf", path("plain.mof"), "-o", path(other + "/bmof")}), 0);
  EXPECT_EQ(mofc({"decompile", path(device + "/bmof")}), 0) << err_;
  EXPECT_EQ(out_, "class A\n{\n  uint8 x;\n};\n");
  EXPECT_EQ(mofc({"decompile", path(device + "/bmof"), path(other + "/bmof")}), 0) << err_;
  EXPECT_EQ(out_, "// " + path(device + "/bmof") + "\nclass A\n{\n  uint8 x;\n};\n\n// " +
                      path(other + "/bmof") + "\nclass A\n{\n  uint8 x;\n};\n");
}

// A file with a string of a gigabyte: a hole, which costs the disk nothing.
TEST_F(Tool, AGigabyteIsRefusedBeforeItIsRead) {
  write("huge.mof", "class A { string s = \"");
  fs::resize_file(path("huge.mof"), std::uintmax_t{1} << 30U);
  EXPECT_EQ(mofc({"check", path("huge.mof")}), 1);
  EXPECT_NE(err_.find("more than 16 MiB"), std::string::npos) << err_;
  EXPECT_EQ(mofc({"bmf", path("huge.mof")}), 1);
  EXPECT_EQ(mofc({"decompile", path("huge.mof")}), 1);
  EXPECT_NE(err_.find("more than 256 MiB"), std::string::npos) << err_;
}

TEST_F(Tool, FilesUpToTheLimitAreRead) {
  write("some.txt", std::string(1'000, 'x'));
  EXPECT_EQ(read_file(path("some.txt"), 1'000)->size(), 1'000U);
  EXPECT_EQ(read_file(path("some.txt"), 999).error().code, ErrorCode::limit);
  EXPECT_EQ(read_front(path("some.txt"), 4).value_or(""), "xxxx");
  EXPECT_EQ(read_front(path("some.txt"), 2'000)->size(), 1'000U);
  EXPECT_FALSE(read_front(path("none.txt"), 4));
  EXPECT_FALSE(read_file(folder_.string(), 1'000));
}

TEST_F(Tool, InvalidUtf16IsSaid) {
  write("odd.mof",
        "\xff\xfe"
        "c");
  EXPECT_EQ(mofc({"check", path("odd.mof")}), 1);
  EXPECT_NE(err_.find("UTF-16 with an odd number of bytes"), std::string::npos) << err_;
  write("half.mof", std::string("\xff\xfe"
                                "c\0"
                                "\x00\xd8",
                                6));
  EXPECT_EQ(mofc({"check", path("half.mof")}), 1);
  EXPECT_NE(err_.find("unpaired surrogate at byte 4"), std::string::npos) << err_;
}

TEST_F(Tool, WarningsAreChosen) {
  write("w.mof", "class A : Elsewhere {};");
  EXPECT_EQ(mofc({"check", path("w.mof")}), 0);
  EXPECT_NE(err_.find("[unknown-superclass]"), std::string::npos);
  EXPECT_EQ(mofc({"check", "-Wno-unknown-superclass", path("w.mof")}), 0);
  EXPECT_EQ(err_, "");
  EXPECT_EQ(mofc({"header", "-Werror", path("w.mof")}), 1);
  EXPECT_NE(err_.find("error: superclass 'Elsewhere'"), std::string::npos) << err_;
  EXPECT_EQ(mofc({"check", "-Wnonsense", path("w.mof")}), 64);
  EXPECT_EQ(err_,
            "mofc: -Wnonsense: there is no warning 'nonsense'; mofc check --help lists them\n");
  EXPECT_EQ(mofc({"check", "--help"}), 0);
  EXPECT_NE(out_.find("  unknown-superclass "), std::string::npos) << out_;
}

TEST_F(Tool, WhatABinaryMofCannotSayIsAWarning) {
  write("d.mof", "#pragma deleteclass(\"Old\", NOFAIL)\nclass A {};");
  EXPECT_EQ(mofc({"bmf", "-o", path("d.bmf"), path("d.mof")}), 0);
  EXPECT_NE(err_.find("[not-in-binary]"), std::string::npos) << err_;
}

TEST(Server, AnswersAreRead) {
  EXPECT_EQ(read_server_answer("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}").value_or("?"), "{}");
  const auto refused = read_server_answer(
      "HTTP/1.1 409 Conflict\r\n\r\n{\"error\": {\"status\": 409, \"message\": \"no\\u001b\"}}");
  EXPECT_EQ(refused.error().message, "no\\x1b");
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(read_server_answer("HTTP/1.1 403 No\r\n\r\n").error().code, ErrorCode::denied);
  EXPECT_EQ(read_server_answer("HTTP/1.1 500 No\r\n\r\n[]").error().message,
            "quickmode-serve answered with status 500");
  for (const char* bad :
       {"", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "FTP 200\r\n\r\n", "HTTP/1.1 999\r\n\r\n"}) {
    EXPECT_FALSE(read_server_answer(bad)) << bad;
  }
}

TEST_F(Tool, WhatCannotBeWrittenLeavesWhatWasThere) {
  EXPECT_EQ(mofc({"bmf", path("bad.mof"), "-o", path("good.mof")}), 1);
  EXPECT_TRUE(file_text(path("good.mof")).starts_with("#include"));
  EXPECT_EQ(mofc({"decompile", path("good.mof"), "-o", path("nowhere/out.mof")}), 1);
  EXPECT_FALSE(fs::exists(path("nowhere")));
}

}  // namespace
}  // namespace qm::mofc
