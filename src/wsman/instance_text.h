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

  const wmi::ClassEntry& shown() const { return shown_; }
  // About so many bytes make one; to reserve.
  std::size_t usual_bytes() const { return usual_bytes_; }

 private:
  // A piece of text, padded, so that short ones are copied without asking how long they are.
  struct Piece {
    std::string padded;
    std::size_t bytes = 0;
  };
  enum class Kind : std::uint8_t { constant, integer, flag, name, caption, boot, filetime, any };
  struct Property {
    const wmi::PropertyEntry* entry = nullptr;
    Kind kind = Kind::any;
    Piece open, close, nil;
    std::string constant;
  };
  static Piece piece(std::string text);
  static void put(Output& out, const Piece& piece);
  static Kind kind_of(const wmi::PropertyEntry& entry);
  void append_fast(Output& out, const wmi::wql::Row& row, const Property& property) const;
  void append_any(Output& out, const wmi::wql::Row& row, const Property& property) const;

  const wmi::ClassEntry& shown_;
  ValueSetting setting_;
  Piece begin_, end_;
  std::vector<Property> properties_;
  std::size_t usual_bytes_ = 0;
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

// a:EndpointReference of an instance.
void append_reference(std::string& out, const wmi::wql::ObjectPath& path,
                      const ValueSetting& setting);

}  // namespace qm::wsman
