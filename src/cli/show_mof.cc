#include <fmt/format.h>

#include <ostream>

#include "base/text.h"
#include "cli/format.h"
#include "cli/show.h"

namespace qm::cli {
namespace {

std::string mof_value(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return mof_literal(plain_text(*text));
  if (const auto* flag = value.if_bool()) return *flag ? "TRUE" : "FALSE";
  if (const auto* number = value.if_double()) return fmt::format("{:.6e}", *number);
  if (value.is_number()) return *number_text(value, false);
  if (const auto* list = value.if_array()) {
    std::string out;
    for (const auto& item : *list) out += (out.empty() ? "" : ", ") + mof_value(item);
    return "{" + out + "}";
  }
  return "NULL";
}

}  // namespace

void write_mof(const View& view, std::ostream& out) {
  if (const auto time = iso_time_text(view.sample.filetime_100ns())) {
    out << "// " << *time << (view.rates ? ", counters per second" : "") << '\n';
  }
  for (const Instance& instance : view.sample.instances) {
    out << fmt::format("instance of {}\n{{\n", plain_text(view.info->name));
    for (const Property& property : view.info->properties) {
      const bool wanted = view.all_properties || property.key ||
                          std::ranges::find(view.properties, &property) != view.properties.end();
      if (!wanted) continue;
      out << fmt::format("  {} = {};\n", plain_text(property.name),
                         mof_value(instance.value(property.name)));
    }
    out << "};\n";
  }
}

}  // namespace qm::cli
