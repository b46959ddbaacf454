#include <fmt/format.h>

#include <ostream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

std::string number(const std::optional<std::uint64_t>& value) {
  return value ? std::to_string(*value) : std::string();
}

// The types that winperf.h names and the classes here use; another one as its number.
std::string counter_type_text(std::uint64_t type) {
  switch (type) {
    case 65536:
      return "RAWCOUNT";
    case 65792:
      return "LARGE_RAWCOUNT";
    case 272696320:
      return "COUNTER";
    case 272696576:
      return "BULK_COUNT";
    default:
      return std::to_string(type);
  }
}

std::string kind_text(const Property& property, const Terminal& terminal) {
  if (property.key) return "key";
  if (property.semantics) return terminal.shown(property.semantics->kind);
  return {};
}

std::string description_text(const Property& property, const Terminal& terminal) {
  std::string text = terminal.shown(property.description);
  std::string values;
  for (const auto& [mapped, name] : property.values) {
    values += fmt::format("{}{} = {}", values.empty() ? "" : ", ", terminal.shown(mapped),
                          terminal.shown(name));
  }
  return values.empty() ? text : fmt::format("{} ({})", text, values);
}

void write_class(const ClassInfo& info, const Terminal& terminal, std::ostream& out) {
  Record record(terminal.shown(info.name), Style::bold);
  const auto line = [&](const char* label, const std::string& text) {
    if (!text.empty()) record.field("", label, nullptr, {terminal.shown(text)});
  };
  line("is", info.description);
  line("derives from", info.superclass);
  line("namespace", info.name_space);
  line("guid", info.guid);
  line("data block", info.block_bytes == 0 ? "" : fmt::format("{} bytes", info.block_bytes));
  record.write(terminal, out);
  out << '\n';

  Table table({{"id", "ID", true},
               {"offset", "OFFSET", true, 2},
               {"type", "TYPE"},
               {"name", "PROPERTY"},
               {"kind", "KIND", false, 1},
               {"counter_type", "COUNTER TYPE", false, 3},
               {"description", "DESCRIPTION", false, 0, true}});
  std::string inherited;
  for (const Property& property : info.properties) {
    if (property.inherited) {
      inherited += (inherited.empty() ? "" : ", ") + terminal.shown(property.name);
      continue;
    }
    table.row({{nullptr, number(property.data_id)},
               {nullptr, number(property.offset)},
               {nullptr, terminal.shown(property.type) + (property.array ? "[]" : "")},
               {nullptr, terminal.shown(property.name)},
               {nullptr, kind_text(property, terminal)},
               {nullptr, property.counter_type ? counter_type_text(*property.counter_type) : ""},
               {nullptr, description_text(property, terminal)}});
  }
  table.write(terminal, out);
  if (!inherited.empty()) {
    out << '\n';
    write_hanging("Inherited: ", inherited, terminal, out);
  }
}

// Text of several lines, each made plain.
void write_lines(std::string_view text, const Terminal& terminal, std::ostream& out) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string shown = plain_text(line, kMostAnswerBytes);
    out << (terminal.utf8 ? shown : terminal.shown(shown)) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

int class_of_name(const Options& options, Surroundings& around) {
  const auto info = fetch_class(around.api, options.subject);
  if (!info) return report(info.error(), around);
  const std::string target = "/api/v1/classes/" + percent_encoded(info->name);
  if (options.format == Format::mof) {
    const auto text = get_text(around.api, target + "?form=mof");
    if (!text) return report(text.error(), around);
    write_lines(*text, around.terminal, around.out);
  } else if (options.format == Format::json) {
    const auto answer = get_json(around.api, target);
    if (!answer) return report(answer.error(), around);
    around.out << json_text(*answer) << '\n';
  } else {
    write_class(*info, around.terminal, around.out);
  }
  return kExitOk;
}

}  // namespace qm::cli
