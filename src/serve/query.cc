#include "serve/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <span>
#include <string_view>

#include "wmi/cooking.h"

namespace qm::serve {
namespace {

using What = Query::What;

constexpr std::string_view kPaths =
    "/api/v1/classes, /api/v1/classes/NAME, /api/v1/instances/CLASS, "
    "/api/v1/snapshot?class=NAME, /api/v1/history?class=NAME, /api/v1/query?q=WQL, "
    "/api/v1/start, /api/v1/health";

Asked<const wmi::ClassEntry*> class_of(const wmi::Repository& repository, const std::string& name) {
  const wmi::ClassEntry* entry = find_class(repository, name);
  if (entry == nullptr) {
    return refuse(404, fmt::format("no class {}; see /api/v1/classes", name));
  }
  return entry;
}

// Which API path it is, and the class it names.
Asked<void> match_path(const Target& target, const wmi::Repository& repository, Query& query) {
  const std::vector<std::string>& path = target.path;
  const auto unknown = [] {
    return refuse(404, fmt::format("no such path; there are {}", kPaths));
  };
  if (path.size() < 3 || path.size() > 4 || path[0] != "api" || path[1] != "v1") return unknown();
  if (path.size() == 3) {
    if (path[2] == "classes") {
      query.what = What::classes;
    } else if (path[2] == "snapshot") {
      query.what = What::snapshot;
    } else if (path[2] == "query") {
      query.what = What::wql;
    } else if (path[2] == "history") {
      query.what = What::history;
    } else if (path[2] == "start") {
      query.what = What::start;
    } else if (path[2] != "health") {
      return unknown();
    }
    return {};
  }
  if (path[2] == "classes") {
    query.what = What::one_class;
  } else if (path[2] == "instances") {
    query.what = What::instances;
  } else {
    return unknown();
  }
  const auto found = class_of(repository, path[3]);
  if (!found) return std::unexpected(found.error());
  query.classes.push_back(*found);
  return {};
}

std::span<const std::string_view> known_parameters(What what) {
  static constexpr std::string_view kOfClasses[] = {"cooked"};
  static constexpr std::string_view kOfClass[] = {"form"};
  static constexpr std::string_view kOfInstances[] = {"instance", "integers", "refresh"};
  static constexpr std::string_view kOfSnapshot[] = {"class", "instance", "integers", "refresh"};
  static constexpr std::string_view kOfHistory[] = {"class", "instance", "seconds"};
  static constexpr std::string_view kOfStart[] = {"class", "integers", "seconds"};
  static constexpr std::string_view kOfQuery[] = {"q", "namespace", "cursor", "integers",
                                                  "refresh"};
  switch (what) {
    case What::wql:
      return kOfQuery;
    case What::one_class:
    case What::class_mof:
      return kOfClass;
    case What::instances:
      return kOfInstances;
    case What::snapshot:
      return kOfSnapshot;
    case What::history:
      return kOfHistory;
    case What::start:
      return kOfStart;
    case What::classes:
      return kOfClasses;
    case What::health:
      return {};
  }
  return {};
}

std::unexpected<Refusal> bad_value(const Parameter& parameter, std::string_view allowed) {
  return refuse(400,
                fmt::format("{}={} is not one of: {}", parameter.name, parameter.value, allowed));
}

Asked<void> check_glob(std::string_view glob) {
  if (glob.empty()) return refuse(400, "instance= is empty; leave it out for all instances");
  if (glob.size() > kMostGlobBytes || std::ranges::count(glob, '*') > int{kMostGlobStars}) {
    return refuse(400, fmt::format("instance= is longer than {} bytes or has more than {} stars",
                                   kMostGlobBytes, kMostGlobStars));
  }
  return {};
}

Asked<void> apply_seconds(const Parameter& parameter, Query& query) {
  const std::string& value = parameter.value;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, query.seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || query.seconds > kMostHistorySeconds) {
    return bad_value(parameter, fmt::format("0 to {}", kMostHistorySeconds));
  }
  return {};
}

Asked<void> apply_class(const std::string& name, const wmi::Repository& repository, Query& query) {
  if (query.classes.size() == kMostSnapshotClasses) {
    return refuse(400, fmt::format("more than {} classes", kMostSnapshotClasses));
  }
  const auto found = class_of(repository, name);
  // Who starts does not know yet what there is.
  if (!found && query.what == What::start) return {};
  if (!found) return std::unexpected(found.error());
  if (query.what != What::start ||
      std::ranges::find(query.classes, *found) == query.classes.end()) {
    query.classes.push_back(*found);
  }
  return {};
}

Asked<void> apply(const Parameter& parameter, const wmi::Repository& repository, Query& query) {
  const std::string& value = parameter.value;
  if (parameter.name == "form") {
    if (value != "mof" && value != "json") return bad_value(parameter, "json, mof");
    query.what = value == "mof" ? What::class_mof : What::one_class;
  } else if (parameter.name == "cooked") {
    if (value != "0" && value != "1") return bad_value(parameter, "0, 1");
    query.cooked = value == "1";
  } else if (parameter.name == "refresh") {
    if (value != "0" && value != "1") return bad_value(parameter, "0, 1");
    query.refresh = value == "1";
  } else if (parameter.name == "integers") {
    if (value != "text" && value != "number") return bad_value(parameter, "number, text");
    query.integers_as_text = value == "text";
  } else if (parameter.name == "instance") {
    if (auto fine = check_glob(value); !fine) return std::unexpected(fine.error());
    query.instance_glob = value;
  } else if (parameter.name == "q") {
    query.wql = value;
  } else if (parameter.name == "namespace") {
    query.name_space = value;
  } else if (parameter.name == "cursor") {
    query.cursor = value;
  } else if (parameter.name == "seconds") {
    return apply_seconds(parameter, query);
  } else {  // class
    return apply_class(value, repository, query);
  }
  return {};
}

}  // namespace

const wmi::ClassEntry* find_class(const wmi::Repository& repository, std::string_view name) {
  if (const wmi::ClassEntry* one = repository.find(name)) return one;
  const wmi::ClassEntry* twin = repository.cooked().find(name);
  return twin != nullptr && wmi::raw_class_of(*twin, repository) != nullptr ? twin : nullptr;
}

std::vector<const wmi::ClassEntry*> sources_of(std::span<const wmi::ClassEntry* const> classes,
                                               const wmi::Repository& repository) {
  std::vector<const wmi::ClassEntry*> out(classes.begin(), classes.end());
  for (const wmi::ClassEntry* one : classes) {
    const wmi::ClassEntry* raw = wmi::raw_class_of(*one, repository);
    if (raw != nullptr) out.push_back(raw);
  }
  return out;
}

Asked<Query> parse_query(const Target& target, const wmi::Repository& repository) {
  Query query;
  if (auto done = match_path(target, repository, query); !done) {
    return std::unexpected(done.error());
  }
  query.refresh =
      query.what == What::instances || query.what == What::snapshot || query.what == What::wql;
  const auto known = known_parameters(query.what);
  std::vector<std::string_view> seen;
  for (const Parameter& parameter : target.parameters) {
    if (std::ranges::find(known, parameter.name) == known.end()) {
      return refuse(400, fmt::format("no parameter {} here; see docs/api.md", parameter.name));
    }
    if (parameter.name != "class") {
      if (std::ranges::find(seen, parameter.name) != seen.end()) {
        return refuse(400, fmt::format("{}= is given twice", parameter.name));
      }
      seen.push_back(parameter.name);
    }
    if (auto done = apply(parameter, repository, query); !done) {
      return std::unexpected(done.error());
    }
  }
  if (query.what == What::snapshot && query.classes.empty()) {
    return refuse(400, "which classes? /api/v1/snapshot?class=NAME&class=NAME");
  }
  if (query.what == What::history && query.classes.empty()) {
    return refuse(400, "which classes? /api/v1/history?class=NAME&class=NAME");
  }
  if (query.what == What::wql && query.wql.empty()) {
    return refuse(400, "which query? /api/v1/query?q=SELECT%20*%20FROM%20CLASS");
  }
  return query;
}

}  // namespace qm::serve
