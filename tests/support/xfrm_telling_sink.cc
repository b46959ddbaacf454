#include "support/xfrm_telling_sink.h"

#include <fmt/format.h>

namespace qm::test {
namespace {

std::string_view mode_name(xfrm::Mode mode) {
  switch (mode) {
    case xfrm::Mode::transport:
      return "transport";
    case xfrm::Mode::tunnel:
      return "tunnel";
    case xfrm::Mode::route_optimization:
      return "ro";
    case xfrm::Mode::in_trigger:
      return "in_trigger";
    case xfrm::Mode::beet:
      return "beet";
    case xfrm::Mode::iptfs:
      return "iptfs";
  }
  return "?";
}

std::string_view direction_name(xfrm::PolicyDirection direction) {
  switch (direction) {
    case xfrm::PolicyDirection::in:
      return "in";
    case xfrm::PolicyDirection::out:
      return "out";
    case xfrm::PolicyDirection::forward:
      return "forward";
  }
  return "?";
}

std::string mark_text(const xfrm::Mark& mark) {
  return mark == xfrm::Mark{} ? "" : fmt::format(" mark {:#x}/{:#x}", mark.value, mark.mask);
}

std::string algorithm_text(std::string_view what, const xfrm::Algorithm& algorithm) {
  if (algorithm.name.empty()) return "";
  return fmt::format(" {} {} {}/{}", what, algorithm.name.text(), algorithm.key_bits,
                     algorithm.icv_bits);
}

std::string template_text(const xfrm::Template& tmpl) {
  return fmt::format(" [{} > {} proto {} spi {:08x} reqid {} {}{}]", tmpl.saddr.text(),
                     tmpl.daddr.text(), tmpl.proto, tmpl.spi, tmpl.reqid, mode_name(tmpl.mode),
                     tmpl.optional ? " optional" : "");
}

}  // namespace

std::string text_of(const xfrm::SaId& id) {
  return fmt::format("{} proto {} spi {:08x}{}", id.daddr.text(), id.proto, id.spi,
                     mark_text(id.mark));
}

std::string text_of(const xfrm::Selector& selector) {
  std::string text = fmt::format("{}/{}:{}/{:x} > {}/{}:{}/{:x} proto {}", selector.saddr.text(),
                                 selector.saddr_prefix_bits, selector.sport, selector.sport_mask,
                                 selector.daddr.text(), selector.daddr_prefix_bits, selector.dport,
                                 selector.dport_mask, selector.proto);
  if (selector.ifindex != 0) text += fmt::format(" ifindex {}", selector.ifindex);
  if (selector.user != 0) text += fmt::format(" user {}", selector.user);
  return text;
}

std::string text_of(const xfrm::Sa& sa) {
  std::string text =
      fmt::format("{} from {} reqid {} {}{}{}{}", text_of(sa.id), sa.saddr.text(), sa.reqid,
                  mode_name(sa.mode), sa.larval ? " larval" : "", sa.esn ? " esn" : "",
                  sa.direction == xfrm::Direction::unknown ? ""
                  : sa.direction == xfrm::Direction::in    ? " in"
                                                           : " out");
  if (sa.if_id != 0) text += fmt::format(" if_id {}", sa.if_id);
  if (sa.packet_offload) text += " packet-offload";
  if (sa.offloaded && !sa.packet_offload) text += " crypto-offload";
  text += algorithm_text("enc", sa.encryption) + algorithm_text("auth", sa.authentication) +
          algorithm_text("aead", sa.aead);
  if (sa.encap) text += fmt::format(" encap {}>{}", sa.encap_sport, sa.encap_dport);
  text += fmt::format(" flags {:#x} seq {} window {} bytes {} packets {}", sa.flags, sa.seq,
                      sa.replay_window, sa.counters.bytes, sa.counters.packets);
  if (sa.inherited != xfrm::Counters{}) {
    text += fmt::format(" inherited {}/{}", sa.inherited.bytes, sa.inherited.packets);
  }
  text += fmt::format(" stats {}/{}/{} added {} used {} expires {}/{}", sa.stats.replay_window,
                      sa.stats.replay, sa.stats.integrity_failed, sa.add_time_s, sa.use_time_s,
                      sa.soft_add_expires_s, sa.hard_add_expires_s);
  return text;
}

std::string text_of(const xfrm::Policy& policy) {
  std::string text = fmt::format("index {} {} priority {} type {} {}{}", policy.index,
                                 direction_name(policy.direction), policy.priority, policy.type,
                                 policy.action == xfrm::PolicyAction::block ? "block" : "allow",
                                 mark_text(policy.mark));
  if (policy.if_id != 0) text += fmt::format(" if_id {}", policy.if_id);
  text += fmt::format(" {}", text_of(policy.selector));
  for (const xfrm::Template& tmpl : policy.templates) text += template_text(tmpl);
  return text;
}

void TellingSink::on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) {
  lines.push_back(fmt::format("{} {} {}", updated ? "updated" : "sa", seq, text_of(sa)));
}

void TellingSink::on_sa_deleted(const xfrm::Sa& final) {
  lines.push_back(fmt::format("deleted {}", text_of(final)));
}

void TellingSink::on_sa_expired(const xfrm::Sa& state, bool hard) {
  lines.push_back(fmt::format("expired {} {}", hard ? "hard" : "soft", text_of(state)));
}

void TellingSink::on_sas_flushed(std::uint8_t proto) {
  lines.push_back(fmt::format("sas flushed {}", proto));
}

void TellingSink::on_policy(const xfrm::Policy& policy, std::uint32_t seq) {
  lines.push_back(fmt::format("policy {} {}", seq, text_of(policy)));
}

void TellingSink::on_policy_deleted(const xfrm::Policy& policy) {
  lines.push_back(fmt::format("policy deleted {}", text_of(policy)));
}

void TellingSink::on_policies_flushed(std::uint8_t type) {
  lines.push_back(fmt::format("policies flushed {}", type));
}

void TellingSink::on_default_policy(const xfrm::DefaultPolicy& policy) {
  lines.push_back(fmt::format("default block in {} forward {} out {}", policy.block_in,
                              policy.block_forward, policy.block_out));
}

void TellingSink::on_sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters,
                                 std::uint32_t seq) {
  lines.push_back(fmt::format("counters {} {} bytes {} packets {}", seq, text_of(id),
                              counters.bytes, counters.packets));
}

void TellingSink::on_sa_count(std::uint32_t count, std::uint32_t seq) {
  lines.push_back(fmt::format("sa count {} {}", seq, count));
}

void TellingSink::on_done(std::uint32_t seq, int error) {
  lines.push_back(fmt::format("done {} {}", seq, error));
}

void TellingSink::on_error(std::uint32_t seq, int error) {
  lines.push_back(fmt::format("error {} {}", seq, error));
}

void TellingSink::on_malformed(std::uint16_t type, std::string_view what) {
  lines.push_back(fmt::format("malformed {:#x}: {}", type, what));
}

void TellingSink::on_other(std::uint16_t type) {
  lines.push_back(fmt::format("other {:#x}", type));
}

std::vector<std::string> told(Bytes datagram) {
  TellingSink sink;
  xfrm::decode(datagram, sink);
  return sink.lines;
}

}  // namespace qm::test
