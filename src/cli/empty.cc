#include <fmt/format.h>

#include <ostream>

#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {

void write_hints(const Instances& sample, std::ostream& out) {
  if (sample.providers == 0) {
    out << "  Start the collector:                systemctl start quickmode-collect\n";
  } else {
    out << "  Log in to the targets of this host: iscsiadm -m node --login\n";
  }
  out << "  See it all in a virtual machine:    make run\n";
}

void write_empty(const Instances& sample, const Terminal& terminal, std::ostream& out) {
  const std::string name = terminal.shown(sample.class_name);
  const std::string_view why = sample.providers == 0
                                   ? "Nothing supplies {}: no provider of it is registered."
                                   : "There is no instance of {} on this host.";
  write_hanging("", fmt::format(fmt::runtime(why), name), terminal, out);
  out << '\n';
  write_hints(sample, out);
}

}  // namespace qm::cli
