#include "ike/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace qm::ike {

Session::Session(std::string socket_path, Listener listener)
    : socket_path_(std::move(socket_path)),
      listener_(std::move(listener)),
      problem_(fmt::format("not connected yet to the IKE daemon at {}", plain_text(socket_path_))) {
}

bool Session::connect_due(Time now) const {
  return phase_ == Phase::down && now.boot_ns >= retry_boot_ns_;
}

void Session::connected(Time now) {
  phase_ = Phase::registering;
  problem_ = fmt::format("waiting for the IKE daemon at {}", plain_text(socket_path_));
  ask(Request::register_rekeys, now);
}

void Session::closed(std::string why, Time now) {
  const bool was_up = up();
  phase_ = Phase::down;
  awaited_ = Request::none;
  retry_boot_ns_ = now.boot_ns + backoff_ns_;
  backoff_ns_ = std::min(backoff_ns_ * 2, kMostBackoffNs);
  framer_.clear();
  output_.clear();
  tells_rekeys_ = tells_sas_ = sas_wanted_ = false;
  incoming_sas_.clear();
  sas_.clear();
  sas_at_boot_ns_ = 0;
  problem_ = std::move(why);
  if (was_up && listener_.on_state) listener_.on_state(false);
}

void Session::tick(Time now) {
  if (awaited_ != Request::none && now.boot_ns >= deadline_boot_ns_) {
    closed(fmt::format("the IKE daemon at {} did not answer within {} s", plain_text(socket_path_),
                       kRequestTimeoutNs / 1'000'000'000),
           now);
  }
  if (sas_wanted_ && phase_ == Phase::ready && awaited_ == Request::none) {
    sas_wanted_ = false;
    ask(Request::list_sas, now);
  }
}

std::uint64_t Session::due_boot_ns() const {
  if (phase_ == Phase::down) return retry_boot_ns_;
  return awaited_ == Request::none ? std::numeric_limits<std::uint64_t>::max() : deadline_boot_ns_;
}

void Session::request_sas() {
  if (phase_ == Phase::ready && tells_sas_ && !sas_pending()) sas_wanted_ = true;
}

void Session::ask(Request request, Time now) {
  awaited_ = request;
  deadline_boot_ns_ = now.boot_ns + kRequestTimeoutNs;
  switch (request) {
    case Request::none:
      break;
    case Request::register_rekeys:
      output_ += packet_bytes(PacketType::event_register, "child-rekey");
      break;
    case Request::register_sas:
      output_ += packet_bytes(PacketType::event_register, "list-sa");
      break;
    case Request::list_sas:
      // Without "noblock": that would skip IKE SAs in use, just the busy ones (facts §7).
      incoming_sas_.clear();
      too_many_sas_ = false;
      output_ += packet_bytes(PacketType::cmd_request, "list-sas");
      break;
  }
}

void Session::received(Bytes bytes, Time now) {
  if (phase_ == Phase::down) return;
  framer_.add(bytes);
  const auto garbled = [&](const Error& error) {
    closed(fmt::format("what answers at {} does not speak vici: {}", plain_text(socket_path_),
                       plain_text(error.message)),
           now);
  };
  while (phase_ != Phase::down) {
    auto body = framer_.next();
    if (!body) return garbled(body.error());
    if (!*body) return;
    auto packet = parse_packet(**body);
    if (!packet) return garbled(packet.error());
    auto handled = on_packet(*packet, now);
    if (!handled) return garbled(handled.error());
  }
}

Result<bool> Session::on_packet(const Packet& packet, Time now) {
  switch (packet.type) {
    case PacketType::event:
      return on_event(packet, now);
    case PacketType::event_confirm:
      return on_registered(true, now);
    case PacketType::event_unknown:
      return on_registered(false, now);
    case PacketType::cmd_response:
    case PacketType::cmd_unknown:
      return on_listed(packet, now);
    case PacketType::cmd_request:
    case PacketType::event_register:
    case PacketType::event_unregister:
      break;
  }
  return fail(ErrorCode::invalid, "a packet that only a client may send");
}

Result<bool> Session::on_registered(bool known, Time now) {
  if (awaited_ == Request::register_rekeys) {
    tells_rekeys_ = known;
    ask(Request::register_sas, now);
    return true;
  }
  if (awaited_ != Request::register_sas) {
    return fail(ErrorCode::invalid, "an answer to a registration that nobody asked for");
  }
  tells_sas_ = known;
  awaited_ = Request::none;
  phase_ = Phase::ready;
  backoff_ns_ = kLeastBackoffNs;
  problem_.clear();
  if (!tells_rekeys_) {
    problem_ =
        fmt::format("the IKE daemon at {} does not tell of rekeys: it knows no child-rekey event",
                    plain_text(socket_path_));
  } else if (!tells_sas_) {
    problem_ = fmt::format("the IKE daemon at {} does not list its SAs", plain_text(socket_path_));
  }
  if (up() && listener_.on_state) listener_.on_state(true);
  return true;
}

Result<bool> Session::on_event(const Packet& packet, Time now) {
  if (packet.name == "child-rekey") {
    const Section event = TRY(parse_message(packet.message));
    for (const ChildRekey& rekey : read_child_rekeys(event)) {
      if (listener_.on_child_rekey) listener_.on_child_rekey(rekey);
    }
  } else if (packet.name == "list-sa" && awaited_ == Request::list_sas) {
    const Section event = TRY(parse_message(packet.message));
    deadline_boot_ns_ = now.boot_ns + kRequestTimeoutNs;  // a long answer that still moves
    for (const auto& [name, section] : event.sections) {
      too_many_sas_ = too_many_sas_ || incoming_sas_.size() == kMostIkeSas;
      if (!too_many_sas_) incoming_sas_.push_back(read_ike_sa(name, section));
    }
  }
  return true;  // other events are none of ours, and no harm
}

Result<bool> Session::on_listed(const Packet& packet, Time now) {
  if (awaited_ != Request::list_sas) {
    return fail(ErrorCode::invalid, "an answer to a command that nobody gave");
  }
  awaited_ = Request::none;
  if (packet.type == PacketType::cmd_unknown) {
    tells_sas_ = false;
    problem_ = fmt::format("the IKE daemon at {} does not list its SAs", plain_text(socket_path_));
    return true;
  }
  TRY(parse_message(packet.message));
  if (too_many_sas_) {
    problem_ = fmt::format("the IKE daemon at {} has more than {} IKE SAs: too many to read",
                           plain_text(socket_path_), kMostIkeSas);
    sas_.clear();
    sas_at_boot_ns_ = 0;
  } else {
    if (up()) problem_.clear();
    sas_ = std::move(incoming_sas_);
    sas_at_boot_ns_ = now.boot_ns;
  }
  incoming_sas_.clear();
  return true;
}

}  // namespace qm::ike
