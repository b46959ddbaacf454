#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <ostream>

#include "base/result.h"
#include "base/text.h"
#include "cli/format.h"

namespace qm::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastWrappedWidth = 20;

std::size_t total_width(const std::vector<std::size_t>& widths) {
  std::size_t total = 0;
  for (const std::size_t width : widths) {
    if (width > 0) total += width + (total == 0 ? 0 : kGap);
  }
  return total;
}

}  // namespace

void Table::row(std::vector<Cell> cells) {
  QM_ASSERT(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> out(columns_.size(), 0);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].heading.empty()) continue;
    for (const auto& row : rows_) out[c] = std::max(out[c], display_width(row[c].text));
    if (columns_[c].wraps) out[c] = std::min(out[c], kLeastWrappedWidth);
    if (out[c] > 0) out[c] = std::max(out[c], display_width(columns_[c].heading));
  }
  return out;
}

void Table::write(const Terminal& terminal, std::ostream& out) const {
  std::vector<std::size_t> width = widths();
  std::vector<std::size_t> by_rank(columns_.size());
  std::iota(by_rank.begin(), by_rank.end(), std::size_t{0});
  // The highest rank first, among equals the first column.
  std::ranges::sort(by_rank, [this](std::size_t a, std::size_t b) {
    return columns_[a].rank != columns_[b].rank ? columns_[a].rank > columns_[b].rank : a < b;
  });
  std::vector<bool> dropped(columns_.size());
  for (const std::size_t c : by_rank) {
    if (columns_[c].rank == 0 || total_width(width) <= terminal.width) break;
    dropped[c] = width[c] > 0;
    width[c] = 0;
  }

  const auto line = [&](auto&& cell_text, auto&& cell_style) {
    std::string text;
    std::string gap;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (width[c] == 0) continue;
      const std::string& cell = cell_text(c);
      if (columns_[c].wraps) {
        write_hanging(text + gap, cell, terminal, out);
        return;
      }
      const std::string padding(width[c] - display_width(cell), ' ');
      const std::string styled = terminal.styled(cell_style(c), cell);
      text += gap;
      if (columns_[c].to_right) text += padding;
      text += styled;
      gap = std::string(kGap, ' ') + (columns_[c].to_right ? "" : padding);
    }
    out << text << '\n';
  };
  line([&](std::size_t c) -> const std::string& { return columns_[c].heading; },
       [](std::size_t) { return Style::bold; });
  for (const auto& row : rows_) {
    line([&](std::size_t c) -> const std::string& { return row[c].text; },
         [&](std::size_t c) { return row[c].style; });
  }
  std::string missing;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (dropped[c]) missing += (missing.empty() ? "" : ", ") + columns_[c].heading;
  }
  if (!missing.empty()) {
    out << '\n';
    write_hanging("", "A wider terminal also shows " + missing + ".", terminal, out);
  }
}

boost::json::array Table::json() const {
  boost::json::array all;
  for (const auto& row : rows_) {
    boost::json::object object;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].key.empty()) object[columns_[c].key] = row[c].value;
    }
    all.push_back(std::move(object));
  }
  return all;
}

void Record::field(std::string key, std::string label, boost::json::value value,
                   std::vector<std::string> lines) {
  fields_.push_back({std::move(key), std::move(label), std::move(value), std::move(lines)});
}

void Record::write(const Terminal& terminal, std::ostream& out) const {
  out << terminal.styled(style_, heading_) << '\n';
  std::size_t label_width = 0;
  for (const Field& field : fields_) {
    if (!field.lines.empty()) label_width = std::max(label_width, display_width(field.label));
  }
  for (const Field& field : fields_) {
    std::string label = field.label;
    for (const std::string& line : field.lines) {
      write_hanging("  " + left(label, label_width) + "  ", line, terminal, out);
      label.clear();
    }
  }
}

boost::json::object Record::json() const {
  boost::json::object object;
  for (const Field& field : fields_) {
    if (!field.key.empty()) object[field.key] = field.value;
  }
  return object;
}

void write_hanging(std::string_view label, std::string_view text, const Terminal& terminal,
                   std::ostream& out) {
  constexpr std::size_t kLeastTextWidth = 20;
  const std::size_t indent = display_width(label);
  const std::size_t room =
      terminal.width > indent + kLeastTextWidth ? terminal.width - indent : kLeastTextWidth;
  std::string before(label);
  for (const std::string& line : wrapped(text, room)) {
    out << before << line << '\n';
    before = std::string(indent, ' ');
  }
}

}  // namespace qm::cli
