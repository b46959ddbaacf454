// A class's instances as XML elements. The pieces that all of them share are made once; values are
// taken straight from a block's bytes.
//
// Promise: the element is that of DSP0230 and MS-WSMV: in the namespace of the class's resource
// URI, with xsi:type="p:CLASS_Type", properties by name without case, uint64 as plain decimals,
// NULL as xsi:nil="true", arrays as repeated elements, datetimes within cim:Datetime, references as
// endpoint references. Wants the prefixes a, w, xsi and cim (names.h) declared around it.
// Threads: share const; what it was made of must live.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "wmi/wql.h"
#include "wmi/wql_program.h"
#include "wsman/resource.h"

namespace qm::wsman {

inline constexpr unsigned kMostObjectDepth = 8;  // of objects in objects, as blocks hold them

// Of the answer at hand.
struct ValueSetting {
  UriForm form = UriForm::wmi;
  std::string name_space;                       // as the classes write it
  const wmi::Repository* repository = nullptr;  // must live; of embedded objects' classes
};

class InstanceText {
 public:
  // shown: whose properties are written; it and its name stand for instances of classes that derive
  // from it, too. Usually the instances' own class.
  InstanceText(const wmi::ClassEntry& shown, ValueSetting setting);

  // Of a row of that class, or (then by their names) of one that derives from it.
  void append(Output& out, const wmi::wql::Row& row) const;

 private:
  // Of arena_.
  struct Piece {
    std::uint32_t at = 0;
    std::uint32_t bytes = 0;
  };
  enum class Kind : std::uint8_t { constant, integer, flag, name, caption, boot, filetime, any };
  // A property whose value differs from instance to instance, and all that stands between it and
  // the one before: that one's end tag (unless it was NULL), what is constant, its own start tag.
  struct Step {
    const wmi::PropertyEntry* entry = nullptr;
    Kind kind = Kind::any;
    Piece lead[2][2];  // whether the one before had a value; whether this one is NULL
  };
  static Kind kind_of(const wmi::PropertyEntry& entry);
  Piece piece(std::string_view text);
  char* put(char* at, Piece piece) const;
  std::string constant_text(const wmi::PropertyEntry& entry) const;
  void make_steps();
  void append_fast(Output& out, const wmi::wql::Row& row) const;
  // False: it has none.
  static bool put_value(char*& at, const wmi::wql::Row& row, const Step& step);
  std::size_t most_bytes(const wmi::wql::Row& row) const;
  void append_any(Output& out, const wmi::wql::Row& row, const wmi::PropertyEntry& entry) const;

  const wmi::ClassEntry& shown_;
  ValueSetting setting_;
  std::string begin_, end_;
  std::vector<const wmi::PropertyEntry*> properties_;  // by name
  std::vector<Step> steps_;
  Piece tail_[2];  // whether the last one had a value
  std::string arena_;
  std::size_t most_fixed_bytes_ = 0;  // but for texts
};

// What tells how a value is written, besides the value.
struct ValueType {
  mof::Type type = mof::Type::none;
  const wmi::ClassEntry* object_class = nullptr;  // of an object; may be missing
};
ValueType type_of(const wmi::PropertyEntry& entry, const ValueSetting& setting);

// <prefix:name>…</prefix:name>, of an array one for each element.
void append_value(std::string& out, std::string_view prefix, std::string_view name,
                  const wmi::Value& value, ValueType type, const ValueSetting& setting,
                  unsigned depth = 0);

// A row as a property's value: <prefix:name xsi:type="i1:CLASS_Type">…</prefix:name>.
void append_row(std::string& out, std::string_view prefix, std::string_view name,
                const wmi::wql::Row& row, const ValueSetting& setting);

// What a query selected of a row, or of an event's rows, in the query's order:
// <w:XmlFragment xmlns:p="…">…</w:XmlFragment> (DSP0227 8.1).
void append_fragment(std::string& out, const wmi::wql::Candidate& candidate,
                     const wmi::ClassEntry& the_class, const std::vector<wmi::wql::Column>& columns,
                     const wmi::wql::Setting& wql_setting, const ValueSetting& setting);

// The same of those of a row's properties that are named.
void append_properties(std::string& out, const wmi::wql::Row& row,
                       const std::vector<std::string>& names, const ValueSetting& setting);

// a:EndpointReference of an instance.
void append_reference(std::string& out, const wmi::wql::ObjectPath& path,
                      const ValueSetting& setting);

}  // namespace qm::wsman
