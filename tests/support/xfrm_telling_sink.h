// A sink that puts what it is told into words, a line each: for golden files and for messages of
// failed tests.
#pragma once

#include <string>
#include <vector>

#include "xfrm/codec.h"

namespace qm::test {

std::string text_of(const xfrm::SaId& id);
std::string text_of(const xfrm::Sa& sa);
std::string text_of(const xfrm::Selector& selector);
std::string text_of(const xfrm::Policy& policy);

class TellingSink : public xfrm::Sink {
 public:
  std::vector<std::string> lines;

  void on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) override;
  void on_sa_deleted(const xfrm::Sa& final) override;
  void on_sa_expired(const xfrm::Sa& state, bool hard) override;
  void on_sas_flushed(std::uint8_t proto) override;
  void on_policy(const xfrm::Policy& policy, std::uint32_t seq) override;
  void on_policy_deleted(const xfrm::Policy& policy) override;
  void on_policies_flushed(std::uint8_t type) override;
  void on_default_policy(const xfrm::DefaultPolicy& policy) override;
  void on_sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters,
                      std::uint32_t seq) override;
  void on_sa_count(std::uint32_t count, std::uint32_t seq) override;
  void on_done(std::uint32_t seq, int error) override;
  void on_error(std::uint32_t seq, int error) override;
  void on_malformed(std::uint16_t type, std::string_view what) override;
  void on_other(std::uint16_t type) override;
};

std::vector<std::string> told(Bytes datagram);  // the lines of one datagram

}  // namespace qm::test
