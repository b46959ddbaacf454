#include "mofc/tool.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/text.h"
#include "mof/file.h"
#include "mof/names.h"
#include "mofc/command.h"
#include "mofc/drop_in.h"

namespace qm::mofc {

using namespace mof;
namespace {

constexpr int kUsage = 64;  // sysexits.h, EX_USAGE

// Help fits a terminal of 80 columns: option, then what it does.
constexpr std::size_t kHelpColumns = 80;
constexpr std::size_t kOptionColumns = 26;

struct Command {
  const char* name;
  const char* help;
  int (*run)(const CommandLine&);
};
constexpr std::array<Command, 6> kCommands = {{
    {"check", "Say what is wrong in class texts, and what to do", run_check},
    {"header", "Write the C header, as wmimofck -h -m -u", run_header},
    {"bmf", "Write the binary MOF, as mofcomp -B", run_bmf},
    {"decompile", "Write the text of a binary MOF, or of a driver's", run_decompile},
    {"dump", "Show the classes as they were understood", run_dump},
    {"diff", "What changed; exit code 1 when compatibility breaks", run_diff},
}};

void add_files(CLI::App& app, std::string_view command, CommandLine& line) {
  CLI::Option* files = nullptr;
  if (command == "diff") {
    files = app.add_option("OLD NEW", line.files, "Two files: MOF, binary MOF or a driver");
    files->expected(2);
  } else if (command == "decompile") {
    files = app.add_option("FILE", line.files, "Binary MOFs, drivers, /sys/bus/wmi/devices/*/bmof");
  } else {
    files = app.add_option("FILE", line.files, "MOF files, compiled together");
  }
  files->required();
}

void add_common(CLI::App& app, CommandLine& line, std::vector<std::string>& defines) {
  app.add_option("-I", line.options.include_dirs, "Also look for included files in DIR")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_option("-D", defines, "Define a macro; the value is 1 when not given")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("-W", line.warnings, "Warnings: NAME, no-NAME, error, error=NAME, all")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--namespace", line.options.name_space,
                 "Namespace of classes before any #pragma namespace")
      ->type_name("NS");
}

void add_own(CLI::App& app, std::string_view command, CommandLine& line) {
  add_files(app, command, line);
  if (command != "decompile") add_common(app, line, line.defines);
  if (command != "check") {
    app.add_option("-o", line.output, "Write to OUT instead of standard output")->type_name("OUT");
  }
  app.add_option("--resource", line.resource, "Of a driver: the MOFDATA resource of that name")
      ->type_name("NAME");
  if (command == "header" || command == "bmf") {
    app.add_option("--depfile", line.depfile, "Also write what OUT depends on, for make and ninja")
        ->type_name("FILE");
  }
  if (command == "check") {
    app.add_flag("--json", line.json, "Diagnostics as JSON, on standard output");
  } else if (command == "header") {
    app.add_option("-c", line.stubs, "Also write C stubs of a driver's WMI functions")
        ->type_name("OUT.c");
    app.add_flag("--crlf", line.crlf, "End lines with CR LF");
    app.add_flag("--wmimofck", line.as_wmimofck,
                 "Exactly wmimofck's text: it compiles on Windows only");
  } else if (command == "bmf") {
    app.add_flag("-x", line.hex, "As hex text: an ASL buffer for ACPI tables");
  } else if (command == "dump" || command == "diff") {
    app.add_flag("--json", line.json, "As JSON; the schema is in docs/mofc.md");
  }
}

// Words behind a heading of some columns; where they do not fit, on lines of their own below.
std::string entry(std::string_view heading, std::size_t columns, std::string_view words) {
  std::string text = fmt::format("{:<{}}", heading, columns);
  std::size_t column = text.size();
  for (std::size_t at = 0; at < words.size();) {
    const std::string_view word = words.substr(at, words.find(' ', at) - at);
    if (column != columns) {
      const bool fits = column + 1 + word.size() <= kHelpColumns;
      text += fits ? std::string(" ") : fmt::format("\n{:{}}", "", columns);
      column = fits ? column + 1 : columns;
    }
    text += word;
    column += word.size();
    at += word.size() + 1;
  }
  return text + "\n";
}

std::string warning_list() {
  std::string text =
      "Warnings and notes (-WNAME, -Wno-NAME, -Werror=NAME; -Wall makes warnings of all\nnotes):\n";
  for (const Warning& one : warnings()) {
    text += entry(fmt::format("  {}", one.name), 32,
                  fmt::format("{}{}", one.usual == Severity::note ? "(note) " : "", one.meaning));
  }
  return text;
}

// "NAME=VALUE" into a pair; false when NAME is no name.
bool split_define(const std::string& text, CommandLine& line) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 ||
      !std::ranges::all_of(name, fits)) {
    write_error(fmt::format("mofc: -D {}: not a macro's name\n", text));
    return false;
  }
  line.options.defines.emplace_back(name,
                                    equals == std::string::npos ? "1" : text.substr(equals + 1));
  return true;
}

// Which word is wrong goes before what else is missing.
int wrong_usage(const CLI::App& app, const CLI::ParseError& error,
                std::span<char* const> arguments) {
  if (arguments.size() < 2) {
    write_error(app.help());
    return kUsage;
  }
  std::string what = error.what();
  std::string command;
  const auto commands = app.get_subcommands();
  const std::vector<std::string> unknown = app.remaining(true);
  if (!commands.empty()) {
    command = commands.front()->get_name() + " ";
    if (!unknown.empty()) what = fmt::format("unknown option {}", plain_text(unknown.front(), 60));
  } else if (!unknown.empty() && !unknown.front().starts_with('-')) {
    std::array<std::string_view, kCommands.size()> names;
    std::ranges::transform(kCommands, names.begin(), &Command::name);
    what = fmt::format("there is no command '{}'; {}", plain_text(unknown.front(), 60),
                       did_you_mean(unknown.front(), names, "mofc --help lists them"));
  }
  write_error(fmt::format("mofc: {}\nTry `mofc {}--help`.\n", what, command));
  return kUsage;
}

}  // namespace

int run_mofc(int argc, char** argv) {
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(std::max(argc, 0)));
  if (!arguments.empty()) {
    const std::string_view tool = drop_in_name(arguments[0]);
    if (tool == "mofcomp") return run_mofcomp(arguments.subspan(1));
    if (tool == "wmimofck") return run_wmimofck(arguments.subspan(1));
  }
  CLI::App app("mofc compiles MOF, the text that WMI classes are written in.");
  app.name("mofc");
  app.set_version_flag("--version", "mofc " QM_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit code: 0 fine, 1 errors in the input or a file that cannot be read or\n"
      "written, 64 a wrong command line.");
  app.get_formatter()->column_width(kOptionColumns);
  CommandLine line;
  std::array<CLI::App*, kCommands.size()> commands{};
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    commands[i] = app.add_subcommand(kCommands[i].name, kCommands[i].help);
    commands[i]->get_formatter()->column_width(kOptionColumns);
    add_own(*commands[i], kCommands[i].name, line);
    if (kCommands[i].name != std::string_view("decompile")) commands[i]->footer(warning_list());
  }
  try {  // CLI11's way of saying so
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : wrong_usage(app, error, arguments);
  }
  for (const std::string& word : line.warnings) {
    if (const Result<bool> known = line.options.warnings.add(word); !known) {
      write_error(fmt::format("mofc: -W{}: {}\n", word, known.error().message));
      return kUsage;
    }
  }
  for (const std::string& define : line.defines) {
    if (!split_define(define, line)) return kUsage;
  }
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    if (commands[i]->parsed()) return kCommands[i].run(line);
  }
  return kUsage;
}

}  // namespace qm::mofc
