// A kernel that holds SAs, policies and error counters and speaks XFRM netlink, byte by byte as
// net/xfrm/xfrm_user.c does, on a clock of its own. It loses, cuts and repeats messages on demand.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "sim/random.h"
#include "support/xfrm_messages.h"

namespace qm::sim {

// Of a thousand messages (or requests) each.
struct Faults {
  std::uint32_t lose = 0;        // the socket's buffer is full: ENOBUFS
  std::uint32_t truncate = 0;    // an event that breaks off
  std::uint32_t repeat = 0;      // an event that comes twice in a row
  std::uint32_t dump_fails = 0;  // a dump that ends with an error or not at all
  std::uint32_t read_fails = 0;  // a batch of GETSA that ends with an error
};

struct KernelSa {
  xfrm::Sa sa;
  std::uint32_t track = 0;  // Truth's number of it
};

class Kernel {
 public:
  Kernel(Random& random, Time start) : now_(start), random_(random) {}

  Time now() const { return now_; }
  void pass_ns(std::uint64_t ns) {
    now_.boot_ns += ns;
    now_.filetime_100ns += ns / 100;
  }
  void step_clock(std::int64_t seconds) {
    now_.filetime_100ns += static_cast<std::uint64_t>(seconds * 10'000'000);
  }

  Faults faults;
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
  void leave() { listening_ = false; }
  bool listening() const { return listening_; }
  Got receive(test::Message& datagram);
  std::uint64_t messages_hurt() const { return hurt_; }  // lost or cut, so far

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
  void tell(test::Datagram& event);

  Time now_;
  Random& random_;
  std::vector<KernelSa> sas_;
  std::vector<xfrm::Policy> policies_;
  bool listening_ = false;
  bool congested_ = false;  // NETLINK_S_CONGESTED: drops all until the reader has caught up
  bool error_ = false;      // sk_err: the next receive says so first
  std::deque<test::Message> queue_;
  std::uint64_t hurt_ = 0;
};

}  // namespace qm::sim
