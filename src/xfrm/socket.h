// The XFRM netlink sockets (event_socket_linux.cc, request_socket_linux.cc): one for events, one
// for requests.
//
// Promise: never blocks beyond its deadline; receive buffers are locked in memory, left out of core
// dumps, wiped on fork and after every use (dumps carry keys: facts §2); senders other than the
// kernel are ignored. Needs CAP_NET_ADMIN. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "xfrm/codec.h"

namespace qm::xfrm {

inline constexpr int kEventBufferBytes = 8 << 20;       // SO_RCVBUFFORCE, first try
inline constexpr int kMostEventBufferBytes = 64 << 20;  // doubled after each overrun up to here
inline constexpr std::size_t kMostSasInOneSend = 256;   // of read_sas; more go in several sends
inline constexpr int kRequestDeadlineMs = 2000;         // for one answer; a dump: 30 s
inline constexpr int kDumpDeadlineMs = 30000;

class EventSocket {
 public:
  // Joins EXPIRE, SA and POLICY; never AEVENTS (facts §1) nor ACQUIRE.
  // unsupported: the kernel has no XFRM; denied: no CAP_NET_ADMIN, or RLIMIT_MEMLOCK too low.
  static Result<EventSocket> open(int buffer_bytes = kEventBufferBytes,
                                  int most_buffer_bytes = kMostEventBufferBytes);
  EventSocket(EventSocket&&) noexcept;
  EventSocket& operator=(EventSocket&&) noexcept;
  ~EventSocket();

  int fd() const;
  // Hands what has arrived to the sink, at most most_datagrams of them. overrun: the kernel dropped
  // events (ENOBUFS); a dump is due. The buffer was enlarged, but for at_limit: it is as large as
  // it gets, and the next such burst will be lost as well.
  struct Drained {
    std::size_t datagrams = 0;
    bool overrun = false;
    bool at_limit = false;
    bool more = false;  // stopped at most_datagrams
  };
  Result<Drained> drain(Sink& sink, std::size_t most_datagrams = 1024);

 private:
  struct State;
  explicit EventSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class RequestSocket {
 public:
  static Result<RequestSocket> open();
  RequestSocket(RequestSocket&&) noexcept;
  RequestSocket& operator=(RequestSocket&&) noexcept;
  ~RequestSocket();

  // Each hands the rows to the sink and returns when the answer is complete; the sink's on_done and
  // on_error are not called. after_batch (may be empty) is called after each datagram, so that the
  // event socket can be drained meanwhile. Errors: denied (no CAP_NET_ADMIN), timeout, io; the
  // next request starts afresh.
  // How many SAs the kernel holds, larvals included: cheap at any number, for SaTable::reserve().
  Result<std::uint32_t> read_sa_count();
  Result<void> dump_sas(Sink& sink, const std::function<void()>& after_batch = {});
  Result<void> dump_policies(Sink& sink, const std::function<void()>& after_batch = {});
  Result<void> read_default_policy(Sink& sink);  // kernels without it: fine, nothing is called
  // GETSA of each; those that do not exist (ESRCH) are left out. missing gets their positions.
  // Answers come in any number of datagrams, and before an error some may have been handed over.
  Result<void> read_sas(std::span<const SaId> ids, Sink& sink, std::vector<std::size_t>& missing);

 private:
  struct State;
  explicit RequestSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace qm::xfrm
