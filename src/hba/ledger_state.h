// The ledger on disk: what a restarted collector must know so that no total falls. Pure.
//
// Promise: load(save(engine)) goes on exactly; anything else in the file (cut short, changed,
// another version, another boot) is refused whole, and the engine stays as it was. No key material:
// there is none to write. Format: docs/ledger-state.md; little-endian, a checksum at the end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "hba/engine.h"

namespace qm::hba {

inline constexpr std::uint32_t kStateVersion = 4;
// Read too: until 2 sharing adapters had all that they may lack in their one loss, until 3 nothing
// was kept of SAs that had ended.
inline constexpr std::uint32_t kOldestStateVersion = 2;
inline constexpr std::size_t kMostStateBytes = std::size_t{256} << 20U;

class LedgerState {
 public:
  // boot_id: /proc/sys/kernel/random/boot_id; a state of another boot speaks of SAs long gone.
  static std::vector<std::byte> save(const Engine& engine, std::string_view boot_id);
  // Into an engine that has seen nothing yet. Errors: invalid, limit, state (another boot).
  static Result<void> load(Bytes bytes, std::string_view boot_id, Engine& engine);

 private:
  struct Loaded;
  static std::vector<const Entry*> may_have_moved(const Engine& engine);
  static Result<Loaded> parse(Bytes bytes, std::string_view boot_id);
  static void apply(Loaded&& loaded, Engine& engine);
};

}  // namespace qm::hba
