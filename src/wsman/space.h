// A namespace, and what answers about its classes are made of; each made when first asked for.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "wmi/wql.h"
#include "wsman/instance_text.h"

namespace qm::wsman {

class Space {
 public:
  // name_space must be one of the repository's; has() says so.
  Space(std::shared_ptr<const wmi::Repository> repository, const std::string& name_space,
        const std::string& host);

  bool has() const { return schema_->has_name_space(); }
  const wmi::wql::Schema& schema() const { return *schema_; }
  const wmi::wql::Setting& setting() const { return setting_; }
  const std::shared_ptr<const wmi::Repository>& repository() const { return repository_; }
  ValueSetting value_setting(UriForm form) const {
    return {form, schema_->name_space(), repository_.get()};
  }

  const InstanceText& text_of(const wmi::ClassEntry& one, UriForm form);
  // SELECT * FROM the class.
  std::shared_ptr<const wmi::wql::Plan> plan_of_all(const wmi::ClassEntry& one);

 private:
  std::shared_ptr<const wmi::Repository> repository_;
  std::shared_ptr<const wmi::wql::Schema> schema_;
  wmi::wql::Setting setting_;
  std::map<std::pair<const wmi::ClassEntry*, UriForm>, InstanceText> texts_;
  std::map<const wmi::ClassEntry*, std::shared_ptr<const wmi::wql::Plan>> plans_;
};

}  // namespace qm::wsman
