#include <fmt/format.h>

#include <ostream>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

Cell text_cell(const Instance& instance, std::string_view property, const Terminal& terminal) {
  return {instance.value(property), terminal.shown(instance.text(property))};
}

Cell number_cell(const Instance& instance, std::string_view property, const Terminal& terminal,
                 Style style = Style::plain) {
  const boost::json::value& value = instance.value(property);
  const auto number = instance.number(property);
  return {value, number ? grouped(*number) : std::string(terminal.null()),
          number.value_or(0) > 0 ? style : Style::plain};
}

}  // namespace

int adapters(const Options& options, Surroundings& around) {
  const auto all = fetch_instances(around.api, "Quickmode_Adapter");
  if (!all) return report(all.error(), around);
  const Terminal& terminal = around.terminal;
  std::vector<std::string_view> names;
  for (const Instance& instance : all->instances) names.push_back(instance.name);
  const Labels labels = labels_for(names, terminal);

  Table table({{"name", ""},
               {"label", "ADAPTER"},
               {"transport", "TRANSPORT"},
               {"sessions", "SESSIONS", true},
               {"protected", "PROTECTED", true},
               {"unprotected", "CLEAR", true},
               {"unknown", "UNKNOWN", true},
               {"bypasses_kernel", "BYPASS", false, 1},
               {"net_device", "DEVICE", false, 2},
               {"hardware_address", "MAC", false, 3},
               {"iface", ""},
               {"initiator", "INITIATOR", false, 4},
               {"active", ""}});
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Instance& it = all->instances[i];
    const auto* bypass = it.value("BypassesKernel").if_bool();
    table.row({{text_value(it.name), ""},
               {text_value(labels.labels[i]), labels.labels[i]},
               text_cell(it, "Driver", terminal),
               number_cell(it, "Sessions", terminal),
               number_cell(it, "ProtectedSessions", terminal, Style::good),
               number_cell(it, "UnprotectedSessions", terminal, Style::bad),
               number_cell(it, "UnknownSessions", terminal, Style::warn),
               {it.value("BypassesKernel"), bypass != nullptr && *bypass ? "yes" : "", Style::warn},
               text_cell(it, "NetDevice", terminal),
               text_cell(it, "HardwareAddress", terminal),
               {it.value("Iface"), ""},
               text_cell(it, "InitiatorName", terminal),
               {it.active, ""}});
  }
  if (options.format == Format::json) {
    around.out << json_text(boost::json::object{{"refreshed", all->refreshed},
                                                {"providers", all->providers},
                                                {"adapters", table.json()}})
               << '\n';
  } else if (table.empty()) {
    write_empty(*all, around, around.out);
  } else {
    table.write(terminal, around.out);
    for (const std::string& line : labels.lines) {
      around.out << (&line == labels.lines.data() ? "\n" : "");
      write_hanging("Instances: ", line, terminal, around.out);
    }
  }
  return kExitOk;
}

}  // namespace qm::cli
