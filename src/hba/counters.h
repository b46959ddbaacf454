// The 18 counters of MSiSCSI_QMIPSECStats as the ledger keeps them, and how good each is. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quickmode/provider.h"

namespace qm::hba {

inline constexpr std::size_t kCounters = 18;

// WmiDataId of each; the class itself (mof/iscsiprf.mof) is the definition.
enum CounterId : std::uint8_t {
  kActiveSa = 1,
  kPendingKeyOperations,
  kKeyAdditions,
  kKeyDeletions,
  kReKeys,
  kActiveTunnels,
  kBadSpiPackets,
  kPacketsNotDecrypted,
  kPacketsNotAuthenticated,
  kPacketsWithReplayDetection,
  kConfidentialBytesSent,
  kConfidentialBytesReceived,
  kAuthenticatedBytesSent,
  kAuthenticatedBytesReceived,
  kTransportBytesSent,
  kTransportBytesReceived,
  kTunnelBytesSent,
  kTunnelBytesReceived,
};

struct Quality {
  qm_quality quality = QM_EXACT;
  qm_reason reason = QM_REASON_NONE;
  friend bool operator==(const Quality&, const Quality&) = default;

  // The worse of the two stands; of two equally bad the first said.
  void worsen(qm_quality other, qm_reason why) {
    if (other > quality) *this = {other, why};
  }
};

// A value for each counter, by WmiDataId.
class Totals {
 public:
  std::uint64_t& operator[](CounterId id) { return values_[id - 1U]; }
  std::uint64_t operator[](CounterId id) const { return values_[id - 1U]; }
  std::uint64_t at(std::size_t index) const { return values_[index]; }  // WmiDataId - 1
  std::uint64_t& at(std::size_t index) { return values_[index]; }
  Totals& operator+=(const Totals& other) {
    for (std::size_t i = 0; i < kCounters; ++i) values_[i] += other.values_[i];
    return *this;
  }
  // Modulo 2^64: a part of a sum may be less than nothing, as long as the sum is not.
  Totals& operator-=(const Totals& other) {
    for (std::size_t i = 0; i < kCounters; ++i) values_[i] -= other.values_[i];
    return *this;
  }
  friend bool operator==(const Totals&, const Totals&) = default;

 private:
  std::array<std::uint64_t, kCounters> values_{};
};

using Qualities = std::array<Quality, kCounters>;  // by WmiDataId - 1

constexpr bool is_gauge(CounterId id) {
  return id == kActiveSa || id == kPendingKeyOperations || id == kActiveTunnels;
}

}  // namespace qm::hba
