#include <fmt/format.h>

#include <algorithm>

#include "base/diagnostics.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace qm {
namespace {

constexpr std::size_t kTabColumns = 8;
constexpr std::size_t kMostLineBytes = 160;    // a longer line is shown around the caret only
constexpr std::size_t kBytesBeforeCaret = 60;  // of such a line
constexpr unsigned kMostIncludesShown = 8;

struct Colours {
  std::string_view error, warning, note, caret, bold, off;
};
constexpr Colours kPlain{};
constexpr Colours kAnsi{"\x1b[1;31m", "\x1b[1;35m", "\x1b[1;36m",
                        "\x1b[1;32m", "\x1b[1m",    "\x1b[0m"};

// Source text as one line of a terminal; tabs become spaces up to the next stop.
std::string shown(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t tab = text.find('\t');
    out += plain_text(text.substr(0, tab), std::string_view::npos);
    if (tab == std::string_view::npos) return out;
    out.append(kTabColumns - display_width(out) % kTabColumns, ' ');
    text.remove_prefix(tab + 1);
  }
}

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
}

// The line and the caret below it. The caret's run covers the span as far as the line goes.
void append_excerpt(std::string& out, const Place& place, Span span, const Colours& colours) {
  std::string_view line = place.line_text;
  std::size_t at = place.offset;
  std::string_view cut_before;
  std::string_view cut_after;
  if (line.size() > kMostLineBytes) {
    std::size_t begin = at > kBytesBeforeCaret ? at - kBytesBeforeCaret : 0;
    while (begin > 0 && inside_character(line, begin)) --begin;
    std::size_t end = std::min(line.size(), begin + kMostLineBytes);
    while (end < line.size() && inside_character(line, end)) ++end;
    cut_before = begin > 0 ? "…" : "";
    cut_after = end < line.size() ? "…" : "";
    line = line.substr(begin, end - begin);
    at -= begin;
  }
  const std::string all = shown(line);
  const std::size_t caret = display_width(shown(line.substr(0, at)));
  const std::size_t covered = std::min<std::size_t>(line.size() - at, span.end - span.begin);
  const std::size_t end = display_width(shown(line.substr(0, at + covered)));
  fmt::format_to(std::back_inserter(out), "{}{}{}\n{}{}^{}{}\n", cut_before, all, cut_after,
                 std::string(caret + display_width(cut_before), ' '), colours.caret,
                 std::string(end > caret + 1 ? end - caret - 1 : 0, '~'), colours.off);
}

std::string place_text(const Place& place) {
  if (place.line == 0) return {};
  return fmt::format("{}:{}:{}: ", plain_text(place.source), place.line, place.column);
}

void append_message(std::string& out, const SourceMap& sources, Severity severity, Span span,
                    std::string_view message, std::string_view code, const Colours& colours) {
  const Place place = sources.place(span.begin);
  const std::string_view colour = severity == Severity::error     ? colours.error
                                  : severity == Severity::warning ? colours.warning
                                                                  : colours.note;
  fmt::format_to(std::back_inserter(out), "{}{}{}{}{}:{} {}", colours.bold, place_text(place),
                 colours.off, colour, severity_name(severity), colours.off, plain_text(message));
  if (!code.empty()) fmt::format_to(std::back_inserter(out), " [{}]", code);
  out += '\n';
  if (place.line != 0) append_excerpt(out, place, span, colours);
}

// How the compiler came to this place: through a macro, through #include.
void append_trace(std::string& out, const SourceMap& sources, std::uint32_t position,
                  const Colours& colours) {
  if (const SourceMap::Expansion* expansion = sources.expansion_at(position)) {
    append_message(out, sources, Severity::note, expansion->definition,
                   fmt::format("expanded from macro '{}'", expansion->macro), "", colours);
  }
  const SourceMap::Source* source = sources.find(position);
  for (unsigned i = 0; i < kMostIncludesShown && source != nullptr; ++i) {
    if (source->included_from.none()) return;
    const Place from = sources.place(source->included_from.begin);
    fmt::format_to(std::back_inserter(out), "{}{}note:{} included from here\n", place_text(from),
                   colours.note, colours.off);
    source = sources.find(source->included_from.begin);
  }
}

void write_place(JsonWriter& json, const SourceMap& sources, Span span) {
  if (span.none()) return;
  const Place begin = sources.place(span.begin);
  const Place end = sources.place(span.end);
  json.member("file", begin.source).member("line", begin.line).member("column", begin.column);
  json.member("end_line", end.line).member("end_column", end.column);
}

}  // namespace

std::string Diagnostics::text(bool colour, Severity least) const {
  const Colours& colours = colour ? kAnsi : kPlain;
  std::string out;
  for (const Diagnostic& one : all_) {
    if (one.severity > least) continue;  // the worst comes first in the enumeration
    append_message(out, sources_, one.severity, one.span, one.message, one.code, colours);
    if (!one.hint.empty()) {
      fmt::format_to(std::back_inserter(out), "hint: {}\n", plain_text(one.hint));
    }
    for (const Diagnostic::Note& note : one.notes) {
      append_message(out, sources_, Severity::note, note.span, note.message, "", colours);
    }
    append_trace(out, sources_, one.span.begin, colours);
  }
  if (warning_count_ > kMostWarnings) {
    fmt::format_to(std::back_inserter(out), "note: {} more warnings are not shown\n",
                   warning_count_ - kMostWarnings);
  }
  return out;
}

std::string Diagnostics::json() const {
  JsonWriter json;
  json.begin_object();
  json.member("errors", std::uint64_t{error_count_});
  json.member("warnings", std::uint64_t{warning_count_});
  json.key("diagnostics").begin_array();
  for (const Diagnostic& one : all_) {
    json.begin_object().member("severity", severity_name(one.severity));
    json.member("code", one.code).member("message", one.message);
    if (!one.hint.empty()) json.member("hint", one.hint);
    write_place(json, sources_, one.span);
    json.key("notes").begin_array();
    for (const Diagnostic::Note& note : one.notes) {
      json.begin_object().member("message", note.message);
      write_place(json, sources_, note.span);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace qm
