// One provider as the service sees it: its socket, what it has registered, what it owes. Linux.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/descriptor_linux.h"
#include "base/result.h"
#include "provider/message.h"
#include "provider/registry.h"

namespace qm::provider {

// What all peers of one registry share.
struct Roll {
  ClassCheck check;
  std::uint64_t next_registration = 1;
  std::uint64_t changes = 0;
};

class Peer {
 public:
  struct Entry {
    std::uint64_t id = 0;
    ClassInfo info;
    PageReader page;
  };

  Peer(Descriptor socket, pid_t pid, std::uint64_t now_ms)
      : socket_(std::move(socket)), pid_(pid), since_ms_(now_ms) {}

  // Handles what it has sent, at most kMostMessagesPerTurn; false when it is gone or was cut.
  bool handle(std::uint64_t now_ms, Roll& roll);
  // Tells it why, and that this is the end.
  void cut(const Error& why);

  // Asks for fresh data, or notes to ask again once the last question is answered. Tokens grow.
  void ask(std::uint64_t token);
  std::uint64_t answered() const { return answered_; }  // all tokens up to this one

  bool greeted() const { return !driver_.empty(); }
  std::uint64_t since_ms() const { return since_ms_; }
  const std::string& driver() const { return driver_; }
  pid_t pid() const { return pid_; }
  int fd() const { return socket_.get(); }
  const std::map<std::uint32_t, Entry>& entries() const { return entries_; }
  bool supplies(const GUID* guid) const;  // null: anything

 private:
  struct Packet;
  enum class Got : std::uint8_t { packet, nothing, end };

  Got receive(Packet& packet);
  Result<void> take(Packet& packet, std::uint64_t now_ms, Roll& roll);
  Result<void> take_register(Register message, Packet& packet, std::uint64_t now_ms, Roll& roll);
  Result<PageReader> accept_page(Register& message, const Packet& packet, const Roll& roll) const;
  void take_refreshed(std::uint64_t token);
  void send(const void* message, std::size_t bytes);

  Descriptor socket_;
  pid_t pid_;
  std::uint64_t since_ms_;
  std::string driver_;                      // empty: no hello yet
  bool broken_ = false;                     // a message to it could not be sent
  std::map<std::uint32_t, Entry> entries_;  // by the provider's number
  RateWindow messages_{kMostMessagesPerSecond};
  RateWindow registrations_{kMostRegistrationsPerSecond};
  std::uint64_t asked_ = 0;     // the newest token sent
  std::uint64_t wanted_ = 0;    // the newest token to be sent
  std::uint64_t answered_ = 0;  // <= asked_
};

}  // namespace qm::provider
