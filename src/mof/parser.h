// Tokens in, Model out: recursive descent over DSP0004's grammar and the WMI dialect of it.
//
// Promise: one error a mistake. After one, the parser goes on at the next declaration or the next
// member of the class, and marks what it was in as damaged, so that the checker does not complain
// about what is missing there.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/text.h"
#include "mof/gathered.h"
#include "mof/literal.h"
#include "mof/model.h"
#include "mof/names.h"
#include "mof/preprocessor.h"

namespace qm::mof {

struct Parsed {
  Model model;
  std::set<std::size_t> damaged_classes;  // indices
  std::set<std::size_t> damaged_instances;
  NameMap<std::uint8_t> default_flavors{};  // Qualifier Description : ToSubclass Amended;
  bool unchecked = false;                   // #pragma bmf_unchecked
};

class Parser {
 public:
  Parser(Preprocessor& tokens, Diagnostics& diagnostics, Parsed& out)
      : tokens_(tokens),
        diagnostics_(diagnostics),
        arena_(diagnostics.sources().arena()),
        out_(out) {}

  // Everything up to the end of the file that the preprocessor has open.
  void parse(std::string_view name_space);

 private:
  // Tokens.
  void advance() {
    ++steps_;
    if (current_.symbol == '{') ++brace_depth_;
    if (current_.symbol == '}' && brace_depth_ > 0) --brace_depth_;
    last_end_ = current_.span.end;
    after_cut_ = current_.cut;
    if (!has_next_) {
      tokens_.next(current_);
    } else {
      current_ = next_;
      has_next_ = false;
    }
    unclosed_ = unclosed_ || current_.unclosed;
    after_cut_ = after_cut_ || current_.after_trouble;
  }
  const Token& peek();
  bool at_word(std::string_view keyword) const {
    return current_.kind == TokenKind::identifier && same_name(current_.text, keyword);
  }
  bool take(char punctuation) {
    if (!current_.is(punctuation)) return false;
    advance();
    return true;
  }
  bool expect(char punctuation, std::string_view where) {
    return take(punctuation) || lacks(punctuation, where);
  }
  bool lacks(char punctuation, std::string_view where);
  bool expect_name(Text& name, std::string_view what);
  bool wrong(std::string_view expected, std::string hint = {});
  bool wrong_end(std::string message, std::string hint = {});
  bool wrong_at(Span place, std::string message, std::string hint);
  bool quote_missing();
  std::string found() const;
  Span since(std::uint32_t begin) const { return {begin, last_end_}; }

  // Declarations (parser.cc).
  void declaration();
  bool within_limit();
  bool no_declaration();
  void skip_declaration();
  void pass_declaration();
  void mark_damaged();
  bool qualifier_declaration();
  bool default_flavors(const Text& name);
  bool qualifier_scopes(QualifierDeclaration& declaration);
  bool known_scope(const Token& word);
  bool instance_declaration(Qualifiers qualifiers);
  void pragma();
  bool pragma_arguments(std::vector<std::string>& arguments);
  void run_pragma(Pragma pragma);
  std::optional<std::uint32_t> flags_of(const Pragma& pragma);
  void delete_class(const Pragma& pragma);
  Setting class_setting() const;
  Setting instance_setting() const;
  void enter_name_space(std::string_view spelling);

  // Elements from there on. Values that are instances, made since there were `instances` of them,
  // own something.
  template <class T>
  List<T> settled(Gathered<T>& gathered, std::size_t first, std::size_t instances) {
    return gathered.settle(first, arena_, instances == instance_count_);
  }

  // Classes (parse_class.cc).
  bool class_declaration(Qualifiers qualifiers);
  bool class_heading(Class& the_class);
  bool class_body(Class& the_class);
  bool feature();
  bool feature_into(Property& property, bool& is_method);
  bool member_name(Property& property);
  bool bounds_follow();
  bool sound_so_far(bool sound);
  bool missed_comma();
  bool begin_class();
  bool type(Property& property);
  bool declarator(Property& property);
  bool array_bounds(Property& property);
  bool method(Property head);
  bool parameter();
  void skip_feature(std::size_t depth);
  void pass_feature(std::size_t depth);
  bool at_new_class();
  bool at_new_instance();
  void pass_open_brace();

  // Qualifiers and values (parse_value.cc).
  bool qualifier_list(Qualifiers& qualifiers);
  bool some_qualifiers(Qualifiers& qualifiers);
  bool reach_bracket();
  bool qualifier(std::size_t first);
  bool qualifier_value();
  struct Flavors {
    std::uint8_t given = 0;
    std::uint8_t denied = 0;
  };
  bool flavors(Flavors& flavors);
  bool flavor(const Token& word, Flavors& flavors);
  bool value(Value& value, unsigned depth = 0);
  bool list(Value& value, unsigned depth);
  bool list_value(unsigned depth);
  void take_plain_strings(std::size_t first);
  bool strings(Value& value);
  bool string_follows();
  bool append_string_token();
  void report(const EscapeTrouble& trouble);
  bool long_string(std::uint32_t begin);
  bool number(Value& value);
  bool character(Value& value);
  bool word_value(Value& value, unsigned depth);
  bool instance_body(Instance& instance, unsigned depth);
  bool property_value(Instance& instance, unsigned depth);
  bool alias(Text& alias);

  Preprocessor& tokens_;
  Diagnostics& diagnostics_;
  Arena& arena_;
  Parsed& out_;
  // What is being read is gathered here, and then moved to where it stays.
  std::string string_;
  Gathered<Value> values_;
  Gathered<Qualifier> qualifiers_;
  Gathered<Property> properties_;
  Gathered<Method> methods_;
  Gathered<Property> parameters_;
  std::size_t instance_count_ = 0;  // that are values
  Token current_;
  Token next_;
  bool has_next_ = false;
  std::uint32_t last_end_ = 0;  // of the token before current_
  Span long_string_;            // the last string that ran over lines: maybe it lacks its end
  Text name_space_;             // lent by the arena
  Text name_space_spelling_;
  std::optional<std::uint32_t> class_flags_;
  std::optional<std::uint32_t> instance_flags_;
  std::uint64_t steps_ = 0;  // tokens taken
  std::size_t brace_depth_ = 0;
  bool unclosed_ = false;   // the text ends inside a string or comment
  bool after_cut_ = false;  // what stands before current_ is not whole, as was said
  bool end_told_ = false;   // that the text ends too early
  bool go_on_ = false;      // what was wrong is behind us: nothing is to be skipped
  bool enough_ = false;     // a limit of the model was passed
};

// "\\.\root\wmi", "//./root/wmi", "root/wmi" -> "root\wmi".
std::string plain_name_space(std::string_view text);

}  // namespace qm::mof
