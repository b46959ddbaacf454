#include "mof/preprocessor.h"

#include <gtest/gtest.h>

#include "mof/limits.h"
#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

struct Read {
  std::string tokens;  // a blank between each two
  std::string said;
};

std::string spelling(const Token& token) {
  std::string text(token.text);
  if (token.kind == TokenKind::string) return '"' + text + '"';
  if (token.kind == TokenKind::character) return '\'' + text + '\'';
  if (token.kind == TokenKind::alias) return '$' + text;
  if (token.kind == TokenKind::pragma) return "<pragma>";
  if (token.kind == TokenKind::end_of_line) return "<eol>";
  return text;
}

Read read(std::map<std::string, std::string> files, Options options = {}) {
  Diagnostics diagnostics;
  const FileReader reader = memory_reader(std::move(files));
  Preprocessor preprocessor(reader, options, diagnostics);
  preprocessor.open("t.mof");
  Read out;
  for (Token token = preprocessor.next(); token.kind != TokenKind::end;
       token = preprocessor.next()) {
    if (!out.tokens.empty()) out.tokens += ' ';
    out.tokens += spelling(token);
  }
  out.said = diagnostics.text();
  return out;
}

std::string tokens(std::string text) {
  const Read out = read({{"t.mof", std::move(text)}});
  EXPECT_EQ(out.said, "");
  return out.tokens;
}

std::string said(std::string text) {
  return read({{"t.mof", std::move(text)}}).said;
}

// The codes in brackets, one a line: enough where the wording is tested elsewhere.
bool says(const std::string& text, std::string_view code) {
  return text.find("[" + std::string(code) + "]") != std::string::npos;
}

TEST(Lexer, SplitsEveryKindOfToken) {
  EXPECT_EQ(tokens("class X:Y{[a(1,-2.5)]uint8 b[3]=0x1f;c=\"d\\\"e\" 'f' $Ali;};"),
            "class X : Y { [ a ( 1 , - 2.5 ) ] uint8 b [ 3 ] = 0x1f ; c = \"d\\\"e\" 'f' $Ali ; "
            "} ;");
}

TEST(Lexer, CommentsAndSplicedLinesAreBlank) {
  EXPECT_EQ(tokens("a/*x\n*/b// c \" d\ne\\\nf /* ' */ g"), "a b e f g");
}

TEST(Lexer, OpenCommentsAndStringsAreSaidWhereTheyBegin) {
  EXPECT_EQ(said("a\n  /* b"),
            "t.mof:2:3: error: this comment is never closed [open-comment]\n"
            "  /* b\n"
            "  ^~\n"
            "hint: end it with */\n");
  EXPECT_TRUE(says(said("a \"b\nc"), "open-string"));
  EXPECT_TRUE(says(said("a 'b\n"), "open-character"));
}

TEST(Lexer, StrayBytesAreOneErrorARun) {
  const Read out = read({{"t.mof", std::string("a \x01\x02@@` b")}});
  EXPECT_EQ(out.tokens, "a b");
  EXPECT_EQ(out.said,
            "t.mof:1:3: error: '\\x01\\x02@@`' has no meaning here [stray-character]\n"
            "a \\x01\\x02@@` b\n"
            "  ^~~~~~~~~~~\n");
}

TEST(Lexer, ANameMayBeAsLongAsTheLimit) {
  EXPECT_EQ(said(std::string(kMostIdentifierBytes, 'x')), "");
  EXPECT_TRUE(says(said(std::string(kMostIdentifierBytes + 1, 'x')), "long-name"));
}

TEST(Macros, WithAndWithoutParameters) {
  EXPECT_EQ(tokens("#define N 5\n#define ADD(a, b) a + b\nN ADD(N, (1,2)) ADD ( x , )"),
            "5 5 + ( 1 , 2 ) x +");
  EXPECT_EQ(tokens("#define F(x) [x]\nF F(F(1))"), "F [ [ 1 ] ]");
  EXPECT_EQ(tokens("#define E\nE a E"), "a");
  EXPECT_EQ(tokens("#define Z() z\nZ() Z"), "z Z");
}

TEST(Macros, OverSeveralLinesByContinuation) {
  EXPECT_EQ(tokens("#define TWO a \\\r\n  b\nTWO"), "a b");
}

TEST(Macros, MakeStringsAndJoinWords) {
  EXPECT_EQ(tokens("#define S(x) #x\nS(a + \"b\\n\")"), "\"a + \\\"b\\\\n\\\"\"");
  EXPECT_EQ(tokens("#define J(a, b) a ## b\nJ(Per, f1) J(, x) J(x,)"), "Perf1 x x");
  EXPECT_EQ(tokens("#define J(a, b, c) z a ## b ## c\nJ(,,x) J(x,,y)"), "z x z xy");
  EXPECT_EQ(tokens("#define A 1\n#define J(a, b) a##b\n#define AA 7\nJ(A, A)"), "7");
}

TEST(Macros, AMacroInItsOwnExpansionStands) {
  EXPECT_EQ(tokens("#define a a b\na"), "a b");
  EXPECT_EQ(tokens("#define x y\n#define y x z\nx"), "x z");
}

TEST(Macros, ACallThatRunsOverLines) {
  EXPECT_EQ(tokens("#define F(x) <x>\nF(\n1\n)"), "< 1 >");
}

TEST(Macros, ErrorsShowUseAndDefinition) {
  EXPECT_EQ(said("#define F(a, b) a\nF(1)"),
            "t.mof:2:1: error: macro 'F' takes 2 arguments, not 1 [argument-count]\n"
            "F(1)\n"
            "^\n"
            "t.mof:1:9: note: it is defined here\n"
            "#define F(a, b) a\n"
            "        ^\n");
  EXPECT_TRUE(says(said("#define F(a) a\nF(1"), "open-call"));
  EXPECT_TRUE(says(said("#define 1 2\n"), "bad-define"));
  EXPECT_TRUE(says(said("#define F(a\n"), "bad-define"));
  EXPECT_TRUE(says(said("#define F(a, a) a\n"), "bad-define"));
  EXPECT_TRUE(says(said("#define F(a) a ## ]\nF(x)"), "bad-paste"));
  EXPECT_TRUE(says(said("#undef 7\n"), "bad-undef"));
}

TEST(Macros, RedefinedWithAnotherValueIsAWarning) {
  EXPECT_EQ(said("#define N 5\n#define N 5\n#undef N\n#define N 6\n"), "");
  EXPECT_TRUE(says(said("#define N 5\n#define N 6\n"), "macro-redefined"));
}

TEST(Macros, FromTheCommandLine) {
  Options options;
  options.defines = {{"N", "5"}, {"F(x)", "x x"}};
  EXPECT_EQ(read({{"t.mof", "N F(y)"}}, options).tokens, "5 y y");
}

TEST(Macros, DoublingAtEachStepEndsAtTheLimit) {
  std::string bomb = "#define m0 x\n";
  for (int i = 1; i <= 30; ++i) {
    bomb += "#define m" + std::to_string(i) + " m" + std::to_string(i - 1) + " m" +
            std::to_string(i - 1) + "\n";
  }
  EXPECT_TRUE(says(said(bomb + "m30"), "macro-tokens"));
  EXPECT_EQ(said(bomb + "m10"), "");
}

TEST(Macros, ArgumentsThatDoubleEndAtTheLimit) {
  std::string text = "#define D(x) x x\n";
  std::string call = "y";
  for (int i = 0; i < 30; ++i) call = "D(" + call + ")";
  EXPECT_TRUE(says(said(text + call), "macro-tokens"));
}

TEST(Macros, NestUpToTheLimit) {
  std::string chain = "#define m0 x\n";
  for (unsigned i = 1; i <= kMostMacroDepth; ++i) {
    chain += "#define m" + std::to_string(i) + " m" + std::to_string(i - 1) + "\n";
  }
  EXPECT_EQ(tokens(chain + "m" + std::to_string(kMostMacroDepth - 1)), "x");
  EXPECT_TRUE(says(said(chain + "m" + std::to_string(kMostMacroDepth)), "macro-depth"));
}

TEST(Macros, ParametersUpToTheLimit) {
  std::string parameters = "p0";
  for (std::size_t i = 1; i < kMostMacroParameters; ++i) parameters += ",p" + std::to_string(i);
  EXPECT_EQ(said("#define F(" + parameters + ") p1\n"), "");
  EXPECT_TRUE(says(said("#define F(" + parameters + ",q) p1\n"), "bad-define"));
}

TEST(Macros, AsManyAsTheLimit) {
  std::string text;
  for (std::size_t i = 0; i < kMostMacros; ++i) text += "#define m" + std::to_string(i) + "\n";
  EXPECT_EQ(said(text), "");
  EXPECT_TRUE(says(said(text + "#define more\n"), "macro-count"));
}

TEST(Macros, StringsThatDoubleEndAtTheLimit) {
  // Each S doubles the text that it makes a string of.
  std::string text = "#define S(x) #x\n#define T(x) S(x x)\n";
  std::string call = std::string(200, 'y');
  for (int i = 0; i < 16; ++i) call = "T(" + call + ")";
  const std::string out = said(text + call);
  EXPECT_TRUE(says(out, "macro-tokens")) << out.substr(0, 300);
}

// A use costs its words and one more.
TEST(Macros, GiveAsManyWordsAsTheLimit) {
  std::string uses;
  for (std::size_t i = 0; i < kMostExpandedTokens / 2; ++i) uses += "m;";
  EXPECT_EQ(said("#define m x\n" + uses), "");
  EXPECT_TRUE(says(said("#define m x\n" + uses + "m"), "macro-tokens"));
}

TEST(Macros, MakeStringsUpToTheLimit) {
  const std::string word(128, 'y');
  std::string uses;
  for (std::size_t i = 0; i < kMostMadeBytes / word.size(); ++i) uses += "S(" + word + ");";
  EXPECT_EQ(said("#define S(x) #x\n" + uses), "");
  EXPECT_TRUE(says(said("#define S(x) #x\n" + uses + "S(y)"), "macro-tokens"));
}

// Each use costs what it spells: a few words would else make a model of many gigabytes.
TEST(Macros, SpellUpToTheLimit) {
  const std::string define = "#define S \"" + std::string(kMostStringBytes, 'x') + "\"\n";
  std::string uses;
  for (std::size_t i = 0; i < kMostExpandedBytes / kMostStringBytes; ++i) uses += "S;";
  EXPECT_EQ(said(define + uses), "");
  EXPECT_TRUE(says(said(define + uses + "S"), "macro-tokens"));
}

TEST(Conditions, ChooseABranch) {
  EXPECT_EQ(
      tokens("#define A 2\n#if A == 1\none\n#elif A == 2\ntwo\n#elif 1\nno\n#else\nno\n#endif"),
      "two");
  EXPECT_EQ(tokens("#ifdef A\na\n#else\nb\n#endif\n#ifndef A\nc\n#endif"), "b c");
  EXPECT_EQ(tokens("#if 0\n#if 1\nx\n#else\ny\n#endif\n#else\nz\n#endif // done"), "z");
  EXPECT_EQ(tokens("#if defined(A) || defined B\nx\n#endif\n#if !defined(A)\ny\n#endif"), "y");
}

TEST(Conditions, KnowCsOperators) {
  const auto holds = [](const std::string& condition) {
    return tokens("#define ONE 1\n#define TWICE(x) (2*(x))\n#if " + condition +
                  "\nyes\n#else\nno\n#endif") == "yes";
  };
  EXPECT_TRUE(holds("1 + 2 * 3 == 7"));
  EXPECT_TRUE(holds("(1 + 2) * 3 == 9 && 7 % 4 == 3"));
  EXPECT_TRUE(holds("-1 < 0 && ~0 == -1 && !0"));
  EXPECT_TRUE(holds("1 << 4 == 16 && (256 >> 4) == 16"));
  EXPECT_TRUE(holds("(6 & 3) == 2 && (6 | 3) == 7 && (6 ^ 3) == 5"));
  EXPECT_TRUE(holds("0x0600UL >= 0x500 && 5 != 4 && 3 <= 3 && 4 > 3"));
  EXPECT_TRUE(holds("TWICE(ONE + 1) == 4"));
  EXPECT_TRUE(holds("10 - 4 - 3 == 3"));
  EXPECT_FALSE(holds("unknown"));
  EXPECT_TRUE(holds("(0 - 9223372036854775807 - 1) / -1 < 0"));
}

TEST(Conditions, OperandsThatDoNotCountMayDivideByZero) {
  const auto holds = [](const std::string& condition) {
    return tokens("#if " + condition + "\nyes\n#else\nno\n#endif");
  };
  EXPECT_EQ(holds("defined(N) && 10 / N > 1"), "no");
  EXPECT_EQ(holds("!defined(N) || 10 / N > 1"), "yes");
  EXPECT_EQ(holds("defined(N) ? 1 / N : 2 > 1 ? 1 : 1 / 0"), "yes");
  EXPECT_EQ(holds("(1 ? 2 : 3) == 2 && 'a' == 97 && '\\x41' == 0x41"), "yes");
  EXPECT_TRUE(says(said("#if 1 ? 2\n#endif\n"), "bad-condition"));
  EXPECT_TRUE(says(said("#if 1 && 1 / 0\n#endif\n"), "bad-condition"));
}

TEST(Conditions, BadOnesAreErrorsAndFalse) {
  for (const char* condition :
       {"", "1 +", "(1", "1 1", "1 / 0", "3 % 0", "09", "\"x\"", "1 ? 2", "''"}) {
    const std::string out = said("#if " + std::string(condition) + "\nx\n#endif\n");
    EXPECT_TRUE(says(out, "bad-condition")) << condition << "\n" << out;
  }
}

TEST(Conditions, LeftOpenOrClosedTwice) {
  EXPECT_TRUE(says(said("#if 1\nx"), "open-condition"));
  EXPECT_TRUE(says(said("#if 0\nx"), "open-condition"));
  EXPECT_TRUE(says(said("#endif"), "stray-condition"));
  EXPECT_TRUE(says(said("#else"), "stray-condition"));
  EXPECT_TRUE(says(said("#if 1\n#else\n#else\n#endif"), "stray-condition"));
}

TEST(Conditions, WhatIsLeftOutNeedNotBeMof) {
  EXPECT_EQ(tokens("#if 0\ndon't \"look\n#bogus here\n/* #endif */ // #endif\n#endif\nx"), "x");
}

TEST(Conditions, NestUpToTheLimit) {
  std::string open;
  std::string close;
  for (unsigned i = 0; i < kMostConditionDepth; ++i) {
    open += "#if 1\n";
    close += "#endif\n";
  }
  EXPECT_EQ(tokens(open + "x\n" + close), "x");
  EXPECT_TRUE(says(said(open + "#if 1\nx\n#endif\n" + close), "condition-depth"));
}

std::string in_parentheses(unsigned depth) {
  return said("#if " + std::string(depth, '(') + "1" + std::string(depth, ')') + "\n#endif\n");
}

TEST(Conditions, ParenthesesNestUpToTheLimit) {
  EXPECT_EQ(in_parentheses(kMostExpressionDepth - 1), "");
  EXPECT_TRUE(says(in_parentheses(kMostExpressionDepth), "bad-condition"));
}

TEST(Directives, UnknownOnesAreErrorsWithAHint) {
  EXPECT_EQ(said("#inlcude \"x\"\n"),
            "t.mof:1:2: error: unknown directive '#inlcude' [unknown-directive]\n"
            "#inlcude \"x\"\n"
            " ^~~~~~~\n"
            "hint: did you mean 'include'?\n");
  EXPECT_TRUE(says(said("#error no good\n"), "error-directive"));
  EXPECT_EQ(said("#warning old\n"),
            "t.mof:1:2: warning: #warning old [warning-directive]\n#warning old\n ^~~~~~~\n");
  EXPECT_EQ(tokens("#\n#line 7 \"x\"\n# 3 \"y\"\nz"), "z");
}

TEST(Directives, PragmasComeThroughUnexpanded) {
  EXPECT_EQ(tokens("#define root X\n#pragma namespace(\"root\") // why\nroot"),
            "<pragma> namespace ( \"root\" ) <eol> X");
}

TEST(Include, LooksBesideTheFileThenInTheFolders) {
  Options options;
  options.include_dirs = {"inc", "more"};
  const Read out = read({{"t.mof", "#include \"sub/a.mof\"\n#include <c.mof>\nend"},
                         {"sub/a.mof", "a\n#include \"b.mof\"\n"},
                         {"sub/b.mof", "beside"},
                         {"inc/b.mof", "wrong"},
                         {"more/c.mof", "c"},
                         {"c.mof", "wrong"}},
                        options);
  EXPECT_EQ(out.said, "");
  EXPECT_EQ(out.tokens, "a beside c end");
}

TEST(Include, BackslashesAreFolders) {
  EXPECT_EQ(read({{"t.mof", "#include \"sub\\a.mof\""}, {"sub/a.mof", "a"}}).tokens, "a");
}

TEST(Include, WhatIsNotThereIsSaid) {
  EXPECT_EQ(said("#include \"no.mof\"\nx"),
            "t.mof:1:2: error: there is no file 'no.mof' [no-such-file]\n"
            "#include \"no.mof\"\n"
            " ^~~~~~~\n"
            "hint: name its folder with -I\n");
  EXPECT_TRUE(says(said("#include no.mof\n"), "bad-include"));
  EXPECT_TRUE(says(said("#include \"\"\n"), "bad-include"));
}

TEST(Include, ACycleIsOneErrorThatTeaches) {
  const Read out = read({{"t.mof", "#include \"a.mof\"\nx"}, {"a.mof", "#include \"a.mof\"\n"}});
  EXPECT_TRUE(out.said.starts_with(
      "a.mof:1:2: error: files include files 32 deep [include-depth]\n"
      "#include \"a.mof\"\n"
      " ^~~~~~~\n"
      "hint: this file includes itself; put #ifndef … #define … #endif around its text\n"))
      << out.said;
  EXPECT_EQ(out.said.find("error", out.said.find("error") + 1), std::string::npos);
}

TEST(Include, NestsUpToTheLimit) {
  const auto chain = [](unsigned depth) {
    std::map<std::string, std::string> files;
    files["t.mof"] = "#include \"2.mof\"\n";
    for (unsigned i = 2; i < depth; ++i) {
      files[std::to_string(i) + ".mof"] = "#include \"" + std::to_string(i + 1) + ".mof\"\n";
    }
    files[std::to_string(depth) + ".mof"] = "x";
    return read(files);
  };
  EXPECT_EQ(chain(kMostIncludeDepth).said, "");
  EXPECT_EQ(chain(kMostIncludeDepth).tokens, "x");
  EXPECT_TRUE(says(chain(kMostIncludeDepth + 1).said, "include-depth"));
}

TEST(Include, ErrorsInsideSayHowTheCompilerCameThere) {
  const Read out = read({{"t.mof", "#include \"a.mof\"\n"}, {"a.mof", "\n @"}});
  EXPECT_EQ(out.said,
            "a.mof:2:2: error: '@' has no meaning here [stray-character]\n"
            " @\n"
            " ^\n"
            "t.mof:1:2: note: included from here\n");
}

TEST(Open, AFileBeyondTheLimitIsRefused) {
  EXPECT_EQ(read({{"t.mof", "//" + std::string(kMostSourceBytes - 2, ' ')}}).said, "");
  EXPECT_EQ(read({{"t.mof", std::string(kMostSourceBytes + 1, ' ')}}).said,
            "error: cannot read t.mof: more than 16 MiB [unreadable]\n");
  EXPECT_EQ(read({}).said, "error: cannot read t.mof: there is no such file [unreadable]\n");
}

}  // namespace
}  // namespace qm::mof
