// A netlink socket of XFRM and the buffer it receives into. Internal to xfrm.
//
// Promise: the buffer is locked in memory, left out of core dumps, empty in a forked child, and
// wiped after each datagram (dumps carry keys); only the kernel's own datagrams are handed out.
// Threads: one. Limits: kReceiveBytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace qm::xfrm {

// The kernel fills at most 32 KB of a dump's datagram (netlink_dump); more gains nothing.
inline constexpr std::size_t kReceiveBytes = 64 << 10;

class SecretBuffer {
 public:
  // denied: RLIMIT_MEMLOCK is too low.
  static Result<SecretBuffer> make();
  SecretBuffer(SecretBuffer&& other) noexcept;
  SecretBuffer& operator=(SecretBuffer&& other) noexcept;
  ~SecretBuffer();

  std::byte* data() { return data_; }
  void wipe(std::size_t used_bytes);

 private:
  explicit SecretBuffer(std::byte* data) : data_(data) {}
  std::byte* data_ = nullptr;
};

class NetlinkSocket {
 public:
  // groups: bits of bind(2)'s nl_groups; 0: none. unsupported: no XFRM; denied: CAP_NET_ADMIN.
  static Result<NetlinkSocket> open(std::uint32_t groups);
  NetlinkSocket(NetlinkSocket&& other) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&& other) noexcept;
  ~NetlinkSocket();

  int fd() const { return fd_; }
  // What the receive buffer holds, as the kernel accounts it: twice what was asked for.
  int room() const;
  // Asks for a receive buffer of so many bytes; without CAP_NET_ADMIN the host's limit holds.
  // Returns the room that there is now.
  int resize(int bytes);
  Result<void> send(Bytes message);

  enum class Got : std::uint8_t {
    nothing,  // for now
    datagram,
    stranger,  // not from the kernel: wiped, to be ignored
    lost,      // ENOBUFS, or cut short: something was dropped
  };
  // Never waits. datagram lies in the buffer; wipe its size when done.
  Result<Got> receive(SecretBuffer& buffer, Bytes& datagram);
  // Until something can be read; timeout when it takes longer.
  Result<void> wait(int timeout_ms);

 private:
  explicit NetlinkSocket(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace qm::xfrm
