#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>

#include "base/text.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/legend.h"
#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

constexpr std::size_t kMostValueWidth = 24;         // longer ones get lines of their own
constexpr std::size_t kLeastDescriptionWidth = 20;  // below that descriptions are left out
constexpr std::size_t kColumnGap = 2;
constexpr std::uint64_t kOldMs = 5000;

struct Row {
  std::string name;
  std::string value;
  std::string description;
  std::string group;
  bool number = false;
};

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

std::vector<Row> rows_of(const View& view, const Instance& instance, const Terminal& terminal,
                         Legend& legend, const std::string& label) {
  std::vector<Row> rows;
  for (const Property* property : view.properties) {
    const QualityNote* note = instance.note(property->name);
    const boost::json::value& value = instance.value(property->name);
    const std::string_view mark = value.is_null() ? std::string_view() : mark_of(note, terminal);
    legend.add(note, terminal.shown(property->name), label);
    rows.push_back({.name = terminal.shown(property->name),
                    .value = std::string(mark) + value_text(*property, value, terminal),
                    .description = terminal.shown(property->description),
                    .group = property->semantics ? terminal.shown(property->semantics->group) : "",
                    .number = property->is_counter()});
  }
  return rows;
}

// Those without a group first, then group by group, each where its first row stands.
std::vector<Row> grouped_rows(const std::vector<Row>& rows) {
  std::vector<std::string> groups{""};
  for (const Row& row : rows) {
    if (std::ranges::find(groups, row.group) == groups.end()) groups.push_back(row.group);
  }
  std::vector<Row> out;
  for (const std::string& group : groups) {
    std::ranges::copy_if(rows, std::back_inserter(out),
                         [&group](const Row& row) { return row.group == group; });
  }
  return out;
}

void write_row(const Row& row, std::size_t name_width, std::size_t value_width, bool describe,
               const Terminal& terminal, std::ostream& out) {
  const std::string name = "  " + left(row.name, name_width + kColumnGap);
  const bool own_line = display_width(row.value) > value_width;
  std::string line = name + (row.number ? right(row.value, value_width) : row.value);
  const std::size_t column = 2 + name_width + kColumnGap + value_width + kColumnGap;
  std::vector<std::string> description;
  if (describe && terminal.width > column + kLeastDescriptionWidth) {
    description = wrapped(row.description, terminal.width - column);
  }
  if (own_line) {
    write_hanging(name, row.value, terminal, out);
    line.clear();
  }
  if (description.empty() && !own_line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  for (const std::string& text : description) {
    out << left(line, column) << terminal.styled(Style::dim, text) << '\n';
    line.clear();
  }
}

}  // namespace

void write_heading(const View& view, const Terminal& terminal, std::ostream& out) {
  std::string heading =
      fmt::format("{} on {}", terminal.shown(view.info->name), terminal.shown(terminal.host));
  const auto time = time_text(view.sample.filetime_100ns());
  if (time) heading += ", " + *time;
  out << terminal.styled(Style::bold, heading) << (view.rates ? ", per second" : "") << '\n';
  std::uint64_t oldest_ms = 0;
  for (const Instance& instance : view.sample.instances) {
    oldest_ms = std::max(oldest_ms, instance.age_ms);
  }
  if (!view.sample.refreshed || oldest_ms > kOldMs) {
    const std::string late = view.sample.refreshed ? "" : "A provider did not answer in time. ";
    const std::string age =
        oldest_ms < 1000 ? fmt::format("{} ms", oldest_ms) : duration_text(oldest_ms / 1000);
    out << terminal.styled(Style::warn,
                           fmt::format("{}The oldest number was sampled {} ago.", late, age))
        << '\n';
  }
}

void write_vertical(const View& view, const Terminal& terminal, std::ostream& out) {
  write_heading(view, terminal, out);
  const bool describe = view.sample.instances.size() == 1;
  Legend legend;
  for (const Instance& instance : view.sample.instances) {
    const std::string label = terminal.shown(short_name(instance.name));
    const std::vector<Row> rows = grouped_rows(rows_of(view, instance, terminal, legend, label));
    out << '\n' << terminal.styled(Style::bold, terminal.shown(instance.name));
    if (!instance.caption.empty() && !same_name(instance.caption, instance.name)) {
      out << ", " << terminal.shown(instance.caption);
    }
    out << '\n';
    if (!instance.active) legend.inactive(label);

    std::size_t name_width = 0;
    std::size_t value_width = 0;
    for (const Row& row : rows) {
      name_width = std::max(name_width, display_width(row.name));
      const std::size_t width = display_width(row.value);
      if (width <= kMostValueWidth) value_width = std::max(value_width, width);
    }
    std::string group;
    for (const Row& row : rows) {
      if (row.group != group && describe) {
        out << '\n' << terminal.styled(Style::bold, capital(row.group)) << '\n';
      }
      group = row.group;
      write_row(row, name_width, value_width, describe, terminal, out);
    }
  }
  if (!legend.empty()) out << '\n';
  legend.write(view.sample.instances.size(), terminal, out);
}

}  // namespace qm::cli
