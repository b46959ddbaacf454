// A kernel that holds SAs, policies and error counters and speaks XFRM netlink, byte by byte as
// net/xfrm/xfrm_user.c does, on a clock of its own. It loses, cuts and repeats messages on demand.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sim/random.h"
#include "support/xfrm_messages.h"
#include "xfrm/probe.h"

namespace qm::sim {

// Of a thousand messages (or requests) each.
struct Faults {
  std::uint32_t lose = 0;        // the socket's buffer is full: ENOBUFS
  std::uint32_t truncate = 0;    // an event that breaks off
  std::uint32_t repeat = 0;      // an event that comes twice in a row
  std::uint32_t dump_fails = 0;  // a dump that ends with an error or not at all
  std::uint32_t read_fails = 0;  // a batch of GETSA that ends with an error
  std::uint32_t diag_fails = 0;  // a reading of the connections that ends with an error
  std::uint32_t diag_skips = 0;  // … that misses one which is there
};

// The destroy probe: what it tells of dying SAs, and when. Of a thousand each.
struct ProbeFaults {
  bool attached = false;
  bool closings = false;   // those on connections' ends
  std::uint32_t late = 0;  // the last word comes up to five seconds after the end
  std::uint32_t lose = 0;
  std::uint32_t repeat = 0;
};

struct KernelSa {
  xfrm::Sa sa;
  std::uint32_t track = 0;  // Truth's number of it
};

class Kernel {
 public:
  Kernel(Random& random, Time start, std::uint64_t seed)
      : now_(start), random_(random), probe_random_(~seed) {}

  Time now() const { return now_; }
  void pass_ns(std::uint64_t ns) {
    now_.boot_ns += ns;
    now_.filetime_100ns += ns / 100;
  }
  void step_clock(std::int64_t seconds) {
    now_.filetime_100ns += static_cast<std::uint64_t>(seconds * 10'000'000);
  }

  Faults faults;
  ProbeFaults probes;
  xfrm::NetnsErrors errors{.complete = true};

  // What an administrator or an IKE daemon does; each tells its listeners.
  void add_larval(const xfrm::Sa& sa, std::uint32_t track);  // ALLOCSPI: tells nobody
  void add(const xfrm::Sa& sa, std::uint32_t track);         // NEWSA
  void update(const xfrm::Sa& sa, std::uint32_t track);      // UPDSA in place of a larval
  void touch(const xfrm::SaId& id);                          // UPDSA on a live SA
  void remove(std::uint32_t track);                          // DELSA
  void expire(std::uint32_t track, bool hard);
  void flush(std::uint8_t proto);
  void put_policy(const xfrm::Policy& policy);
  void remove_policy(std::uint32_t index, bool by_index);

  std::vector<KernelSa>& sas() { return sas_; }
  KernelSa* find(std::uint32_t track);
  const KernelSa* find(const xfrm::SaId& id) const;
  const std::vector<xfrm::Policy>& policies() const { return policies_; }

  // The event socket.
  enum class Got : std::uint8_t { nothing, datagram, lost };
  void join();
  void leave() {
    listening_ = false;
    finals_.clear();
    closed_.clear();
    closings_wanted = false;
    closed_lost_ = 0;
  }
  bool listening() const { return listening_; }
  Got receive(test::Message& datagram);
  std::uint64_t messages_hurt() const { return hurt_; }  // lost or cut, so far

  // The probes, which live and die with the reader. Last words of one id keep their order.
  std::vector<xfrm::SaFinal> take_finals();
  bool finals_wait() const { return !finals_.empty(); }
  std::uint64_t finals_lost() const { return finals_lost_; }
  // Connections that end while the reader wants to know.
  bool closings_wanted = false;
  void tell_closed(const xfrm::ClosedConnection& closed);
  std::vector<xfrm::ClosedConnection> take_closed() { return std::exchange(closed_, {}); }
  std::uint64_t closed_lost() const { return closed_lost_; }
  std::uint64_t flushes() const { return flushes_; }
  void count_late(std::uint32_t track, const xfrm::Counters& more);  // was in flight at its end

  // A dump, part by part; each part shows what is there when it is made. The last ends with DONE.
  class SaDump {
   public:
    explicit SaDump(const Kernel& kernel);
    // Nothing: it is over.
    std::optional<test::Message> next(const Kernel& kernel, std::uint32_t seq, std::uint32_t rows);

   private:
    std::vector<std::uint32_t> tracks_;
    std::size_t at_ = 0;
    bool done_ = false;
  };
  test::Message policy_dump(std::uint32_t seq) const;
  test::Message answer(const xfrm::SaId& id, std::uint32_t seq) const;  // to GETSA

 private:
  struct Final {
    xfrm::SaFinal final;
    std::uint32_t track = 0;
    std::uint64_t due_ns = 0;
  };
  void tell(test::Datagram& event);
  void dies(const KernelSa& sa);
  template <class Condition>
  void take_away(Condition&& condition) {
    std::erase_if(sas_, [&](const KernelSa& each) {
      if (!condition(each)) return false;
      dies(each);
      return true;
    });
  }

  Time now_;
  Random& random_;
  std::vector<KernelSa> sas_;
  std::vector<xfrm::Policy> policies_;
  bool listening_ = false;
  bool congested_ = false;  // NETLINK_S_CONGESTED: drops all until the reader has caught up
  bool error_ = false;      // sk_err: the next receive says so first
  std::deque<test::Message> queue_;
  std::uint64_t hurt_ = 0;
  Random probe_random_;  // of its own: the story stays the same
  std::deque<Final> finals_;
  std::uint64_t finals_lost_ = 0;
  std::uint64_t flushes_ = 0;
  std::vector<xfrm::ClosedConnection> closed_;
  std::uint64_t closed_lost_ = 0;
};

}  // namespace qm::sim
