#include "hba/configuration.h"

#include <fmt/format.h>

#include "ike/vici.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace qm::hba {
namespace {

std::unexpected<Error> at(const toml::source_region& where, const std::string& file,
                          const std::string& what) {
  return fail(ErrorCode::invalid,
              fmt::format("{}:{}:{}: {}", file, where.begin.line, where.begin.column, what));
}

Result<void> read_vici(const toml::node& node, const std::string& file, Configuration& out) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return at(node.source(), file, "vici is a list of socket paths");
  if (list->size() > ike::kMostSockets) {
    return at(node.source(), file, fmt::format("at most {} vici sockets", ike::kMostSockets));
  }
  out.vici_sockets.clear();
  for (const toml::node& item : *list) {
    const auto path = item.value<std::string>();
    if (!path || path->empty()) return at(item.source(), file, "a vici socket is a path");
    out.vici_sockets.push_back(*path);
  }
  return {};
}

Result<void> read_interval(const toml::node& node, const std::string& file, Configuration& out) {
  const auto value = node.as_integer() == nullptr ? std::nullopt : node.value<std::int64_t>();
  if (!value || *value < kLeastIntervalMs || *value > kMostIntervalMs) {
    return at(node.source(), file,
              fmt::format("interval_ms is a whole number from {} to {}", kLeastIntervalMs,
                          kMostIntervalMs));
  }
  out.interval_ms = static_cast<std::uint32_t>(*value);
  return {};
}

Result<void> read_probes(const toml::node& node, const std::string& file, Configuration& out) {
  const toml::value<bool>* value = node.as_boolean();
  if (value == nullptr) return at(node.source(), file, "probes is true or false");
  out.probes = value->get();
  return {};
}

}  // namespace

Result<void> read_toml(std::string_view text, const std::string& file_name,
                       Configuration& configuration) {
  if (text.size() > kMostConfigurationBytes) {
    return fail(ErrorCode::limit, file_name + ": the configuration is too long");
  }
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    return at(parsed.error().source(), file_name, std::string(parsed.error().description()));
  }
  for (const auto& [section, body] : parsed.table()) {
    const toml::table* table = body.as_table();
    const bool known = section.str() == "collect" || section.str() == "ike";
    if (!known || table == nullptr) {
      return at(body.source(), file_name,
                fmt::format("unknown section '{}'; there are [collect] and [ike]", section.str()));
    }
    for (const auto& [key, value] : *table) {
      const std::string name = fmt::format("{}.{}", section.str(), key.str());
      if (name == "ike.vici") {
        TRY(read_vici(value, file_name, configuration));
      } else if (name == "collect.interval_ms") {
        TRY(read_interval(value, file_name, configuration));
      } else if (name == "collect.probes") {
        TRY(read_probes(value, file_name, configuration));
      } else {
        return at(value.source(), file_name,
                  fmt::format("unknown key '{}'; there are collect.interval_ms, collect.probes and "
                              "ike.vici",
                              name));
      }
    }
  }
  return {};
}

}  // namespace qm::hba
