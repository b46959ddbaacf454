#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/command_testing.h"

namespace qm::cli::testing {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string FixtureApi::file(const std::string& name) const {
  const std::string folder = QM_SOURCE_DIR "/tests/fixtures/cli/";
  std::string text = read_file(folder + scenarios_.front() + "/" + name);
  if (!text.empty()) return text;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "lab")) {
    const std::string candidate = entry.path().filename().string();
    if (same_name(candidate, name)) return read_file(entry.path().string());  // as serve does
  }
  return {};
}

// Which fixture a query gets stands in its text.
Answer FixtureApi::query(std::string_view target) const {
  const auto holds = [target](std::string_view word) { return target.find(word) != target.npos; };
  if (holds("SELEKT")) return {400, file("query_wrong.json")};
  if (holds("Nothing")) return {200, file("query_nothing.json")};
  if (holds("cursor=")) return {200, file("query_events_later.json")};
  if (holds("Event")) return {200, file("query_events.json")};
  return {200, file(holds("FROM%20Quickmode_Adapter") ? "query_wide.json" : "query.json")};
}

Result<Answer> FixtureApi::get(std::string_view target) {
  targets.emplace_back(target);
  const auto found = [](std::string body) -> Answer {
    if (!body.empty()) return {200, std::move(body)};
    return {404, R"({"error": {"status": 404, "message": "no such class"}})"};
  };
  constexpr std::string_view kClasses = "/api/v1/classes";
  constexpr std::string_view kInstances = "/api/v1/instances/";
  constexpr std::string_view kSnapshot = "/api/v1/snapshot?class=";
  if (target == kClasses || target == "/api/v1/classes?cooked=1") {
    return found(file("classes.json"));
  }
  if (target.starts_with(kClasses)) {
    const std::string name(target.substr(kClasses.size() + 1));
    if (name.ends_with("?form=mof")) {
      return found(file("class_" + name.substr(0, name.find('?')) + ".mof"));
    }
    return found(file("class_" + name + ".json"));
  }
  if (target.starts_with("/api/v1/query?")) return query(target);
  Answer answer;
  if (target.starts_with(kInstances)) {
    answer = found(file("instances_" + std::string(target.substr(kInstances.size())) + ".json"));
  } else if (target.starts_with(kSnapshot)) {
    std::string names(target.substr(kSnapshot.size()));
    std::string body;
    for (std::size_t begin = 0; begin < names.size();) {
      const std::size_t end = std::min(names.find("&class=", begin), names.size());
      body += (body.empty() ? "" : ",") +
              file("instances_" + names.substr(begin, end - begin) + ".json");
      begin = end + std::string_view("&class=").size();
    }
    answer = found(R"({"classes": [)" + body + "]}");
  }
  if (scenarios_.size() > 1) scenarios_.erase(scenarios_.begin());
  return answer;
}

bool FixturePacer::wait(std::uint64_t interval_ms) {
  waited_ms.push_back(interval_ms);
  return waits_left_-- > 0;
}

Terminal plain_terminal(std::size_t width) {
  Terminal terminal;
  terminal.width = width;
  terminal.host = "lab1";
  return terminal;
}

Ran run_command(const std::vector<std::string_view>& arguments,
                const std::vector<std::string>& scenarios, const Terminal& terminal,
                int most_waits) {
  const Parsed parsed = parse_options(arguments, nullptr);
  if (!parsed.run) return {parsed.exit_code, parsed.out, parsed.err};
  FixtureApi api(scenarios);
  FixturePacer pacer(most_waits);
  std::ostringstream out;
  std::ostringstream err;
  Surroundings around{api, pacer, terminal, out, err};
  const int code = run(parsed.options, around);
  return {code, out.str(), err.str()};
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = QM_SOURCE_DIR "/tests/golden/cli/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, read_file(path)) << path << " differs; UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace qm::cli::testing
