#include "base/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace qm {
namespace {

constexpr std::size_t kMostSuggestions = 3;
constexpr std::size_t kLeastContainedBytes = 3;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = back[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    two_back.swap(back);
    back.swap(row);
  }
  return back[b.size()];
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  if (word.empty() || word.size() > kMostSuggestBytes) return {};
  const std::size_t most = word.size() <= 4 ? 1 : word.size() <= 8 ? 2 : 3;
  const std::string anywhere = fmt::format("*{}*", word);
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string& name : known) {
    if (name.size() > kMostSuggestBytes) continue;
    const std::size_t distance = edit_distance(word, name);
    const bool contained = word.size() >= kLeastContainedBytes && glob_match(anywhere, name);
    if (distance <= most) {
      near.emplace_back(distance, name);
    } else if (contained) {
      near.emplace_back(most + 1, name);
    }
  }
  std::ranges::sort(near);
  near.resize(std::min(near.size(), kMostSuggestions));
  std::string out;
  for (std::size_t i = 0; i < near.size(); ++i) {
    const std::string_view before = i == 0                 ? " Did you mean "
                                    : i + 1 == near.size() ? " or "
                                                           : ", ";
    out += fmt::format("{}{}", before, plain_text(near[i].second));
  }
  return out.empty() ? out : fmt::format("{}?", out);
}

}  // namespace qm
