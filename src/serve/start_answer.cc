// What the web page begins with, in one answer; and the history alone.
#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "serve/answer_parts.h"
#include "serve/answers.h"
#include "serve/history.h"

namespace qm::serve {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

std::uint64_t since(const Query& query, const Time& now) {
  return now.boot_ns - std::min(now.boot_ns, query.seconds * kNsPerSecond);
}

// Those that were asked for, then those that somebody supplies: counters first.
std::vector<const wmi::ClassEntry*> classes_of_start(const Query& query,
                                                     const wmi::Snapshot& snapshot) {
  std::vector<const wmi::ClassEntry*> classes = query.classes;
  for (const bool performance : {true, false}) {
    for (const auto& part : snapshot.parts) {
      if (classes.size() == kMostSnapshotClasses) return classes;
      if (part->the_class->performance != performance) continue;
      if (std::ranges::find(classes, part->the_class) == classes.end()) {
        classes.push_back(part->the_class);
      }
    }
  }
  return classes;
}

}  // namespace

Answer history_answer(const Query& query, const History& history, const Time& now) {
  JsonWriter json(0);
  json.begin_object().member("taken_boot_ns", now.boot_ns).key("classes");
  history.write(json, query.classes, {since(query, now), query.instance_glob});
  json.end_object();
  return {200, "application/json", std::move(json).take()};
}

Asked<Answer> start_answer(const Query& query, const Beginning& of, std::uint64_t& malformed,
                           std::size_t most_bytes) {
  const auto& [snapshot, repository, history, host] = of;
  const auto classes = classes_of_start(query, snapshot);
  JsonWriter json(0);
  json.begin_object().member("host", host).key("classes");
  write_class_rows(json, repository, snapshot, false);
  json.key("definitions").begin_array();
  for (const wmi::ClassEntry* one : classes) write_class(json, *one, Qualifiers::none);
  json.end_array().key("snapshot").begin_array();
  for (const wmi::ClassEntry* one : classes) {
    const InstancesPart part{query, snapshot, false, most_bytes};
    if (auto done = write_instances(json, *one, part, malformed); !done) {
      return std::unexpected(done.error());
    }
  }
  json.end_array().key("history");
  history.write(json, classes, {since(query, snapshot.taken), "", kMostStartCells});
  json.end_object();
  return Answer{200, "application/json", std::move(json).take()};
}

}  // namespace qm::serve
