// XFRM netlink messages as the kernel writes them (net/xfrm/xfrm_user.c, 6.1), for tests: the other
// half of src/xfrm/codec.h. Decoding what was built from a value gives the value back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "xfrm/codec.h"

namespace qm::test {

// Stands, repeated, wherever a message carries key material.
inline constexpr std::string_view kFakeKey = "QM-FAKE-KEY-QM-FAKE-KEY-";

using Message = std::vector<std::byte>;

// The pieces, for messages that no kernel writes.
void append_message(Message& out, std::uint16_t type, std::uint32_t seq, Bytes payload,
                    std::uint16_t flags = 0);
void append_attribute(Message& out, std::uint16_t type, Bytes value);

// Which attributes an SA gets follows from its fields, as in copy_to_user_state_extra; a replay
// window goes into attribute 23 with ESN or above 32, else into the header. With larval set, the
// algorithms are left out.
Message sa_payload(const xfrm::Sa& sa);
Message policy_payload(const xfrm::Policy& policy);

// A datagram: messages, one behind the other.
class Datagram {
 public:
  Datagram& new_sa(const xfrm::Sa& sa, std::uint32_t seq = 0);
  Datagram& updated_sa(const xfrm::Sa& sa, std::uint32_t seq = 0);
  Datagram& deleted_sa(const xfrm::Sa& sa);
  Datagram& expired_sa(const xfrm::Sa& sa, bool hard);
  Datagram& flushed_sas(std::uint8_t proto);
  Datagram& sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters, std::uint32_t seq);
  Datagram& sa_count(std::uint32_t count, std::uint32_t seq);
  Datagram& new_policy(const xfrm::Policy& policy, std::uint32_t seq = 0);
  Datagram& updated_policy(const xfrm::Policy& policy, std::uint32_t seq = 0);
  // by_index: as deleted by its index, else by its selector.
  Datagram& deleted_policy(const xfrm::Policy& policy, bool by_index);
  Datagram& expired_policy(const xfrm::Policy& policy, bool hard);
  Datagram& flushed_policies(std::uint8_t type);
  Datagram& default_policy(const xfrm::DefaultPolicy& policy, std::uint32_t seq = 0);
  Datagram& acquire(const xfrm::Sa& sa, const xfrm::Policy& policy);
  Datagram& done(std::uint32_t seq, int error = 0);
  Datagram& error(std::uint32_t seq, int error);
  Datagram& raw(std::uint16_t type, std::uint32_t seq, Bytes payload);

  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  Message take() { return std::move(bytes_); }

 private:
  Message bytes_;
};

// What strongSwan 5.9 installs for iSCSI: ESP in transport mode, AES-CBC with HMAC-SHA-256, 556
// bytes a message.
xfrm::Sa esp_sa(std::string_view saddr, std::string_view daddr, std::uint32_t spi);
// A policy with one ESP transport template.
xfrm::Policy esp_policy(xfrm::PolicyDirection direction, std::string_view saddr,
                        std::string_view daddr, std::uint32_t index);

}  // namespace qm::test
