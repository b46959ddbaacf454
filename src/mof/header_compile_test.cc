// The headers in the hands of real compilers: here as C and C++, and against Windows' own headers
// where mingw-w64 is installed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "mof/file.h"
#include "mof/header.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWarnings = " -Wall -Wextra -Wpedantic -Werror -c -o ";

bool installed(const std::string& compiler) {
  return std::system(("command -v " + compiler + " >/dev/null 2>&1").c_str()) == 0;
}

class HeaderInCompilers : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("header");
    for (const char* name : {"iscsiprf", "quickmode"}) {
      Diagnostics diagnostics;
      const Model model = compile({std::string(QM_SOURCE_DIR "/mof/") + name + ".mof"},
                                  disk_reader(), {}, diagnostics);
      ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.text();
      const std::string file = std::string(name) + ".h";
      std::ofstream(folder_ / file) << emit_header(model, {.guard = guard_of(file)});
      if (name == std::string("iscsiprf")) write_assertions(model);
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  // What the compiler must find: the model's own sizes, offsets and ids.
  void write_assertions(const Model& model) {
    const Class* stats = model.find_class("MSiSCSI_QMIPSECStats");
    ASSERT_NE(stats, nullptr);
    const std::string name = "MSiSCSI_QMIPSECStats";
    std::string text =
        "#ifdef _WIN32\n#include <windows.h>\n#include <initguid.h>\n#endif\n"
        "#include \"iscsiprf.h\"\n#include \"quickmode.h\"\n#include \"iscsiprf.h\"\n"
        "#ifdef __cplusplus\n#define SAY(x) static_assert(x, #x)\n#else\n"
        "#define SAY(x) _Static_assert(x, #x)\n#endif\n"
        "SAY(sizeof(MSiSCSI_QMIPSECStats) == 144);\nSAY(MSiSCSI_QMIPSECStats_SIZE == 144);\n";
    for (const Field& field : layout_of(model, *stats).fields) {
      const Text& member = field.property->name;
      text += "SAY(FIELD_OFFSET(" + name + ", " + member + ") == " + std::to_string(field.offset) +
              ");\n";
      text += "SAY(" + name + "_" + member + "_SIZE == " + std::to_string(field.bytes) + ");\n";
      text += "SAY(" + name + "_" + member + "_ID == " + std::to_string(field.data_id) + ");\n";
    }
    // The two forms of the GUID say the same.
    text +=
        "int same_guid(void);\nint same_guid(void) {\n"
        "  GUID g = MSiSCSI_QMIPSECStatsGuid;\n"
        "  return g.Data1 == MSiSCSI_QMIPSECStats_GUID.Data1 && g.Data1 == 0xb4d1c606 &&\n"
        "         g.Data4[7] == MSiSCSI_QMIPSECStats_GUID.Data4[7] && g.Data4[7] == 0xfb;\n}\n";
    std::ofstream(folder_ / "use.c") << text;
    std::ofstream(folder_ / "use.cc") << text;
  }

  void compiles(const std::string& compiler, const std::string& source) {
    const std::string log = (folder_ / "log").string();
    const std::string command = compiler + " -I" QM_SOURCE_DIR "/include -I" + folder_.string() +
                                std::string(kWarnings) + (folder_ / "use.o").string() + " " +
                                (folder_ / source).string() + " 2>" + log;
    EXPECT_EQ(std::system(command.c_str()), 0) << command << "\n" << file_text(log);
  }

  fs::path folder_;
};

TEST_F(HeaderInCompilers, C11) {
  compiles("gcc -std=c11", "use.c");
}

TEST_F(HeaderInCompilers, Cxx23) {
  compiles("g++ -std=c++23", "use.cc");
}

TEST_F(HeaderInCompilers, WindowsC11) {
  if (!installed("x86_64-w64-mingw32-gcc")) GTEST_SKIP() << "mingw-w64 is not installed";
  compiles("x86_64-w64-mingw32-gcc -std=c11", "use.c");
}

TEST_F(HeaderInCompilers, WindowsCxx23) {
  if (!installed("x86_64-w64-mingw32-g++")) GTEST_SKIP() << "mingw-w64 is not installed";
  compiles("x86_64-w64-mingw32-g++ -std=c++23", "use.cc");
}

}  // namespace
}  // namespace qm::mof
