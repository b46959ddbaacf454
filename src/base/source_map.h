// The texts of a compilation in one address space, so that a place in any of them is one number.
//
// Promise: adding is cheap and keeps each text where it is; line and column are worked out only
// when somebody asks. Copies share the texts that they have. Threads: one writer, or shared const.
// Limits: kMost… below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/kept_text.h"
#include "base/result.h"

namespace qm {

// A stretch of source text: [begin, end) in a SourceMap's address space; 0,0 = none.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool none() const { return begin == 0 && end == 0; }
};

// What a position is to a reader. Views stay valid as long as the SourceMap.
struct Place {
  std::string_view source;     // name of the source; "" = no place
  std::uint32_t line = 0;      // from 1; lines end at \n
  std::uint32_t column = 0;    // from 1, counting characters (code points), a tab as one
  std::string_view line_text;  // the whole line without its end
  std::size_t offset = 0;      // of the position in line_text, in bytes
};

class SourceMap {
 public:
  static constexpr std::uint32_t kMostBytes = 256U << 20U;        // all texts together
  static constexpr std::size_t kMostSources = 20'000;             // files, each inclusion counted
  static constexpr std::size_t kMostRecordedExpansions = 50'000;  // more are expanded untraced

  static constexpr std::string_view kCommandLine = "command line -D";  // such a source's name

  struct Source {
    std::string name;
    std::string_view text;    // a zero follows
    std::uint32_t begin = 0;  // position of text[0]; text.size() more positions follow
    Span included_from;
  };

  // The text, at an address that stays. Error `limit` when a limit would be passed.
  Result<const Source*> add(std::string name, KeptText text, Span included_from = {});

  // A text that stands in no source, made of what sources hold: copied, at an address that stays.
  // The caller limits how many bytes that are.
  std::string_view keep(std::string_view text) { return arena().keep(text); }

  // For what is made of the texts and shall live as long. The caller limits how much that is.
  Arena& arena();

  // What holds all these texts, and the arena: views into them outlive the map as long as somebody
  // has it.
  std::shared_ptr<const void> texts() const { return texts_; }

  // Remembers that the text at `use` was replaced by what a macro stands for.
  void add_expansion(Span use, std::string_view macro, Span definition);

  // Names of what add() took, each as often as it was taken; what command lines said is no file.
  std::vector<std::string_view> paths() const;

  const Source* find(std::uint32_t position) const;  // nullptr: none
  Place place(std::uint32_t position) const;
  std::string_view text(Span span) const;  // cut at the end of its source

  struct Expansion {
    Span use;
    std::string macro;
    Span definition;
  };
  const Expansion* expansion_at(std::uint32_t position) const;  // the first that covers it

  std::uint32_t total_bytes() const { return next_ - 1; }

 private:
  struct Texts {
    std::deque<KeptText> sources;
    Arena arena;  // of what is kept
  };

  std::shared_ptr<Texts> texts_;  // made with the first
  std::deque<Source> sources_;    // by begin; a deque never moves its elements
  std::vector<Expansion> expansions_;
  std::uint32_t next_ = 1;  // 0 is "none"
};

}  // namespace qm
