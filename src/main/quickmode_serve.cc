// quickmode-serve: the repository of classes and every surface that shows them. Unprivileged; the
// only program that parses input from others.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "base/text.h"
#include "serve/options.h"
#include "serve/service.h"
#include "serve/system.h"

namespace {

void to_stderr(const std::string& line) {
  fmt::print(stderr, "quickmode-serve: {}\n", line);
}

int fail_with(const qm::Error& error) {
  to_stderr(error.message);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace qm::serve;
  const auto options = parse_options(argc, argv);
  if (!options) return fail_with(options.error());
  if (options->exits) return *options->exits;

  // A reader of the log that leaves must not take the service along.
  std::signal(SIGPIPE, SIG_IGN);
  // Sockets first: giving the query socket to a group may take a capability.
  raise_descriptor_limit();
  const auto service = Service::start(options->config, to_stderr);
  if (!service) return fail_with(service.error());
  for (const std::string& warning : confine(options->config)) to_stderr(warning);

  for (const Listener& listener : (*service)->listeners()) {
    fmt::print("listening on {}\n", listener.url());
  }
  fmt::print("listening on {}\n", qm::plain_text((*service)->query_socket()));
  std::fflush(stdout);

  (*service)->stop_on_signals();
  notify("READY=1");
  (*service)->run();
  notify("STOPPING=1");
  return 0;
}
