// The rules of the house that a machine can check: sizes, and which room may enter which.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLines = 500;
constexpr std::size_t kMostColumns = 100;
constexpr std::size_t kMostFunctionLines = 70;

struct Source {
  std::string path;  // from the root of the project
  std::vector<std::string> lines;
};

const std::set<std::string> kCode{".cc", ".h", ".c"};
const std::set<std::string> kText{".cc", ".h", ".c", ".ts", ".mjs"};

std::vector<Source> sources(const std::vector<std::string>& folders,
                            const std::set<std::string>& endings = kCode) {
  std::vector<Source> found;
  const fs::path root = QM_SOURCE_DIR;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!endings.contains(entry.path().extension())) continue;
      Source source{fs::relative(entry.path(), root), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      found.push_back(std::move(source));
    }
  }
  return found;
}

const std::vector<std::string> kAll{"src", "include", "tests", "fuzz", "bench", "web/src"};

TEST(Tidy, FilesFitInAHead) {
  for (const Source& source : sources(kAll, kText)) {
    EXPECT_LE(source.lines.size(), kMostLines) << source.path << " has two jobs: split it";
  }
}

TEST(Tidy, LinesFitOnAScreen) {
  for (const Source& source : sources(kAll, kText)) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      EXPECT_LE(qm::display_width(source.lines[i]), kMostColumns) << source.path << ":" << i + 1;
    }
  }
}

// As clang-format lays code out, a function's body opens with a line that ends in "{" and closes
// with "}" at the same indent, a lambda's with "};" or "});".
TEST(Tidy, FunctionsFitOnAPage) {
  const std::regex opens(R"(^( {0,2})[A-Za-z~].*\).*\{$)");
  const std::regex not_a_function(R"(^ *(class|struct|enum|namespace|union|extern)\b)");
  for (const Source& source : sources({"src", "fuzz", "bench"})) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_match(source.lines[i], match, opens)) continue;
      if (std::regex_search(source.lines[i], not_a_function)) continue;
      const std::string close = match[1].str() + "}";
      std::size_t end = i + 1;
      while (end < source.lines.size() && !source.lines[end].starts_with(close)) ++end;
      EXPECT_LE(end - i, kMostFunctionLines) << source.path << ":" << i + 1;
    }
  }
}

// The rooms that a folder may include from: itself and what its qm_library says after USES.
std::map<std::string, std::set<std::string>> allowed_rooms() {
  std::map<std::string, std::set<std::string>> direct;
  const std::regex uses(R"(USES\s+([a-z\s]+?)\s*(LINKS|\)))");
  for (const auto& entry : fs::directory_iterator(fs::path(QM_SOURCE_DIR) / "src")) {
    if (!entry.is_directory()) continue;
    const std::string room = entry.path().filename();
    std::ifstream file(entry.path() / "CMakeLists.txt");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    direct[room].insert(room);
    std::smatch match;
    if (!std::regex_search(text, match, uses)) continue;
    std::istringstream names(match[1].str());
    for (std::string name; names >> name;) direct[room].insert(name);
  }
  // What a room uses it may reach through, too: base through xfrm, say.
  for (std::size_t round = 0; round < direct.size(); ++round) {
    for (auto& [room, rooms] : direct) {
      const std::set<std::string> so_far = rooms;
      for (const std::string& other : so_far) {
        if (const auto found = direct.find(other); found != direct.end()) {
          rooms.insert(found->second.begin(), found->second.end());
        }
      }
    }
  }
  return direct;
}

TEST(Tidy, ArrowsPointOneWay) {
  const auto allowed = allowed_rooms();
  const std::regex include(R"inc(^\s*#include "([a-z_]+)/[^"]+")inc");
  for (const Source& source : sources({"src"})) {
    const std::string room = fs::path(source.path).parent_path().filename();
    if (room == "main") continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(source.lines[i], match, include)) continue;
      const std::string other = match[1];
      const bool is_room = allowed.contains(other);
      EXPECT_TRUE(!is_room || allowed.at(room).contains(other))
          << source.path << ":" << i + 1 << ": " << room << " may not enter " << other;
    }
  }
}

TEST(Tidy, ServeKnowsNothingOfTheKernel) {
  for (const std::string& room : {"serve", "wmi", "cli"}) {
    for (const std::string& forbidden : {"xfrm", "ike", "iscsi", "hba"}) {
      EXPECT_FALSE(allowed_rooms().at(room).contains(forbidden)) << room << " " << forbidden;
    }
  }
}

TEST(Tidy, ProgramsAreShort) {
  for (const Source& source : sources({"src/main"})) {
    const bool cxx = source.path.ends_with(".cc");
    EXPECT_TRUE(!cxx || source.lines.size() < 100) << source.path;
  }
}

TEST(Tidy, SystemCallsLiveInFilesNamedForIt) {
  const std::regex system_header(
      R"(^#include <(sys/(socket|epoll|mman|ioctl|prctl|un|wait|signalfd|timerfd)\.h|)"
      R"(unistd\.h|poll\.h|fcntl\.h|linux/netlink\.h)>)");
  for (const Source& source : sources({"src"})) {
    const std::string name = fs::path(source.path).stem();
    const bool may =
        name.ends_with("_linux") || name.ends_with("_test") || source.path.starts_with("src/main/");
    for (std::size_t i = 0; !may && i < source.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(source.lines[i], system_header))
          << source.path << ":" << i + 1 << ": system calls belong in a *_linux file";
    }
  }
}

}  // namespace
