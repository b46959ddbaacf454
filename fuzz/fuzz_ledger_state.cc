// Any bytes as a ledger state: refused, or loaded and saved again without a difference.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hba/ledger_state.h"

namespace {

// The checksum would keep the fuzzer out: it is set right.
void mend(std::vector<std::byte>& state) {
  if (state.size() < 8) return;
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (std::size_t i = 0; i + 8 < state.size(); ++i) {
    hash = (hash ^ static_cast<std::uint64_t>(state[i])) * 0x100'0000'01b3U;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    state[state.size() - 8 + i] = static_cast<std::byte>(hash >> (8U * i));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qm::Time time{1, qm::kFiletimeOfUnixEpoch};
  std::vector<std::byte> state;
  if (size == 0) {
    state = qm::hba::LedgerState::save(qm::hba::Engine(time), "");
  } else {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    state.assign(bytes, bytes + size);
    mend(state);
  }
  qm::hba::Engine engine(time);
  if (!qm::hba::LedgerState::load(state, "", engine)) return 0;
  engine.begin_sync();
  engine.end_sync();
  engine.attribute();
  engine.conclude();
  static_cast<void>(engine.report());
  const auto again = qm::hba::LedgerState::save(engine, "");
  qm::hba::Engine reloaded(time);
  if (!qm::hba::LedgerState::load(again, "", reloaded)) __builtin_trap();
  return 0;
}
