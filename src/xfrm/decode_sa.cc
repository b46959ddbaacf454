#include <cstddef>

#include "xfrm/decode_parts.h"

namespace qm::xfrm {
namespace {

// Reads name and lengths of struct xfrm_algo, xfrm_algo_auth or xfrm_algo_aead; kTailBytes is what
// stands between the key's length and the key. The key itself is stepped over.
template <std::size_t kTailBytes>
Complaint read_algorithm(Bytes value, Algorithm& out) {
  constexpr std::size_t head_bytes = kMostAlgorithmName + sizeof(std::uint32_t) + kTailBytes;
  if (value.size() < head_bytes) return "an algorithm cut short";
  const auto key_bits = load<std::uint32_t>(value.data() + kMostAlgorithmName);
  if (value.size() != head_bytes + (std::uint64_t{key_bits} + 7) / 8) {
    return "an algorithm whose key length lies";
  }
  const std::string_view name(reinterpret_cast<const char*>(value.data()), kMostAlgorithmName);
  // The kernel ends every name (verify_one_alg and its kin), so its last byte tells.
  if (name.front() == '\0' || name.back() != '\0') return "an algorithm without a proper name";
  out.name = name;
  out.key_bits = key_bits;
  if (kTailBytes != 0) out.icv_bits = load<std::uint32_t>(value.data() + head_bytes - kTailBytes);
  return nullptr;
}

// The window of xfrm_replay_state_esn stands in the attribute, behind its bitmap's length.
Complaint read_esn_window(Bytes value, std::uint32_t& window) {
  xfrm_replay_state_esn esn{};
  if (!read_at(value, 0, esn)) return "a replay state cut short";
  if (value.size() != sizeof(esn) + std::uint64_t{esn.bmp_len} * sizeof(std::uint32_t)) {
    return "a replay state whose bitmap length lies";
  }
  window = esn.replay_window;
  return nullptr;
}

Complaint read_offload(Bytes value, Sa& out) {
  xfrm_user_offload offload{};
  if (!read_exactly(value, offload)) return "an offload attribute of the wrong size";
  out.offloaded = true;
  out.packet_offload = (offload.flags & XFRM_OFFLOAD_PACKET) != 0;
  return nullptr;
}

Complaint read_direction(Bytes value, Sa& out) {
  std::uint8_t direction{};
  if (!read_exactly(value, direction) || direction < 1 || direction > 2) {
    return "a direction that is neither in nor out";
  }
  out.direction = static_cast<Direction>(direction);
  return nullptr;
}

Complaint read_encap(Bytes value, Sa& out) {
  xfrm_encap_tmpl encap{};
  if (!read_exactly(value, encap)) return "an encapsulation of the wrong size";
  out.encap = true;
  out.encap_sport = big_endian16(encap.encap_sport);
  out.encap_dport = big_endian16(encap.encap_dport);
  return nullptr;
}

Complaint read_lifetime(Bytes value, Counters& out) {
  xfrm_lifetime_cur lifetime{};
  if (!read_exactly(value, lifetime)) return "a lifetime of the wrong size";
  out = {lifetime.bytes, lifetime.packets};
  return nullptr;
}

constexpr std::uint64_t bit(unsigned type) {
  return std::uint64_t{1} << type;
}
constexpr std::uint64_t kReadOfSas =
    bit(XFRMA_ALG_AUTH) | bit(XFRMA_ALG_CRYPT) | bit(XFRMA_ALG_AEAD) | bit(XFRMA_ALG_AUTH_TRUNC) |
    bit(XFRMA_ENCAP) | bit(XFRMA_SA) | bit(XFRMA_LTIME_VAL) | bit(XFRMA_REPLAY_VAL) |
    bit(XFRMA_MARK) | bit(XFRMA_REPLAY_ESN_VAL) | bit(XFRMA_OFFLOAD_DEV) | bit(XFRMA_IF_ID) |
    bit(kAttributeSaDirection);
constexpr std::uint64_t kAlgorithms =
    bit(XFRMA_ALG_AUTH) | bit(XFRMA_ALG_CRYPT) | bit(XFRMA_ALG_AEAD) | bit(XFRMA_ALG_AUTH_TRUNC);

// What is looked at when all attributes are known.
struct Put {
  Bytes state;           // XFRMA_SA
  Bytes authentication;  // XFRMA_ALG_AUTH: ALG_AUTH_TRUNC, which is always beside it, tells more
};

Complaint read_one(const Attribute& attribute, Sa& out, Put& put) {
  switch (attribute.type) {
    case XFRMA_ALG_AUTH:
      put.authentication = attribute.value;
      return nullptr;
    case XFRMA_ALG_AUTH_TRUNC:
      return read_algorithm<sizeof(std::uint32_t)>(attribute.value, out.authentication);
    case XFRMA_ALG_CRYPT:
      return read_algorithm<0>(attribute.value, out.encryption);
    case XFRMA_ALG_AEAD:
      return read_algorithm<sizeof(std::uint32_t)>(attribute.value, out.aead);
    case XFRMA_ENCAP:
      return read_encap(attribute.value, out);
    case XFRMA_SA:
      put.state = attribute.value;
      return nullptr;
    case XFRMA_LTIME_VAL:
      return read_lifetime(attribute.value, out.inherited);
    case XFRMA_REPLAY_VAL:
      return attribute.value.size() == sizeof(xfrm_replay_state)
                 ? nullptr
                 : "a replay state of the wrong size";
    case XFRMA_REPLAY_ESN_VAL:
      return read_esn_window(attribute.value, out.replay_window);
    case XFRMA_MARK:
      return read_mark(attribute.value, out.id.mark);
    case XFRMA_IF_ID:
      return read_exactly(attribute.value, out.if_id) ? nullptr : "an if_id of the wrong size";
    case XFRMA_OFFLOAD_DEV:
      return read_offload(attribute.value, out);
    case kAttributeSaDirection:
      return read_direction(attribute.value, out);
    default:
      return nullptr;
  }
}

// What a message may lack. The rest is always read; to clear all of it, for every SA, would take a
// third of the time.
void clear_optional(Sa& sa) {
  sa.id.mark = {};
  sa.if_id = 0;
  sa.direction = Direction::unknown;
  sa.larval = false;
  sa.offloaded = false;
  sa.packet_offload = false;
  sa.inherited = {};
  sa.encryption = {};
  sa.authentication = {};
  sa.aead = {};
  sa.encap = false;
}

// Reads all attributes; state is XFRMA_SA's value, if there is one; seen has a bit for each type.
[[gnu::noinline]] Complaint read_attributes(Bytes attributes, Sa& out, Bytes& state,
                                            std::uint64_t& all_seen) {
  clear_optional(out);
  AttributeReader reader(attributes);
  Attribute attribute;
  Put put;
  std::uint64_t seen = 0;  // here, not behind a reference: it is changed for each attribute
  while (reader.next(attribute)) {
    if (attribute.type >= 64) continue;
    const std::uint64_t type = bit(attribute.type);
    if ((kReadOfSas & ~seen & type) == 0) {
      if ((kReadOfSas & type) == 0) continue;
      return "an attribute that comes twice";
    }
    seen |= type;
    if (const Complaint wrong = read_one(attribute, out, put)) return wrong;
  }
  all_seen = seen;
  state = put.state;
  if (const Complaint wrong = reader.broken()) return wrong;
  if ((seen & (bit(XFRMA_ALG_AUTH) | bit(XFRMA_ALG_AUTH_TRUNC))) != bit(XFRMA_ALG_AUTH)) {
    return nullptr;
  }
  return read_algorithm<0>(put.authentication, out.authentication);
}

template <class T>
T load_from(const std::byte* structure, std::size_t offset) {
  return load<T>(structure + offset);
}

constexpr std::size_t kId = offsetof(xfrm_usersa_info, id);
constexpr std::size_t kLimits = offsetof(xfrm_usersa_info, lft);
constexpr std::size_t kNow = offsetof(xfrm_usersa_info, curlft);
constexpr std::size_t kStats = offsetof(xfrm_usersa_info, stats);

void read_counts(const std::byte* info, Sa& out) {
  using U64 = std::uint64_t;
  using U32 = std::uint32_t;
  out.counters.bytes = load_from<U64>(info, kNow + offsetof(xfrm_lifetime_cur, bytes));
  out.counters.packets = load_from<U64>(info, kNow + offsetof(xfrm_lifetime_cur, packets));
  out.add_time_s = load_from<U64>(info, kNow + offsetof(xfrm_lifetime_cur, add_time));
  out.use_time_s = load_from<U64>(info, kNow + offsetof(xfrm_lifetime_cur, use_time));
  out.stats.replay_window = load_from<U32>(info, kStats + offsetof(xfrm_stats, replay_window));
  out.stats.replay = load_from<U32>(info, kStats + offsetof(xfrm_stats, replay));
  out.stats.integrity_failed =
      load_from<U32>(info, kStats + offsetof(xfrm_stats, integrity_failed));
  out.soft_add_expires_s =
      load_from<U64>(info, kLimits + offsetof(xfrm_lifetime_cfg, soft_add_expires_seconds));
  out.hard_add_expires_s =
      load_from<U64>(info, kLimits + offsetof(xfrm_lifetime_cfg, hard_add_expires_seconds));
}

// info holds an xfrm_usersa_info.
Complaint read_info(const std::byte* info, std::uint64_t seen, Sa& out) {
  Family family = Family::none;
  if (!family_from(load_from<std::uint16_t>(info, offsetof(xfrm_usersa_info, family)), family)) {
    return "an SA of an unknown family";
  }
  const auto mode = load_from<std::uint8_t>(info, offsetof(xfrm_usersa_info, mode));
  if (mode > static_cast<std::uint8_t>(Mode::iptfs)) return "an SA of an unknown mode";
  set_address(out.id.daddr, family, info + kId + offsetof(xfrm_id, daddr));
  set_address(out.saddr, family, info + offsetof(xfrm_usersa_info, saddr));
  out.id.spi = big_endian32(load_from<std::uint32_t>(info, kId + offsetof(xfrm_id, spi)));
  out.id.proto = load_from<std::uint8_t>(info, kId + offsetof(xfrm_id, proto));
  out.reqid = load_from<std::uint32_t>(info, offsetof(xfrm_usersa_info, reqid));
  out.seq = load_from<std::uint32_t>(info, offsetof(xfrm_usersa_info, seq));
  out.mode = static_cast<Mode>(mode);
  out.flags = load_from<std::uint8_t>(info, offsetof(xfrm_usersa_info, flags));
  out.esn = (out.flags & XFRM_STATE_ESN) != 0;
  if ((seen & bit(XFRMA_REPLAY_ESN_VAL)) == 0) {
    out.replay_window = load_from<std::uint8_t>(info, offsetof(xfrm_usersa_info, replay_window));
  }
  read_counts(info, out);
  return nullptr;
}

// A message that begins with a whole usersa_info, padded to fixed_size.
Complaint read_state(Bytes payload, std::size_t fixed_size, Sa& out, std::uint64_t& seen) {
  Bytes attributes;
  if (!attributes_behind(payload, fixed_size, attributes)) return "an SA cut short";
  Bytes nested;
  if (const Complaint wrong = read_attributes(attributes, out, nested, seen)) return wrong;
  return read_info(payload.data(), seen, out);
}

}  // namespace

Complaint read_sa(Bytes payload, Sa& out) {
  std::uint64_t seen = 0;
  const Complaint wrong = read_state(payload, sizeof(xfrm_usersa_info), out, seen);
  out.larval = (seen & kAlgorithms) == 0;
  return wrong;
}

Complaint read_deleted_sa(Bytes payload, Sa& out) {
  xfrm_usersa_id id{};
  Bytes attributes;
  if (!read_at(payload, 0, id) || !attributes_behind(payload, sizeof(id), attributes)) {
    return "a deleted SA cut short";
  }
  Bytes state;
  std::uint64_t seen = 0;
  if (const Complaint wrong = read_attributes(attributes, out, state, seen)) return wrong;
  if (state.size() != sizeof(xfrm_usersa_info)) return "a deleted SA without its last state";
  out.larval = (seen & kAlgorithms) == 0;
  if (const Complaint wrong = read_info(state.data(), seen, out)) return wrong;
  SaId deleted{{}, big_endian32(id.spi), id.proto, out.id.mark};
  set_address(deleted.daddr, out.id.daddr.family, bytes_of(id.daddr));
  if (deleted != out.id || id.family != static_cast<std::uint16_t>(out.id.daddr.family)) {
    return "a deleted SA whose last state is another's";
  }
  return nullptr;
}

Complaint read_expired_sa(Bytes payload, Sa& out, bool& hard) {
  std::uint64_t seen = 0;
  if (const Complaint wrong = read_state(payload, sizeof(xfrm_user_expire), out, seen)) {
    return wrong;
  }
  hard = load_from<std::uint8_t>(payload.data(), offsetof(xfrm_user_expire, hard)) != 0;
  return nullptr;
}

Complaint read_sa_counters(Bytes payload, SaId& id, Counters& counters) {
  xfrm_aevent_id event{};
  Bytes attributes;
  if (!read_at(payload, 0, event) || !attributes_behind(payload, sizeof(event), attributes)) {
    return "counters cut short";
  }
  Family family = Family::none;
  if (!family_from(event.sa_id.family, family)) return "counters of an unknown family";
  Sa sa;
  Bytes state;
  std::uint64_t seen = 0;
  if (const Complaint wrong = read_attributes(attributes, sa, state, seen)) return wrong;
  if ((seen & bit(XFRMA_LTIME_VAL)) == 0) return "counters without a value";
  set_address(id.daddr, family, bytes_of(event.sa_id.daddr));
  id.spi = big_endian32(event.sa_id.spi);
  id.proto = event.sa_id.proto;
  id.mark = sa.id.mark;
  counters = sa.inherited;
  return nullptr;
}

// The payload is 32 bits of flags, then XFRMA_SAD_CNT and XFRMA_SAD_HINFO (build_sadinfo).
Complaint read_sa_count(Bytes payload, std::uint32_t& count) {
  Bytes attributes;
  if (!attributes_behind(payload, sizeof(std::uint32_t), attributes)) return "a count cut short";
  AttributeReader reader(attributes);
  Attribute attribute;
  bool told = false;
  while (reader.next(attribute)) {
    if (attribute.type != XFRMA_SAD_CNT) continue;
    if (told) return "an attribute that comes twice";
    told = true;
    if (!read_exactly(attribute.value, count)) return "a count of the wrong size";
  }
  if (reader.broken() == nullptr && !told) return "a count without a value";
  return reader.broken();
}

}  // namespace qm::xfrm
