// The command line: words to options, options to a command, the command's word to the shell.
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "cli/cli.h"
#include "cli/remote.h"

int main(int argc, char** argv) {
  namespace cli = qm::cli;
  std::ios::sync_with_stdio(false);

  const std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const cli::Parsed parsed = cli::parse_options(arguments, std::getenv("QUICKMODE_RUNTIME_DIR"));
  std::cout << parsed.out;
  std::cerr << parsed.err;
  if (!parsed.run) return parsed.exit_code;

  const cli::Terminal terminal = cli::terminal_here(parsed.options.color);
  cli::SignalPacer pacer;
  cli::SocketApi here(parsed.options.runtime_dir, &pacer);
  cli::Surroundings around{here, pacer, terminal, std::cout, std::cerr};
  if (parsed.options.host.empty()) return cli::run(parsed.options, around);

  const auto there = cli::api_of_host(parsed.options, std::getenv("QUICKMODE_PASSWORD"), &pacer);
  if (!there) return cli::report(there.error(), around);
  cli::Surroundings around_there{**there, pacer, terminal, std::cout, std::cerr};
  return cli::run(parsed.options, around_there);
}
