// Any bytes as a WQL query, in a namespace with a class of every type; what is understood is run.
#include <cstdint>
#include <string_view>

#include "wmi/wql_events.h"
#include "wmi/wql_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qm::wmi;
  static wql::World& world = *[] {
    auto* made = new wql::World;
    const ClassEntry& all = made->the("Test_All");
    BlockBuilder block(all);
    block.text("Text", "alpha").set<std::uint64_t>("U64", 7);
    block.quality("U8", QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    made->source.publish(made->source.add(all, "fuzz", 1), {5, 6},
                         {{"a_0", "", true, block.block(), block.qualities()},
                          {"b_0", "", false, block.block(), block.qualities()}});
    return made;
  }();
  static const auto snapshot = world.snapshot();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  qm::Diagnostics diagnostics;
  const auto plan = wql::prepare(text, world.repository, {"HOST", "root/wmi"}, diagnostics);
  if (plan.has_value() == diagnostics.has_errors()) __builtin_trap();
  if (!plan) {
    if (diagnostics.text().empty()) __builtin_trap();
    return 0;
  }
  if (plan->kind == wql::Kind::events) {
    const auto events = wql::events_between(*plan, snapshot, world.snapshot());
    for (const auto& event : events.events) static_cast<void>(wql::event_object(*plan, event));
    return 0;
  }
  const wql::Found found = wql::run(*plan, snapshot);
  for (const wql::Row& row : found.rows) {
    const auto path = wql::parse_path(wql::full_path(wql::path_of(row, plan->setting)));
    if (!path) __builtin_trap();
  }
  return 0;
}
