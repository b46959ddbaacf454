#include "hba/entry.h"

namespace qm::hba {
namespace {

const xfrm::Algorithm& cipher_of(const xfrm::Sa& sa) {
  return sa.aead.name.empty() ? sa.encryption : sa.aead;
}

std::uint32_t integrity_bits_of(const xfrm::Sa& sa) {
  return sa.aead.name.empty() ? sa.authentication.icv_bits : sa.aead.icv_bits;
}

}  // namespace

Suite suite_of(const xfrm::Sa& sa) {
  return {.encryption = std::string(cipher_of(sa).name.text()),
          .encryption_key_bits = cipher_of(sa).key_bits,
          .authentication = std::string(sa.authentication.name.text()),
          .integrity_bits = integrity_bits_of(sa),
          .replay_window = sa.replay_window,
          .esn = sa.esn};
}

SuiteId Suites::of(const xfrm::Sa& sa) {
  const auto next = static_cast<SuiteId>(by_id_.size() + 1);
  if (by_id_.size() >= kMostSuites) {
    const auto found = ids_.find(suite_of(sa));
    return found == ids_.end() ? kNoSuite : found->second;
  }
  const auto [found, is_new] = ids_.try_emplace(suite_of(sa), next);
  if (is_new) by_id_.push_back(&found->first);
  return found->second;
}

void Entry::describe(const xfrm::Sa& sa, SuiteId its_suite) {
  suite = its_suite;
  packet_offload = sa.packet_offload;
  encap = sa.encap;
  encap_sport = sa.encap_sport;
  encap_dport = sa.encap_dport;
  soft_add_expires_s = sa.soft_add_expires_s;
  hard_add_expires_s = sa.hard_add_expires_s;
}

}  // namespace qm::hba
