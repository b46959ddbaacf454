// The JSON API's answers (docs/api.md) as values: what the commands read. Pure.
//
// Every parse says what is wrong and where; missing optional members become their empty value,
// members that nobody here knows are kept in the raw objects for --json.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/api.h"

namespace qm::cli {

struct Source {  // where a counter's number comes from: the sum of `value` over `class_name`
  std::string class_name;
  std::string value;  // a property; "1": instances are counted
  std::string where;  // condition.h
  std::string owner;  // the property that names the counter's instance
};

struct Semantics {
  std::string kind;  // gauge, counter
  std::string unit;
  std::string direction;  // sent, received, none
  std::string group;
  std::string definition;
  std::optional<Source> source;
};

struct Property {
  std::string name;
  std::string type;
  std::string description;
  bool array = false;
  bool key = false;
  bool inherited = false;
  std::optional<std::uint64_t> data_id;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> counter_type;
  std::vector<std::pair<std::string, std::string>> values;  // ValueMap → Values
  std::optional<Semantics> semantics;

  bool is_data() const { return data_id.has_value(); }
  bool is_counter() const { return semantics.has_value() || counter_type.has_value(); }
  // Only ever grows: by its semantics, else by its counter type (a raw count is taken for a gauge).
  bool grows() const;
  // The name that the class gives to an integer value; nullptr without one.
  const std::string* value_name(const boost::json::value& value) const;
};

struct ClassInfo {
  std::string name;
  std::string guid;
  std::string superclass;
  std::string name_space;
  std::string description;
  bool abstract = false;
  std::uint64_t block_bytes = 0;
  std::vector<Property> properties;

  const Property* find(std::string_view property) const;  // names compare without case
  std::vector<const Property*> data() const;              // by WmiDataId
};

enum class Quality : std::uint8_t { exact, at_least, inferred, unavailable };

struct QualityNote {
  Quality quality = Quality::exact;
  std::string reason;  // a word
  std::string text;    // a sentence
};

struct Instance {
  boost::json::object raw;  // as answered; "properties" is an object
  std::string name;
  std::string caption;
  std::string driver;
  bool active = true;
  std::uint64_t age_ms = 0;
  std::uint64_t boot_ns = 0;
  std::uint64_t filetime_100ns = 0;
  std::map<std::string, QualityNote, std::less<>> quality;  // what is not exact

  // The value of a property; null when it has none.
  const boost::json::value& value(std::string_view property) const;
  std::string text(std::string_view property) const;  // "" unless a string
  std::optional<std::uint64_t> number(std::string_view property) const;
  const QualityNote* note(std::string_view property) const;  // nullptr: exact
};

struct Instances {
  boost::json::object head;  // the answer without its instances
  std::string class_name;
  bool refreshed = true;
  std::uint64_t providers = 0;
  std::vector<Instance> instances;

  const Instance* find(std::string_view name) const;
  // The newest sample's time; 0 without instances.
  std::uint64_t filetime_100ns() const;
};

struct ClassLine {  // one of /api/v1/classes
  std::string name;
  std::string description;
  bool abstract = false;
  std::uint64_t instances = 0;
  std::uint64_t providers = 0;
};

Result<ClassInfo> class_from(const boost::json::value& answer);
Result<Instances> instances_from(const boost::json::value& answer);
Result<std::vector<Instances>> snapshot_from(const boost::json::value& answer);
Result<std::vector<ClassLine>> class_lines_from(const boost::json::value& answer);

// Asked for and parsed. A class that isn't there: not_found, with the names that are close.
Result<ClassInfo> fetch_class(Api& api, std::string_view name);
Result<Instances> fetch_instances(Api& api, std::string_view class_name);
// As many as asked for, in their order.
Result<std::vector<Instances>> fetch_snapshot(Api& api,
                                              const std::vector<std::string_view>& classes);
Result<std::vector<ClassLine>> fetch_class_lines(Api& api);

}  // namespace qm::cli
