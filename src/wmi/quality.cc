#include "wmi/quality.h"

#include <array>

namespace qm::wmi {
namespace {

// By qm_reason.
constexpr std::array<std::string_view, QM_REASON_COUNT> kReasonWords = {
    "none",      "gap",           "flush",    "in-flight", "larvals", "overlap",
    "sole-user", "not-sole-user", "no-probe", "shared-sa", "bypass",  "no-kernel",
    "no-ike",    "not-sampled",   "restart",  "kind"};

}  // namespace

std::string_view quality_word(provider::ItemQuality quality) {
  const char* text = qm_quality_text(static_cast<qm_quality>(quality.quality));
  return text == nullptr ? "unavailable" : text;
}

std::string_view reason_word(provider::ItemQuality quality) {
  return quality.reason < kReasonWords.size() ? kReasonWords[quality.reason] : "none";
}

}  // namespace qm::wmi
