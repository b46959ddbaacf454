#include <algorithm>
#include <array>
#include <charconv>

#include "ike/vici.h"

namespace qm::ike {
namespace {

// task_type_names of strongSwan's src/libcharon/sa/task.c (5.0 to 6.0): of IKE_INIT, IKE_NATD,
// IKE_MOBIKE, IKE_AUTH, IKE_AUTH_LIFETIME, IKE_CERT_PRE, IKE_CERT_POST, IKE_CONFIG, IKE_REKEY,
// IKE_REAUTH, IKE_REAUTH_COMPLETE, IKE_REDIRECT, IKE_VERIFY_PEER_CERT, IKE_MID_SYNC, IKE_DELETE,
// IKE_DPD, IKE_VENDOR, IKE_ME, CHILD_CREATE, CHILD_DELETE, CHILD_REKEY, MAIN_MODE,
// AGGRESSIVE_MODE, INFORMATIONAL, ISAKMP_DELETE, XAUTH, MODE_CONFIG, QUICK_MODE, QUICK_DELETE,
// ISAKMP_VENDOR, ISAKMP_NATD, ISAKMP_DPD, ISAKMP_CERT_PRE, ISAKMP_CERT_POST those that make keys
// for IPsec. CHILD_REKEY holds its CHILD_CREATE inside, QUICK_MODE is the same for a first key and
// a rekey: each is one operation.
constexpr std::array<std::string_view, 3> kKeyTasks = {"CHILD_CREATE", "CHILD_REKEY", "QUICK_MODE"};
constexpr std::array<std::string_view, 3> kTaskQueues = {"tasks-queued", "tasks-active",
                                                         "tasks-passive"};

constexpr std::uint8_t kEsp = 50;  // IANA protocol numbers
constexpr std::uint8_t kAh = 51;

// 0 where there is no such value, or it is no number.
std::uint32_t number(const Section& section, std::string_view key, int base) {
  const std::string* text = section.value(key);
  std::uint32_t value = 0;
  if (text == nullptr) return 0;
  const char* end = text->data() + text->size();
  const auto result = std::from_chars(text->data(), end, value, base);
  return result.ec == std::errc{} && result.ptr == end ? value : 0;
}

// No family where the daemon knows none yet: it says %any or %any6.
Address address(const Section& section, std::string_view key) {
  const std::string* text = section.value(key);
  if (text == nullptr) return {};
  auto parsed = Address::parse(*text);
  return parsed ? *parsed : Address{};
}

std::uint8_t protocol(const Section& child) {
  const std::string* name = child.value("protocol");
  if (name == nullptr) return 0;
  if (*name == "ESP") return kEsp;
  return *name == "AH" ? kAh : std::uint8_t{0};
}

}  // namespace

IkeSa read_ike_sa(const std::string& name, const Section& section) {
  IkeSa sa;
  sa.name = name;
  sa.unique_id = number(section, "uniqueid", 10);
  sa.local = address(section, "local-host");
  sa.remote = address(section, "remote-host");
  for (const std::string_view queue : kTaskQueues) {
    const std::vector<std::string>* tasks = section.list(queue);
    if (tasks == nullptr) continue;
    for (const std::string& task : *tasks) {
      if (std::ranges::find(kKeyTasks, task) != kKeyTasks.end()) ++sa.pending_operations;
    }
  }
  return sa;
}

std::vector<ChildRekey> read_child_rekeys(const Section& event) {
  std::vector<ChildRekey> rekeys;
  for (const auto& [ike_name, ike] : event.sections) {
    const Section* children = ike.section("child-sas");
    if (children == nullptr) continue;
    for (const auto& [child_name, child] : children->sections) {
      const Section* renewed = child.section("new");
      if (renewed == nullptr) continue;
      ChildRekey rekey;
      rekey.local = address(ike, "local-host");
      rekey.remote = address(ike, "remote-host");
      rekey.reqid = number(*renewed, "reqid", 10);
      rekey.proto = protocol(*renewed);
      rekey.new_spi_in = number(*renewed, "spi-in", 16);
      rekey.new_spi_out = number(*renewed, "spi-out", 16);
      if (const Section* old = child.section("old")) {
        // An old SA that is being deleted has no SPIs any more (vici_query.c list_child).
        rekey.old_spi_in = number(*old, "spi-in", 16);
        rekey.old_spi_out = number(*old, "spi-out", 16);
        if (rekey.reqid == 0) rekey.reqid = number(*old, "reqid", 10);
        if (rekey.proto == 0) rekey.proto = protocol(*old);
      }
      rekeys.push_back(rekey);
    }
  }
  return rekeys;
}

}  // namespace qm::ike
