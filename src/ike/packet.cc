#include "ike/packet.h"

#include <fmt/format.h>

#include "ike/vici.h"

namespace qm::ike {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMostPacketNameBytes = 255;  // its length is one byte

bool is_named(PacketType type) {
  return type == PacketType::cmd_request || type == PacketType::event_register ||
         type == PacketType::event_unregister || type == PacketType::event;
}

}  // namespace

Result<Packet> parse_packet(Bytes body) {
  std::uint8_t type = 0;
  if (!read_at(body, 0, type)) return fail(ErrorCode::invalid, "an empty vici packet");
  if (type > static_cast<std::uint8_t>(PacketType::event)) {
    return fail(ErrorCode::invalid, fmt::format("a vici packet of unknown type {}", type));
  }
  Packet packet;
  packet.type = static_cast<PacketType>(type);
  packet.message = body.subspan(1);
  if (!is_named(packet.type)) return packet;
  std::uint8_t name_bytes = 0;
  Bytes name;
  if (!read_at(body, 1, name_bytes) || !slice(body, 2, name_bytes, name)) {
    return fail(ErrorCode::invalid, "a vici packet whose name is cut off");
  }
  packet.name = {reinterpret_cast<const char*>(name.data()), name.size()};
  packet.message = body.subspan(2 + name.size());
  return packet;
}

std::string packet_bytes(PacketType type, std::string_view name, std::string_view message) {
  QM_ASSERT(name.size() <= kMostPacketNameBytes);
  std::string body(1, static_cast<char>(type));
  if (is_named(type)) {
    body += static_cast<char>(name.size());
    body += name;
  }
  body += message;
  QM_ASSERT(body.size() <= kMostPacketBytes);
  std::string out;
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out += static_cast<char>((body.size() >> (shift - 8)) & 0xffU);
  }
  return out + body;
}

void Framer::add(Bytes received) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  buffer_.insert(buffer_.end(), received.begin(), received.end());
}

Result<std::optional<Bytes>> Framer::next() {
  const Bytes rest = Bytes(buffer_).subspan(used_);
  std::uint32_t network_length = 0;
  if (!read_at(rest, 0, network_length)) return std::nullopt;
  const std::size_t length = big_endian32(network_length);
  if (length == 0) return fail(ErrorCode::invalid, "a vici packet of no bytes");
  if (length > kMostPacketBytes) {
    return fail(ErrorCode::limit, fmt::format("a vici packet of {} bytes; at most {} are allowed",
                                              length, kMostPacketBytes));
  }
  Bytes body;
  if (!slice(rest, kLengthBytes, length, body)) return std::nullopt;
  used_ += kLengthBytes + length;
  return body;
}

void Framer::clear() {
  buffer_.clear();
  used_ = 0;
}

}  // namespace qm::ike
