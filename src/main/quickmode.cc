// The command line: words to options, options to a command, the command's word to the shell.
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "cli/cli.h"

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
  cli::SocketApi api(parsed.options.runtime_dir, &pacer);
  cli::Surroundings around{api, pacer, terminal, std::cout, std::cerr};
  return cli::run(parsed.options, around);
}
