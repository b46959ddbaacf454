// The class model: what a MOF text or a binary MOF says, independent of either form.
//
// Promise: a Model is a plain value, complete (every qualifier with its flavors, every default, in
// source order). Its classes and instances stand alone: strings and lists may lie in the memory
// that they came from, which each keeps (Setting::texts). What is taken out of one of them is
// copied (mof/text.h, mof/list.h). Spans (offsets into a SourceMap) serve diagnostics only.
// Threads: values; share const. Sources: DSP0004 2.x; Microsoft's "Managed Object Format" and "WMI
// class qualifiers" pages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/source_map.h"
#include "mof/list.h"
#include "mof/text.h"
#include "quickmode/wdm_types.h"

namespace qm::mof {

using qm::Span;

enum class Type : std::uint8_t {
  none,
  boolean,
  char16,
  uint8,
  sint8,
  uint16,
  sint16,
  uint32,
  sint32,
  uint64,
  sint64,
  real32,
  real64,
  string,
  datetime,
  reference,
  object,  // object: an embedded class
};
std::string_view type_name(Type type);  // as MOF writes it ("uint64"); "" for none
unsigned type_bytes(Type type);         // size in a WMI data block; 0 where it has no fixed size
unsigned type_alignment(Type type);     // likewise, under /Zp8

// Integers are kept exactly as sign and magnitude fit: signed when negative, else unsigned.
struct Null {};
struct AliasName {
  Text name;
};  // $Name, in instances
struct Value;
using ValueList = List<Value>;
struct Instance;
struct Value {
  std::variant<Null, bool, std::int64_t, std::uint64_t, double, Text, AliasName,
               std::shared_ptr<const Instance>, ValueList>
      data;
  Span span;
  bool is_null() const { return std::holds_alternative<Null>(data); }
};

enum Flavor : std::uint8_t {  // as binary MOF numbers them
  kToInstance = 0x01,
  kToSubclass = 0x02,
  kDisableOverride = 0x10,
  kAmended = 0x80,
  // What a text can say and a binary MOF has no bit for.
  kEnableOverride = 0x04,
  kRestricted = 0x08,
  kTranslatable = 0x20,
};

struct Qualifier {
  Text name;
  Value value;  // `true` where the text gives none
  std::uint8_t flavor = 0;
  Span span;
};

using Qualifiers = List<Qualifier>;

// Finds by name, ASCII case folded, as all look-ups of MOF names.
const Qualifier* find(const Qualifiers& qualifiers, std::string_view name);
// The value of a qualifier when it is there and of that kind.
std::optional<std::uint64_t> uint_of(const Qualifiers& qualifiers, std::string_view name);
std::optional<std::string_view> text_of(const Qualifiers& qualifiers, std::string_view name);
bool flag_of(const Qualifiers& qualifiers, std::string_view name);
std::vector<std::string> texts_of(const Qualifiers& qualifiers, std::string_view name);

struct Property {
  Text name;
  Type type = Type::none;
  bool is_array = false;
  std::optional<std::uint32_t> array_size;  // T x[16]
  Text class_name;                          // of an object or reference
  Text type_spelling;                       // "UINT8" where the text writes it so; else ""
  Qualifiers qualifiers;
  std::optional<Value> default_value;
  Span span;
};
// "uint32[4]", "Disk ref": as a person would write it.
std::string type_text(Type type, std::string_view class_name, bool is_array,
                      std::optional<std::uint32_t> array_size);
std::string type_text(const Property& property);

struct Method {
  Text name;
  Type return_type = Type::none;  // none = void
  bool returns_array = false;
  Text return_class_name;     // of an object or reference
  Text return_spelling;       // as Property::type_spelling
  List<Property> parameters;  // In, Out, ID are qualifiers
  Qualifiers qualifiers;
  Span span;
};

// What a repository shall do when the class or instance is there already, or is not.
// WBEM_CHANGE_FLAG_TYPE of wbemcli.h, as Microsoft documents it.
enum ChangeFlag : std::uint32_t {
  kUpdateOnly = 0x01,
  kCreateOnly = 0x02,
  kSafeUpdate = 0x20,
  kForceUpdate = 0x40,
};

// Where a class or instance stands in its text, and what the pragmas before it said.
struct Setting {
  std::shared_ptr<const void> texts;            // what strings and lists of it may lie in
  std::uint32_t order = 0;                      // among all declarations of the model
  Text name_space_spelling;                     // "\\\\.\\Root\\WMI"; "" without a pragma
  std::optional<std::uint32_t> flags;           // of #pragma classflags: kForceUpdate and its kin
  std::optional<std::uint32_t> instance_flags;  // of #pragma instanceflags; instances only
};

struct Class {
  Text name;
  Text superclass;  // "" without one
  Text name_space;  // "root\\wmi" as the pragma left it; "" = the caller's default
  Setting setting;
  Text alias;
  Qualifiers qualifiers;
  List<Property> properties;
  List<Method> methods;
  Span span;             // "class NAME"
  Span superclass_span;  // its name, where one is given

  const Property* property(std::string_view name) const;
  std::optional<GUID> guid() const;
  std::string_view description() const;  // white space as written; "" without one
};

struct PropertyValue {
  Text name;
  Value value;
  bool has_value = true;  // false: only qualifiers are given; the value is NULL
  Qualifiers qualifiers;
  Span span;
};

struct Instance {
  Text class_name;
  Text name_space;
  Setting setting;
  Text alias;
  Qualifiers qualifiers;
  List<PropertyValue> values;
  Span span;

  const PropertyValue* value(std::string_view name) const;
};

struct QualifierDeclaration {
  std::string name;
  Type type = Type::none;
  bool is_array = false;
  std::optional<Value> default_value;
  std::vector<std::string> scopes;   // lower case
  std::vector<std::string> flavors;  // lower case
  Span span;
};

// A #pragma that says something about the compilation as a whole; namespace and include have
// already done their work and are not kept.
struct Pragma {
  std::string name;                    // lower case
  std::vector<std::string> arguments;  // decoded
  Span span;
};

// #pragma deleteclass: a class that goes from the repository before these classes come. What this
// text declared of that name above the pragma is not in the model.
struct Deletion {
  std::string class_name;
  std::string name_space;
  bool must_exist = false;  // FAIL: an error when there is none; NOFAIL
  Span span;
};

// One field of a class's data block (its properties with a WmiDataId, in that order).
struct Field {
  const Property* property = nullptr;  // into the Class it was laid out from
  std::uint32_t data_id = 0;           // WmiDataId, 1-based
  std::uint32_t offset = 0;            // bytes from the start of the block
  std::uint32_t bytes = 0;             // 0: of variable length (and all after it have no offset)
  std::uint32_t count = 1;             // elements of a fixed array
};

struct Layout {
  std::vector<Field> fields;  // by data_id
  std::uint32_t bytes = 0;    // X_SIZE of the header: up to the end of the last field
  bool fixed = true;          // false: something has variable length
};

struct Model {
  std::vector<Class> classes;
  std::vector<Instance> instances;
  std::vector<QualifierDeclaration> qualifier_declarations;
  std::vector<Pragma> pragmas;
  std::vector<Deletion> deletions;  // in the order of the text

  const Class* find_class(std::string_view name) const;
  // Its class and all superclasses that are in the model, the class first; bounded, cycles end it.
  std::vector<const Class*> lineage(std::string_view name) const;
};

// The data block of a class as the WMI tool suite lays it out (facts: natural alignment, /Zp8;
// string MaxLen(N) = a USHORT byte count, then UTF-16, in WCHAR[N + 1]; datetime = WCHAR[25]).
// Inherited properties are not in it. Wants a class that the checker passed.
Layout layout_of(const Model& model, const Class& the_class);

}  // namespace qm::mof
