// A vici client that hears whatever the fuzzer likes, in pieces; and the parsers alone.
#include <cstdint>
#include <span>

#include "ike/packet.h"
#include "ike/session.h"
#include "ike/vici.h"

namespace {

void check(bool promise) {
  if (!promise) __builtin_trap();
}

// The first byte says how large the pieces are that arrive.
void hear(qm::Bytes input) {
  std::size_t told = 0;
  qm::ike::Session session("/run/charon.vici",
                           {.on_child_rekey = [&](const qm::ike::ChildRekey&) { ++told; },
                            .on_state = [&](bool) { ++told; }});
  qm::Time now{.boot_ns = 1, .filetime_100ns = 0};
  session.connected(now);
  const std::size_t step = 1 + static_cast<std::size_t>(input.empty() ? std::byte{0} : input[0]);
  for (std::size_t at = 1; at < input.size(); at += step) {
    session.received(input.subspan(at, std::min(step, input.size() - at)), now);
    session.request_sas();
    session.tick(now);
    session.sent(session.output().size());
    check(session.sas().size() <= qm::ike::kMostIkeSas);
    check(session.is_connected() || !session.problem().empty());
    if (!session.is_connected()) session.connected(now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qm::Bytes input = std::as_bytes(std::span(data, size));
  hear(input);
  if (const auto packet = qm::ike::parse_packet(input)) {
    check(packet->name.size() + packet->message.size() < input.size());
  }
  if (const auto message = qm::ike::parse_message(input)) {
    qm::ike::read_child_rekeys(*message);
    for (const auto& [name, section] : message->sections) qm::ike::read_ike_sa(name, section);
  }
  return 0;
}
