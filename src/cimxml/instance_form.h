// How the instances of one class look in answers of one form: what is the same in all of them,
// made once; the rest is copied from the block. Pure.
//
// Promise: what is written is one element for each row, well-formed; a NULL is an element without
// a VALUE. Threads: share const. A form points into the class it was made for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "wmi/repository.h"
#include "wmi/wql_row.h"

namespace qm::cimxml {

// What is around it (DSP0201 sections 5.2.4 and 5.4).
enum class Shape : std::uint8_t {
  instance,            // INSTANCE
  name,                // INSTANCENAME
  named_instance,      // VALUE.NAMEDINSTANCE: INSTANCENAME, INSTANCE
  path,                // INSTANCEPATH
  object_path,         // OBJECTPATH: INSTANCEPATH
  instance_with_path,  // VALUE.INSTANCEWITHPATH
  object_with_path,    // VALUE.OBJECTWITHPATH
};

struct InstanceOptions {
  Shape shape = Shape::named_instance;
  bool local_only = false;
  bool qualifiers = false;
  bool class_origin = false;
  // Whose properties are shown, where DeepInheritance is false: those of this class alone.
  const wmi::ClassEntry* seen_as = nullptr;
  std::optional<std::vector<std::string>> properties;  // absent: all
};

class InstanceForm {
 public:
  InstanceForm(const wmi::ClassEntry& the_class, const wmi::Repository& repository,
               const wmi::wql::Setting& setting, const InstanceOptions& options);

  void append(Output& out, const wmi::wql::Row& row) const;
  std::size_t expected_bytes() const { return expected_bytes_; }  // of one row, about

 private:
  enum class Kind : std::uint8_t {
    u8,
    u16,
    u32,
    u64,
    s8,
    s16,
    s32,
    s64,
    flag,
    name,
    caption,
    active,
    perf_time,
    filetime,
    constant,  // the same in all instances that a provider published
    other
  };
  struct Piece {
    const wmi::PropertyEntry* entry = nullptr;
    Kind kind = Kind::other;
    std::string open;        // <PROPERTY …>
    std::string value;       // of a constant
    std::string_view close;  // </PROPERTY>
  };
  // Of instances that a provider published: what is between two values, and whose the next one is.
  struct Step {
    std::string text;  // up to the value; where VALUE is around that, it is in here
    Kind kind = Kind::other;
    const wmi::PropertyEntry* entry = nullptr;
    std::uint32_t offset_bytes = 0;
    std::uint32_t end_bytes = 0;
    std::uint32_t item = 0;  // WmiDataId - 1
    bool is_key = false;
  };
  void weld();
  // Where its value comes from, in the instances that a provider published.
  void plan(Piece& piece) const;
  void add_key(const wmi::PropertyEntry& entry);
  void add_property(const wmi::PropertyEntry& entry, const wmi::Repository& repository,
                    const InstanceOptions& options);
  void append_made(Output& out, const wmi::wql::Row& row) const;
  static void append_key(Output& out, const wmi::wql::Row& row, const wmi::PropertyEntry& entry);
  static void append_other(Output& out, const wmi::wql::Row& row, const wmi::PropertyEntry& entry);
  // False: it is NULL.
  static bool put_number(char*& to, const wmi::wql::Row& row, const Step& step);
  static void append_step(Output& out, const wmi::wql::Row& row, const Step& step);

  const wmi::ClassEntry& class_;
  std::string head_;    // up to the first key, or the first property where no path is shown
  std::string middle_;  // between the keys and the properties
  std::string tail_;
  std::size_t expected_bytes_ = 0;
  std::vector<Piece> keys_;
  std::vector<Piece> properties_;
  std::vector<Step> steps_;
  std::string last_;  // behind the last of them
};

// LOCALNAMESPACEPATH of "root\wmi"; with a host, NAMESPACEPATH.
std::string name_space_element(std::string_view name_space, std::string_view host = {});
// INSTANCENAME of a path; a reference among its keys is a VALUE.REFERENCE.
std::string instance_name_element(const wmi::wql::ObjectPath& path);
// VALUE.REFERENCE of what a reference holds: a path of WMI's. "" of what is none.
std::string reference_element(const wmi::Value& value);

}  // namespace qm::cimxml
