#include <cstring>

#include "xfrm/decode_parts.h"

namespace qm::xfrm {
namespace {

// Reads name and lengths of struct xfrm_algo, xfrm_algo_auth or xfrm_algo_aead; tail_bytes is what
// stands between the key's length and the key. The key itself is stepped over.
Complaint read_algorithm(Bytes value, std::size_t tail_bytes, Algorithm& out) {
  std::uint32_t icv_bits = 0;
  std::uint32_t key_bits = 0;
  const std::size_t head_bytes = kMostAlgorithmName + sizeof(key_bits) + tail_bytes;
  if (!read_at(value, kMostAlgorithmName, key_bits)) return "an algorithm cut short";
  if (tail_bytes != 0 && !read_at(value, kMostAlgorithmName + sizeof(key_bits), icv_bits)) {
    return "an algorithm cut short";
  }
  const std::uint64_t key_bytes = (std::uint64_t{key_bits} + 7) / 8;
  if (value.size() != head_bytes + key_bytes) return "an algorithm whose key length lies";
  const char* name = reinterpret_cast<const char*>(value.data());
  const std::size_t length = strnlen(name, kMostAlgorithmName);
  if (length == 0 || length == kMostAlgorithmName) return "an algorithm without a proper name";
  out = {{name, length}, key_bits, icv_bits};
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
  std::uint8_t direction = 0;
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

Complaint read_mark(Bytes value, Mark& out) {
  xfrm_mark mark{};
  if (!read_exactly(value, mark)) return "a mark of the wrong size";
  out = {mark.v, mark.m};
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

Complaint read_one(const Attribute& attribute, Sa& out, Bytes& state, std::uint64_t seen) {
  switch (attribute.type) {
    case XFRMA_ALG_AUTH: {
      // Beside ALG_AUTH_TRUNC, which tells more, only the form is checked.
      Algorithm plain;
      const Complaint wrong = read_algorithm(attribute.value, 0, plain);
      if ((seen & bit(XFRMA_ALG_AUTH_TRUNC)) == 0) out.authentication = plain;
      return wrong;
    }
    case XFRMA_ALG_AUTH_TRUNC:
      return read_algorithm(attribute.value, sizeof(std::uint32_t), out.authentication);
    case XFRMA_ALG_CRYPT:
      return read_algorithm(attribute.value, 0, out.encryption);
    case XFRMA_ALG_AEAD:
      return read_algorithm(attribute.value, sizeof(std::uint32_t), out.aead);
    case XFRMA_ENCAP:
      return read_encap(attribute.value, out);
    case XFRMA_SA:
      state = attribute.value;
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

// Reads all attributes; state is XFRMA_SA's value, if there is one; seen has a bit for each type.
Complaint read_attributes(Bytes attributes, Sa& out, Bytes& state, std::uint64_t& seen) {
  AttributeReader reader(attributes);
  Attribute attribute;
  while (reader.next(attribute)) {
    if (attribute.type >= 64 || (kReadOfSas & bit(attribute.type)) == 0) continue;
    if ((seen & bit(attribute.type)) != 0) return "an attribute that comes twice";
    seen |= bit(attribute.type);
    if (const Complaint wrong = read_one(attribute, out, state, seen)) return wrong;
  }
  return reader.broken();
}

Complaint read_info(const xfrm_usersa_info& info, std::uint64_t seen, Sa& out) {
  Family family = Family::none;
  if (!family_from(info.family, family)) return "an SA of an unknown family";
  if (info.mode > static_cast<std::uint8_t>(Mode::iptfs)) return "an SA of an unknown mode";
  out.id.daddr = address_from(family, info.id.daddr);
  out.id.spi = big_endian32(info.id.spi);
  out.id.proto = info.id.proto;
  out.saddr = address_from(family, info.saddr);
  out.reqid = info.reqid;
  out.seq = info.seq;
  out.mode = static_cast<Mode>(info.mode);
  out.flags = info.flags;
  out.esn = (info.flags & XFRM_STATE_ESN) != 0;
  if ((seen & bit(XFRMA_REPLAY_ESN_VAL)) == 0) out.replay_window = info.replay_window;
  out.counters = {info.curlft.bytes, info.curlft.packets};
  out.stats = {info.stats.replay_window, info.stats.replay, info.stats.integrity_failed};
  out.add_time_s = info.curlft.add_time;
  out.use_time_s = info.curlft.use_time;
  out.soft_add_expires_s = info.lft.soft_add_expires_seconds;
  out.hard_add_expires_s = info.lft.hard_add_expires_seconds;
  return selector_from(info.sel, out.selector);
}

// A message that begins with a whole usersa_info, padded to fixed_size.
Complaint read_state(Bytes payload, std::size_t fixed_size, Sa& out, std::uint64_t& seen) {
  xfrm_usersa_info info;
  Bytes attributes;
  if (!read_at(payload, 0, info) || !attributes_behind(payload, fixed_size, attributes)) {
    return "an SA cut short";
  }
  Bytes nested;
  if (const Complaint wrong = read_attributes(attributes, out, nested, seen)) return wrong;
  return read_info(info, seen, out);
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
  xfrm_usersa_info info{};
  if (!read_exactly(state, info)) return "a deleted SA without its last state";
  if (info.id.spi != id.spi || info.id.proto != id.proto || info.family != id.family ||
      std::memcmp(&info.id.daddr, &id.daddr, sizeof(id.daddr)) != 0) {
    return "a deleted SA whose last state is another's";
  }
  out.larval = (seen & kAlgorithms) == 0;
  return read_info(info, seen, out);
}

Complaint read_expired_sa(Bytes payload, Sa& out, bool& hard) {
  std::uint64_t seen = 0;
  if (const Complaint wrong = read_state(payload, sizeof(xfrm_user_expire), out, seen)) {
    return wrong;
  }
  xfrm_user_expire expire{};
  if (!read_at(payload, 0, expire)) return "an expiry cut short";
  hard = expire.hard != 0;
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
  id = {address_from(family, event.sa_id.daddr), big_endian32(event.sa_id.spi), event.sa_id.proto,
        sa.id.mark};
  counters = sa.inherited;
  return nullptr;
}

}  // namespace qm::xfrm
