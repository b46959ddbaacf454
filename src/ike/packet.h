// vici's packets on their stream: a length, a type, a name, a message. Pure.
//
// Source: strongSwan's vici README, "Transport protocol" and "Packet layer".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace qm::ike {

enum class PacketType : std::uint8_t {
  cmd_request = 0,  // named
  cmd_response = 1,
  cmd_unknown = 2,
  event_register = 3,    // named
  event_unregister = 4,  // named
  event_confirm = 5,
  event_unknown = 6,
  event = 7,  // named
};

struct Packet {
  PacketType type = PacketType::cmd_request;
  std::string_view name;  // of named types; into the body that was parsed
  Bytes message;          // likewise
};

// body: what follows the length. invalid: empty, an unknown type, a name that is cut off.
Result<Packet> parse_packet(Bytes body);

// A whole packet with its length, ready to be sent. name: at most 255 bytes.
std::string packet_bytes(PacketType type, std::string_view name, std::string_view message = {});

// Cuts a byte stream into packet bodies. Holds at most kMostPacketBytes and what add() last
// brought.
class Framer {
 public:
  void add(Bytes received);
  // The next whole body, valid until the next call of add(); nothing: more bytes are needed.
  // invalid: a length of 0; limit: one beyond kMostPacketBytes. The stream is lost then.
  Result<std::optional<Bytes>> next();
  void clear();

 private:
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that were handed out
};

}  // namespace qm::ike
