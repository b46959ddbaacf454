// Any bytes as one datagram of XFRM netlink, into the tables as the collector keeps them.
#include <cstdint>
#include <span>
#include <string_view>

#include "xfrm/ahead.h"
#include "xfrm/codec.h"
#include "xfrm/tables.h"

namespace {

using namespace qm::xfrm;

void check(bool promise) {
  if (!promise) __builtin_trap();
}

class Keeping : public SilentSink {
 public:
  explicit Keeping(qm::Bytes datagram) : datagram_(datagram) {}

  void on_datagram(qm::Bytes datagram) override { prefetch_datagram(datagram, sas_); }
  void on_sa(const Sa& sa, bool updated, std::uint32_t) override {
    look_at(sa);
    const auto upserted = sas_.upsert(sa, updated);
    check((upserted.change == SaTable::Change::refused) == (upserted.handle == SaTable::kNone));
    check(sas_.find(sa.id) == upserted.handle);
    if (upserted.handle != SaTable::kNone) check(sas_.record(upserted.handle).id == sa.id);
  }
  void on_sa_deleted(const Sa& final) override {
    look_at(final);
    sas_.erase(final.id);
    check(sas_.find(final.id) == SaTable::kNone);
  }
  void on_sa_expired(const Sa& state, bool hard) override {
    look_at(state);
    if (hard) sas_.erase(state.id);
  }
  void on_policy(const Policy& policy, std::uint32_t) override {
    check(policy.templates.size() <= kMostTemplates);
    policies_.upsert(policy);
    Flow flow;
    flow.saddr = policy.selector.saddr;
    flow.daddr = policy.selector.daddr;
    policies_.match(policy.direction, flow);
  }
  void on_policy_deleted(const Policy& policy) override { policies_.erase(policy); }
  void on_policies_flushed(std::uint8_t type) override { policies_.clear(type); }
  void on_default_policy(const DefaultPolicy& policy) override { policies_.set_default(policy); }

  void finish() {
    std::size_t seen = 0;
    sas_.for_each([&](SaTable::Handle) { ++seen; });
    check(seen == sas_.size() && sas_.larvals() <= seen);
    sas_.begin_dump();
    check(sas_.unseen().size() == seen);
    policies_.begin_dump();
    policies_.end_dump();
    check(policies_.size() == 0);
  }

 private:
  void look_at(const Sa& sa) const {
    for (const Algorithm* algorithm : {&sa.encryption, &sa.authentication, &sa.aead}) {
      check(algorithm->name.text().size() < kMostAlgorithmName);
      if (algorithm->name.empty()) continue;
      const auto* name = reinterpret_cast<const std::byte*>(algorithm->name.text().data());
      check(name >= datagram_.data() && name < datagram_.data() + datagram_.size());
    }
  }

  qm::Bytes datagram_;
  SaTable sas_{1};
  PolicyTable policies_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qm::Bytes datagram = std::as_bytes(std::span(data, size));
  Keeping sink(datagram);
  decode(datagram, sink);
  sink.finish();
  parse_xfrm_stat({reinterpret_cast<const char*>(data), size});
  return 0;
}
