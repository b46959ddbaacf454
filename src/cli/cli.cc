#include "cli/cli.h"

#include <fmt/format.h>

#include <ostream>

namespace qm::cli {

int report(const Error& error, Surroundings& around) {
  if (error.message == kInterrupted) return kExitInterrupted;
  around.err << fmt::format("quickmode: {}\n", error.message);
  return error.code == ErrorCode::not_found ? kExitUsage : kExitUnavailable;
}

int run(const Options& options, Surroundings& around) {
  struct Command {
    std::string_view name;
    int (*run)(const Options&, Surroundings&);
  };
  static constexpr Command kCommands[] = {
      {"show", show},   {"adapters", adapters}, {"sessions", sessions}, {"sas", sas},
      {"audit", audit}, {"explain", explain},   {"classes", classes},   {"class", class_of_name},
      {"query", query}, {"user", user},
  };
  for (const Command& command : kCommands) {
    if (command.name != options.command) continue;
    const int code = command.run(options, around);
    around.out.flush();
    if (around.out) return code;
    around.err << "quickmode: the output could not be written\n";
    return kExitOutput;
  }
  around.err << fmt::format("quickmode: there is no command {}\n", options.command);
  return kExitUsage;
}

}  // namespace qm::cli
