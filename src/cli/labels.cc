#include "cli/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace qm::cli {
namespace {

// The columns of text from the front, at most width of them.
std::string_view head(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  std::size_t used = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0U) == 0x80U) ++next;
    used += display_width(text.substr(end, next - end));
    if (used > width) break;
    end = next;
  }
  return text.substr(0, end);
}

std::string shortened(std::string label, const Terminal& terminal) {
  if (display_width(label) <= kMostLabelWidth) return label;
  const std::size_t room = kMostLabelWidth - display_width(terminal.ellipsis());
  return std::string(head(label, room)) + std::string(terminal.ellipsis());
}

void number_duplicates(std::vector<std::string>& labels, const Terminal& terminal) {
  std::map<std::string, std::size_t> seen;
  for (std::string& label : labels) {
    const std::size_t nth = ++seen[label];
    if (nth == 1) continue;
    const std::string mark = fmt::format("#{}", nth);
    const std::size_t room = kMostLabelWidth - mark.size() - display_width(terminal.ellipsis());
    const bool fits = display_width(label) + mark.size() <= kMostLabelWidth;
    if (!fits) {
      label.resize(head(label, room).size());
      label += terminal.ellipsis();
    }
    label += mark;
  }
}

// What stands before and after the short name, where it is the same for all names.
bool one_pattern(const std::vector<std::string_view>& names, std::string_view& before,
                 std::string_view& after) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string_view label = short_name(names[i]);
    const auto at = static_cast<std::size_t>(label.data() - names[i].data());
    const std::string_view its_before = names[i].substr(0, at);
    const std::string_view its_after = names[i].substr(at + label.size());
    if (i > 0 && (its_before != before || its_after != after)) return false;
    before = its_before;
    after = its_after;
  }
  return true;
}

}  // namespace

std::string_view short_name(std::string_view instance_name) {
  const std::size_t slash = instance_name.rfind('\\');
  std::string_view label = instance_name.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const std::size_t digits = label.find_last_not_of("0123456789");
  if (digits != std::string_view::npos && digits > 0 && label[digits] == '_' &&
      digits + 1 < label.size()) {
    label = label.substr(0, digits);
  }
  return label.empty() ? instance_name : label;
}

Labels labels_for(const std::vector<std::string_view>& names, const Terminal& terminal) {
  Labels out;
  for (const std::string_view name : names) {
    out.labels.push_back(shortened(terminal.shown(short_name(name)), terminal));
  }
  std::vector<std::string> sorted = out.labels;
  std::ranges::sort(sorted);
  const bool distinct = std::ranges::adjacent_find(sorted) == sorted.end();
  number_duplicates(out.labels, terminal);

  std::string_view before;
  std::string_view after;
  bool whole = distinct && one_pattern(names, before, after);
  for (std::size_t i = 0; whole && i < names.size(); ++i) {
    whole = out.labels[i] == short_name(names[i]);  // not shortened, nothing escaped
  }
  if (whole) {
    if (!before.empty() || !after.empty()) {
      out.lines.push_back(fmt::format("{}<name>{}", terminal.shown(before), terminal.shown(after)));
    }
    return out;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string full = terminal.shown(names[i]);
    if (full != out.labels[i]) out.lines.push_back(fmt::format("{} = {}", out.labels[i], full));
  }
  return out;
}

bool means(std::string_view pattern, std::string_view instance_name) {
  return glob_match(pattern, instance_name) || glob_match(pattern, short_name(instance_name));
}

}  // namespace qm::cli
