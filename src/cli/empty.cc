#include <fmt/format.h>

#include <ostream>

#include "cli/cli.h"
#include "cli/table.h"

namespace qm::cli {

void write_hints(const Instances& sample, Surroundings& around, std::ostream& out) {
  const auto health = fetch_instances(around.api, "Quickmode_CollectorHealth");
  if (health) {
    for (const Instance& collector : health->instances) {
      const auto* readable = collector.value("KernelReadable").if_bool();
      const std::string problem = around.terminal.shown(collector.text("LastProblem"));
      if (!problem.empty()) {
        write_hanging("  The collector says:                 ", problem, around.terminal, out);
      } else if (readable != nullptr && !*readable) {
        out << "  The collector can't read this kernel's IPsec state.\n";
      }
    }
  }
  if (sample.providers == 0) {
    out << "  Start the collector:                systemctl start quickmode-collect\n";
  } else {
    out << "  Log in to the targets of this host: iscsiadm -m node --login\n";
  }
  out << "  See it all in a virtual machine:    make run\n";
}

void write_empty(const Instances& sample, Surroundings& around, std::ostream& out) {
  const std::string name = around.terminal.shown(sample.class_name);
  const std::string text =
      sample.providers == 0
          ? fmt::format("Nothing supplies {}: no provider of it is registered.", name)
          : fmt::format("There is no instance of {} on this host.", name);
  write_hanging("", text, around.terminal, out);
  out << '\n';
  write_hints(sample, around, out);
}

}  // namespace qm::cli
