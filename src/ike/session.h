// What a vici client does next, as a state machine: events and a time in, bytes out. Pure.
//
//   down ──connected──▶ registering child-rekey ▶ registering list-sa ▶ ready ⇄ listing SAs
//    ▲                                    any of them │
//    └── closed, garbled, unanswered for 5 s ─────────┘   again after 1 s, 2 s, 4 s … 30 s
//
// One request is under way at a time: vici's answers carry no number.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ike/packet.h"
#include "ike/vici.h"

namespace qm::ike {

class Session {
 public:
  Session(std::string socket_path, Listener listener);

  bool connect_due(Time now) const;  // the driver should try to connect
  void connected(Time now);
  void received(Bytes bytes, Time now);
  // The connection ended, or could not be made. why: for problem().
  void closed(std::string why, Time now);
  void tick(Time now);  // sends what was asked for, gives up what is overdue

  // False: the driver closes its socket, if it still has one.
  bool is_connected() const { return phase_ != Phase::down; }
  std::string_view output() const { return output_; }
  void sent(std::size_t bytes) { output_.erase(0, bytes); }

  bool wants_write() const { return !output_.empty() || sas_wanted_; }
  std::uint64_t due_boot_ns() const;
  bool up() const { return phase_ == Phase::ready && tells_rekeys_; }
  void request_sas();
  bool sas_pending() const { return sas_wanted_ || awaited_ == Request::list_sas; }
  const std::vector<IkeSa>& sas() const { return sas_; }
  std::uint64_t sas_at_boot_ns() const { return sas_at_boot_ns_; }
  const std::string& problem() const { return problem_; }

 private:
  enum class Phase : std::uint8_t { down, registering, ready };
  enum class Request : std::uint8_t { none, register_rekeys, register_sas, list_sas };

  void ask(Request request, Time now);
  Result<bool> on_packet(const Packet& packet, Time now);
  Result<bool> on_registered(bool known, Time now);
  Result<bool> on_event(const Packet& packet, Time now);
  Result<bool> on_listed(const Packet& packet, Time now);

  std::string socket_path_;
  Listener listener_;
  Phase phase_ = Phase::down;
  Request awaited_ = Request::none;
  std::uint64_t deadline_boot_ns_ = 0;  // of what is awaited
  std::uint64_t retry_boot_ns_ = 0;
  std::uint64_t backoff_ns_ = kLeastBackoffNs;
  Framer framer_;
  std::string output_;
  bool tells_rekeys_ = false;
  bool tells_sas_ = false;
  bool sas_wanted_ = false;
  bool too_many_sas_ = false;
  std::vector<IkeSa> incoming_sas_;
  std::vector<IkeSa> sas_;
  std::uint64_t sas_at_boot_ns_ = 0;
  std::string problem_;
};

}  // namespace qm::ike
