#include <fmt/format.h>

#include <map>
#include <ostream>

#include "base/text.h"
#include "cli/counter_path.h"
#include "cli/format.h"
#include "cli/show.h"

namespace qm::cli {
void CsvWriter::write(const View& view, const Terminal& terminal, std::ostream& out) {
  if (!started_) {
    started_ = true;
    out << "\"(time)\"";
    for (const Instance& instance : view.sample.instances) {
      for (const Property* property : view.properties) {
        paths_.push_back({instance.name, property->name});
        out << ','
            << csv_field(plain_text(path_text({.host = terminal.host,
                                               .class_name = view.info->name,
                                               .instance = instance.name,
                                               .counter = property->name})));
      }
    }
    out << '\n';
  }
  std::map<std::string_view, const Instance*> by_name;
  for (const Instance& instance : view.sample.instances) by_name.emplace(instance.name, &instance);
  out << csv_field(iso_time_text(view.sample.filetime_100ns()).value_or(""));
  for (const Path& path : paths_) {
    const auto found = by_name.find(path.instance);
    out << ',' << (found == by_name.end() ? "" : csv_value(found->second->value(path.property)));
  }
  out << '\n';
}

}  // namespace qm::cli
