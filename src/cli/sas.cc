#include <fmt/format.h>

#include <ostream>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/session_view.h"
#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

constexpr std::uint64_t kOutbound = 2;  // Quickmode_SA.Direction

struct SaRow {
  const Instance& sa;
  const ClassInfo& info;
  const Terminal& terminal;

  Cell named(std::string_view property) const {
    const Property* found = info.find(property);
    const boost::json::value& value = sa.value(property);
    return {value, found == nullptr ? "" : value_text(*found, value, terminal)};
  }
  Cell word(std::string_view property) const {  // by its name in JSON too
    Cell cell = named(property);
    if (!cell.value.is_null()) cell.value = text_value(cell.text);
    return cell;
  }
  Cell text(std::string_view property) const {
    return {sa.value(property), terminal.shown(sa.text(property))};
  }
  Cell hidden(std::string_view property) const { return {sa.value(property), ""}; }
  Cell peer() const {
    const bool out = sa.number("Direction") == kOutbound;
    const std::string peer = sa.text(out ? "Destination" : "Source");
    return {text_value(peer), terminal.shown(peer)};
  }
  Cell age() const {
    const auto added = sa.number("AddedTime");
    const bool known = added && *added > 0 && *added <= sa.filetime_100ns;
    return {sa.value("AddedTime"),
            known ? duration_text((sa.filetime_100ns - *added) / 10'000'000) : ""};
  }
  Cell errors() const {
    std::uint64_t sum = 0;
    bool known = false;
    for (const auto* name : {"IntegrityFailures", "ReplayFailures", "ReplayWindowFailures"}) {
      const auto number = sa.number(name);
      known = known || number.has_value();
      sum += number.value_or(0);
    }
    return {known ? boost::json::value(sum) : boost::json::value(),
            known ? grouped(sum) : std::string(terminal.null()),
            sum > 0 ? Style::bad : Style::plain};
  }
};

std::vector<Column> columns() {
  return {{"name", ""},
          {"adapter", "ADAPTER"},
          {"direction", "DIR"},
          {"spi", "SPI"},
          {"protocol", "PROTO"},
          {"mode", "MODE", false, 3},
          {"peer", "PEER"},
          {"source", ""},
          {"destination", ""},
          {"encryption", "ENCRYPTION", false, 1},
          {"encryption_key_bits", ""},
          {"authentication", "INTEGRITY", false, 2},
          {"integrity_bits", ""},
          {"encapsulation", "NAT-T", false, 6},
          {"reqid", "REQID", true, 8},
          {"bytes", "BYTES", true},
          {"packets", "PACKETS", true, 5},
          {"errors", "ERRORS", true, 4},
          {"added_time", "AGE", true, 7}};
}

}  // namespace

int sas(const Options& options, Surroundings& around) {
  const auto info = fetch_class(around.api, "Quickmode_SA");
  if (!info) return report(info.error(), around);
  const auto all = fetch_instances(around.api, "Quickmode_SA");
  if (!all) return report(all.error(), around);
  const Terminal& terminal = around.terminal;
  Table table(columns());
  for (const Instance& instance : all->instances) {
    const SaRow sa{instance, *info, terminal};
    const std::string adapter = instance.text("Adapter");
    table.row({{text_value(instance.name), ""},
               {instance.value("Adapter"), adapter.empty() ? std::string(terminal.null())
                                                           : terminal.shown(short_name(adapter))},
               sa.word("Direction"),
               {instance.value("Spi"), spi_text(instance)},
               sa.word("Protocol"),
               sa.word("Mode"),
               sa.peer(),
               sa.hidden("Source"),
               sa.hidden("Destination"),
               sa.text("Encryption"),
               sa.hidden("EncryptionKeyBits"),
               sa.text("Authentication"),
               sa.hidden("IntegrityBits"),
               sa.text("Encapsulation"),
               sa.named("ReqId"),
               sa.named("Bytes"),
               sa.named("Packets"),
               sa.errors(),
               sa.age()});
  }
  if (options.format == Format::json) {
    around.out << json_text(boost::json::object{{"refreshed", all->refreshed},
                                                {"providers", all->providers},
                                                {"sas", table.json()}})
               << '\n';
  } else if (!table.empty()) {
    table.write(terminal, around.out);
  } else if (all->providers == 0) {
    write_empty(*all, around, around.out);
  } else {
    around.out << "No SA serves an iSCSI session. `quickmode audit` says whether one should.\n";
  }
  return kExitOk;
}

}  // namespace qm::cli
