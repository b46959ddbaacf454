#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/session_view.h"
#include "cli/show.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

constexpr std::size_t kMostNagiosNames = 5;

struct Verdict {
  std::size_t sessions = 0;
  std::size_t protected_fully = 0;
  std::size_t integrity_only = 0;
  std::size_t unprotected = 0;
  std::size_t unknown = 0;
  bool blind = false;  // nobody supplies sessions
  int exit_code = kExitOk;
};

Verdict verdict_of(const Sessions& sessions) {
  const auto count = [&](Protection protection) {
    return static_cast<std::size_t>(
        std::ranges::count(sessions.views, protection, &SessionView::protection));
  };
  Verdict verdict{.sessions = sessions.views.size(),
                  .protected_fully = count(Protection::protected_),
                  .integrity_only = count(Protection::integrity_only),
                  .unprotected = count(Protection::unprotected),
                  .unknown = count(Protection::unknown),
                  .blind = sessions.providers == 0 && sessions.views.empty(),
                  .exit_code = kExitOk};
  if (verdict.unprotected > 0) {
    verdict.exit_code = kExitNoMatch;
  } else if (verdict.unknown > 0 || verdict.blind) {
    verdict.exit_code = kExitUnknown;
  } else if (verdict.sessions == 0) {
    verdict.exit_code = kExitNoSession;
  }
  return verdict;
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string sentence(const Verdict& v) {
  if (v.blind) return "Whether iSCSI sessions are protected can't be told: nothing tells of them.";
  if (v.sessions == 0) return "There is no iSCSI session.";
  if (v.unprotected > 0) {
    return fmt::format("{} of {} {} in the clear.", v.unprotected,
                       plural(v.sessions, "iSCSI session"), v.unprotected == 1 ? "runs" : "run");
  }
  if (v.unknown > 0) {
    return fmt::format("Whether IPsec protects {} of {} can't be told.", v.unknown,
                       plural(v.sessions, "iSCSI session"));
  }
  if (v.sessions == 1) return "The one iSCSI session is protected by IPsec.";
  return fmt::format("All {} iSCSI sessions are protected by IPsec.", v.sessions);
}

void write_text(const Sessions& sessions, const Verdict& verdict, Surroundings& around) {
  const Terminal& terminal = around.terminal;
  const Style style = verdict.exit_code == kExitOk        ? Style::good
                      : verdict.exit_code == kExitNoMatch ? Style::bad
                                                          : Style::warn;
  around.out << terminal.styled(style, sentence(verdict)) << '\n';
  if (verdict.sessions == 0) {
    around.out << '\n';
    write_hints(sessions.snapshot[0], around, around.out);
    return;
  }
  for (const Protection wanted : {Protection::unprotected, Protection::unknown}) {
    for (const SessionView& view : sessions.views) {
      if (view.protection != wanted) continue;
      around.out << '\n';
      session_record(sessions, view, terminal, false).write(terminal, around.out);
    }
  }
  const auto list = [&](Protection wanted, std::string_view label) {
    for (const SessionView& view : sessions.views) {
      if (view.protection != wanted) continue;
      write_hanging("  ",
                    fmt::format("{}  {}", terminal.shown(view.session->text("Target")), label),
                    terminal, around.out);
    }
  };
  if (verdict.protected_fully + verdict.integrity_only > 0) {
    around.out << "\n" << terminal.styled(Style::good, "PROTECTED") << '\n';
    list(Protection::protected_, "");
    list(Protection::integrity_only, "(integrity only: readable on the wire)");
  }
}

boost::json::object json_of(const Sessions& sessions, const Verdict& verdict,
                            const Terminal& terminal) {
  boost::json::array list;
  for (const SessionView& view : sessions.views) {
    list.push_back(session_record(sessions, view, terminal, true).json());
  }
  const std::string_view word = verdict.exit_code == kExitOk        ? "protected"
                                : verdict.exit_code == kExitNoMatch ? "unprotected"
                                : verdict.exit_code == kExitUnknown ? "unknown"
                                                                    : "no session";
  return {{"verdict", word},
          {"exit_code", verdict.exit_code},
          {"counts",
           {{"sessions", verdict.sessions},
            {"protected", verdict.protected_fully},
            {"integrity_only", verdict.integrity_only},
            {"unprotected", verdict.unprotected},
            {"unknown", verdict.unknown}}},
          {"sessions", std::move(list)}};
}

// One line in which only the bar before the perfdata is one.
std::string without_bars(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos;) {
    text.replace(at, 1, "\\x7c");
  }
  return text;
}

std::string nagios_line(const Sessions& sessions, const Verdict& v, const Terminal& terminal) {
  const std::string_view state = v.unprotected > 0        ? "CRITICAL"
                                 : v.exit_code == kExitOk ? "OK"
                                                          : "UNKNOWN";
  std::string named;
  std::size_t count = 0;
  const Protection wanted = v.unprotected > 0 ? Protection::unprotected : Protection::unknown;
  for (const SessionView& view : sessions.views) {
    if (view.protection != wanted) continue;
    if (++count > kMostNagiosNames) continue;
    named += (named.empty() ? " " : "; ") + terminal.shown(view.session->text("Target"));
    for (const Instance* disk : view.disks) {
      const std::string mount = disk->text("MountPoint");
      named += " " + terminal.shown(mount.empty() ? disk->text("Device") : mount);
    }
  }
  if (count > kMostNagiosNames) named += fmt::format("; and {} more", count - kMostNagiosNames);
  std::string said = sentence(v);
  said.back() = named.empty() ? '.' : ':';
  return fmt::format(
      "QUICKMODE {}: {}{} | sessions={};;;0 protected={};;;0 integrity_only={};;;0 "
      "unprotected={};;0;0 unknown={};0;;0",
      state, said, without_bars(named), v.sessions, v.protected_fully, v.integrity_only,
      v.unprotected, v.unknown);
}

int nagios_code(const Verdict& verdict) {
  constexpr int kCritical = 2;
  constexpr int kUnknown = 3;
  if (verdict.unprotected > 0) return kCritical;
  return verdict.exit_code == kExitOk ? kExitOk : kUnknown;
}

}  // namespace

int audit(const Options& options, Surroundings& around) {
  const auto sessions = fetch_sessions(around.api);
  if (!sessions) {
    if (options.format != Format::nagios) return report(sessions.error(), around);
    around.out << fmt::format("QUICKMODE UNKNOWN: {}\n", without_bars(sessions.error().message));
    return kExitUnknown;
  }
  const Verdict verdict = verdict_of(*sessions);
  if (options.format == Format::nagios) {
    around.out << nagios_line(*sessions, verdict, around.terminal) << '\n';
    return nagios_code(verdict);
  }
  if (options.format == Format::json) {
    around.out << json_text(json_of(*sessions, verdict, around.terminal)) << '\n';
  } else {
    write_text(*sessions, verdict, around);
  }
  return verdict.exit_code;
}

}  // namespace qm::cli
