#include "cli/legend.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/table.h"

namespace qm::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// The marks in the table say which; here a long list would only hide the reason.
std::string joined_briefly(const std::vector<std::string>& words) {
  constexpr std::size_t kMost = 8;
  constexpr std::size_t kShown = 2;
  if (words.size() <= kMost) return joined(words);
  return fmt::format("{} and {} more", joined({words.begin(), words.begin() + kShown}),
                     words.size() - kShown);
}

}  // namespace

std::string_view quality_word(Quality quality) {
  switch (quality) {
    case Quality::exact:
      return "exact";
    case Quality::at_least:
      return "at least";
    case Quality::inferred:
      return "inferred";
    case Quality::unavailable:
      break;
  }
  return "unavailable";
}

std::string_view mark_of(const QualityNote* note, const Terminal& terminal) {
  if (note == nullptr) return {};
  if (note->quality == Quality::at_least) return terminal.at_least();
  if (note->quality == Quality::unavailable) return terminal.null();
  return terminal.inferred();
}

void Legend::add(const QualityNote* note, const std::string& property, const std::string& label) {
  if (note == nullptr) return;
  const Reason reason{note->quality, note->text.empty() ? note->reason : note->text};
  auto& properties = notes_[reason];
  if (properties.empty()) order_.push_back(reason);
  // Instances come one after the other, so a property seen before stands among the few of its
  // reason.
  const auto found = std::ranges::find(properties, property,
                                       &std::pair<std::string, std::vector<std::string>>::first);
  if (found == properties.end()) {
    properties.push_back({property, {label}});
  } else {
    found->second.push_back(label);
  }
}

void Legend::write(std::size_t instances, const Terminal& terminal, std::ostream& out) const {
  for (const Reason& reason : order_) {
    QualityNote note;
    note.quality = reason.first;
    const std::string label = fmt::format("{} ", mark_of(&note, terminal));
    // Properties that the same instances share are named together.
    std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> shared;
    for (const auto& [property, labels] : notes_.at(reason)) {
      const auto found = std::ranges::find(
          shared, labels, &std::pair<std::vector<std::string>, std::vector<std::string>>::first);
      if (found == shared.end()) {
        shared.push_back({labels, {property}});
      } else {
        found->second.push_back(property);
      }
    }
    std::string text;
    for (const auto& [labels, properties] : shared) {
      text += (text.empty() ? "" : "; ") + joined_briefly(properties);
      if (labels.size() < instances) text += " of " + joined(labels);
    }
    text += fmt::format(": {}", quality_word(reason.first));
    if (!reason.second.empty()) text += ". " + terminal.shown(reason.second);
    write_hanging(label, text, terminal, out);
  }
  if (!inactive_.empty()) {
    write_hanging("", fmt::format("Inactive, supplies no data: {}", joined(inactive_)), terminal,
                  out);
  }
}

}  // namespace qm::cli
