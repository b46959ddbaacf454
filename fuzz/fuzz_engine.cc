// Any bytes as what the kernel sends: datagrams, each from an event, a dump or a reading, with
// syncs, overruns and refreshes between. No total may fall, and the host's is the sum of its parts.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hba/engine.h"

namespace {

using qm::hba::Engine;

qm::iscsi::Inventory one_session() {
  qm::iscsi::Inventory inventory;
  qm::iscsi::Adapter adapter;
  adapter.key = adapter.device_name = "ROOT\\ISCSI_TCP\\fuzz";
  inventory.adapters.push_back(adapter);
  qm::iscsi::Session session;
  session.sid = 1;
  session.adapter_key = adapter.key;
  session.connections.push_back({0,
                                 {*qm::Address::parse("10.99.1.1"), 40'000},
                                 {*qm::Address::parse("10.99.1.2"), 3260},
                                 true});
  inventory.sessions.push_back(session);
  return inventory;
}

void check(Engine& engine, std::vector<qm::hba::Totals>& before) {
  engine.attribute();
  engine.conclude();
  const qm::hba::Report report = engine.report();
  qm::hba::Totals sum = report.host.unattributed;
  std::vector<qm::hba::Totals> now{report.host.unattributed};
  for (const auto& adapter : report.adapters) {
    sum += adapter.totals;
    now.push_back(adapter.totals);
  }
  if (!(sum == report.host.totals)) __builtin_trap();
  for (std::size_t i = 0; i < before.size() && i < now.size(); ++i) {
    for (std::size_t id = 1; id <= qm::hba::kCounters; ++id) {
      if (qm::hba::is_gauge(static_cast<qm::hba::CounterId>(id))) continue;
      if (now[i].at(id - 1) < before[i].at(id - 1)) __builtin_trap();
    }
  }
  before = std::move(now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qm::Time time{1, qm::kFiletimeOfUnixEpoch + 1};
  Engine engine(time);
  engine.set_kernel(true, "");
  engine.set_inventory(one_session());
  std::vector<qm::hba::Totals> totals;
  bool syncing = false;
  while (size >= 3) {
    const std::uint8_t act = data[0];
    const std::size_t length =
        std::min<std::size_t>(std::size_t{data[1]} | (std::size_t{data[2]} << 8U), size - 3);
    const auto* bytes = reinterpret_cast<const std::byte*>(data + 3);
    time.boot_ns += std::uint64_t{act} * 100'000'000U;
    engine.set_time(time);
    engine.set_source(static_cast<Engine::Source>(act % 3));
    // libFuzzer's buffer ends where the input does: a copy finds reads beyond a datagram's end.
    const std::vector<std::byte> datagram(bytes, bytes + length);
    qm::xfrm::decode(datagram, engine);
    if ((act & 0x10U) != 0 && !syncing) {
      engine.begin_sync();
      syncing = true;
    } else if ((act & 0x20U) != 0 && syncing) {
      engine.end_sync();
      syncing = false;
    }
    if ((act & 0x40U) != 0) engine.overrun();
    if ((act & 0x80U) != 0) {
      if (engine.note_missing(engine.sas_to_read())) engine.overrun();
      check(engine, totals);
    }
    data += 3 + length;
    size -= 3 + length;
  }
  check(engine, totals);
  return 0;
}
