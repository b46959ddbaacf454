#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "cli/explain.h"
#include "cli/format.h"
#include "cli/legend.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

namespace json = boost::json;

std::string formula(const Explanation& explanation, std::string_view sum) {
  const Source& source = *explanation.property->semantics->source;
  const std::string what = source.value == "1"
                               ? fmt::format("number of {}", source.class_name)
                               : fmt::format("{} {} of {}", sum, source.value, source.class_name);
  const std::string where = explanation.where.empty() ? "" : explanation.where + " AND ";
  return fmt::format("{} where {}{} is the instance", what, where, source.owner);
}

void write_definition(const Explanation& explanation, const Terminal& terminal, std::ostream& out) {
  const Property& property = *explanation.property;
  std::string kind = property.grows() ? "counter" : "gauge";
  if (property.semantics) {
    kind = fmt::format("{}, {}", property.semantics->kind, property.semantics->unit);
    if (property.semantics->direction != "none") kind += " " + property.semantics->direction;
  }
  Record record(terminal.shown(fmt::format("{} of {}", property.name, explanation.info.name)),
                Style::bold);
  record.field("", "kind", nullptr, {terminal.shown(kind)});
  record.field("", "meaning", nullptr, {terminal.shown(property.description)});
  if (property.semantics) {
    record.field("", "on Linux", nullptr, {terminal.shown(property.semantics->definition)});
  }
  if (explanation.has_source()) {
    record.field("", "formula", nullptr, {terminal.shown(formula(explanation, terminal.sum()))});
  } else if (!explanation.where_problem.empty()) {
    record.field("", "formula", nullptr, {terminal.shown(explanation.where_problem)});
  }
  record.write(terminal, out);
}

struct Line {
  std::string number;
  std::string text;
};

std::vector<Line> lines_of(const Explanation& explanation, const Explained& one,
                           const Terminal& terminal) {
  std::vector<Line> lines;
  if (!explanation.has_source()) return lines;
  for (const Share& share : one.shares) {
    lines.push_back({share.value ? grouped(*share.value) : std::string(terminal.null()),
                     terminal.shown(share.source->name)});
  }
  const auto value = one.instance->number(explanation.property->name);
  if (one.ended && (*one.ended > 0 || one.shares.empty())) {
    lines.push_back({grouped(*one.ended), "of SAs that have ended"});
  } else if (value && one.complete && one.live_sum > *value) {
    lines.push_back({"-" + grouped(one.live_sum - *value), "of these SAs, not counted here"});
  } else if (value && one.complete && !one.ended && one.live_sum < *value) {
    lines.push_back({grouped(*value - one.live_sum), "not found among the live SAs"});
  }
  return lines;
}

void write_instance(const Explanation& explanation, const Explained& one, const Terminal& terminal,
                    std::ostream& out) {
  const Property& property = *explanation.property;
  const Instance& instance = *one.instance;
  const std::string value = value_text(property, instance.value(property.name), terminal);
  const QualityNote* note = instance.note(property.name);
  const std::vector<Line> lines = lines_of(explanation, one, terminal);
  std::size_t width = display_width(value);
  for (const Line& line : lines) width = std::max(width, display_width(line.number));

  out << '\n' << terminal.styled(Style::bold, terminal.shown(instance.name)) << '\n';
  std::string quality(note == nullptr ? "exact" : quality_word(note->quality));
  if (note != nullptr && !note->text.empty()) quality += ": " + terminal.shown(note->text);
  if (!instance.active) quality = "the instance is inactive: it supplies no data";
  write_hanging("  " + right(value, width) + "  ", quality, terminal, out);
  if (!lines.empty()) out << "  " << terminal.styled(Style::dim, "made of") << '\n';
  for (const Line& line : lines) {
    write_hanging("  " + right(line.number, width) + "  ", line.text, terminal, out);
  }
  if (!one.same_sample) {
    out << terminal.styled(Style::warn,
                           "  The SAs were sampled at another moment than the total: "
                           "the sum may differ.")
        << '\n';
  }
}

}  // namespace

void write_explanation(const Explanation& explanation, const Terminal& terminal,
                       std::ostream& out) {
  write_definition(explanation, terminal, out);
  for (const Explained& one : explanation.instances) {
    write_instance(explanation, one, terminal, out);
  }
}

json::object explanation_json(const Explanation& explanation) {
  const Property& property = *explanation.property;
  json::object document{{"class", explanation.info.name},
                        {"counter", property.name},
                        {"description", property.description}};
  if (property.semantics) {
    document["kind"] = property.semantics->kind;
    document["unit"] = property.semantics->unit;
    document["definition"] = property.semantics->definition;
    if (const auto& source = property.semantics->source) {
      document["source"] = {{"class", source->class_name},
                            {"value", source->value},
                            {"where", source->where},
                            {"owner", source->owner}};
    }
  }
  json::array list;
  for (const Explained& one : explanation.instances) {
    const QualityNote* note = one.instance->note(property.name);
    json::object object{{"name", one.instance->name},
                        {"value", one.instance->value(property.name)},
                        {"quality", note == nullptr ? "exact" : quality_word(note->quality)}};
    if (note != nullptr) {
      object["reason"] = note->reason;
      object["text"] = note->text;
    }
    if (explanation.has_source()) {
      json::array shares;
      for (const Share& share : one.shares) {
        shares.push_back({{"name", share.source->name},
                          {"value", share.value ? json::value(*share.value) : json::value()}});
      }
      object["shares"] = std::move(shares);
      object["live_sum"] = one.live_sum;
      object["ended"] = one.ended ? json::value(*one.ended) : json::value();
      object["same_sample"] = one.same_sample;
    }
    list.push_back(std::move(object));
  }
  document["instances"] = std::move(list);
  return document;
}

}  // namespace qm::cli
