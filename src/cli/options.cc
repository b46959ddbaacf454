#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"
#include "cli/cli.h"

#ifndef QM_VERSION
#define QM_VERSION "0"
#endif

namespace qm::cli {
namespace {

struct Flags {  // what CLI11 fills, before it is checked
  std::string runtime_dir;
  std::string color = "auto";
  double interval_s = 0;
  std::uint64_t count = 0;
  bool json = false;
  bool csv = false;
  bool mof = false;
  bool nagios = false;
};

void json_flag(CLI::App& command, Flags& flags) {
  command.add_flag("--json", flags.json, "one line of JSON");
}

void instance_option(CLI::App& command, Options& options) {
  command
      .add_option("--instance", options.instance, "only these: name or short name, with * and ?")
      ->type_name("GLOB");
}

void add_show(CLI::App& app, Options& options, Flags& flags) {
  CLI::App* show = app.add_subcommand("show", "the counters of each adapter");
  show->add_option("CLASS", options.subject,
                   "a class, or a path such as 'MSiSCSI_QMIPSECStats(*)\\ActiveSA'")
      ->type_name("");
  instance_option(*show, options);
  show->add_flag("--rates", options.rates, "counters per second, from two samples");
  show->add_option("--interval", flags.interval_s, "repeat every S seconds")->type_name("S");
  show->add_option("--count", flags.count, "stop after N samples")->type_name("N");
  json_flag(*show, flags);
  show->add_flag("--csv", flags.csv, "as typeperf: time first, one column a path");
  show->add_flag("--mof", flags.mof, "instances as MOF text");
  show->footer(
      "Without CLASS: MSiSCSI_QMIPSECStats. What is not exact has a mark, and the lines below the\n"
      "table say why. Without --count, --interval goes on until Ctrl-C.\n\n"
      "  quickmode show --instance ikev1 --rates --interval 5\n"
      "  quickmode show 'MSiSCSI_QMIPSECStats(*)\\*BytesSent' --csv --interval 1 --count 60");
}

void add_explain(CLI::App& app, Options& options, Flags& flags) {
  CLI::App* explain = app.add_subcommand("explain", "where a number comes from");
  explain->add_option("COUNTER", options.subject, "a counter, CLASS.COUNTER, or a path")
      ->type_name("")
      ->required();
  instance_option(*explain, options);
  json_flag(*explain, flags);
  explain->footer("  quickmode explain ConfidentialBytesSent --instance ikev1");
}

void add_query(CLI::App& app, Options& options, Flags& flags) {
  CLI::App* query = app.add_subcommand("query", "any question, in WQL");
  query->add_option("WQL", options.subject, "the query, in quotes")->type_name("")->required();
  query->add_option("--namespace", options.name_space, "else root/wmi")->type_name("NS");
  query->add_option("--count", flags.count, "of a query for events: stop after N looks")
      ->type_name("N");
  query->add_option("--host", options.host, "ask another host, over WS-Management: https://HOST")
      ->type_name("URL");
  query->add_option("--user", options.user, "log in there; the terminal asks for the password")
      ->type_name("USER");
  query
      ->add_option("--password-file", options.password_file,
                   "its first line, instead of $QUICKMODE_PASSWORD or the terminal")
      ->type_name("FILE");
  query
      ->add_option("--ca-file", options.ca_file,
                   "certificates to trust, in PEM, instead of the system's")
      ->type_name("FILE");
  json_flag(*query, flags);
  query->add_flag("--csv", flags.csv, "one row an instance or event, names first");
  query->footer(
      "  quickmode query 'SELECT InstanceName, ReKeys FROM MSiSCSI_QMIPSECStats WHERE ReKeys > 0'\n"
      "  quickmode query \"SELECT * FROM __InstanceCreationEvent WITHIN 5\n"
      "                   WHERE TargetInstance ISA 'Quickmode_Session'\"\n\n"
      "Backslashes are written twice in WQL's strings. Events go on until Ctrl-C.");
}

void add_audit(CLI::App& app, Flags& flags) {
  CLI::App* audit = app.add_subcommand("audit", "is every session protected? if not, what to do");
  json_flag(*audit, flags);
  audit->add_flag("--nagios", flags.nagios, "one line with perfdata, and exit 0, 2 or 3");
  audit->footer("Exit: 0 all are protected, 1 one is not, 3 one can't be told, 4 there is none.");
}

void add_user(CLI::App& app, Options& options, Flags& flags) {
  CLI::App* user = app.add_subcommand("user", "who may log in to quickmode-serve");
  user->require_subcommand(1);
  const auto named = [&](const char* name, const char* what) {
    CLI::App* command = user->add_subcommand(name, what);
    command->add_option("NAME", options.subject, "the user")->type_name("")->required();
    return command;
  };
  const auto with_password = [&](CLI::App& command) {
    command.add_flag("--password-stdin", options.password_stdin,
                     "the password is standard input's first line; else it is asked for");
  };
  CLI::App* add = named("add", "a new user");
  add->add_option("--role", options.role, "read: ask for anything; admin: classes, too; else read")
      ->type_name("ROLE");
  with_password(*add);
  with_password(*named("passwd", "a new password for a user"));
  named("remove", "a user may log in no more");
  json_flag(*user->add_subcommand("list", "the users and their roles"), flags);
  user->add_option("--state-dir", options.state_dir,
                   "where logins are kept; else /var/lib/quickmode")
      ->type_name("DIR");
  user->footer("  sudo quickmode user add monitor\n\nquickmode-serve takes changes at once.");
  for (CLI::App* command : user->get_subcommands(nullptr)) {
    command->fallthrough();
    command->get_formatter()->column_width(26);
  }
}

void add_commands(CLI::App& app, Options& options, Flags& flags) {
  add_show(app, options, flags);
  json_flag(*app.add_subcommand("adapters", "the iSCSI adapters"), flags);
  json_flag(*app.add_subcommand("sessions",
                                "the sessions: protected or not, their SAs, disks and mounts"),
            flags);
  json_flag(*app.add_subcommand("sas", "the security associations that serve iSCSI"), flags);
  add_audit(app, flags);
  add_explain(app, options, flags);
  add_query(app, options, flags);
  add_user(app, options, flags);
  json_flag(*app.add_subcommand("classes", "all classes"), flags);
  CLI::App* one = app.add_subcommand("class", "one class: its properties, types and meaning");
  one->add_option("NAME", options.subject, "the class")->type_name("")->required();
  json_flag(*one, flags);
  one->add_flag("--mof", flags.mof, "as MOF text");
}

void add_common(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "quickmode " QM_VERSION);
  app.add_option("--runtime-dir", flags.runtime_dir,
                 "where query.sock is (else $QUICKMODE_RUNTIME_DIR, else /run/quickmode)")
      ->type_name("DIR");
  app.add_option("--color", flags.color, "auto, always or never")->type_name("WHEN");
  app.require_subcommand(1);
  app.get_formatter()->column_width(26);
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    command->fallthrough();
    command->get_formatter()->column_width(26);
  }
  app.footer(
      "All commands take --help. Exit codes: 0 fine, 64 wrong usage or no such name,\n"
      "69 quickmode-serve does not answer; `quickmode audit --help` has its own.");
}

std::string checked(const Flags& flags, Options& options) {
  const int formats = static_cast<int>(flags.json) + static_cast<int>(flags.csv) +
                      static_cast<int>(flags.mof) + static_cast<int>(flags.nagios);
  if (formats > 1) return "only one of --json, --csv, --mof and --nagios can be had at a time";
  options.format = flags.json     ? Format::json
                   : flags.csv    ? Format::csv
                   : flags.mof    ? Format::mof
                   : flags.nagios ? Format::nagios
                                  : Format::text;
  if (flags.color == "always") {
    options.color = ColorChoice::always;
  } else if (flags.color == "never") {
    options.color = ColorChoice::never;
  } else if (flags.color != "auto") {
    return fmt::format("--color is auto, always or never, not {}", plain_text(flags.color, 64));
  }
  if (!flags.runtime_dir.empty()) options.runtime_dir = flags.runtime_dir;
  return {};
}

std::string checked_count(const CLI::App& command, const Flags& flags, Options& options) {
  if (command.count("--count") == 0) return {};
  if (flags.count == 0 || flags.count > kMostSamples) {
    return fmt::format("--count is 1 to {}", kMostSamples);
  }
  options.samples = flags.count;
  return {};
}

std::string checked_times(const CLI::App& show, const Flags& flags, Options& options) {
  const bool interval = show.count("--interval") > 0;
  if (interval) {
    const double ms = flags.interval_s * 1000;
    if (!(ms >= static_cast<double>(kLeastIntervalMs) &&
          ms <= static_cast<double>(kMostIntervalMs))) {
      return fmt::format("--interval is {} to {} seconds",
                         static_cast<double>(kLeastIntervalMs) / 1000, kMostIntervalMs / 1000);
    }
    options.interval_ms = static_cast<std::uint64_t>(std::llround(ms));
    options.samples = 0;
  }
  return checked_count(show, flags, options);
}

// The first word that is no option nor an option's value.
std::string_view command_word(std::span<const std::string_view> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--runtime-dir" || arguments[i] == "--color") {
      ++i;
    } else if (!arguments[i].starts_with('-')) {
      return arguments[i];
    }
  }
  return {};
}

Parsed usage_error(std::string_view what, std::string_view command) {
  Parsed parsed;
  parsed.exit_code = kExitUsage;
  parsed.err = fmt::format("quickmode: {}\nTry `quickmode {}{}--help`.\n", what, command,
                           command.empty() ? "" : " ");
  return parsed;
}

Parsed parse_failed(const CLI::App& app, const CLI::ParseError& error,
                    std::span<const std::string_view> arguments) {
  std::ostringstream out;
  if (error.get_exit_code() == 0) {  // --help, --version
    Parsed parsed;
    std::ostringstream err;
    app.exit(error, out, err);
    parsed.out = out.str();
    return parsed;
  }
  const auto chosen = app.get_subcommands();
  if (!chosen.empty()) return usage_error(plain_text(error.what(), 512), chosen[0]->get_name());
  const std::string_view word = command_word(arguments);
  if (word.empty()) {
    Parsed parsed;
    parsed.exit_code = kExitUsage;
    parsed.err = app.help();
    return parsed;
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  if (std::ranges::find(names, word) != names.end()) {
    return usage_error(plain_text(error.what(), 512), word);
  }
  return usage_error(
      fmt::format("there is no command {}.{}", plain_text(word, 64), did_you_mean(word, names)),
      "");
}

}  // namespace

Parsed parse_options(std::span<const std::string_view> arguments,
                     const char* environment_runtime_dir) {
  std::vector<std::string> reversed;  // as CLI11 wants them
  for (const std::string_view argument : arguments) {
    if (argument.size() > kMostArgumentBytes) {
      return usage_error(fmt::format("an argument may have {} bytes at most", kMostArgumentBytes),
                         "");
    }
    reversed.emplace_back(argument);
  }
  std::ranges::reverse(reversed);

  Options options;
  if (environment_runtime_dir != nullptr && *environment_runtime_dir != '\0') {
    options.runtime_dir = environment_runtime_dir;
  }
  Flags flags;
  CLI::App app("What IPsec does for each iSCSI adapter of this host.", "quickmode");
  add_commands(app, options, flags);
  add_common(app, flags);
  try {  // CLI11 reports by exceptions; they end here
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error, arguments);
  }
  const CLI::App& command = *app.get_subcommands().front();
  options.command = command.get_name();
  if (options.command == "user") options.action = command.get_subcommands().front()->get_name();
  std::string problem = checked(flags, options);
  if (problem.empty() && options.command == "show") {
    problem = checked_times(command, flags, options);
  } else if (problem.empty() && options.command == "query") {
    options.samples = 0;
    problem = checked_count(command, flags, options);
    if (problem.empty() && options.host.empty() && !options.user.empty()) {
      problem = "--user goes with --host; this host's service knows who asks";
    }
  }
  if (!problem.empty()) return usage_error(problem, options.command);
  Parsed parsed;
  parsed.run = true;
  parsed.options = std::move(options);
  return parsed;
}

}  // namespace qm::cli
