#include <linux/xfrm.h>

#include "xfrm/netlink.h"
#include "xfrm/socket.h"

namespace qm::xfrm {
namespace {

constexpr std::uint32_t group(unsigned number) {
  return 1U << (number - 1);
}
constexpr std::uint32_t kGroups =
    group(XFRMNLGRP_EXPIRE) | group(XFRMNLGRP_SA) | group(XFRMNLGRP_POLICY);

}  // namespace

struct EventSocket::State {
  NetlinkSocket socket;
  SecretBuffer buffer;
  int asked_bytes;
  int most_bytes;
  bool enlarge();
};

// False: the limit is reached already, or the kernel gives no more.
bool EventSocket::State::enlarge() {
  const int before = socket.room();
  const int twice = asked_bytes > most_bytes / 2 ? most_bytes : asked_bytes * 2;
  if (asked_bytes >= most_bytes || socket.resize(twice) <= before) return false;
  asked_bytes = twice;
  return true;
}

EventSocket::EventSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
EventSocket::EventSocket(EventSocket&&) noexcept = default;
EventSocket& EventSocket::operator=(EventSocket&&) noexcept = default;
EventSocket::~EventSocket() = default;

Result<EventSocket> EventSocket::open(int buffer_bytes, int most_buffer_bytes) {
  SecretBuffer buffer = TRY(SecretBuffer::make());
  NetlinkSocket socket = TRY(NetlinkSocket::open(kGroups));
  socket.resize(buffer_bytes);
  return EventSocket(std::unique_ptr<State>(
      new State{std::move(socket), std::move(buffer), buffer_bytes, most_buffer_bytes}));
}

int EventSocket::fd() const {
  return state_->socket.fd();
}

Result<EventSocket::Drained> EventSocket::drain(Sink& sink, std::size_t most_datagrams) {
  using Got = NetlinkSocket::Got;
  Drained drained;
  while (drained.datagrams < most_datagrams) {
    Bytes datagram;
    const Got got = TRY(state_->socket.receive(state_->buffer, datagram));
    if (got == Got::nothing) return drained;
    if (got == Got::lost) {
      drained.overrun = true;
      drained.at_limit = !state_->enlarge();
    }
    if (got == Got::datagram) {
      decode(datagram, sink);
      state_->buffer.wipe(datagram.size());
    }
    ++drained.datagrams;  // strangers too: whoever floods us cannot hold us here
  }
  drained.more = true;
  return drained;
}

}  // namespace qm::xfrm
