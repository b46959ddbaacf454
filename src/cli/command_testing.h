// For tests: a quickmode-serve that answers from tests/fixtures/cli, and golden files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/api.h"
#include "cli/options.h"
#include "cli/pacer.h"
#include "cli/terminal.h"

namespace qm::cli::testing {

// Answers from the folder of the first scenario, what is not there from "lab". Each request for
// instances moves on to the next scenario, until the last.
class FixtureApi final : public Api {
 public:
  explicit FixtureApi(std::vector<std::string> scenarios) : scenarios_(std::move(scenarios)) {}
  Result<Answer> get(std::string_view target) override;

  std::vector<std::string> targets;  // what was asked for

 private:
  std::string file(const std::string& name) const;
  Answer query(std::string_view target) const;
  std::vector<std::string> scenarios_;
};

// No time passes; the wait after most_waits is an interrupt.
class FixturePacer final : public Pacer {
 public:
  explicit FixturePacer(int most_waits = 1000) : waits_left_(most_waits) {}
  void begin() override {}
  bool wait(std::uint64_t interval_ms) override;
  std::vector<std::uint64_t> waited_ms;

 private:
  int waits_left_;
};

struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Terminal plain_terminal(std::size_t width = kDefaultWidth);

Ran run_command(const std::vector<std::string_view>& arguments,
                const std::vector<std::string>& scenarios = {"lab"},
                const Terminal& terminal = plain_terminal(), int most_waits = 1000);

// Compares with tests/golden/cli/NAME; UPDATE_GOLDEN=1 writes it instead.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace qm::cli::testing
