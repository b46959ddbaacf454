#include "wmi/wql.h"

#include <algorithm>

#include "wmi/cooking.h"
#include "wmi/wql_links.h"
#include "wmi/wql_rows.h"

namespace qm::wmi::wql {
namespace {

// Where the names of a part that fit are, in the part's order.
std::vector<std::uint32_t> look_up(const Part& part, const std::vector<std::string>& names) {
  std::vector<std::uint32_t> out;
  for (const std::string& name : names) {
    const auto found = part.index->find(part.generation, name);
    out.insert(out.end(), found.begin(), found.end());
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

void run_class(const ClassPlan& plan, const Setting& setting, Found& found) {
  for (const auto& part : found.snapshot->parts_of(*plan.the_class)) {
    const auto& instances = part->generation.instances;
    std::vector<std::uint32_t> at;
    if (plan.program.names() && part->index) {
      at = look_up(*part, *plan.program.names());
      found.examined += at.size();
      std::erase_if(at, [&](std::uint32_t i) {
        Candidate candidate;
        candidate[0] = {plan.the_class, part.get(), &instances[i], nullptr};
        return !plan.program.accepts(candidate, setting);
      });
    } else {
      plan.program.scan(*part, setting, at);
      found.examined += instances.size();
    }
    found.rows.reserve(found.rows.size() + at.size());
    for (const std::uint32_t i : at) {
      found.rows.push_back({plan.the_class, part.get(), &instances[i], nullptr});
    }
  }
  make_rows(*plan.the_class, setting, found, [&](const Row& row) {
    Candidate candidate;
    candidate[0] = row;
    if (!plan.program.accepts(candidate, setting)) return false;
    found.rows.push_back(row);
    return true;
  });
}

void run_schema(const Plan& plan, Found& found) {
  for (const ClassEntry* one : plan.schema->classes()) {
    Candidate candidate;
    candidate[0].the_class = one;
    ++found.examined;
    if (plan.classes.front().program.accepts(candidate, plan.setting)) {
      found.rows.push_back(candidate[0]);
    }
  }
}

}  // namespace

const ClassPlan* Plan::of(const ClassEntry& one) const {
  if (kind == Kind::schema) return &classes.front();
  const auto at = std::ranges::find(classes, &one, &ClassPlan::the_class);
  return at == classes.end() ? nullptr : &*at;
}

std::vector<const ClassEntry*> Plan::sources() const {
  std::vector<const ClassEntry*> out;
  if (kind == Kind::associators || kind == Kind::references) return out;
  const auto add = [&](const ClassEntry* one) {
    if (std::ranges::find(out, one) == out.end()) out.push_back(one);
  };
  for (const ClassPlan& one : classes) {
    if (one.the_class == nullptr) continue;
    add(one.the_class);
    if (const auto view = view_of(*one.the_class, *schema)) add(view->source);
    if (const auto* raw = raw_class_of(*one.the_class, schema->repository())) add(raw);
  }
  return out;
}

Found run(const Plan& plan, std::shared_ptr<const Snapshot> snapshot, std::size_t most_made) {
  Found found;
  found.most_made = most_made;
  found.snapshot = std::move(snapshot);
  found.schema = plan.schema;
  switch (plan.kind) {
    case Kind::data:
      for (const ClassPlan& one : plan.classes) run_class(one, plan.setting, found);
      break;
    case Kind::schema:
      run_schema(plan, found);
      break;
    case Kind::associators:
    case Kind::references:
      run_links(plan, found);
      break;
    case Kind::events:
      break;
  }
  return found;
}

}  // namespace qm::wmi::wql
