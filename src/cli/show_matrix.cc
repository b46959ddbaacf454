#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/legend.h"
#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

struct MatrixColumn {
  std::string label;
  const Instance* instance = nullptr;
  std::vector<std::string> cells;
  std::size_t width = 0;
};

struct Layout {
  std::size_t gap = 2;
  bool separators = true;
};

// What is tried, best first, to get all columns into one block.
constexpr Layout kLayouts[] = {{2, true}, {1, true}, {2, false}, {1, false}};

std::size_t name_width_of(const View& view) {
  std::size_t width = 0;
  for (const Property* property : view.properties) {
    width = std::max(width, display_width(property->name));
  }
  return width;
}

void fill(std::vector<MatrixColumn>& columns, const View& view, const Terminal& terminal,
          bool separators) {
  for (MatrixColumn& column : columns) {
    column.cells.clear();
    column.width = display_width(column.label);
    for (const Property* property : view.properties) {
      const boost::json::value& value = column.instance->value(property->name);
      const QualityNote* note = column.instance->note(property->name);
      const std::string_view mark = value.is_null() ? std::string_view() : mark_of(note, terminal);
      column.cells.push_back(std::string(mark) +
                             value_text(*property, value, terminal, separators));
      column.width = std::max(column.width, display_width(column.cells.back()));
    }
  }
}

// The ends of the blocks: as few as fit, then as even as fits.
std::vector<std::size_t> blocks(const std::vector<MatrixColumn>& columns, std::size_t room,
                                std::size_t gap) {
  const auto pack = [&](std::size_t most_columns) {
    std::vector<std::size_t> ends;
    std::size_t used = 0;
    std::size_t in_block = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::size_t width = columns[c].width + gap;
      if (in_block > 0 && (used + width > room || in_block == most_columns)) {
        ends.push_back(c);
        used = in_block = 0;
      }
      used += width;
      ++in_block;
    }
    ends.push_back(columns.size());
    return ends;
  };
  const std::vector<std::size_t> fewest = pack(columns.size());
  const std::vector<std::size_t> even = pack((columns.size() + fewest.size() - 1) / fewest.size());
  return even.size() == fewest.size() ? even : fewest;
}

void write_block(const View& view, const std::vector<MatrixColumn>& columns, std::size_t begin,
                 std::size_t end, std::size_t gap, const Terminal& terminal, std::ostream& out) {
  const std::size_t name_width = name_width_of(view);
  out << '\n';
  std::string header(name_width, ' ');
  for (std::size_t c = begin; c < end; ++c) {
    header += std::string(gap, ' ') + right(columns[c].label, columns[c].width);
  }
  out << terminal.styled(Style::bold, header) << '\n';
  std::string group;
  for (std::size_t row = 0; row < view.properties.size(); ++row) {
    const Property& property = *view.properties[row];
    const std::string its_group = property.semantics ? property.semantics->group : "";
    if (row > 0 && its_group != group) out << '\n';
    group = its_group;
    out << left(terminal.shown(property.name), name_width);
    for (std::size_t c = begin; c < end; ++c) {
      out << std::string(gap, ' ') << right(columns[c].cells[row], columns[c].width);
    }
    out << '\n';
  }
}

void write_notes(const View& view, const std::vector<MatrixColumn>& columns,
                 const std::vector<std::string>& label_lines, const Terminal& terminal,
                 std::ostream& out) {
  Legend legend;
  for (const MatrixColumn& column : columns) {
    for (const Property* property : view.properties) {
      legend.add(column.instance->note(property->name), terminal.shown(property->name),
                 column.label);
    }
    if (!column.instance->active) legend.inactive(column.label);
  }
  if (!legend.empty()) {
    out << '\n';
    legend.write(columns.size(), terminal, out);
  }
  if (label_lines.empty() && view.total == nullptr) return;
  out << '\n';
  for (const std::string& line : label_lines) {
    write_hanging(&line == label_lines.data() ? "Instances: " : "           ", line, terminal, out);
  }
  if (view.total != nullptr) {
    write_hanging("host:      ", terminal.shown(view.total_class), terminal, out);
  }
}

}  // namespace

bool fits_matrix(const View& view) {
  return view.sample.instances.size() > 1 &&
         std::ranges::all_of(view.properties, [](const Property* p) { return p->is_counter(); });
}

void write_matrix(const View& view, const Terminal& terminal, std::ostream& out) {
  write_heading(view, terminal, out);
  std::vector<std::string_view> names;
  names.reserve(view.sample.instances.size());
  for (const Instance& instance : view.sample.instances) names.push_back(instance.name);
  const Labels labels = labels_for(names, terminal);
  std::vector<MatrixColumn> columns;
  columns.reserve(names.size() + 1);
  for (std::size_t i = 0; i < names.size(); ++i) {
    columns.push_back({labels.labels[i], &view.sample.instances[i], {}, 0});
  }
  if (view.total != nullptr) columns.push_back({"host", view.total, {}, 0});

  const std::size_t name_width = name_width_of(view);
  const std::size_t room = terminal.width > name_width ? terminal.width - name_width : 0;
  std::vector<std::size_t> ends;
  Layout layout;
  for (const Layout& candidate : kLayouts) {
    layout = candidate;
    fill(columns, view, terminal, layout.separators);
    ends = blocks(columns, room, layout.gap);
    if (ends.size() == 1) break;
  }
  if (ends.size() > 1) {  // several blocks anyway: then the most readable
    layout = kLayouts[0];
    fill(columns, view, terminal, layout.separators);
    ends = blocks(columns, room, layout.gap);
  }
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    write_block(view, columns, begin, end, layout.gap, terminal, out);
    begin = end;
  }
  write_notes(view, columns, labels.lines, terminal, out);
}

}  // namespace qm::cli
