#include "support/xfrm_messages.h"

#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <cstring>

namespace qm::test {
namespace {

using xfrm::Policy;
using xfrm::Sa;

template <class T>
Bytes bytes_of(const T& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof(value)};
}

void append(Message& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(NLMSG_ALIGN(out.size()));
}

template <class T>
Message payload_of(const T& value) {
  Message out;
  append(out, bytes_of(value));
  return out;
}

xfrm_address_t wire(const Address& address) {
  xfrm_address_t out{};
  std::memcpy(&out, address.bytes.data(), sizeof(out));
  return out;
}

xfrm_selector wire(const xfrm::Selector& selector) {
  xfrm_selector out{};
  out.daddr = wire(selector.daddr);
  out.saddr = wire(selector.saddr);
  out.dport = big_endian16(selector.dport);
  out.dport_mask = big_endian16(selector.dport_mask);
  out.sport = big_endian16(selector.sport);
  out.sport_mask = big_endian16(selector.sport_mask);
  out.family = static_cast<std::uint16_t>(selector.family);
  out.prefixlen_d = selector.daddr_prefix_bits;
  out.prefixlen_s = selector.saddr_prefix_bits;
  out.proto = selector.proto;
  out.ifindex = selector.ifindex;
  out.user = selector.user;
  return out;
}

bool has_esn_attribute(const Sa& sa) {
  return sa.esn || sa.replay_window > 32;
}

// What a daemon gives an SA: its own addresses, in tunnel mode none.
xfrm::Selector selector_of(const Sa& sa) {
  if (sa.mode == xfrm::Mode::tunnel) return {};
  const auto bits = static_cast<std::uint8_t>(sa.saddr.bits());
  return {.saddr = sa.saddr,
          .daddr = sa.id.daddr,
          .saddr_prefix_bits = bits,
          .daddr_prefix_bits = bits,
          .family = sa.saddr.family};
}

xfrm_usersa_info wire_info(const Sa& sa) {
  xfrm_usersa_info out{};
  out.sel = wire(selector_of(sa));
  out.id.daddr = wire(sa.id.daddr);
  out.id.spi = big_endian32(sa.id.spi);
  out.id.proto = sa.id.proto;
  out.saddr = wire(sa.saddr);
  out.lft.soft_byte_limit = out.lft.hard_byte_limit = XFRM_INF;
  out.lft.soft_packet_limit = out.lft.hard_packet_limit = XFRM_INF;
  out.lft.soft_add_expires_seconds = sa.soft_add_expires_s;
  out.lft.hard_add_expires_seconds = sa.hard_add_expires_s;
  out.curlft = {sa.counters.bytes, sa.counters.packets, sa.add_time_s, sa.use_time_s};
  out.stats = {sa.stats.replay_window, sa.stats.replay, sa.stats.integrity_failed};
  out.seq = sa.seq;
  out.reqid = sa.reqid;
  out.family = static_cast<std::uint16_t>(sa.id.daddr.family);
  out.mode = static_cast<std::uint8_t>(sa.mode);
  out.replay_window = has_esn_attribute(sa) ? 0 : static_cast<std::uint8_t>(sa.replay_window);
  out.flags = static_cast<std::uint8_t>(sa.flags | (sa.esn ? XFRM_STATE_ESN : 0));
  return out;
}

xfrm_usersa_id wire_id(const xfrm::SaId& id) {
  xfrm_usersa_id out{};
  out.daddr = wire(id.daddr);
  out.spi = big_endian32(id.spi);
  out.family = static_cast<std::uint16_t>(id.daddr.family);
  out.proto = id.proto;
  return out;
}

// struct xfrm_algo, or with has_icv xfrm_algo_auth and xfrm_algo_aead.
void append_algorithm(Message& out, std::uint16_t type, const xfrm::Algorithm& algorithm,
                      bool has_icv) {
  if (algorithm.name.empty()) return;
  Message value(xfrm::kMostAlgorithmName);
  std::memcpy(value.data(), algorithm.name.text().data(), algorithm.name.text().size());
  append(value, bytes_of(algorithm.key_bits));
  if (has_icv) append(value, bytes_of(algorithm.icv_bits));
  const std::size_t key_bytes = (algorithm.key_bits + 7) / 8;
  for (std::size_t i = 0; i < key_bytes; ++i) {
    value.push_back(static_cast<std::byte>(kFakeKey[i % kFakeKey.size()]));
  }
  append_attribute(out, type, value);
}

void append_replay(Message& out, const Sa& sa) {
  if (!has_esn_attribute(sa)) {
    append_attribute(out, XFRMA_REPLAY_VAL, bytes_of(xfrm_replay_state{}));
    return;
  }
  struct {
    std::uint32_t bmp_len, oseq, seq, oseq_hi, seq_hi, replay_window;
  } esn{(sa.replay_window + 31) / 32, 0, 0, 0, 0, sa.replay_window};
  Message value = payload_of(esn);
  value.resize(value.size() + std::size_t{esn.bmp_len} * 4);
  append_attribute(out, XFRMA_REPLAY_ESN_VAL, value);
}

void append_mark_and_if_id(Message& out, const xfrm::Mark& mark, std::uint32_t if_id) {
  if (mark != xfrm::Mark{}) {
    append_attribute(out, XFRMA_MARK, bytes_of(xfrm_mark{mark.value, mark.mask}));
  }
  if (if_id != 0) append_attribute(out, XFRMA_IF_ID, bytes_of(if_id));
}

void append_sa_attributes(Message& out, const Sa& sa) {
  if (!sa.larval) {
    append_algorithm(out, XFRMA_ALG_AEAD, sa.aead, true);
    append_algorithm(out, XFRMA_ALG_AUTH, sa.authentication, false);
    append_algorithm(out, XFRMA_ALG_AUTH_TRUNC, sa.authentication, true);
    append_algorithm(out, XFRMA_ALG_CRYPT, sa.encryption, false);
  }
  if (sa.encap) {
    xfrm_encap_tmpl encap{};
    encap.encap_type = 2;  // UDP_ENCAP_ESPINUDP
    encap.encap_sport = big_endian16(sa.encap_sport);
    encap.encap_dport = big_endian16(sa.encap_dport);
    append_attribute(out, XFRMA_ENCAP, bytes_of(encap));
  }
  append_replay(out, sa);
  if (sa.offloaded) {
    xfrm_user_offload offload{};
    offload.ifindex = 2;
    if (sa.packet_offload) offload.flags = XFRM_OFFLOAD_PACKET;
    append_attribute(out, XFRMA_OFFLOAD_DEV, bytes_of(offload));
  }
  append_mark_and_if_id(out, sa.id.mark, sa.if_id);
  if (sa.inherited != xfrm::Counters{}) {
    const xfrm_lifetime_cur born_with{sa.inherited.bytes, sa.inherited.packets, 0, 0};
    append_attribute(out, XFRMA_LTIME_VAL, bytes_of(born_with));
  }
  constexpr std::uint16_t kSaDirection = 33;  // XFRMA_SA_DIR
  if (sa.direction != xfrm::Direction::unknown) {
    append_attribute(out, kSaDirection, bytes_of(sa.direction));
  }
}

xfrm_userpolicy_info wire_info(const Policy& policy) {
  xfrm_userpolicy_info out{};
  out.sel = wire(policy.selector);
  out.priority = policy.priority;
  out.index = policy.index;
  const bool of_a_socket = (policy.index & 7U) > 2;  // whose dir is index & 7 in dumps
  out.dir = static_cast<std::uint8_t>(static_cast<unsigned>(policy.direction) +
                                      (of_a_socket ? unsigned{XFRM_POLICY_MAX} : 0U));
  out.action = static_cast<std::uint8_t>(policy.action);
  return out;
}

void append_policy_attributes(Message& out, const Policy& policy) {
  Message templates;
  for (const xfrm::Template& from : policy.templates) {
    xfrm_user_tmpl tmpl{};
    tmpl.id.daddr = wire(from.daddr);
    tmpl.id.spi = big_endian32(from.spi);
    tmpl.id.proto = from.proto;
    tmpl.family = static_cast<std::uint16_t>(from.family);
    tmpl.saddr = wire(from.saddr);
    tmpl.reqid = from.reqid;
    tmpl.mode = static_cast<std::uint8_t>(from.mode);
    tmpl.optional = from.optional ? 1 : 0;
    tmpl.aalgos = tmpl.ealgos = tmpl.calgos = 0xffff'ffff;
    append(templates, bytes_of(tmpl));
  }
  if (!templates.empty()) append_attribute(out, XFRMA_TMPL, templates);
  append_attribute(out, XFRMA_POLICY_TYPE, bytes_of(xfrm_userpolicy_type{policy.type, 0, 0}));
  append_mark_and_if_id(out, policy.mark, policy.if_id);
}

Address address(std::string_view text) {
  return Address::parse(text).value();
}

}  // namespace

void append_message(Message& out, std::uint16_t type, std::uint32_t seq, Bytes payload,
                    std::uint16_t flags) {
  const nlmsghdr header{static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload.size()), type, flags,
                        seq, 0};
  append(out, bytes_of(header));
  append(out, payload);
}

void append_attribute(Message& out, std::uint16_t type, Bytes value) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type};
  append(out, bytes_of(header));
  append(out, value);
}

Message sa_payload(const Sa& sa) {
  Message out = payload_of(wire_info(sa));
  append_sa_attributes(out, sa);
  return out;
}

Message policy_payload(const Policy& policy) {
  Message out = payload_of(wire_info(policy));
  append_policy_attributes(out, policy);
  return out;
}

Datagram& Datagram::raw(std::uint16_t type, std::uint32_t seq, Bytes payload) {
  append_message(bytes_, type, seq, payload);
  return *this;
}

Datagram& Datagram::new_sa(const Sa& sa, std::uint32_t seq) {
  return raw(XFRM_MSG_NEWSA, seq, sa_payload(sa));
}

Datagram& Datagram::updated_sa(const Sa& sa, std::uint32_t seq) {
  return raw(XFRM_MSG_UPDSA, seq, sa_payload(sa));
}

Datagram& Datagram::deleted_sa(const Sa& sa) {
  Message payload = payload_of(wire_id(sa.id));
  append_attribute(payload, XFRMA_SA, bytes_of(wire_info(sa)));
  append_sa_attributes(payload, sa);
  return raw(XFRM_MSG_DELSA, 0, payload);
}

Datagram& Datagram::expired_sa(const Sa& sa, bool hard) {
  xfrm_user_expire expire{};
  expire.state = wire_info(sa);
  expire.hard = hard ? 1 : 0;
  Message payload = payload_of(expire);
  append_mark_and_if_id(payload, sa.id.mark, sa.if_id);
  return raw(XFRM_MSG_EXPIRE, 0, payload);
}

Datagram& Datagram::flushed_sas(std::uint8_t proto) {
  return raw(XFRM_MSG_FLUSHSA, 0, payload_of(xfrm_usersa_flush{proto}));
}

Datagram& Datagram::sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters,
                                std::uint32_t seq) {
  xfrm_aevent_id event{};
  event.sa_id = wire_id(id);
  Message payload = payload_of(event);
  append_attribute(payload, XFRMA_REPLAY_VAL, bytes_of(xfrm_replay_state{}));
  const xfrm_lifetime_cur now{counters.bytes, counters.packets, 0, 0};
  append_attribute(payload, XFRMA_LTIME_VAL, bytes_of(now));
  append_mark_and_if_id(payload, id.mark, 0);
  return raw(XFRM_MSG_NEWAE, seq, payload);
}

Datagram& Datagram::sa_count(std::uint32_t count, std::uint32_t seq) {
  Message payload(sizeof(std::uint32_t));
  test::append_attribute(payload, XFRMA_SAD_CNT, bytes_of(count));
  return raw(XFRM_MSG_NEWSADINFO, seq, payload);
}

Datagram& Datagram::new_policy(const Policy& policy, std::uint32_t seq) {
  return raw(XFRM_MSG_NEWPOLICY, seq, policy_payload(policy));
}

Datagram& Datagram::updated_policy(const Policy& policy, std::uint32_t seq) {
  return raw(XFRM_MSG_UPDPOLICY, seq, policy_payload(policy));
}

Datagram& Datagram::deleted_policy(const Policy& policy, bool by_index) {
  xfrm_userpolicy_id id{};
  id.dir = static_cast<std::uint8_t>(policy.direction);
  if (by_index) {
    id.index = policy.index;
  } else {
    id.sel = wire(policy.selector);
  }
  Message payload = payload_of(id);
  append_attribute(payload, XFRMA_POLICY, bytes_of(wire_info(policy)));
  append_policy_attributes(payload, policy);
  return raw(XFRM_MSG_DELPOLICY, 0, payload);
}

Datagram& Datagram::expired_policy(const Policy& policy, bool hard) {
  xfrm_user_polexpire expire{};
  expire.pol = wire_info(policy);
  expire.hard = hard ? 1 : 0;
  Message payload = payload_of(expire);
  append_policy_attributes(payload, policy);
  return raw(XFRM_MSG_POLEXPIRE, 0, payload);
}

Datagram& Datagram::flushed_policies(std::uint8_t type) {
  Message payload;
  append_attribute(payload, XFRMA_POLICY_TYPE, bytes_of(xfrm_userpolicy_type{type, 0, 0}));
  return raw(XFRM_MSG_FLUSHPOLICY, 0, payload);
}

Datagram& Datagram::default_policy(const xfrm::DefaultPolicy& policy, std::uint32_t seq) {
  const auto action = [](bool block) -> std::uint8_t {
    return block ? XFRM_USERPOLICY_BLOCK : XFRM_USERPOLICY_ACCEPT;
  };
  const xfrm_userpolicy_default wire_default{action(policy.block_in), action(policy.block_forward),
                                             action(policy.block_out)};
  return raw(XFRM_MSG_GETDEFAULT, seq, payload_of(wire_default));
}

Datagram& Datagram::acquire(const Sa& sa, const Policy& policy) {
  xfrm_user_acquire wanted{};
  wanted.id = wire_info(sa).id;
  wanted.saddr = wire(sa.saddr);
  wanted.sel = wire(selector_of(sa));
  wanted.policy = wire_info(policy);
  wanted.seq = sa.seq;
  return raw(XFRM_MSG_ACQUIRE, 0, payload_of(wanted));
}

Datagram& Datagram::done(std::uint32_t seq, int error) {
  return raw(NLMSG_DONE, seq, bytes_of(error));
}

Datagram& Datagram::error(std::uint32_t seq, int error) {
  nlmsgerr answer{};
  answer.error = error;
  answer.msg.nlmsg_seq = seq;
  return raw(NLMSG_ERROR, seq, bytes_of(answer));
}

Sa esp_sa(std::string_view saddr, std::string_view daddr, std::uint32_t spi) {
  Sa sa;
  sa.id = {address(daddr), spi, xfrm::kEsp, {}};
  sa.saddr = address(saddr);
  sa.reqid = 1;
  sa.replay_window = 32;
  sa.add_time_s = 1'700'000'000;
  sa.encryption = {"cbc(aes)", 128, 0};
  sa.authentication = {"hmac(sha256)", 256, 128};
  return sa;
}

Policy esp_policy(xfrm::PolicyDirection direction, std::string_view saddr, std::string_view daddr,
                  std::uint32_t index) {
  Policy policy;
  policy.index = index;
  policy.direction = direction;
  policy.priority = 371'328;
  policy.selector.family = address(saddr).family;
  policy.selector.saddr = address(saddr);
  policy.selector.daddr = address(daddr);
  policy.selector.saddr_prefix_bits = policy.selector.daddr_prefix_bits =
      static_cast<std::uint8_t>(address(saddr).bits());
  policy.selector.proto = 6;
  policy.selector.dport = 3260;
  policy.selector.dport_mask = 0xffff;
  xfrm::Template esp;
  esp.family = policy.selector.family;
  esp.saddr.family = esp.daddr.family = esp.family;
  esp.reqid = 1;
  esp.proto = xfrm::kEsp;
  policy.templates = {esp};
  return policy;
}

}  // namespace qm::test
