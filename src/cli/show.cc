#include "cli/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>

#include "base/suggest.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/counter_path.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/rates.h"
#include "cli/twin.h"

namespace qm::cli {
namespace {

// What was asked for, and what is kept from one sample to the next.
struct Request {
  CounterPath path;
  ClassInfo info;
  std::vector<const Property*> properties;
  std::optional<std::string> twin;   // only where all instances are shown to people
  std::optional<Instances> earlier;  // for --rates
  std::optional<Instances> earlier_total;
  std::optional<ClassInfo> twin_info;
  CsvWriter csv;
  bool empty = false;  // the last sample had nothing to show
};

struct Sample {
  Instances all;
  std::optional<Instances> total;
};

Result<std::vector<const Property*>> chosen(const ClassInfo& info, const std::string& counter) {
  std::vector<const Property*> out;
  std::vector<std::string> names;
  for (const Property* property : info.data()) {
    names.push_back(property->name);
    if (glob_match(counter, property->name)) out.push_back(property);
  }
  if (!out.empty() || counter == "*") return out;
  return fail(ErrorCode::not_found,
              fmt::format("{} has no counter {}.{} `quickmode class {}` lists them all",
                          plain_text(info.name), plain_text(counter, 256),
                          did_you_mean(counter, names), plain_text(info.name)));
}

Result<CounterPath> path_from(const Options& options, const Terminal& terminal) {
  CounterPath path;
  path.class_name = kDefaultClass;
  if (!options.subject.empty()) path = TRY(parse_counter_path(options.subject));
  const bool here = path.host.empty() || path.host == "." || same_name(path.host, "localhost") ||
                    same_name(path.host, terminal.host);
  if (!here) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is another host: quickmode asks this one ({}) only",
                            plain_text(path.host, 256), terminal.host));
  }
  return path;
}

Result<Request> request_from(const Options& options, Surroundings& around, CounterPath path) {
  Request request;
  request.path = std::move(path);
  request.info = TRY(fetch_class(around.api, request.path.class_name));
  if (request.info.abstract) {
    return fail(ErrorCode::not_found,
                fmt::format("{} is abstract: it has no instances of its own. `quickmode classes` "
                            "lists those that have",
                            plain_text(request.info.name)));
  }
  const bool all_instances = options.instance.empty() && request.path.instance == "*";
  if (options.format == Format::text && all_instances) {
    request.twin = find_twin(around.api, request.info);
  }
  if (request.twin) request.twin_info = TRY(fetch_class(around.api, *request.twin));
  return request;
}

Result<Sample> read_sample(const Request& request, Api& api) {
  Sample sample;
  if (!request.twin) {
    sample.all = TRY(fetch_instances(api, request.info.name));
    return sample;
  }
  auto both = TRY(fetch_snapshot(api, {request.info.name, *request.twin}));
  sample.all = std::move(both[0]);
  sample.total = std::move(both[1]);
  return sample;
}

void keep_meant(Instances& sample, const Options& options, const CounterPath& path) {
  std::erase_if(sample.instances, [&](const Instance& instance) {
    return !means(path.instance, instance.name) ||
           (!options.instance.empty() && !means(options.instance, instance.name));
  });
}

// A total is one over these instances only when all of them come from the one who adds up.
const Instance* total_of(const Sample& sample) {
  if (!sample.total || sample.total->instances.size() != 1) return nullptr;
  const Instance& total = sample.total->instances.front();
  const bool same = std::ranges::all_of(sample.all.instances, [&total](const Instance& instance) {
    return instance.driver == total.driver;
  });
  return same ? &total : nullptr;
}

void write(const View& view, Request& request, const Options& options, Surroundings& around) {
  switch (options.format) {
    case Format::json:
      around.out << json_text(show_json(view)) << '\n';
      break;
    case Format::csv:
      request.csv.write(view, around.terminal, around.out);
      break;
    case Format::mof:
      write_mof(view, around.out);
      break;
    default:
      if (fits_matrix(view)) {
        write_matrix(view, around.terminal, around.out);
      } else {
        write_vertical(view, around.terminal, around.out);
      }
  }
}

// Says that nothing is there to be shown; returns the exit code.
int nothing(const Instances& all, const Options& options, const CounterPath& path,
            Surroundings& around) {
  if (all.instances.empty()) {
    write_empty(all, around, options.format == Format::text ? around.out : around.err);
    return kExitOk;
  }
  std::vector<std::string> names;
  names.reserve(all.instances.size());
  for (const Instance& instance : all.instances) {
    names.push_back(around.terminal.shown(short_name(instance.name)));
  }
  const std::string& pattern = options.instance.empty() ? path.instance : options.instance;
  const std::string near = did_you_mean(pattern, names);
  names.resize(std::min<std::size_t>(names.size(), 16));
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  around.err << fmt::format("quickmode: no instance of {} is called {}.{} There are {}{}\n",
                            around.terminal.shown(all.class_name), around.terminal.shown(pattern),
                            near, known, all.instances.size() > names.size() ? ", and more" : "");
  return kExitNoMatch;
}

// Shows one sample; the exit code when there is nothing to show, or on an error.
Result<int> show_one(Request& request, const Options& options, Surroundings& around, bool first) {
  Sample sample = TRY(read_sample(request, around.api));
  View view;
  view.info = &request.info;
  view.properties = request.properties;
  view.all_properties = request.path.counter == "*";
  view.rates = options.rates;
  view.sample = sample.all;
  keep_meant(view.sample, options, request.path);
  if (options.rates) {
    const Instances now = view.sample;
    if (request.earlier) view.sample = rates_between(request.info, *request.earlier, now);
    const bool only_first = !request.earlier;
    request.earlier = now;
    if (sample.total) {
      const Instances total_now = *sample.total;
      if (request.earlier_total) {
        sample.total = rates_between(*request.twin_info, *request.earlier_total, total_now);
      }
      request.earlier_total = total_now;
    }
    if (only_first && !view.sample.instances.empty()) return kExitOk;
  }
  request.empty = view.sample.instances.empty();
  if (request.empty) {
    if (options.format == Format::json) around.out << json_text(show_json(view)) << '\n';
    return nothing(sample.all, options, request.path, around);
  }
  view.total = total_of(sample);
  if (view.total != nullptr) view.total_class = *request.twin;
  if (!first && options.format == Format::text) around.out << '\n';
  write(view, request, options, around);
  around.out.flush();
  return kExitOk;
}

}  // namespace

boost::json::object show_json(const View& view) {
  boost::json::object document = view.sample.head;
  boost::json::array& list = document["instances"].emplace_array();
  for (const Instance& instance : view.sample.instances) {
    boost::json::object object = instance.raw;
    if (!view.all_properties) {
      boost::json::object kept;
      boost::json::object kept_quality;
      for (const auto& [name, value] : instance.raw.at("properties").get_object()) {
        const Property* property = view.info->find(name);
        const bool asked = std::ranges::find(view.properties, property) != view.properties.end();
        if (property == nullptr || !(asked || property->key)) continue;
        kept[name] = value;
        const auto* quality = instance.raw.if_contains("quality");
        const auto* notes = quality == nullptr ? nullptr : quality->if_object();
        if (notes != nullptr && notes->contains(name)) kept_quality[name] = notes->at(name);
      }
      object["properties"] = std::move(kept);
      object["quality"] = std::move(kept_quality);
    }
    list.push_back(std::move(object));
  }
  return document;
}

int show(const Options& options, Surroundings& around) {
  auto path = path_from(options, around.terminal);
  if (!path) {
    report(path.error(), around);
    return kExitUsage;
  }
  auto request = request_from(options, around, std::move(*path));
  if (!request) return report(request.error(), around);
  auto properties = chosen(request->info, request->path.counter);
  if (!properties) return report(properties.error(), around);
  request->properties = std::move(*properties);

  const bool repeated = options.rates || options.samples != 1;
  if (repeated) around.pacer.begin();
  const std::uint64_t reads = options.samples == 0 ? 0 : options.samples + (options.rates ? 1 : 0);
  for (std::uint64_t read = 0; reads == 0 || read < reads; ++read) {
    if (read > 0 && !around.pacer.wait(options.interval_ms)) return kExitInterrupted;
    const auto code = show_one(*request, options, around, read <= (options.rates ? 1U : 0U));
    if (!code) return report(code.error(), around);
    if (*code != kExitOk || !around.out) return *code;
    if (options.samples == 1 && request->empty) break;
  }
  return kExitOk;
}

}  // namespace qm::cli
