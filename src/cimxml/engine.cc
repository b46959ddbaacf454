#include "cimxml/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

Engine::Engine(std::shared_ptr<const wmi::Repository> repository, Responder::Take take,
               wmi::Enumerations& enumerations, std::string host, std::size_t most_bytes)
    : repository_(std::move(repository)),
      take_(std::move(take)),
      enumerations_(enumerations),
      host_(std::move(host)),
      most_bytes_(most_bytes) {}

void Engine::use(std::shared_ptr<const wmi::Repository> repository) {
  repository_ = std::move(repository);
  forms_.clear();
  written_.clear();
  extents_.clear();
  places_.clear();
}

Outcome<std::shared_ptr<const Place>> Engine::place_of(const std::string& name_space) {
  const std::string key = folded(name_space);
  if (const auto known = places_.find(key); known != places_.end()) return known->second;
  auto schema = std::make_shared<const wql::Schema>(repository_, name_space);
  // Only namespaces that exist are kept, so that the table does not grow with what is asked.
  if (!schema->has_name_space()) {
    return fault(Code::invalid_namespace,
                 fmt::format("there is no namespace {}", plain_text(name_space, 256)));
  }
  const wql::Setting setting{host_, schema->name_space()};
  auto place = std::make_shared<const Place>(Place{std::move(schema), setting});
  places_.emplace(key, place);
  return place;
}

Outcome<std::shared_ptr<const wql::Plan>> Engine::extent_of(const Place& place,
                                                            const wmi::ClassEntry& the_class) {
  const auto key = std::pair(place.schema.get(), &the_class);
  if (const auto known = extents_.find(key); known != extents_.end()) return known->second;
  Diagnostics diagnostics;
  auto plan =
      wql::prepare("SELECT * FROM " + the_class.name(), repository_, place.setting, diagnostics);
  if (!plan || plan->kind != wql::Kind::data) {
    return fault(Code::not_supported, the_class.name() + " has no instances that can be listed");
  }
  auto made = std::make_shared<const wql::Plan>(std::move(*plan));
  extents_.emplace(key, made);
  return made;
}

wql::Found Engine::run(const wql::Plan& plan) {
  const std::vector<const wmi::ClassEntry*> sources = plan.sources();
  return wql::run(plan, take_(sources));
}

std::shared_ptr<const InstanceForm> Engine::form_of(const wql::Schema& schema,
                                                    const wql::Setting& setting,
                                                    const wmi::ClassEntry& the_class,
                                                    const InstanceOptions& options) {
  const auto make = [&] {
    return std::make_shared<const InstanceForm>(the_class, schema.repository(), setting, options);
  };
  // Classes of a repository that was replaced meanwhile live only as long as their enumeration.
  if (options.properties || &schema.repository() != repository_.get()) return make();
  // Schemas that were made for a query come and go; what tells forms apart is the namespace.
  const auto known = places_.find(folded(setting.name_space));
  if (known == places_.end() || known->second->setting.host != setting.host) return make();
  const unsigned flags = (options.local_only ? 1U : 0U) | (options.qualifiers ? 2U : 0U) |
                         (options.class_origin ? 4U : 0U);
  const FormKey key{known->second->schema.get(), &the_class, options.seen_as, options.shape, flags};
  if (const auto at = forms_.find(key); at != forms_.end()) return at->second;
  if (forms_.size() >= kMostForms) forms_.clear();
  auto form = make();
  forms_.emplace(key, form);
  return form;
}

const InstanceForm& RowWriter::form_for(const wmi::ClassEntry& the_class) {
  if (&the_class != class_) {
    class_ = &the_class;
    form_ = engine_.form_of(schema_, setting_, the_class, options_);
  }
  return *form_;
}

void RowWriter::expect(Output& out, std::span<const wql::Row> rows) {
  if (rows.empty()) return;
  const std::size_t bytes = rows.size() * form_for(*rows.front().the_class).expected_bytes();
  out.room(std::min(bytes, engine_.most_bytes()));
}

Outcome<void> RowWriter::append(Output& out, const wql::Row& row) {
  form_for(*row.the_class).append(out, row);
  if (out.bytes() <= engine_.most_bytes()) return {};
  return fault(Code::server_limits_exceeded,
               fmt::format("the answer would exceed {} bytes; fetch it by pull operations",
                           engine_.most_bytes()));
}

Outcome<const wmi::ClassEntry*> Operation::find_class(std::string_view name) const {
  const wmi::ClassEntry* one = place->schema->find(name);
  if (one != nullptr) return one;
  return fault(Code::invalid_class, fmt::format("there is no class {} in {}", plain_text(name, 256),
                                                place->setting.name_space));
}

}  // namespace qm::cimxml
