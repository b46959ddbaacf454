#include "cli/twin.h"

#include "base/text.h"

namespace qm::cli {
namespace {

bool covers(const ClassInfo& twin, const ClassInfo& info) {
  bool any = false;
  for (const Property* property : info.data()) {
    if (!property->semantics) return false;  // text has no total
    const Property* other = twin.find(property->name);
    if (other == nullptr || !other->semantics) return false;
    if (other->semantics->kind != property->semantics->kind) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::optional<std::string> find_twin(Api& api, const ClassInfo& info) {
  const auto lines = fetch_class_lines(api);
  if (!lines) return std::nullopt;
  std::optional<std::string> found;
  std::size_t candidates = 0;
  for (const ClassLine& line : *lines) {
    if (line.abstract || line.instances != 1 || same_name(line.name, info.name)) continue;
    if (++candidates > kMostTwinCandidates) return std::nullopt;
    const auto other = fetch_class(api, line.name);
    if (!other || !covers(*other, info)) continue;
    if (found) return std::nullopt;
    found = line.name;
  }
  return found;
}

}  // namespace qm::cli
