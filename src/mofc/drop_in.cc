#include "mofc/drop_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mof/amendment.h"
#include "mof/c_stubs.h"
#include "mof/decompile.h"
#include "mof/encoding.h"
#include "mof/file.h"
#include "mof/header.h"
#include "mof/hex_text.h"
#include "mof/limits.h"
#include "mof/load.h"
#include "mof/mof_text.h"
#include "mof/names.h"
#include "mofc/command.h"
#include "mofc/server.h"

namespace qm::mofc {

using namespace mof;
namespace {

constexpr int kNoServer = 1;
constexpr int kWrongOptions = 2;
constexpr int kWrongText = 3;

constexpr std::string_view kMofcompUsage =
    "usage: mofcomp [-check] [-N:NAMESPACE] [-B:OUT.bmf] FILE.mof\n"
    "       mofcomp [--runtime-dir=DIR] FILE.mof\n"
    "       mofcomp -AMENDMENT:ms_409 [-MOF:NEUTRAL.mof] [-MFL:LOCALIZED.mfl] FILE.mof\n";
constexpr std::string_view kWmimofckUsage =
    "usage: wmimofck [-hOUT.h [-m] [-u]] [-cOUT.c] [-xOUT.txt] FILE.bmf\n"
    "       wmimofck -yNEUTRAL.mof -zLOCALIZED.mfl OUT.mof\n";

std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

// The rest of an argument behind a prefix, whatever its case.
std::optional<std::string> behind(std::string_view argument, std::string_view prefix) {
  if (!same_name(argument.substr(0, prefix.size()), prefix)) return std::nullopt;
  return std::string(argument.substr(prefix.size()));
}

// "-B:x" and, when no file is called so, "/B:x": behind the dash or slash.
std::optional<std::string_view> option_of(std::string_view argument) {
  if (argument.size() > 1 && argument[0] == '-') return argument.substr(1);
  const bool slash = argument.size() > 1 && argument[0] == '/';
  if (slash && argument.find('/', 1) == std::string_view::npos) return argument.substr(1);
  return std::nullopt;
}

bool asks_for_help(std::string_view option) {
  return option == "?" || option == "-help";
}

bool deliver_to(const std::string& path, std::string_view bytes) {
  CommandLine line;
  line.output = path;
  return deliver(line, bytes) == 0;
}

struct MofcompLine {
  std::vector<std::string> files;
  std::string binary;
  std::string name_space;
  std::string locale;   // of -AMENDMENT: "ms_409"
  std::string neutral;  // the two halves' texts
  std::string localized;
  std::string runtime_dir = usual_runtime_dir();
  bool check_only = false;
  bool help = false;
  std::string unknown;
};

MofcompLine read_mofcomp(std::span<char* const> arguments) {
  // What concerns a server, a login or a repository that is not here.
  constexpr std::array<std::string_view, 5> kWithoutMeaning = {"U:", "P:", "A:", "L:", "ER:"};
  constexpr std::array<std::string_view, 8> kWordsWithoutMeaning = {"WMI",
                                                                    "autorecover",
                                                                    "class:createonly",
                                                                    "class:forceupdate",
                                                                    "class:safeupdate",
                                                                    "class:updateonly",
                                                                    "instance:createonly",
                                                                    "instance:updateonly"};
  MofcompLine line;
  for (const std::string_view argument : arguments) {
    const auto option = option_of(argument);
    if (!option) {
      line.files.emplace_back(argument);
    } else if (const auto binary = behind(*option, "B:")) {
      line.binary = *binary;
    } else if (const auto name_space = behind(*option, "N:")) {
      line.name_space = *name_space;
    } else if (const auto locale = behind(*option, "AMENDMENT:")) {
      line.locale = *locale;
    } else if (const auto neutral = behind(*option, "MOF:")) {
      line.neutral = *neutral;
    } else if (const auto localized = behind(*option, "MFL:")) {
      line.localized = *localized;
    } else if (const auto runtime_dir = behind(*option, "-runtime-dir=")) {
      line.runtime_dir = *runtime_dir;
    } else if (same_name(*option, "check")) {
      line.check_only = true;
    } else if (asks_for_help(*option)) {
      line.help = true;
    } else if (std::ranges::none_of(
                   kWithoutMeaning,
                   [&](std::string_view one) { return behind(*option, one).has_value(); }) &&
               std::ranges::none_of(kWordsWithoutMeaning, [&](std::string_view one) {
                 return same_name(*option, one);
               })) {
      line.unknown = argument;
    }
  }
  return line;
}

// What says in which language amended qualifiers are: -AMENDMENT, or the text itself.
std::string locale_of(const MofcompLine& line, const Model& model) {
  if (!line.locale.empty()) return line.locale;
  const auto said = std::ranges::find(model.pragmas, "amendment", &Pragma::name);
  return said == model.pragmas.end() || said->arguments.empty() ? "" : said->arguments.front();
}

// The neutral and the localized text, each where it was asked for.
int write_halves(const MofcompLine& line, const Model& model) {
  const std::string locale = locale_of(line, model);
  if (locale.empty()) {
    write_error(
        "mofcomp: -MOF: and -MFL: want -AMENDMENT:ms_409, or #pragma amendment(\"ms_409\")\n");
    return kWrongOptions;
  }
  const Amended halves = split_amendment(model, locale);
  const bool done =
      (line.neutral.empty() || deliver_to(line.neutral, emit_mof(halves.neutral))) &&
      (line.localized.empty() || deliver_to(line.localized, emit_mof(halves.localized)));
  return done ? 0 : kWrongOptions;
}

// The classes to the service that runs, as mofcomp gives them to WMI; first what the text deletes.
int tell_service(const MofcompLine& line, const Model& model) {
  const auto failed_with = [](const Error& error) {
    write_error(fmt::format("mofcomp: {}\n", error.message));
    return error.code == ErrorCode::invalid ? kWrongText : kNoServer;
  };
  for (const Deletion& one : model.deletions) {
    const auto deleted =
        tell_server(line.runtime_dir, "DELETE", "/api/v1/classes/" + one.class_name, "");
    if (deleted || !one.must_exist) continue;
    return failed_with(deleted.error());
  }
  if (model.classes.empty() && model.instances.empty()) return 0;
  const Result<std::string> file = write_bmf(model);
  if (!file) return failed(file.error().message);
  const auto told = tell_server(line.runtime_dir, "POST", "/api/v1/classes", *file);
  return told ? 0 : failed_with(told.error());
}

struct WmimofckLine {
  std::string input;  // with -y and -z: what they are put together in
  std::string header;
  std::string neutral;
  std::string localized;
  bool methods = false;
  bool all_members = false;
  std::string stubs;
  std::string hex;
  bool help = false;
  std::string wrong;
};

WmimofckLine read_wmimofck(std::span<char* const> arguments) {
  WmimofckLine line;
  for (const std::string_view argument : arguments) {
    const auto option = option_of(argument);
    if (!option) {
      if (!line.input.empty()) line.wrong = argument;
      line.input = argument;
    } else if (asks_for_help(*option)) {
      line.help = true;
    } else if (const auto header = behind(*option, "h")) {
      line.header = *header;
    } else if (const auto stubs = behind(*option, "c")) {
      line.stubs = *stubs;
    } else if (const auto hex = behind(*option, "x")) {
      line.hex = *hex;
    } else if (const auto neutral = behind(*option, "y")) {
      line.neutral = *neutral;
    } else if (const auto localized = behind(*option, "z")) {
      line.localized = *localized;
    } else if (same_name(*option, "m")) {
      line.methods = true;
    } else if (same_name(*option, "u")) {
      line.all_members = true;
    } else if (behind(*option, "t") || behind(*option, "w")) {
      write_error(
          fmt::format("wmimofck: {}: scripts and pages for tests are not written\n", argument));
    } else {
      line.wrong = argument;
    }
  }
  return line;
}

// The file itself when it is one: what text cannot say of it stays.
Result<std::string> binary_of(const std::string& path, const Model& model) {
  std::string file = TRY(read_file(path, kMostBmfBytes));
  if (looks_like_bmf(std::as_bytes(std::span(file)))) return file;
  return write_bmf(model);
}

// The halves that mofcomp -AMENDMENT made, as the one text that a driver's binary is made of.
int put_together(const WmimofckLine& line) {
  std::string whole;
  for (const std::string& path : {line.neutral, line.localized}) {
    if (path.empty()) continue;
    const Result<std::string> bytes = read_file(path, kMostSourceBytes);
    if (!bytes) return failed(fmt::format("{}: {}", path, bytes.error().message));
    const Result<DecodedSource> text = decode_source(*bytes);
    if (!text) return failed(fmt::format("{}: {}", path, text.error().message));
    if (!whole.empty() && !whole.ends_with('\n')) whole += '\n';
    whole += text->text.view();
  }
  return deliver_to(line.input, whole) ? 0 : 1;
}

}  // namespace

std::string_view drop_in_name(std::string_view program_path) {
  std::string_view name = file_name(program_path);
  if (name.size() > 4 && same_name(name.substr(name.size() - 4), ".exe")) name.remove_suffix(4);
  for (const std::string_view tool : {"mofcomp", "wmimofck"}) {
    if (same_name(name, tool)) return tool;
  }
  return {};
}

int run_mofcomp(std::span<char* const> arguments) {
  const MofcompLine line = read_mofcomp(arguments);
  if (line.help) return write_output(kMofcompUsage) ? 0 : kWrongOptions;
  if (!line.unknown.empty() || line.files.size() != 1) {
    write_error(line.unknown.empty()
                    ? std::string(kMofcompUsage)
                    : fmt::format("mofcomp: {}: no such option here\n", line.unknown));
    return kWrongOptions;
  }
  if (!line.locale.empty() && line.neutral.empty() && line.localized.empty()) {
    write_error("mofcomp: -AMENDMENT: say with -MOF: and -MFL: where the halves go\n");
    return kWrongOptions;
  }
  Options options;
  options.name_space = line.name_space;
  options.strict_blocks = false;
  Diagnostics diagnostics;
  const Model model = load_model(line.files, options, "", diagnostics);
  if (!tell(diagnostics, Severity::warning)) return kWrongText;
  if (line.check_only) return 0;
  if (!line.neutral.empty() || !line.localized.empty()) return write_halves(line, model);
  if (line.binary.empty()) return tell_service(line, model);
  const Result<std::string> file = write_bmf(model);
  if (!file) return failed(file.error().message);
  return deliver_to(line.binary, *file) ? 0 : kWrongOptions;
}

int run_wmimofck(std::span<char* const> arguments) {
  const WmimofckLine line = read_wmimofck(arguments);
  if (line.help) return write_output(kWmimofckUsage) ? 0 : 1;
  if (!line.wrong.empty() || line.input.empty()) {
    if (!line.wrong.empty())
      write_error(fmt::format("wmimofck: {}: no such option here\n", line.wrong));
    write_error(kWmimofckUsage);
    return 1;
  }
  if (!line.neutral.empty() || !line.localized.empty()) return put_together(line);
  Diagnostics diagnostics;
  const Model model = compile({line.input}, reader_of_any_form(""), {}, diagnostics);
  if (!tell(diagnostics, Severity::warning)) return 1;
  if (!line.header.empty()) {
    HeaderOptions options;
    options.guard = guard_of(line.header);
    options.basic_types = false;
    options.methods = line.methods;
    options.all_members = line.all_members;
    options.crlf = true;
    if (!deliver_to(line.header, emit_header(model, options))) return 1;
  }
  if (!line.stubs.empty()) {
    const std::string header(file_name(line.header.empty() ? line.input : line.header));
    if (!deliver_to(line.stubs, emit_c_stubs(model, header))) return 1;
  }
  if (!line.hex.empty()) {
    const Result<std::string> file = binary_of(line.input, model);
    if (!file) return failed(file.error().message);
    if (!deliver_to(line.hex, hex_text(*file))) return 1;
  }
  return 0;
}

}  // namespace qm::mofc
