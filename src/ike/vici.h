// strongSwan's vici protocol: what the IKE daemon is doing, and its word when it rekeys.
//
// Promise: the codec is pure and reads any bytes safely; the client never blocks, reconnects with a
// backoff, bounds every answer, and its absence is a state, not an error. Only names, addresses and
// task lists are read: vici's byte counts are not final and are ignored (facts §7).
// Threads: one. packet.h frames, session.h decides (no IO), vici_linux.cc holds the socket.
// Source: strongSwan's vici README (protocol), list-sas and child-rekey in particular.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace qm::ike {

inline constexpr std::size_t kMostPacketBytes = std::size_t{512} * 1024;  // vici's own limit
inline constexpr std::size_t kMostNesting = 16;
inline constexpr std::size_t kMostElements = 65'536;  // of one message
inline constexpr std::size_t kMostSockets = 8;
inline constexpr std::size_t kMostIkeSas =
    16'384;  // of one answer; beyond it the answer is refused
inline constexpr std::uint64_t kRequestTimeoutNs = 5'000'000'000;  // without a sign of the answer
inline constexpr std::uint64_t kLeastBackoffNs = 1'000'000'000;
inline constexpr std::uint64_t kMostBackoffNs = 30'000'000'000;

// A message's content: a tree of sections, values and lists. Order is kept; of equal keys the first
// is found.
struct Section {
  // Not in the class: it is incomplete there, as what its vectors hold.
  Section();
  Section(const Section&);
  Section(Section&&) noexcept;
  Section& operator=(const Section&);
  Section& operator=(Section&&) noexcept;
  ~Section();

  std::vector<std::pair<std::string, std::string>> values;
  std::vector<std::pair<std::string, std::vector<std::string>>> lists;
  std::vector<std::pair<std::string, Section>> sections;
  const std::string* value(std::string_view key) const;
  const std::vector<std::string>* list(std::string_view key) const;
  const Section* section(std::string_view key) const;
};
// invalid: unbalanced, cut off, an item outside of a list, an unknown element; limit: kMostNesting,
// kMostElements, kMostPacketBytes.
Result<Section> parse_message(Bytes body);

// One IKE SA's business, of interest to us.
struct IkeSa {
  std::string name;
  std::uint32_t unique_id = 0;
  Address local, remote;
  std::uint32_t pending_operations =
      0;  // QUICK_MODE, CHILD_CREATE, CHILD_REKEY: queued, active, passive
};
// section: what stands below the IKE SA's name in a list-sa event. What is missing stays zero.
IkeSa read_ike_sa(const std::string& name, const Section& section);

// A CHILD SA was rekeyed (child-rekey event): its new pair.
struct ChildRekey {
  Address local, remote;
  std::uint32_t reqid = 0;
  std::uint8_t proto = 0;  // 50 or 51
  std::uint32_t old_spi_in = 0, old_spi_out = 0;
  std::uint32_t new_spi_in = 0, new_spi_out = 0;  // host order
};
// What a child-rekey event tells; SPIs are 0 where the daemon left them out. Usually one.
std::vector<ChildRekey> read_child_rekeys(const Section& event);

struct Listener {
  std::function<void(const ChildRekey&)> on_child_rekey;
  std::function<void(bool up)> on_state;  // a daemon came (and events are on) or went
};

// One daemon's socket. Driven by an event loop: call handle(now) when fd() is readable (or writable
// while wants_write()), and at due_boot_ns() at the latest. The listener is called from handle()
// and must not destroy the client.
class ViciClient {
 public:
  // socket_path: "/run/charon.vici", or the same with "unix://" before it.
  static std::unique_ptr<ViciClient> make(std::string socket_path, Listener listener);
  virtual ~ViciClient() = default;
  virtual int fd() const = 0;  // -1 while not connected
  virtual bool wants_write() const = 0;
  virtual void handle(Time now) = 0;  // reads, writes, reconnects when due; never blocks
  virtual std::uint64_t due_boot_ns() const = 0;  // UINT64_MAX: only when the socket is ready
  virtual bool up() const = 0;                    // connected, and registered for child-rekey
  // Asks for list-sas (noblock false); the answer replaces sas(). One at a time; without a
  // connection it does nothing. Losing the connection empties sas(): what a daemon that went was
  // doing is unknown, not zero.
  virtual void request_sas() = 0;
  virtual bool sas_pending() const = 0;  // asked, not answered yet
  virtual const std::vector<IkeSa>& sas() const = 0;
  virtual std::uint64_t sas_at_boot_ns() const = 0;  // when answered; 0: never
  // Why not up, or what the daemon can't tell, in words; else empty.
  virtual std::string problem() const = 0;
};

}  // namespace qm::ike
