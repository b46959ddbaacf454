#include "provider/peer_linux.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/guid.h"
#include "provider/page_layout.h"
#include "provider/page_linux.h"

namespace qm::provider {
namespace {

// Packets that a cut provider had sent before; more than its socket can hold (each takes some 800
// bytes of a send buffer of 208 KiB).
constexpr int kMostDrained = 1024;

std::size_t page_bytes(const ClassInfo& info) {
  qm_page_layout layout{};
  const bool good =
      qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout);
  return good ? layout.page_bytes : 0;
}

}  // namespace

struct Peer::Packet {
  std::array<std::byte, QM_MOST_MESSAGE_BYTES> bytes;
  std::size_t size = 0;
  bool cut_short = false;         // longer than any message
  bool descriptors_lost = false;  // more than any message has, or this process has no room
  std::vector<Descriptor> descriptors;
};

Peer::Got Peer::receive(Packet& packet) {
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * QM_MOST_MESSAGE_DESCRIPTORS)];
  } control{};
  iovec part{packet.bytes.data(), packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t got = -1;
  do {
    got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return Got::nothing;
  if (got < 0) return Got::end;
  // Take what came along before anything else: what is not taken is never closed.
  for (cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr;
       rights = CMSG_NXTHDR(&message, rights)) {
    if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= rights->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, reinterpret_cast<const char*>(rights) + at, sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
  if (got == 0) return Got::end;
  packet.size = static_cast<std::size_t>(got);
  packet.cut_short = (message.msg_flags & MSG_TRUNC) != 0;
  packet.descriptors_lost = (message.msg_flags & MSG_CTRUNC) != 0;
  return Got::packet;
}

bool Peer::handle(std::uint64_t now_ms, Roll& roll) {
  for (std::size_t i = 0; i < kMostMessagesPerTurn && !broken_; ++i) {
    Packet packet;
    const Got got = receive(packet);
    if (got == Got::nothing) break;
    if (got == Got::end) return false;
    if (auto taken = take(packet, now_ms, roll); !taken) {
      cut(taken.error());
      return false;
    }
  }
  return !broken_;
}

// An error ends the connection.
Result<void> Peer::take(Packet& packet, std::uint64_t now_ms, Roll& roll) {
  if (!messages_.admit(now_ms)) {
    return fail(ErrorCode::limit,
                fmt::format("over {} messages in a second", kMostMessagesPerSecond));
  }
  if (packet.cut_short) return fail(ErrorCode::invalid, "a message is longer than any may be");
  if (packet.descriptors_lost) {
    return fail(ErrorCode::limit, "more descriptors than a message may carry, or than fit in here");
  }
  Message message =
      TRY(parse_message(Bytes(packet.bytes).first(packet.size), packet.descriptors.size()));
  const bool is_hello = std::holds_alternative<Hello>(message);
  if (is_hello == greeted()) {
    return fail(ErrorCode::invalid, is_hello ? "a second hello" : "the first message is no hello");
  }
  if (is_hello) driver_ = std::get<Hello>(std::move(message)).driver;
  if (auto* registration = std::get_if<Register>(&message)) {
    return take_register(std::move(*registration), packet, now_ms, roll);
  }
  if (const auto* gone = std::get_if<Unregister>(&message)) {
    // Not there: it was refused, and the two messages have crossed.
    roll.changes += entries_.erase(gone->registration);
  }
  if (const auto* refreshed = std::get_if<Refreshed>(&message)) take_refreshed(refreshed->token);
  return {};
}

Result<void> Peer::take_register(Register message, Packet& packet, std::uint64_t now_ms,
                                 Roll& roll) {
  if (!registrations_.admit(now_ms)) {
    return fail(ErrorCode::limit,
                fmt::format("over {} registrations in a second", kMostRegistrationsPerSecond));
  }
  if (entries_.contains(message.registration)) {
    return fail(ErrorCode::invalid, "a registration's number is in use");
  }
  auto page = accept_page(message, packet, roll);
  if (!page) {
    const auto refused = make_refused(message.registration, page.error());
    send(&refused, sizeof refused);
    return {};
  }
  entries_.emplace(message.registration,
                   Entry{roll.next_registration++, std::move(message.info), std::move(*page)});
  ++roll.changes;
  const auto registered = make_registered(message.registration);
  send(&registered, sizeof registered);
  return {};
}

// An error refuses this registration and nothing else.
Result<PageReader> Peer::accept_page(Register& message, const Packet& packet,
                                     const Roll& roll) const {
  ClassInfo& info = message.info;
  if (entries_.size() >= QM_MOST_REGISTRATIONS) {
    return fail(ErrorCode::limit, fmt::format("a provider may register {} classes at most",
                                              int{QM_MOST_REGISTRATIONS}));
  }
  const char* fault = qm_class_fault(info.flags, info.block_bytes, info.data_items,
                                     info.most_instances, message.bmof_bytes);
  if (fault != nullptr) return fail(ErrorCode::invalid, fault);
  std::size_t mapped_bytes = page_bytes(info);
  for (const auto& [number, entry] : entries_) {
    mapped_bytes += page_bytes(entry.info);
    if (equal(entry.info.guid, info.guid)) {
      return fail(ErrorCode::invalid, "this provider has registered the class already");
    }
  }
  if (mapped_bytes > kMostMappedBytes) {
    return fail(ErrorCode::limit, "all pages of the provider would be over 1 GiB");
  }
  if (message.bmof_bytes > 0) {
    auto bmof = read_memfd(packet.descriptors[1].get(), message.bmof_bytes);
    if (!bmof) return std::unexpected(std::move(bmof).error().in("the binary MOF"));
    info.bmof = std::move(*bmof);
  }
  if (roll.check) TRY(roll.check(info));
  return PageReader::open(packet.descriptors[0].get(), info);
}

void Peer::take_refreshed(std::uint64_t token) {
  answered_ = std::max(answered_, std::min(token, asked_));
  if (answered_ == asked_ && wanted_ > asked_) ask(wanted_);
}

void Peer::ask(std::uint64_t token) {
  wanted_ = token;
  if (answered_ < asked_) return;  // one question at a time: a stalled provider's queue can't fill
  asked_ = token;
  const auto refresh = make_refresh(token);
  send(&refresh, sizeof refresh);
}

bool Peer::supplies(const GUID* guid) const {
  return std::ranges::any_of(entries_, [guid](const auto& entry) {
    return guid == nullptr || equal(entry.second.info.guid, *guid);
  });
}

void Peer::send(const void* message, std::size_t bytes) {
  ssize_t sent = -1;
  do {
    sent = ::send(socket_.get(), message, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) broken_ = true;  // gone, or it reads nothing of what it is told
}

void Peer::cut(const Error& why) {
  const auto refused = make_refused(0, why);
  send(&refused, sizeof refused);
  // Closing with packets unread would turn into ECONNRESET over there, ahead of the reason. Without
  // a control buffer the kernel itself drops the descriptors that came along.
  shutdown(socket_.get(), SHUT_RDWR);
  std::array<std::byte, 1> rest{};
  for (int i = 0; i < kMostDrained; ++i) {
    if (recv(socket_.get(), rest.data(), rest.size(), MSG_DONTWAIT) <= 0) break;
  }
}

}  // namespace qm::provider
