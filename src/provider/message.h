// What a provider may say, parsed out of packets that anybody could have sent; and how often. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "provider/page.h"
#include "provider/protocol.h"

namespace qm::provider {

struct Hello {
  std::string driver;  // plain text
};
struct Register {
  std::uint32_t registration = 0;  // the provider's own number, not 0
  ClassInfo info;                  // as said: qm_class_fault has not been asked; no bmof yet
  std::uint32_t bmof_bytes = 0;    // not 0: the second descriptor
};
struct Unregister {
  std::uint32_t registration = 0;
};
struct Refreshed {
  std::uint64_t token = 0;
};
using Message = std::variant<Hello, Register, Unregister, Refreshed>;

// descriptors: how many came along. Error: invalid, with a text for the provider's author.
Result<Message> parse_message(Bytes packet, std::size_t descriptors);

// The errno value that goes with an error to the provider.
int refusal_errno(const Error& error);

// The answers, as packets.
qm_registration_message make_registered(std::uint32_t registration);
qm_refresh_message make_refresh(std::uint64_t token);
qm_refused_message make_refused(std::uint32_t registration, const Error& error);

// At most so many events in each second that begins with an event.
class RateWindow {
 public:
  explicit RateWindow(std::uint32_t most) : most_(most) {}
  bool admit(std::uint64_t now_ms);

 private:
  std::uint32_t most_;
  std::uint32_t count_ = 0;
  std::uint64_t since_ms_ = 0;
};

}  // namespace qm::provider
