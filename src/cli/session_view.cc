#include "cli/session_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "cli/format.h"
#include "cli/labels.h"

namespace qm::cli {
namespace {

namespace json = boost::json;

Protection protection_of(const Instance& session) {
  if (!session.active) return Protection::unknown;
  const auto said = session.number("Protection");
  return said && *said <= 3 ? static_cast<Protection>(*said) : Protection::unknown;
}

std::string_view word_for_people(Protection protection) {
  switch (protection) {
    case Protection::protected_:
      return "PROTECTED";
    case Protection::integrity_only:
      return "INTEGRITY ONLY";
    case Protection::unprotected:
      return "IN THE CLEAR";
    case Protection::unknown:
      break;
  }
  return "UNKNOWN";
}

std::vector<std::string> why_lines(const SessionView& view, const Terminal& terminal) {
  std::vector<std::string> lines;
  if (view.stale) {
    lines.push_back(fmt::format("sampled {} ago, which says nothing about now",
                                duration_text(view.session->age_ms / 1000)));
  }
  if (!view.session->active) lines.emplace_back("its provider supplies no data about it");
  std::string reason = terminal.shown(view.session->text("Reason"));
  if (!reason.empty()) lines.push_back(std::move(reason));
  return lines;
}

json::array disks_json(const SessionView& view) {
  json::array list;
  for (const Instance* disk : view.disks) {
    list.push_back({{"device", disk->value("Device")},
                    {"map", disk->value("Map")},
                    {"mount_point", disk->value("MountPoint")},
                    {"size_bytes", disk->value("SizeBytes")}});
  }
  return list;
}

json::array sas_json(const SessionView& view) {
  json::array list;
  for (const Instance* sa : view.sas) list.push_back(text_value(sa->name));
  return list;
}

std::vector<std::string> or_none(std::vector<std::string> lines) {
  if (lines.empty()) lines.emplace_back("none");
  return lines;
}

std::string connection_text(const Instance& session, const Terminal& terminal) {
  std::string text = terminal.shown(session.text("State"));
  if (const auto sid = session.number("Sid")) text += fmt::format(", session {}", *sid);
  if (const auto count = session.number("Connections")) {
    text += fmt::format(", {} connection{}", *count, *count == 1 ? "" : "s");
  }
  return text.starts_with(", ") ? text.substr(2) : text;
}

// Quickmode_Session.Evidence, mof/quickmode.mof.
std::string_view evidence_word(const Instance& session) {
  constexpr std::array<std::string_view, 3> kWords{"none", "agrees", "missing"};
  return kWords.at(std::min<std::size_t>(session.number("Evidence").value_or(0), 2));
}

std::string evidence_text(const Instance& session) {
  const std::string_view word = evidence_word(session);
  if (word == "agrees") return "all that moved lately was on its SAs";
  return word == "none" ? std::string() : "not all that moved lately was on its SAs";
}

void join(Sessions& sessions) {
  const auto& [all, disks, links, sas] = std::tie(sessions.snapshot[0], sessions.snapshot[1],
                                                  sessions.snapshot[2], sessions.snapshot[3]);
  std::map<std::string, std::size_t, std::less<>> place;
  for (const Instance& session : all.instances) {
    place.emplace(session.name, sessions.views.size());
    SessionView view{.session = &session, .disks = {}, .sas = {}};
    view.protection = protection_of(session);
    const bool safe =
        view.protection == Protection::protected_ || view.protection == Protection::integrity_only;
    view.stale = safe && session.age_ms > kMostVerdictAgeMs;
    if (view.stale) view.protection = Protection::unknown;
    sessions.views.push_back(std::move(view));
  }
  std::map<std::string_view, const Instance*> sa_by_name;
  for (const Instance& sa : sas.instances) sa_by_name.emplace(sa.name, &sa);
  for (const Instance& disk : disks.instances) {
    const auto owner = place.find(disk.text("Session"));
    if (owner != place.end()) sessions.views[owner->second].disks.push_back(&disk);
  }
  for (const Instance& link : links.instances) {
    const auto owner = place.find(link.text("Session"));
    const std::string name = link.text("SA");
    const auto sa = sa_by_name.find(name);
    if (owner != place.end() && sa != sa_by_name.end()) {
      sessions.views[owner->second].sas.push_back(sa->second);
    }
  }
}

}  // namespace

Result<Sessions> fetch_sessions(Api& api) {
  Sessions sessions;
  sessions.sa_info = TRY(fetch_class(api, "Quickmode_SA"));
  sessions.snapshot = TRY(fetch_snapshot(
      api, {"Quickmode_Session", "Quickmode_SessionDisk", "Quickmode_SessionSA", "Quickmode_SA"}));
  sessions.providers = sessions.snapshot[0].providers;
  sessions.refreshed = sessions.snapshot[0].refreshed;
  join(sessions);
  return sessions;
}

std::string_view protection_word(Protection protection) {
  switch (protection) {
    case Protection::protected_:
      return "protected";
    case Protection::integrity_only:
      return "integrity only";
    case Protection::unprotected:
      return "unprotected";
    case Protection::unknown:
      break;
  }
  return "unknown";
}

Style style_of(Protection protection) {
  switch (protection) {
    case Protection::protected_:
    case Protection::integrity_only:
      return Style::good;
    case Protection::unprotected:
      return Style::bad;
    case Protection::unknown:
      break;
  }
  return Style::warn;
}

std::vector<std::string> disk_lines(const SessionView& view, const Terminal& terminal) {
  std::vector<std::string> lines;
  for (const Instance* disk : view.disks) {
    std::string line = terminal.shown(disk->text("Device"));
    const std::string map = terminal.shown(disk->text("Map"));
    const std::string mount = terminal.shown(disk->text("MountPoint"));
    if (!map.empty()) line += fmt::format(" {} {}", terminal.arrow(), map);
    line += mount.empty() ? ", not mounted" : " on " + mount;
    if (const auto size = disk->number("SizeBytes")) line += fmt::format(" ({})", size_text(*size));
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string spi_text(const Instance& sa) {
  const auto spi = sa.number("Spi");
  return spi ? fmt::format("0x{:08x}", *spi) : std::string();
}

std::string sa_line(const ClassInfo& info, const Instance& sa, const Terminal& terminal) {
  const auto named = [&](std::string_view name) {
    const Property* property = info.find(name);
    return property == nullptr ? terminal.shown(json_text(sa.value(name)))
                               : value_text(*property, sa.value(name), terminal);
  };
  std::string line = fmt::format("{} {} {} {}", named("Direction"), spi_text(sa), named("Protocol"),
                                 named("Mode"));
  for (const char* algorithm : {"Encryption", "Authentication"}) {
    const std::string name = terminal.shown(sa.text(algorithm));
    if (!name.empty()) line += " " + name;
  }
  return line + fmt::format(", {} bytes", named("Bytes"));
}

Record session_record(const Sessions& sessions, const SessionView& view, const Terminal& terminal,
                      bool sas) {
  const Instance& session = *view.session;
  const auto text = [&](std::string_view property) {
    return terminal.shown(session.text(property));
  };
  const auto lines = [](std::string line) {
    return line.empty() ? std::vector<std::string>() : std::vector<std::string>{std::move(line)};
  };
  Record record(fmt::format("{}  {}", word_for_people(view.protection), text("Target")),
                style_of(view.protection));
  record.field("name", "", text_value(session.name), {});
  record.field("protection", "", text_value(protection_word(view.protection)), {});
  record.field("target", "", session.value("Target"), {});
  record.field("adapter", "adapter", session.value("Adapter"), lines(text("Adapter")));
  const std::string local = text("LocalAddress");
  record.field("portal", "portal", session.value("Portal"),
               lines(text("Portal") + (local.empty() ? "" : " from " + local)));
  record.field("local_address", "", session.value("LocalAddress"), {});
  record.field("sid", "", session.value("Sid"), {});
  record.field("state", "state", session.value("State"), lines(connection_text(session, terminal)));
  record.field("connections", "", session.value("Connections"), {});
  record.field("reason", "why", session.value("Reason"), why_lines(view, terminal));
  record.field("evidence", "evidence", text_value(evidence_word(session)),
               lines(evidence_text(session)));
  record.field("advice", "to do", session.value("Advice"), lines(text("Advice")));
  std::vector<std::string> sa_lines;
  sa_lines.reserve(view.sas.size());
  for (const Instance* sa : view.sas) {
    sa_lines.push_back(sa_line(sessions.sa_info, *sa, terminal));
  }
  record.field("sas", "SAs", sas_json(view),
               sas ? or_none(std::move(sa_lines)) : std::vector<std::string>());
  record.field("disks", "disks", disks_json(view), or_none(disk_lines(view, terminal)));
  record.field("stale", "", view.stale, {});
  return record;
}

}  // namespace qm::cli
