#include "serve/accept.h"

#include <optional>

#include "base/text.h"

namespace qm::serve {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The next piece up to the separator, which does not count within quotes.
std::string_view next(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (rest[at] == '\\' && quoted) ++at;
    if (at < rest.size() && rest[at] == separator && !quoted) break;
  }
  const std::string_view piece = rest.substr(0, at);
  rest = at < rest.size() ? rest.substr(at + 1) : std::string_view();
  return trimmed(piece);
}

// In thousandths: "0.5" is 500. What is no weight counts as none given: 1.
int weight_of(std::string_view text) {
  constexpr std::size_t kMostWeight = 5;  // "0.123"
  if (text.empty() || text.size() > kMostWeight) return 1'000;
  if (text[0] != '0' || (text.size() > 1 && text[1] != '.')) return 1'000;
  int weight = 0;
  int scale = 100;
  for (std::size_t i = 2; i < text.size(); ++i, scale /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1'000;
    weight += (text[i] - '0') * scale;
  }
  return weight;
}

struct Range {
  std::string_view type;
  std::string_view parameters;
  int weight = 1'000;
};

Range range_of(std::string_view text) {
  Range range;
  range.type = next(text, ';');
  range.parameters = text;
  while (!text.empty()) {
    const std::string_view parameter = next(text, ';');
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
      range.weight = weight_of(parameter.substr(2));
    }
  }
  return range;
}

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// How closely the range speaks of the form: 0 not at all, 3 by its parameter.
int closeness(const Range& range, const MediaType& offered) {
  const std::size_t slash = offered.type.find('/');
  if (range.type == "*/*") return 1;
  if (range.type.ends_with("/*")) {
    const std::string_view family = range.type.substr(0, range.type.size() - 2);
    return same_name(family, offered.type.substr(0, slash)) ? 2 : 0;
  }
  if (!same_name(range.type, offered.type)) return 0;
  int close = 3;
  for (std::string_view rest = range.parameters; !rest.empty();) {
    const std::string_view parameter = next(rest, ';');
    if (offered.parameter.empty() || !same_name(name_of(parameter), name_of(offered.parameter))) {
      continue;
    }
    if (!same_name(parameter, offered.parameter)) return 0;
    close = 4;
  }
  return close;
}

}  // namespace

std::size_t best_of(std::string_view accept, std::span<const MediaType> offered) {
  std::size_t best = 0;
  int best_weight = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    int closest = 0;
    int weight = 0;
    for (std::string_view rest = accept; !rest.empty();) {
      const Range range = range_of(next(rest, ','));
      const int close = closeness(range, offered[i]);
      if (close == 0 || close < closest || (close == closest && range.weight <= weight)) continue;
      closest = close;
      weight = range.weight;
    }
    if (weight > best_weight) {
      best = i;
      best_weight = weight;
    }
  }
  return best;
}

bool takes_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  int identity = 0;
  for (std::string_view rest = accept_encoding; !rest.empty();) {
    const Range range = range_of(next(rest, ','));
    if (same_name(range.type, "gzip") || same_name(range.type, "x-gzip")) gzip = range.weight;
    if (range.type == "*") any = range.weight;
    if (same_name(range.type, "identity")) identity = range.weight;
  }
  const int weight = gzip.value_or(any.value_or(0));
  return weight > 0 && weight >= identity;
}

}  // namespace qm::serve
