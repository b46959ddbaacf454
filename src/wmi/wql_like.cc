#include "wmi/wql_like.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace qm::wmi::wql {
namespace {

// One character and the bytes that it took; what is no UTF-8 counts byte by byte.
char32_t character_at(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t more = lead >= 0xf0U ? 3 : lead >= 0xe0U ? 2 : lead >= 0xc0U ? 1 : 0;
  if (more == 0 || at + more >= text.size()) return byte(at++);
  char32_t out = lead & (0x3fU >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80U) return byte(at++);
    out = (out << 6U) | (byte(at + i) & 0x3fU);
  }
  at += more + 1;
  return out;
}

char32_t lower(char32_t c) {
  return c >= U'A' && c <= U'Z' ? c + 32 : c;
}
char32_t upper(char32_t c) {
  return c >= U'a' && c <= U'z' ? c - 32 : c;
}

}  // namespace

Result<LikePattern> LikePattern::compile(std::string_view pattern) {
  LikePattern out;
  std::size_t at = 0;
  while (at < pattern.size()) {
    Part part;
    const char32_t c = character_at(pattern, at);
    if (c == U'%') {
      part.kind = Part::Kind::any_text;
      if (!out.parts_.empty() && out.parts_.back().kind == Part::Kind::any_text) continue;
    } else if (c == U'_') {
      part.kind = Part::Kind::any_one;
    } else if (c == U'[') {
      part.kind = Part::Kind::one_of;
      part.negated = at < pattern.size() && pattern[at] == '^';
      if (part.negated) ++at;
      const std::size_t begin = at;
      // A ] that stands first is one of the set: [[] and []] mean themselves.
      while (at < pattern.size() && (pattern[at] != ']' || at == begin)) {
        Range range;
        range.first = range.last = character_at(pattern, at);
        const bool ranges = at + 1 < pattern.size() && (pattern[at] == '-' || pattern[at] == '=') &&
                            pattern[at + 1] != ']';
        if (ranges) range.last = character_at(pattern, ++at);
        part.ranges.push_back(range);
      }
      if (at == pattern.size()) return fail(ErrorCode::invalid, "a set in a pattern has no ]");
      ++at;
    } else {
      part.character = lower(c);
    }
    if (out.parts_.size() == kMostLikeParts) {
      return fail(ErrorCode::limit,
                  fmt::format("a pattern has more than {} parts", kMostLikeParts));
    }
    out.parts_.push_back(std::move(part));
  }
  return out;
}

bool LikePattern::fits(const Part& part, char32_t character) {
  switch (part.kind) {
    case Part::Kind::character:
      return part.character == lower(character);
    case Part::Kind::any_one:
    case Part::Kind::any_text:
      return true;
    case Part::Kind::one_of:
      break;
  }
  const auto in = [](char32_t c) {
    return [c](const Range& range) { return range.first <= c && c <= range.last; };
  };
  const bool found = std::ranges::any_of(part.ranges, in(lower(character))) ||
                     std::ranges::any_of(part.ranges, in(upper(character)));
  return found != part.negated;
}

// Only the last % needs to be tried again: what fitted before it fits anyway.
bool LikePattern::matches(std::string_view utf8) const {
  std::size_t at = 0;
  std::size_t part = 0;
  std::size_t star = parts_.size();  // the last % met; none yet
  std::size_t star_at = 0;           // where what follows it was tried
  while (at < utf8.size()) {
    std::size_t next = at;
    const char32_t c = character_at(utf8, next);
    if (part < parts_.size() && parts_[part].kind == Part::Kind::any_text) {
      star = part++;
      star_at = at;
    } else if (part < parts_.size() && fits(parts_[part], c)) {
      ++part;
      at = next;
    } else if (star < parts_.size()) {
      part = star + 1;
      static_cast<void>(character_at(utf8, star_at));
      at = star_at;
    } else {
      return false;
    }
  }
  while (part < parts_.size() && parts_[part].kind == Part::Kind::any_text) ++part;
  return part == parts_.size();
}

}  // namespace qm::wmi::wql
