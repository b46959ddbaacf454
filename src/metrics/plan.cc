#include "metrics/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "metrics/names.h"

namespace qm::metrics {
namespace {

using mof::Type;
using wmi::Origin;
using wmi::PropertyEntry;

// What names an instance, beside its subject's label.
constexpr std::string_view kInstanceLabels[] = {"driver",  "instance_name", "caption", "provider",
                                                "counter", "quality",       "reason"};

constexpr const char* kDirection = "direction";

struct UnitName {
  std::string_view unit;    // as semantics say it
  std::string_view shown;   // the base unit, a name's suffix
  std::string_view ending;  // what a property's name may end in instead
  unsigned decimals;        // of the base unit
};
constexpr UnitName kUnits[] = {
    {"bytes", "bytes", "bytes", 0},
    {"seconds", "seconds", "seconds", 0},
    {"milliseconds", "seconds", "milliseconds", 3},
    {"microseconds", "seconds", "microseconds", 6},
    {"nanoseconds", "seconds", "nanoseconds", 9},
};

const UnitName* unit_named(std::string_view unit) {
  for (const UnitName& one : kUnits) {
    if (one.unit == unit) return &one;
  }
  return nullptr;
}

bool cut_ending(std::string& name, std::string_view ending) {
  if (name != ending && !(name.ends_with(ending) && name[name.size() - ending.size() - 1] == '_')) {
    return false;
  }
  name.resize(name.size() - ending.size());
  while (!name.empty() && name.back() == '_') name.pop_back();
  return true;
}

std::string joined(const std::string& prefix, std::string_view stem) {
  return stem.empty() ? prefix : fmt::format("{}_{}", prefix, stem);
}

std::optional<Reading> reading_of(const PropertyEntry& entry) {
  if (entry.origin == Origin::active) return Reading::active;
  if (entry.origin != Origin::data || entry.plan.is_array) return std::nullopt;
  const bool counts = entry.semantics.has_value() ||
                      mof::uint_of(entry.property->qualifiers, "CounterType").has_value();
  switch (entry.plan.type) {
    case Type::boolean:
      return Reading::boolean;
    case Type::datetime:
      return Reading::datetime;
    case Type::real32:
    case Type::real64:
      return counts ? std::optional(Reading::real) : std::nullopt;
    case Type::uint8:
    case Type::sint8:
    case Type::uint16:
    case Type::sint16:
    case Type::uint32:
    case Type::sint32:
    case Type::uint64:
    case Type::sint64:
      return counts ? std::optional(Reading::integer) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// PERF_TYPE_COUNTER (winperf.h): the counter types that rates are made of. Of a raw number nobody
// can tell.
Kind kind_of(const PropertyEntry& entry, Reading reading) {
  constexpr std::uint64_t kPerfTypeMask = 0xC00;
  constexpr std::uint64_t kPerfTypeCounter = 0x400;
  if (reading != Reading::integer && reading != Reading::real) return Kind::gauge;
  if (entry.semantics && entry.semantics->kind == "counter") return Kind::counter;
  if (entry.semantics && entry.semantics->kind == "gauge") return Kind::gauge;
  const auto type = mof::uint_of(entry.property->qualifiers, "CounterType").value_or(0);
  return (type & kPerfTypeMask) == kPerfTypeCounter ? Kind::counter : Kind::untyped;
}

using Labels = std::vector<std::pair<std::string, std::string>>;

// "protocol=esp mode=tunnel", in this order.
Labels labels_of(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view one = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t sign = one.find('=');
    if (sign == std::string_view::npos) continue;
    labels.emplace_back(snake_case(one.substr(0, sign)), one.substr(sign + 1));
  }
  return labels;
}

std::string description_of(const PropertyEntry& entry) {
  return wmi::one_line(mof::text_of(entry.property->qualifiers, "Description").value_or(""));
}

// A family in the making.
struct Draft {
  std::string stem;  // behind the class's prefix
  Kind kind = Kind::gauge;
  std::string_view unit;
  std::string help;
  struct Piece {
    Series series;
    Labels labels;
  };
  std::vector<Piece> pieces;
};

class ClassPlanner {
 public:
  ClassPlanner(const wmi::ClassEntry& the_class, const std::set<std::string>& subjects,
               std::set<std::string>& used)
      : the_class_(the_class), subjects_(subjects), used_(used) {}

  ClassPlan plan() {
    ClassPlan plan;
    plan.the_class = &the_class_;
    prefix_ = snake_case(the_class_.name());
    if (the_class_.semantics) {
      if (!the_class_.semantics->prefix.empty()) prefix_ = snake_case(the_class_.semantics->prefix);
      if (!the_class_.semantics->subject.empty()) {
        plan.subject = snake_case(the_class_.semantics->subject);
      }
    }
    if (the_class_.performance) {
      for (const PropertyEntry& entry : the_class_.properties) draft(entry);
      for (Draft& one : drafts_) plan.families.push_back(finished(std::move(one)));
      plan.quality =
          family_of(claim(joined(prefix_, "quality"), ""), Kind::gauge, "",
                    fmt::format("{}: 1 for each value that is not exact, with why; unavailable "
                                "ones have no sample of their own",
                                the_class_.name()));
    }
    if (!plan.subject.empty()) add_info(plan);
    return plan;
  }

 private:
  void draft(const PropertyEntry& entry) {
    const std::optional<Reading> reading = reading_of(entry);
    if (!reading) return;
    Draft fresh;
    fresh.kind = kind_of(entry, *reading);
    Draft::Piece piece{{&entry, *reading, 0, ""}, {}};
    const bool has_metric = entry.semantics && !entry.semantics->metric.empty();
    fresh.stem = snake_case(has_metric ? std::string_view(entry.semantics->metric)
                                       : std::string_view(entry.property->name));
    if (entry.semantics) {
      piece.labels = piece_labels(*entry.semantics);
    }
    name_by_unit(entry, *reading, fresh, piece);
    fresh.help = description_of(entry);
    if (*reading == Reading::active) fresh.help = "1 when the instance supplies data";
    // Pieces of one quantity stand together, where the first stands.
    for (Draft& one : drafts_) {
      const bool joins =
          has_metric && !piece.labels.empty() && one.stem == fresh.stem && one.kind == fresh.kind &&
          !one.pieces.front().labels.empty() &&
          std::ranges::find(one.pieces, piece.labels, &Draft::Piece::labels) == one.pieces.end();
      if (!joins) continue;
      one.pieces.push_back(std::move(piece));
      return;
    }
    fresh.pieces.push_back(std::move(piece));
    drafts_.push_back(std::move(fresh));
  }

  // Which piece of a quantity it is; none that names an instance.
  Labels piece_labels(const wmi::Semantics& semantics) const {
    std::set<std::string> taken(std::begin(kInstanceLabels), std::end(kInstanceLabels));
    if (the_class_.semantics) taken.insert(snake_case(the_class_.semantics->subject));
    Labels labels;
    for (auto& [label, value] : labels_of(semantics.labels)) {
      if (taken.insert(label).second) labels.emplace_back(label, value);
    }
    const std::string& direction = semantics.direction;
    if (!labels.empty() && !direction.empty() && direction != "none" &&
        taken.insert(kDirection).second) {
      labels.emplace_back(kDirection, direction);
    }
    return labels;
  }

  // Prometheus wants base units, the unit at the end of the name, and no _count or _total of ours.
  static void name_by_unit(const PropertyEntry& entry, Reading reading, Draft& draft,
                           Draft::Piece& piece) {
    std::string& stem = draft.stem;
    if (reading == Reading::datetime) {
      cut_ending(stem, "time");
      stem = stem.empty() ? "timestamp_seconds" : fmt::format("{}_timestamp_seconds", stem);
      draft.unit = "seconds";
      return;
    }
    cut_ending(stem, "total");
    cut_ending(stem, "count");
    const UnitName* unit = entry.semantics ? unit_named(entry.semantics->unit) : nullptr;
    if (unit != nullptr) {
      if (reading == Reading::integer) piece.series.decimals = unit->decimals;
      cut_ending(stem, unit->ending);
      cut_ending(stem, unit->shown);
      stem = stem.empty() ? std::string(unit->shown) : fmt::format("{}_{}", stem, unit->shown);
      draft.unit = unit->shown;
    }
    if (stem.empty()) stem = "value";
  }

  Family finished(Draft draft) {
    const std::string_view suffix = draft.kind == Kind::counter ? "_total" : "";
    const std::string name = claim(joined(prefix_, draft.stem), suffix);
    std::vector<std::string> label_names;
    for (const Draft::Piece& piece : draft.pieces) {
      for (const auto& [label, value] : piece.labels) {
        if (std::ranges::find(label_names, label) == label_names.end()) {
          label_names.push_back(label);
        }
      }
    }
    // Which way stands behind what, in every family.
    const auto way = std::ranges::find(label_names, kDirection);
    if (way != label_names.end()) std::rotate(way, way + 1, label_names.end());
    Family family = family_of(name, draft.kind, draft.unit, help_of(draft, label_names));
    for (Draft::Piece& piece : draft.pieces) {
      std::string& head = piece.series.head;
      head = fmt::format("{}{}{{", name, suffix);
      for (const std::string& label : label_names) {
        const auto said = std::ranges::find(piece.labels, label, &Labels::value_type::first);
        head += fmt::format("{}=\"", label);
        append_label_value(head, said == piece.labels.end() ? "all" : said->second);
        head += "\",";
      }
      family.series.push_back(std::move(piece.series));
    }
    return family;
  }

  std::string help_of(const Draft& draft, const std::vector<std::string>& label_names) const {
    if (draft.pieces.size() == 1) return draft.help.empty() ? the_class_.description : draft.help;
    // One quantity cut several ways: each cut is the whole of it again.
    std::vector<std::string> cuts;
    for (const std::string& label : label_names) {
      const bool in_all = std::ranges::all_of(draft.pieces, [&](const Draft::Piece& piece) {
        return std::ranges::find(piece.labels, label, &Labels::value_type::first) !=
               piece.labels.end();
      });
      if (!in_all) cuts.push_back(label);
    }
    std::string quantity = draft.stem;
    std::ranges::replace(quantity, '_', ' ');
    std::string help = fmt::format("{}: {}", the_class_.description, quantity);
    if (!cuts.empty()) {
      help += fmt::format(
          "; cut by {}, each the whole again: sum over one of them, where the "
          "others are \"all\"",
          fmt::join(cuts, " and by "));
    }
    return help;
  }

  void add_info(ClassPlan& plan) {
    std::string name = prefix_;
    if (!name.ends_with(fmt::format("_{}", plan.subject))) name = joined(name, plan.subject);
    const std::string& said = the_class_.description;
    const std::string what = said.empty() ? std::string(the_class_.name()) : said;
    plan.info = family_of(claim(name, "_info"), Kind::info, "", what);
    std::set<std::string> taken(std::begin(kInstanceLabels), std::end(kInstanceLabels));
    taken.insert(plan.subject);
    for (const auto& [label, property] : labels_of(the_class_.semantics->info)) {
      const PropertyEntry* entry = the_class_.property(property);
      if (entry == nullptr || entry->plan.is_array || entry->plan.type == Type::object ||
          plan.info_labels.size() == kMostInfoLabels || !taken.insert(label).second) {
        continue;
      }
      InfoLabel info{label, entry, subjects_.contains(label), {}};
      const auto texts = mof::texts_of(entry->property->qualifiers, "Values");
      const auto map = mof::texts_of(entry->property->qualifiers, "ValueMap");
      for (std::size_t i = 0; i < texts.size() && (map.empty() || map.size() == texts.size());
           ++i) {
        info.words.emplace_back(map.empty() ? fmt::format("{}", i) : map[i],
                                wmi::one_line(texts[i]));
      }
      plan.info_labels.push_back(std::move(info));
    }
  }

  // The name, or one that nobody has yet. Both it and what samples are called must be free.
  std::string claim(std::string name, std::string_view suffix) {
    name.resize(std::min(name.size(), kMostFamilyNameBytes));
    const bool own = std::ranges::any_of(
        kOwnPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
    const std::string wanted = own ? fmt::format("class_{}", name) : name;
    const auto is_free = [&](const std::string& one) {
      return !used_.contains(one) && !used_.contains(fmt::format("{}_total", one)) &&
             !used_.contains(fmt::format("{}_info", one)) &&
             !used_.contains(fmt::format("{}{}", one, suffix));
    };
    name = wanted;
    for (unsigned i = 2; !is_free(name); ++i) name = fmt::format("{}_{}", wanted, i);
    used_.insert(name);
    used_.insert(fmt::format("{}{}", name, suffix));
    return name;
  }

  const wmi::ClassEntry& the_class_;
  const std::set<std::string>& subjects_;
  std::set<std::string>& used_;
  std::string prefix_;
  std::vector<Draft> drafts_;
};

std::string_view type_text(Kind kind, Format format) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::untyped:
      return format == Format::prometheus ? "untyped" : "unknown";
    case Kind::info:
      return format == Format::prometheus ? "gauge" : "info";
  }
  return "untyped";
}

}  // namespace

Family family_of(std::string name, Kind kind, std::string_view unit, std::string_view help) {
  const std::string text =
      plain_text(help.empty() ? std::string_view("(no description)") : help, kMostHelpBytes);
  const std::string_view suffix = kind == Kind::counter ? "_total"
                                  : kind == Kind::info  ? "_info"
                                                        : "";
  Family family{std::move(name), kind, {}, {}};
  // 0.0.4 knows only what its samples are called.
  family.intro[static_cast<std::size_t>(Format::prometheus)] =
      fmt::format("# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", family.name, suffix,
                  help_text(text, false), type_text(kind, Format::prometheus));
  std::string& open = family.intro[static_cast<std::size_t>(Format::open_metrics)];
  open = fmt::format("# TYPE {} {}\n", family.name, type_text(kind, Format::open_metrics));
  if (!unit.empty() && family.name.ends_with(fmt::format("_{}", unit))) {
    open += fmt::format("# UNIT {} {}\n", family.name, unit);
  }
  open += fmt::format("# HELP {} {}\n", family.name, help_text(text, true));
  return family;
}

Plan::Plan(std::shared_ptr<const wmi::Repository> repository) : repository_(std::move(repository)) {
  std::set<std::string> subjects;
  for (const wmi::ClassEntry& entry : repository_->classes()) {
    if (entry.semantics && !entry.semantics->subject.empty()) {
      subjects.insert(snake_case(entry.semantics->subject));
    }
  }
  std::set<std::string> used;
  for (const wmi::ClassEntry& entry : repository_->classes()) {
    if (entry.abstract || !entry.guid) continue;
    if (!entry.performance && !entry.semantics) continue;
    classes_.push_back(ClassPlanner(entry, subjects, used).plan());
  }
}

const ClassPlan* Plan::find(const wmi::ClassEntry& the_class) const {
  const auto at = std::ranges::lower_bound(classes_, &the_class, {}, &ClassPlan::the_class);
  return at == classes_.end() || at->the_class != &the_class ? nullptr : &*at;
}

}  // namespace qm::metrics
