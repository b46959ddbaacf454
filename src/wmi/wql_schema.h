// The classes that a query can name: those of its namespace, and WMI's own system classes, which
// every namespace has. Immutable. Threads: share const.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/repository.h"

namespace qm::wmi::wql {

inline constexpr std::string_view kMetaClass = "meta_class";
inline constexpr std::string_view kNamespaceClass = "__NAMESPACE";
inline constexpr std::string_view kEventClass = "__Event";
inline constexpr std::string_view kOperationEvent = "__InstanceOperationEvent";
inline constexpr std::string_view kCreationEvent = "__InstanceCreationEvent";
inline constexpr std::string_view kDeletionEvent = "__InstanceDeletionEvent";
inline constexpr std::string_view kModificationEvent = "__InstanceModificationEvent";
inline constexpr std::string_view kAggregateEvent = "__AggregateEvent";

// Of a class, as plain_name_space writes it; root\wmi without a pragma.
std::string name_space_of(const ClassEntry& one);
// Those that have classes, the ones above them, and those that WMI always has; as first written,
// sorted.
std::vector<std::string> name_spaces(const Repository& repository);

class Schema {
 public:
  Schema(std::shared_ptr<const Repository> repository, std::string name_space);

  bool has_name_space() const { return has_name_space_; }
  const std::string& name_space() const { return name_space_; }  // as the classes write it
  const Repository& repository() const { return *repository_; }
  const ClassEntry* find(std::string_view name) const;
  // By name, the system classes last.
  const std::vector<const ClassEntry*>& classes() const { return classes_; }
  // The class and all that derive from it, in that order.
  std::vector<const ClassEntry*> family(const ClassEntry& one) const;
  // Namespaces right below this one.
  std::vector<std::string> children() const;

 private:
  std::shared_ptr<const Repository> repository_;
  std::string name_space_;
  bool has_name_space_ = false;
  bool has_cooked_ = false;
  std::vector<const ClassEntry*> classes_;
};

// __NAMESPACE, the events.
const Repository& system_classes();
// Where a class that a Schema names is defined: there, in interop.h's, or in the schema's own.
const Repository& repository_of(const ClassEntry& one, const Repository& otherwise);

}  // namespace qm::wmi::wql
