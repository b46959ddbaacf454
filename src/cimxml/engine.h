// What the operations share: the classes of each namespace, plans and forms that were made once,
// and how rows become elements. Pure. Threads: one.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>

#include "cimxml/arguments.h"
#include "cimxml/instance_form.h"
#include "cimxml/responder.h"
#include "wmi/wql.h"
#include "wmi/written.h"

namespace qm::cimxml {

// A namespace, as an operation sees it.
struct Place {
  std::shared_ptr<const wmi::wql::Schema> schema;
  wmi::wql::Setting setting;
};

class Engine {
 public:
  Engine(std::shared_ptr<const wmi::Repository> repository, Responder::Take take,
         wmi::Enumerations& enumerations, std::string host, std::size_t most_bytes);

  void use(std::shared_ptr<const wmi::Repository> repository);
  const std::shared_ptr<const wmi::Repository>& repository() const { return repository_; }
  wmi::Enumerations& enumerations() { return enumerations_; }
  std::size_t most_bytes() const { return most_bytes_; }

  Outcome<std::shared_ptr<const Place>> place_of(const std::string& name_space);
  // All instances of a class and of those that derive from it.
  Outcome<std::shared_ptr<const wmi::wql::Plan>> extent_of(const Place& place,
                                                           const wmi::ClassEntry& the_class);
  wmi::wql::Found run(const wmi::wql::Plan& plan);
  std::shared_ptr<const wmi::Snapshot> take(std::span<const wmi::ClassEntry* const> classes) {
    return take_(classes);
  }
  std::size_t forms() const { return forms_.size(); }  // that are kept
  // How an extent's elements are written; options without a PropertyList.
  struct WrittenKey {
    const wmi::wql::Plan* extent = nullptr;  // in extents_
    Shape shape = Shape::named_instance;
    bool local_only = false, qualifiers = false, class_origin = false;
    const wmi::ClassEntry* seen_as = nullptr;
    bool operator==(const WrittenKey&) const = default;
  };
  wmi::WrittenExtents<WrittenKey>& written() { return written_; }
  std::shared_ptr<const InstanceForm> form_of(const wmi::wql::Schema& schema,
                                              const wmi::wql::Setting& setting,
                                              const wmi::ClassEntry& the_class,
                                              const InstanceOptions& options);

 private:
  using FormKey = std::tuple<const wmi::wql::Schema*, const wmi::ClassEntry*,
                             const wmi::ClassEntry*, Shape, unsigned>;
  std::shared_ptr<const wmi::Repository> repository_;
  Responder::Take take_;
  wmi::Enumerations& enumerations_;
  std::string host_;
  std::size_t most_bytes_;
  std::map<std::string, std::shared_ptr<const Place>> places_;
  std::map<std::pair<const wmi::wql::Schema*, const wmi::ClassEntry*>,
           std::shared_ptr<const wmi::wql::Plan>>
      extents_;
  std::map<FormKey, std::shared_ptr<const InstanceForm>> forms_;
  wmi::WrittenExtents<WrittenKey> written_;
};

// Rows of several classes, in one form.
class RowWriter {
 public:
  RowWriter(Engine& engine, const wmi::wql::Schema& schema, const wmi::wql::Setting& setting,
            InstanceOptions options)
      : engine_(engine), schema_(schema), setting_(setting), options_(std::move(options)) {}
  // Room for these, so that the answer need not move while it grows.
  void expect(Output& out, std::span<const wmi::wql::Row> rows);
  // Fault: the answer grows too large.
  Outcome<void> append(Output& out, const wmi::wql::Row& row);

 private:
  const InstanceForm& form_for(const wmi::ClassEntry& the_class);

  Engine& engine_;
  const wmi::wql::Schema& schema_;
  const wmi::wql::Setting& setting_;
  InstanceOptions options_;
  const wmi::ClassEntry* class_ = nullptr;
  std::shared_ptr<const InstanceForm> form_;
};

// One call of an intrinsic method, and where its result is written.
struct Operation {
  Engine& engine;
  const Call& call;
  Arguments arguments;
  std::shared_ptr<const Place> place;
  std::uint64_t now_ms = 0;
  std::string_view client;
  Output& out;

  Outcome<const wmi::ClassEntry*> find_class(std::string_view name) const;
};

using Run = Outcome<void> (*)(Operation&);

// They write IRETURNVALUE and output parameters themselves; what they wrote before a Fault is cut.
Outcome<void> enumerate_instances(Operation& operation);
Outcome<void> enumerate_instance_names(Operation& operation);
Outcome<void> get_instance(Operation& operation);
Outcome<void> get_property(Operation& operation);

Outcome<void> get_class(Operation& operation);
Outcome<void> enumerate_classes(Operation& operation);
Outcome<void> enumerate_class_names(Operation& operation);
Outcome<void> enumerate_qualifiers(Operation& operation);
Outcome<void> get_qualifier(Operation& operation);

Outcome<void> exec_query(Operation& operation);
Outcome<void> associators(Operation& operation);
Outcome<void> associator_names(Operation& operation);
Outcome<void> references(Operation& operation);
Outcome<void> reference_names(Operation& operation);

Outcome<void> open_enumerate_instances(Operation& operation);
Outcome<void> open_enumerate_instance_paths(Operation& operation);
Outcome<void> open_associator_instances(Operation& operation);
Outcome<void> open_associator_instance_paths(Operation& operation);
Outcome<void> open_reference_instances(Operation& operation);
Outcome<void> open_reference_instance_paths(Operation& operation);
Outcome<void> open_query_instances(Operation& operation);
Outcome<void> pull_instances_with_path(Operation& operation);
Outcome<void> pull_instance_paths(Operation& operation);
Outcome<void> pull_instances(Operation& operation);
Outcome<void> close_enumeration(Operation& operation);
Outcome<void> enumeration_count(Operation& operation);

// What several of them do.
Outcome<wmi::wql::Found> found_links(Operation& operation, bool associators, std::string_view role);
Outcome<std::shared_ptr<const wmi::wql::Plan>> query_plan(Operation& operation,
                                                          std::string_view language,
                                                          std::string_view text);
// Behind SELECT; nothing: all.
std::optional<std::vector<std::string>> selected_properties(const wmi::wql::Plan& plan);
Outcome<InstanceOptions> instance_options(Operation& operation, Shape shape);

// Runs the method that is called. Fault not_supported: there is none of that name here.
Outcome<void> run_call(Engine& engine, const Call& call, std::string_view client,
                       std::uint64_t now_ms, Output& out);

}  // namespace qm::cimxml
