// A scan of a tree that answers whatever the fuzzer likes, and the parsers of its text files.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "iscsi/inventory.h"
#include "iscsi/reading.h"
#include "iscsi/records.h"

namespace {

using qm::ErrorCode;
using qm::Result;

// Each access takes the next bytes of the input: a path that is read twice may differ.
class FuzzTree : public qm::iscsi::FileTree {
 public:
  explicit FuzzTree(std::string_view input) : rest_(input) {}

  Result<std::string> read(const std::string&) const override { return text(); }
  Result<std::string> read_large(const std::string&, std::size_t) const override { return text(); }

  Result<std::vector<std::string>> list(const std::string&) const override {
    static constexpr std::array<std::string_view, 12> kNames = {
        "session1", "session2", "connection1:0", "connection2:1", "host2", "target2:0:0",
        "2:0:0:0",  "sda",      "sda1",          "dm-0",          "tcp",   "default"};
    if (const auto error = fault()) return qm::fail(*error, "list");
    std::vector<std::string> names;
    for (unsigned count = take() % 6; count > 0; --count) {
      const unsigned choice = take();
      if (choice < kNames.size()) {
        names.emplace_back(kNames[choice]);
      } else {
        names.push_back(text().value_or("x"));
      }
    }
    return names;
  }

  Result<std::string> link_target(const std::string& path) const override {
    if (const auto error = fault()) return qm::fail(*error, "link");
    switch (take() % 4) {
      case 0:
        return "/sys/devices/platform/host2/session1";
      case 1:
        return "/sys/devices/pci0000:00/0000:3b:00.0/host2";
      case 2:
        return path;
      default:
        return text();
    }
  }

 private:
  unsigned take() const {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  // An empty input gives not_found for ever, so that every scan ends.
  std::optional<ErrorCode> fault() const {
    if (rest_.empty()) return ErrorCode::not_found;
    const unsigned kind = take();
    return kind < 8 ? std::optional(static_cast<ErrorCode>(kind)) : std::nullopt;
  }

  Result<std::string> text() const {
    if (const auto error = fault()) return qm::fail(*error, "read \x1b");
    const std::size_t size = std::min<std::size_t>(take(), rest_.size());
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return taken;
  }

  mutable std::string_view rest_;
};

void check(bool promise) {
  if (!promise) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const FuzzTree tree(input);
  qm::iscsi::Scanner scanner(tree);
  for (int i = 0; i < 2; ++i) {
    const qm::iscsi::Inventory inventory = scanner.scan();
    check(inventory.problems.size() <= qm::iscsi::kMostProblems);
    for (const auto& adapter : inventory.adapters) {
      check(!adapter.key.empty() && qm::is_plain_text(adapter.device_name));
      check(adapter.device_name.size() <= qm::iscsi::kMostDeviceNameBytes);
    }
  }
  qm::iscsi::parse_iface_record(input);
  qm::iscsi::parse_initiator_name(input);
  qm::iscsi::parse_swaps(input);
  check(qm::iscsi::decode_octal(input).size() <= input.size());
  check(qm::iscsi::parse_mountinfo(input).size() <= qm::iscsi::kMostMountEntries);
  qm::iscsi::concerns_iscsi(input);
  return 0;
}
