// What a compiler (MOF, WQL) has to say about its input.
//
// Promise: each diagnostic has a stable code, a place, and where possible a hint that says what to
// write instead; one place is complained about once; after kMostErrors errors nothing more is
// taken and full() tells the compiler to stop. Threads: one. Limits: kMost… below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source_map.h"

namespace qm {

enum class Severity : std::uint8_t { error, warning, note };
std::string_view severity_name(Severity severity);

struct Diagnostic {
  struct Note {
    Span span;
    std::string message;
  };
  Severity severity = Severity::error;
  std::string code;     // stable, kebab case: "duplicate-class"
  std::string message;  // one line, without a full stop
  std::string hint;     // what to do; "" without one
  Span span;            // may be none: about the whole run
  std::vector<Note> notes;
};

class Diagnostics {
 public:
  static constexpr std::size_t kMostErrors = 20;
  static constexpr std::size_t kMostWarnings = 200;  // more are counted, not kept; notes likewise
  static constexpr std::size_t kMostNotes = 8;       // of one diagnostic

  // What becomes of what has this code; nothing: it is not told, and no note is added to it.
  using Choice = std::function<std::optional<Severity>(std::string_view code, Severity usual)>;
  void choose(Choice choice) { choice_ = std::move(choice); }

  void error(std::string_view code, Span span, std::string message, std::string hint = {});
  void warning(std::string_view code, Span span, std::string message, std::string hint = {});
  void note(std::string_view code, Span span, std::string message, std::string hint = {});
  // Adds to the diagnostic just reported: where the other half of the trouble is.
  void also(Span span, std::string message);

  bool has_errors() const { return error_count_ != 0; }
  bool full() const { return error_count_ >= kMostErrors; }
  std::size_t error_count() const { return error_count_; }
  std::size_t warning_count() const { return warning_count_; }  // those not kept included
  const std::vector<Diagnostic>& all() const { return all_; }

  // Puts them in the order of their places, those without one first; that it stopped stays last.
  void sort();

  SourceMap& sources() { return sources_; }
  const SourceMap& sources() const { return sources_; }

  // For people: each as `file:line:column: error: message [code]`, its line, a caret below the
  // column, the hint, and how inclusion and macros led there. Lines end with \n. Only what is at
  // least so severe.
  std::string text(bool colour = false, Severity least = Severity::note) const;
  // For programs: {"errors": n, "warnings": n, "diagnostics": [{"severity", "code", "message",
  // "hint", "file", "line", "column", "end_line", "end_column", "notes": [...]}]}.
  std::string json() const;

 private:
  void report(Diagnostic diagnostic);

  SourceMap sources_;
  Choice choice_;
  std::vector<Diagnostic> all_;
  std::set<std::uint32_t> error_places_;  // where an error began
  std::size_t error_count_ = 0;
  std::size_t warning_count_ = 0;
  std::size_t note_count_ = 0;
  bool last_kept_ = false;
};

}  // namespace qm
