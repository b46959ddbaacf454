#include <fmt/format.h>

#include <ostream>

#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {

void write_empty(const Instances& sample, const Terminal& terminal, std::ostream& out) {
  const std::string name = terminal.shown(sample.class_name);
  if (sample.providers == 0) {
    write_hanging("", fmt::format("Nothing supplies {}: no provider of it is registered.", name),
                  terminal, out);
    out << '\n';
    write_hanging("  ", "Start the collector: systemctl start quickmode-collect", terminal, out);
  } else {
    write_hanging("",
                  fmt::format("{} has no instance: there is no iSCSI adapter on this host.", name),
                  terminal, out);
    out << '\n';
    write_hanging("  ",
                  "Log in to a target: iscsiadm -m discovery -t st -p ADDRESS, then "
                  "iscsiadm -m node -l",
                  terminal, out);
  }
  write_hanging("  ", "See it at work without one, in a virtual machine: make run", terminal, out);
}

}  // namespace qm::cli
