#include "cli/explain.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <ostream>

#include "base/suggest.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/condition.h"
#include "cli/counter_path.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/show.h"

namespace qm::cli {
namespace {

// COUNTER, CLASS.COUNTER or a counter path.
Result<CounterPath> asked_for(const std::string& subject) {
  if (subject.find_first_of("\\(") != std::string::npos) return parse_counter_path(subject);
  CounterPath path;
  const std::size_t dot = subject.find('.');
  path.class_name = dot == std::string::npos ? kDefaultClass : subject.substr(0, dot);
  path.counter = dot == std::string::npos ? subject : subject.substr(dot + 1);
  return path;
}

Result<const Property*> counter_of(const ClassInfo& info, const std::string& name) {
  const Property* property = info.find(name);
  if (property != nullptr && property->is_data()) return property;
  std::vector<std::string> names;
  for (const Property* known : info.data()) names.push_back(known->name);
  return fail(ErrorCode::not_found,
              fmt::format("{} has no counter {}.{} `quickmode class {}` lists them all",
                          plain_text(info.name), plain_text(name, 256), did_you_mean(name, names),
                          plain_text(info.name)));
}

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return b > most - a ? most : a + b;
}

Result<Explanation> explanation_of(Api& api, const CounterPath& path) {
  Explanation explanation;
  explanation.info = TRY(fetch_class(api, path.class_name));
  explanation.property = TRY(counter_of(explanation.info, path.counter));
  std::vector<std::string_view> classes{explanation.info.name};
  const auto& semantics = explanation.property->semantics;
  if (semantics && semantics->source) {
    explanation.source_info = TRY(fetch_class(api, semantics->source->class_name));
    classes.emplace_back(explanation.source_info->name);
  }
  explanation.snapshot = TRY(fetch_snapshot(api, classes));
  return explanation;
}

}  // namespace

void explain_instances(Explanation& explanation, std::string_view pattern) {
  const Property& property = *explanation.property;
  std::map<std::string, std::vector<Share>, std::less<>> shares;
  if (explanation.source_info) {
    const Source& source = *property.semantics->source;
    const auto condition = Condition::parse(source.where);
    if (condition) {
      explanation.where = condition->text(*explanation.source_info);
      for (const Instance& candidate : explanation.snapshot[1].instances) {
        if (!condition->holds(candidate)) continue;
        Share share{&candidate, 1};
        if (source.value != "1") share.value = candidate.number(source.value);
        shares[candidate.text(source.owner)].push_back(share);
      }
    } else {
      explanation.where_problem = condition.error().message;
    }
  }
  for (const Instance& instance : explanation.snapshot[0].instances) {
    if (!pattern.empty() && !means(pattern, instance.name)) continue;
    Explained one{.instance = &instance, .shares = {}, .ended = std::nullopt};
    const auto found = shares.find(instance.name);
    if (found != shares.end()) one.shares = found->second;
    for (const Share& share : one.shares) {
      one.live_sum = saturating_sum(one.live_sum, share.value.value_or(0));
      one.complete = one.complete && share.value.has_value();
      one.same_sample = one.same_sample && share.source->boot_ns == instance.boot_ns;
    }
    const auto value = instance.number(property.name);
    if (explanation.has_source() && property.grows() && value && one.complete &&
        *value >= one.live_sum) {
      one.ended = *value - one.live_sum;
    }
    explanation.instances.push_back(std::move(one));
  }
}

int explain(const Options& options, Surroundings& around) {
  const auto path = asked_for(options.subject);
  if (!path) {
    report(path.error(), around);
    return kExitUsage;
  }
  auto explanation = explanation_of(around.api, *path);
  if (!explanation) return report(explanation.error(), around);
  // ClassInfo was moved along with the explanation: look the property up where it lives now.
  explanation->property = explanation->info.find(path->counter);
  const std::string& pattern = options.instance.empty() ? path->instance : options.instance;
  explain_instances(*explanation, pattern);
  if (options.format == Format::json) {
    around.out << json_text(explanation_json(*explanation)) << '\n';
  } else {
    write_explanation(*explanation, around.terminal, around.out);
  }
  const Instances& all = explanation->snapshot[0];
  if (!explanation->instances.empty()) return kExitOk;
  if (all.instances.empty()) {
    if (options.format != Format::json) {
      around.out << '\n';
      write_empty(all, around, around.out);
    }
    return kExitOk;
  }
  around.err << fmt::format("quickmode: no instance of {} is called {}\n",
                            around.terminal.shown(explanation->info.name),
                            around.terminal.shown(pattern));
  return kExitNoMatch;
}

}  // namespace qm::cli
