// Files and their directives in, one stream of tokens out: #include, #define with and without
// parameters, #undef, #if and its kin, #error, #pragma. Threads: one.
//
// Promise: it ends. Inclusion, nesting and expansion have limits (mof/limits.h); when one is
// passed that is one error, and the stream ends.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/diagnostics.h"
#include "mof/lexer.h"
#include "mof/mof.h"
#include "mof/token.h"

namespace qm::mof {

struct Macro {
  Span definition;  // of its name
  bool has_parameters = false;
  std::vector<std::string_view> parameters;
  std::vector<Token> body;
};

class Preprocessor {
 public:
  Preprocessor(const FileReader& read, const Options& options, Diagnostics& diagnostics);

  // Begins the file; next() then gives its tokens. Reports when it cannot be read.
  void open(const std::string& path);
  // The file that an #include or a #pragma include at `at` names; its tokens come next.
  void include(std::string_view name, Span at, bool own_folder_first = true);

  // `end` when the file begun by open() is done, or when there were too many errors. A #pragma
  // comes as `pragma`, its words, end_of_line. Fills what the caller has, as Lexer::next() does.
  void next(Token& token) {
    if (ahead_ != nullptr) {
      ahead_->next(token);
      const bool ordinary =
          token.kind != TokenKind::end && !(token.symbol == '#' && token.at_line_start);
      if (ordinary || obey(token)) return;
    }
    next_expanded(token);
  }
  Token next() {
    Token token;
    next(token);
    return token;
  }

  // Where the next token comes from, when nothing stands between it and its text: no macro, no
  // directive. For who can do without a token.
  Lexer* lexer_ahead() { return ahead_; }

  // Passes what is left of the line, where quotes have lost their order. False within a macro or a
  // directive.
  bool skip_line() {
    if (!expansions_.empty() || in_pragma_ || files_.empty()) return false;
    lexer().rest_of_line();
    return true;
  }

  // While the parser looks for where to go on.
  void set_quiet(bool quiet) {
    if (!files_.empty()) lexer().set_quiet(quiet);
  }

  // True when a limit ended the stream: what the parser then misses is not the text's fault.
  bool stopped() const { return stopped_; }

 private:
  struct Condition {
    Span where;
    bool taken = false;  // some branch of it was
    bool seen_else = false;
  };
  struct File {
    const SourceMap::Source* source;
    Lexer lexer;
    std::vector<Condition> conditions;
  };
  struct Expansion {  // tokens that stand in for a macro or an argument
    std::vector<Token> tokens;
    std::size_t at = 0;
    const Macro* macro = nullptr;
    bool barrier = false;  // its end is an end: an argument expanded on its own
  };
  using Arguments = std::vector<std::vector<Token>>;

  // Files (preprocessor.cc).
  bool obey(Token& token);
  void next_expanded(Token& token);
  Result<const SourceMap::Source*> load(const std::string& path, Span from);
  bool include_file(const std::string& path, Span at);
  void push_file(const SourceMap::Source& source);
  void close_file();
  void give_up(std::string_view code, Span at, std::string message, std::string hint);
  Lexer& lexer() { return files_.back().lexer; }
  // To be called whenever what it asks changed.
  void find_ahead() {
    const bool plain = !files_.empty() && macros_.empty() && !in_pragma_ && !stopped_;
    ahead_ = plain ? &lexer() : nullptr;
  }

  // Directives (directives.cc).
  void directive(const Token& hash);
  void define();
  bool read_parameters(Macro& macro);
  void undef();
  void include_line(const Token& word);
  void begin_condition(const Token& word);
  bool holds(const Token& word);
  bool evaluate(const Token& word);
  void end_branch(const Token& word);
  void skip_group();
  bool branch_begins(const Token& word);
  void finish_line(bool must_be_empty);

  // Expansion (macro.cc).
  Token raw_next();
  bool expand(Token& name);
  bool call_follows();
  bool read_arguments(const Token& name, const Macro& macro, Arguments& arguments, Span& end);
  std::vector<Token> substituted(const Macro& macro, const Token& name, const Arguments& arguments);
  std::vector<Token> expand_fully(std::vector<Token> tokens);
  Token stringized(const std::vector<Token>& tokens, const Token& like);
  void paste(std::vector<Token>& out, const Token& right);
  std::string_view keep(std::string_view text, Span at);
  bool charge(const std::vector<Token>& tokens, Span at);

  const FileReader& read_;
  const Options& options_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string_view, Macro> macros_;  // nodes stay put; names lie in sources
  std::vector<File> files_;
  Lexer* ahead_ = nullptr;
  std::vector<Expansion> expansions_;  // all from the file on top
  std::size_t made_bytes_ = 0;         // by # and ##
  std::size_t expanded_tokens_ = 0;
  std::size_t expanded_bytes_ = 0;
  unsigned argument_depth_ = 0;
  bool in_pragma_ = false;
  Span pragma_span_;
  Span end_span_;
  bool call_failed_ = false;  // a macro's expansion is missing before the next token
  bool end_unclosed_ = false;
  bool stopped_ = false;
};

}  // namespace qm::mof
