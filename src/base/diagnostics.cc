#include "base/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace qm {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

void Diagnostics::error(std::string_view code, Span span, std::string message, std::string hint) {
  report({Severity::error, std::string(code), std::move(message), std::move(hint), span, {}});
}

void Diagnostics::warning(std::string_view code, Span span, std::string message, std::string hint) {
  report({Severity::warning, std::string(code), std::move(message), std::move(hint), span, {}});
}

void Diagnostics::note(std::string_view code, Span span, std::string message, std::string hint) {
  report({Severity::note, std::string(code), std::move(message), std::move(hint), span, {}});
}

void Diagnostics::also(Span span, std::string message) {
  if (!last_kept_ || all_.back().notes.size() >= kMostNotes) return;
  all_.back().notes.push_back({span, std::move(message)});
}

void Diagnostics::sort() {
  // Not std::stable_sort: clang warns of what libstdc++ 12 makes it of.
  std::vector<std::pair<std::uint32_t, std::size_t>> order;
  const std::size_t count = all_.size() - (full() ? 1 : 0);
  order.reserve(count);
  for (std::size_t i = 0; i < count; ++i) order.emplace_back(all_[i].span.begin, i);
  std::ranges::sort(order);
  std::vector<Diagnostic> sorted;
  sorted.reserve(count);
  for (const auto& [begin, index] : order) sorted.push_back(std::move(all_[index]));
  std::ranges::move(sorted, all_.begin());
  last_kept_ = false;
}

void Diagnostics::report(Diagnostic diagnostic) {
  last_kept_ = false;
  if (full()) return;
  if (choice_) {
    const std::optional<Severity> severity = choice_(diagnostic.code, diagnostic.severity);
    if (!severity) return;
    diagnostic.severity = *severity;
  }
  const bool is_error = diagnostic.severity == Severity::error;
  // A second error at one place is nearly always the first one's child. Warnings differ in kind,
  // so that several may stand at one place.
  const bool first_here =
      diagnostic.span.none() || !is_error || error_places_.insert(diagnostic.span.begin).second;
  if (!first_here) return;
  if (is_error) {
    ++error_count_;
  } else {
    std::size_t& count = diagnostic.severity == Severity::warning ? warning_count_ : note_count_;
    if (++count > kMostWarnings) return;
  }
  all_.push_back(std::move(diagnostic));
  last_kept_ = true;
  if (full()) {
    all_.push_back({Severity::error,
                    "too-many-errors",
                    fmt::format("stopped after {} errors", kMostErrors),
                    "mend these first; some of what follows may vanish with them",
                    {},
                    {}});
    last_kept_ = false;
  }
}

}  // namespace qm
