// What a text that parses can still have wrong: names, hierarchy, data blocks, values.
//
// Errors are what no consumer could use; warnings are what drivers get away with (a superclass in
// another file, a class without a guid) but that bites later. Nothing is said about what is
// missing in damaged declarations.
// Sources: DSP0004 2.x; Microsoft's "WMI class qualifiers", "WMI property qualifiers" pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/diagnostics.h"
#include "mof/model.h"
#include "mof/names.h"
#include "mof/parser.h"

namespace qm::mof {

// Where a qualifier may stand, by its declaration.
enum Scope : std::uint8_t {
  kScopeClass = 0x01,
  kScopeAssociation = 0x02,
  kScopeIndication = 0x04,
  kScopeProperty = 0x08,
  kScopeReference = 0x10,
  kScopeMethod = 0x20,
  kScopeParameter = 0x40,
};
inline constexpr std::uint8_t kScopeAny = 0xff;
std::uint8_t scopes_of(const QualifierDeclaration& declaration);
class Checker {
 public:
  Checker(const Parsed& parsed, Diagnostics& diagnostics);
  void check();

 private:
  struct Rule;
  struct Line {
    std::vector<const Class*> classes;  // the class first
    bool complete = false;              // up to a class without superclass
  };

  const Class* find_class(std::string_view name) const { return by_name_.find(name); }
  const Class* superclass_of(const Class& the_class) const;
  Line line_of(const Class& the_class) const;
  void find_line(const Class& the_class, Line& line) const;
  const Property* find_property(const Line& line, std::string_view name);
  std::uint64_t member_sorts(const Class& the_class);
  bool is_embedded(const Class& the_class);
  std::uint8_t class_kinds(const Class& the_class) const;
  std::string similar_class(std::string_view name, std::string_view otherwise) const;
  bool damaged(const Class& the_class) const;

  // Names and hierarchy (check_class.cc).
  void check_class(const Class& the_class);
  void check_superclass(const Class& the_class);
  void check_members(const Class& the_class);
  std::uint8_t check_property(const Line& above, const Property& property);
  void check_override(const Line& above, const Property& property);
  void check_class_reference(const Property& property);
  std::uint8_t check_qualifiers(const Qualifiers& qualifiers, std::uint8_t places);
  std::uint8_t check_qualifier(const Qualifier& qualifier, const Rule* rule, std::uint8_t places);
  const Rule* rule_of(const Qualifiers& list, const Qualifier& one);
  void check_repeated(const Qualifiers& list, const Qualifier& one);
  void check_unknown(const Qualifier& qualifier);
  void check_declared(const Qualifier& qualifier);
  void check_guid(const Class& the_class);
  void check_names_for_c(const Qualifiers& qualifiers);

  // Keys, associations, qualifiers, methods (check_rules.cc).
  void check_keys(const Class& the_class, const Line& above);
  void check_association(const Class& the_class, const Line& above);
  void check_locked(const Qualifiers& own, const std::vector<const Rule*>& rules,
                    const Qualifiers& inherited);
  void check_scope(const Qualifier& one, const Rule& rule, std::uint8_t places);
  void check_method_ids(const Class& the_class);

  // Data blocks (check_block.cc).
  void check_block(const Class& the_class);
  void check_data_ids(const Class& the_class);
  bool describes_event(const Class& the_class) const;
  void check_identity(const Class& the_class);
  void check_field(const Class& the_class, const Property& property);
  void check_size_is(const Class& the_class, const Property& property);
  void check_counter(const Property& property);
  void check_values_map(const Property& property);
  void check_embedding(const Class& the_class);
  void check_holes(const Class& the_class);

  // Instances and values (check_value.cc).
  void check_instances();
  void check_instance(const Instance& instance, bool is_damaged, unsigned depth);
  void check_instance_values(const Instance& instance, const Class& the_class);
  void check_duplicate(const Instance& instance, const Class& the_class);
  void check_aliases();
  void check_value(const Value& value, const Property& property, unsigned depth);
  void check_single(const Value& value, const Property& property, unsigned depth);

  const Parsed& parsed_;
  const Model& model_;
  Diagnostics& diagnostics_;
  // What holds for all qualifiers of a name: by its declaration in these texts, or because the
  // data block and the header rest on it.
  enum class Holds : std::uint8_t { anything, number, text };
  // What a list of qualifiers holds that later checks ask for: most hold none of it.
  enum Role : std::uint8_t {
    kDataId = 0x01,
    kKey = 0x02,
    kValues = 0x04,
    kGuid = 0x08,
    kNameInC = 0x10,
    kMethodId = 0x20,
  };
  struct Rule {
    std::string_view name;
    std::uint8_t roles = 0;
    Holds holds = Holds::anything;
    const QualifierDeclaration* declaration = nullptr;  // without one, what follows says nothing
    Property shape;                                     // as if the qualifier were a property
    std::uint8_t scopes = 0;
    bool locked = false;      // Flavor(DisableOverride)
    bool restricted = false;  // Flavor(Restricted)
  };
  static const std::vector<Rule>& known_rules();
  void add_rules();

  NameIndex<Class> by_name_;                // the first one of a name
  std::vector<const Class*> superclasses_;  // of the model's classes; nullptr: none that we see
  std::vector<Rule> rule_list_;
  NameIndex<Rule> rules_;
  // Of the list that was checked last: what rules its qualifiers; and of each rule, in which list
  // it ruled last.
  std::vector<const Rule*> rules_of_list_;
  std::vector<std::uint32_t> last_lists_;
  std::uint32_t list_number_ = 0;
  std::vector<const Rule*> rules_of_class_;  // as rules_of_list_, of the class being checked
  Line above_;                               // its superclasses
  std::vector<std::uint64_t> member_sorts_;  // of the model's classes; 0: not yet asked for
  std::vector<std::uint8_t> kinds_;  // of the model's classes: the scopes of their own qualifiers
  std::optional<NameSet> embedded_;  // classes that are a type of something
  NameSet unknown_;                  // qualifiers that nothing is known of
  NameSet undeclared_;
  NameSet missing_;  // superclasses complained about
  std::unordered_map<std::string, Span> guids_;
  NameMap<Span> aliases_;
  std::unordered_map<std::string, Span> keys_;  // of instances
};

}  // namespace qm::mof
