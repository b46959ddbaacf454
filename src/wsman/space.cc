#include "wsman/space.h"

#include <fmt/format.h>

namespace qm::wsman {

namespace wql = wmi::wql;

Space::Space(std::shared_ptr<const wmi::Repository> repository, const std::string& name_space,
             const std::string& host)
    : repository_(std::move(repository)),
      schema_(std::make_shared<const wql::Schema>(repository_, name_space)),
      setting_{host, schema_->name_space()} {}

const InstanceText& Space::text_of(const wmi::ClassEntry& one, UriForm form) {
  const std::pair key(&one, form);
  const auto known = texts_.find(key);
  if (known != texts_.end()) return known->second;
  return texts_
      .emplace(std::piecewise_construct, std::forward_as_tuple(key),
               std::forward_as_tuple(one, value_setting(form)))
      .first->second;
}

std::shared_ptr<const wql::Plan> Space::plan_of_all(const wmi::ClassEntry& one) {
  auto& plan = plans_[&one];
  if (plan) return plan;
  Diagnostics ignored;
  auto made =
      wql::prepare(fmt::format("SELECT * FROM {}", one.name()), repository_, setting_, ignored);
  if (made) plan = std::make_shared<const wql::Plan>(std::move(*made));
  return plan;
}

}  // namespace qm::wsman
