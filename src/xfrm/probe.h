// The eBPF probes (probe.bpf.c, probe_linux.cc): what netlink does not tell. Optional: a kernel
// without BTF, a missing capability, lockdown or a build without clang and libbpf are errors with a
// text, and the collector counts on with less.
//
// Promise: sees the network namespace of the process that opens it, no other; costs nothing while
// no SA dies and no packet fails, but for one call per received ESP or AH packet; every limit
// (probe_layout.h) has a count of what did not fit. Attaching takes CAP_BPF and CAP_PERFMON, and
// CAP_SYS_ADMIN for the probes inside the modules esp4, esp6, ah4 and ah6, which have to be loaded
// by then and stay pinned; reading and watching take none (Linux 5.19; before, CAP_BPF). Threads:
// one. Everything goes when the process ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "xfrm/connections.h"
#include "xfrm/probe_layout.h"
#include "xfrm/types.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostWatchedPairs = QM_PROBE_MOST_WATCHED;
inline constexpr std::size_t kMostWatchedPeers = QM_PROBE_MOST_PEERS;
inline constexpr std::size_t kMostFinalsAtOnce = 8192;  // of one reading; the rest comes next time

// Who counts: an SA as the kernel holds it.
struct ProbedSa {
  SaId id;
  Address saddr;
  std::uint32_t reqid = 0;
  std::uint32_t if_id = 0;
  Mode mode = Mode::transport;
  std::uint64_t add_time_s = 0;
  friend bool operator==(const ProbedSa&, const ProbedSa&) = default;
};

// The end of an SA. At first, when it leaves the kernel's tables, and a second time, last, when it
// is gone for good: then the counters are exact, packets that were in flight included. Either can
// come before the netlink event that tells of the same end (a hard expiry, a flush), or after; the
// last one as late as it likes (probe_layout.h).
struct SaFinal {
  ProbedSa sa;
  std::uint32_t replay_window = 0;  // 0: none
  Counters counters;
  Stats stats;
  std::uint64_t not_decrypted = 0;
  bool last = false;
  friend bool operator==(const SaFinal&, const SaFinal&) = default;
};

// Failed input that was not the ICV's (those are in Stats), since the probes were attached: a bad
// padding, a packet too short, a cipher that gave up. ESP's dummy packets (RFC 4303, 2.6) among
// them: the kernel drops them as an error, too.
struct SaFailures {
  ProbedSa sa;
  std::uint64_t not_decrypted = 0;
  friend bool operator==(const SaFailures&, const SaFailures&) = default;
};

// Packets with an SPI that no SA has, since the pair was first seen or watched.
struct AddressPair {
  Address source, destination;  // outer, as the packet says: they can be forged
  friend auto operator<=>(const AddressPair&, const AddressPair&) = default;
};
struct BadSpi {
  AddressPair pair;
  std::uint64_t packets = 0;
  friend bool operator==(const BadSpi&, const BadSpi&) = default;
};

// A connection with one of the watched peers, near its end (probe_layout.h): what it counted until
// then. Each is told up to three times; the largest counts are its final ones.
struct ClosedConnection {
  enum class Cause : std::uint8_t {
    disconnect = QM_PROBE_DISCONNECT,  // a reset may follow
    reset_sent = QM_PROBE_RESET_SENT,
    destroyed = QM_PROBE_DESTROYED,
  };
  TcpConnection connection;
  Cause cause = Cause::disconnect;
  friend bool operator==(const ClosedConnection&, const ClosedConnection&) = default;
};

struct ProbeTotals {  // probe_totals: since attached, each only grows
  std::uint64_t finals = 0, finals_lost = 0;
  std::uint64_t not_decrypted = 0, failures_unlisted = 0;
  std::uint64_t bad_spi = 0, bad_spi_unlisted = 0;
  std::uint64_t closed = 0, closed_lost = 0;
  friend bool operator==(const ProbeTotals&, const ProbeTotals&) = default;
};

// Decoding (probe_records.cc), pure: any bytes are answered, none is trusted.
Result<SaFinal> decode_final(Bytes record);
Result<SaFailures> decode_failures(Bytes value);
Result<ClosedConnection> decode_closed(Bytes record);
Result<AddressPair> decode_pair(Bytes key);
Result<ProbeTotals> decode_totals(Bytes bytes);
probe_pair encode_pair(const AddressPair& pair);
probe_peer encode_peer(const Address& address);  // as an IPv4 connection of an IPv6 socket has it,
probe_peer encode_mapped_peer(const Address& address);  // too

struct ProbeReading {
  std::vector<SaFinal> finals;  // as they came; each is told once
  bool more = false;            // kMostFinalsAtOnce were taken and others wait
  std::vector<ClosedConnection> closed;
  // All that is known, totals: the same again at each reading until the SA dies.
  std::vector<SaFailures> failures;
  std::vector<BadSpi> bad_spi;  // a pair may stand twice: as a stranger, then watched. Add them
  ProbeTotals totals;
};

// What is attached.
struct ProbeCoverage {
  bool ends = false, finals = false;  // an SA's end the first and the second time
  bool bad_spi = false;
  bool async = false;  // failures of asynchronous crypto
  bool esp4 = false, esp6 = false, ah4 = false, ah6 = false;
  bool disconnects = false, resets = false, destroys = false;
  bool closings() const { return disconnects && resets && destroys; }  // … of connections
  // What is missing and why, one clause each; empty: everything is there.
  std::vector<std::string> missing;
  std::string text() const;  // for people: "all", or "without …: …"
};

// What the collector asks of them; a test answers in their place.
class ProbeSource {
 public:
  virtual ~ProbeSource() = default;
  virtual const ProbeCoverage& coverage() const = 0;
  // Finals alone: no system call, so after each batch of netlink events.
  virtual Result<void> read_finals(ProbeReading& reading) = 0;
  // The connections that ended, alone: no system call but for the totals.
  virtual Result<void> read_closed(ProbeReading& reading) = 0;
  // Everything but the closed connections. Errors: io, denied (a kernel before 5.19 after the
  // capabilities went).
  virtual Result<ProbeReading> read() = 0;
  // From now on this pair's bad SPIs are counted whatever others send. Fine when watched already.
  // limit: kMostWatchedPairs are.
  virtual Result<void> watch(const AddressPair& pair) = 0;
  // From now on the ends of connections with these peers are told, of no others. all: of every
  // peer. Beyond kMostWatchedPeers in the life of the probes: of every peer.
  virtual Result<void> watch_peers(std::span<const Address> peers, bool all) = 0;
};

class Probes final : public ProbeSource {
 public:
  // unsupported: built without probes, or a kernel without BTF or these functions; denied: a
  // capability is missing, or lockdown. At least one probe is attached when it succeeds.
  static Result<Probes> open();
  Probes(Probes&&) noexcept;
  Probes& operator=(Probes&&) noexcept;
  ~Probes() override;

  const ProbeCoverage& coverage() const override;
  Result<void> read_finals(ProbeReading& reading) override;
  Result<void> read_closed(ProbeReading& reading) override;
  Result<ProbeReading> read() override;
  Result<void> watch(const AddressPair& pair) override;
  Result<void> watch_peers(std::span<const Address> peers, bool all) override;

 private:
  struct State;
  explicit Probes(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace qm::xfrm
