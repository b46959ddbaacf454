// What TCP connections do, and what of it the SAs see.
#include "sim/sockets.h"

#include <algorithm>

#include "sim/world.h"
#include "support/diag_messages.h"

namespace qm::sim {
namespace {

constexpr std::uint64_t kHeaderBytes = 20, kTimestampBytes = 12, kSynBytes = 40;
constexpr std::uint32_t kMostPayloadBytes = 1448;
constexpr std::size_t kMostSockets = 12;

std::uint64_t header_of(const Socket& socket) {
  return kHeaderBytes + (socket.tcp.timestamps ? kTimestampBytes : 0);
}

std::uint64_t syn_ack_bytes(const xfrm::TcpConnection& tcp) {
  return kHeaderBytes +
         (tcp.timestamps ? kTimestampBytes
          : tcp.sack     ? 4
                         : 0) +
         (tcp.window_scale ? 4 : 0) + (tcp.send_mss > 536 ? 4 : 0);
}

}  // namespace

Socket* World::find_socket(std::uint64_t cookie) {
  const auto found = std::ranges::find_if(
      sockets_, [&](const Socket& each) { return each.tcp.cookie == cookie && each.open; });
  return found == sockets_.end() ? nullptr : &*found;
}

std::vector<Socket*> World::sockets_of(int lane) {
  std::vector<Socket*> found;
  for (Socket& each : sockets_) {
    if (each.open && each.lane == lane) found.push_back(&each);
  }
  return found;
}

std::uint64_t World::inner_header(const Socket& socket) const {
  const Lane& lane = lanes_[static_cast<std::size_t>(socket.lane)];
  if (lane.layers.front().mode != xfrm::Mode::tunnel) return 0;
  return lane.local.family == Family::v6 ? 40 : 20;
}

const Session* World::session_of(const Socket& socket) const {
  const auto found = std::ranges::find(sessions_, socket.sid, &Session::sid);
  return found == sessions_.end() || socket.sid == 0 ? nullptr : &*found;
}

// On an SA of each layer; bytes: as the innermost counts them.
void World::carry_segments(const Socket& socket, const Generation& generation, std::uint64_t bytes,
                           std::uint32_t segments) {
  const Session* by = session_of(socket);
  for (const std::uint32_t track : generation) {
    const std::size_t out = truth_.at(track).out ? 1 : 0;
    const bool seen =
        by != nullptr && by->seen[out] && by->current[out] && by->seen_cookie == socket.tcp.cookie;
    carry(track, bytes, segments, socket.adapter, seen);
    bytes += segments * std::uint64_t{24};  // the inner packet's own header
  }
}

// Whether what it moves is on no SA; then it is remembered.
bool World::in_the_clear(const Socket& socket, bool out) {
  if (lane_at(socket.lane).policy[out ? 1 : 0] && !socket.passes_by) return false;
  cleared_.insert(socket.tcp.cookie);
  return true;
}

World::Path World::path_of(std::uint32_t sid) const {
  Path path;
  const auto session = std::ranges::find(sessions_, sid, &Session::sid);
  if (session == sessions_.end()) return path;
  const Lane& lane = lanes_[static_cast<std::size_t>(session->lane)];
  path.cookie = session->listed;
  path.in_policy = lane.policy[0];
  path.carried = lane.carried;
  path.changes = lane.changes;
  for (const Session& each : sessions_) {
    if (each.lane != session->lane) continue;
    path.connections.insert({each.listed, each.shown_cookie, each.seen_cookie});
  }
  path.cleared = std::ranges::any_of(
      path.connections, [&](std::uint64_t cookie) { return cleared_.contains(cookie); });
  const auto socket =
      std::ranges::find(sockets_, path.cookie, [](const Socket& each) { return each.tcp.cookie; });
  path.passes_by = socket != sockets_.end() && socket->passes_by;
  return path;
}

// TCP counts first; then IPsec may have no SA, and a firewall no mercy.
bool World::send(Socket& socket, std::uint32_t segments, std::uint64_t payload_bytes,
                 std::uint64_t header_bytes) {
  socket.tcp.counters.out_segments += segments;
  socket.tcp.counters.sent_bytes += payload_bytes;
  Lane& lane = lane_at(socket.lane);
  const std::uint64_t bytes = payload_bytes + segments * (header_bytes + inner_header(socket));
  if (in_the_clear(socket, true)) return true;
  if (random_.chance(20)) {
    say("{} segments of {} are dropped", segments, socket.tcp.local.port);
    return false;
  }
  if (lane.outs.empty()) {
    const bool held = holding_ && random_.chance(700);
    say("{} segments of {} are {}", segments, socket.tcp.local.port, held ? "held" : "refused");
    if (held) held_.push_back({socket.tcp.cookie, segments, payload_bytes, bytes});
    return false;
  }
  if (random_.chance(50)) {  // on another processor, not quite there
    leaving_.push_back({socket.tcp.cookie, segments, payload_bytes, bytes});
    return true;
  }
  carry_segments(socket, lane.outs.back(), bytes, segments);
  return true;
}

// The SA counts first; then a firewall may drop, or the socket is busy.
bool World::receive(Socket& socket, std::uint32_t segments, std::uint64_t payload_bytes,
                    std::uint64_t header_bytes) {
  Lane& lane = lane_at(socket.lane);
  if (!in_the_clear(socket, false)) {
    if (lane.ins.empty()) return false;
    const Generation& generation =
        lane.ins[random_.below(static_cast<std::uint32_t>(lane.ins.size()))];
    carry_segments(socket, generation,
                   payload_bytes + segments * (header_bytes + inner_header(socket)), segments);
    if (random_.chance(10)) return false;  // it gets lost on this side
  }
  if (random_.chance(50)) {
    arriving_.push_back({socket.tcp.cookie, segments, payload_bytes, 0});
  } else {
    socket.tcp.counters.in_segments += segments;
    socket.tcp.counters.received_bytes += payload_bytes;
  }
  return true;
}

// What is between TCP and the SAs arrives at the other end.
void World::settle_under_way() {
  for (const UnderWay& each : std::exchange(arriving_, {})) {
    Socket* socket = find_socket(each.cookie);
    if (socket == nullptr) continue;
    socket->tcp.counters.in_segments += each.segments;
    socket->tcp.counters.received_bytes += each.payload_bytes;
  }
  for (const UnderWay& each : std::exchange(leaving_, {})) {
    if (put_on_sa(each)) continue;
    Socket* socket = find_socket(each.cookie);
    if (socket == nullptr) continue;
    const std::uint64_t lost = std::min(each.payload_bytes, socket->unacked_bytes);
    socket->unacked_bytes -= lost;
    socket->lost_bytes += lost;
  }
}

bool World::put_on_sa(const UnderWay& segments) {
  const auto socket = std::ranges::find_if(
      sockets_, [&](const Socket& each) { return each.tcp.cookie == segments.cookie; });
  if (socket == sockets_.end()) return false;
  const Lane& lane = lane_at(socket->lane);
  if (lane.outs.empty()) return false;
  carry_segments(*socket, lane.outs.back(), segments.bytes, segments.segments);
  return true;
}

// Packets that waited for an SA.
void World::release_held(int lane) {
  if (held_.empty() || lane_at(lane).outs.empty() || random_.chance(300)) return;
  for (const UnderWay& each : std::exchange(held_, {})) {
    const Socket* socket = find_socket(each.cookie);
    if (socket == nullptr || socket->lane != lane) {
      if (socket != nullptr) held_.push_back(each);
      continue;
    }
    put_on_sa(each);
  }
}

// ---- a connection's life

std::uint64_t World::open_socket(int lane, int adapter, std::uint32_t sid) {
  // Without a sound of those that are gone.
  if (sockets_.size() >= kMostSockets) {
    std::erase_if(sockets_, [](const Socket& each) { return !each.open; });
  }
  Socket socket;
  socket.lane = lane;
  socket.adapter = adapter;
  socket.sid = sid;
  socket.passes_by = sid != 0 && lane_at(lane).passed_by != kNone && random_.chance(500);
  xfrm::TcpConnection& tcp = socket.tcp;
  tcp.cookie = ++last_cookie_;
  tcp.local = {lane_at(lane).local, static_cast<std::uint16_t>(40'000 + last_cookie_)};
  tcp.remote = {lane_at(lane).remote, 3260};
  tcp.state = xfrm::TcpState::syn_sent;
  tcp.counted = true;
  tcp.send_mss = random_.chance(900) ? kMostPayloadBytes : 536;
  // Some have been counting for long when the collector comes.
  if (!kernel_.listening() && random_.chance(500)) {
    tcp.counters.in_segments = tcp.counters.out_segments = 0xffff'ff00;
  }
  sockets_.push_back(socket);
  say("connection {} of {} on lane {}", tcp.local.port, adapter, lane);
  connect(sockets_.back());
  return tcp.cookie;
}

void World::connect(Socket& socket) {
  xfrm::TcpConnection& tcp = socket.tcp;
  if (!send(socket, 1, 0, kSynBytes)) return;
  tcp.timestamps = random_.chance(850);
  tcp.sack = random_.chance(900);
  tcp.window_scale = random_.chance(900);
  const bool answered = receive(socket, 1, 0, syn_ack_bytes(tcp));
  settle_under_way();
  if (!answered) {
    tcp.timestamps = tcp.sack = tcp.window_scale = false;
    return;
  }
  tcp.state = xfrm::TcpState::established;
  tcp.counters.acked_bytes = 1;
  send(socket, 1, 0, header_of(socket));
  touch(socket);
}

void World::touch(Socket& socket) {
  socket.sent_ns = socket.received_ns = socket.acked_ns = kernel_.now().boot_ns;
}

void World::tell_closed(const Socket& socket, xfrm::ClosedConnection::Cause cause) {
  xfrm::ClosedConnection closed;
  closed.connection = socket.tcp;
  closed.connection.data_sent_ms = closed.connection.data_received_ms = 0;
  closed.connection.ack_received_ms = 0;
  if (cause == xfrm::ClosedConnection::Cause::destroyed) {
    closed.connection.state = xfrm::TcpState::close;
  }
  closed.cause = cause;
  kernel_.tell_closed(closed);
}

// As iscsid closes, with a reset; or the peer resets it.
void World::close_socket(Socket& socket) {
  using Cause = xfrm::ClosedConnection::Cause;
  const bool by_peer = random_.chance(200) && socket.tcp.state == xfrm::TcpState::established;
  if (by_peer) {
    receive(socket, 1, 0, random_.chance(500) ? header_of(socket) : kHeaderBytes);
    settle_under_way();
    tell_closed(socket, Cause::destroyed);
  } else if (socket.tcp.state == xfrm::TcpState::syn_sent) {
    settle_under_way();
    tell_closed(socket, Cause::disconnect);
  } else {
    settle_under_way();
    tell_closed(socket, Cause::disconnect);
    send(socket, 1, 0, header_of(socket));
    tell_closed(socket, Cause::reset_sent);
  }
  socket.open = false;
  say("connection {} is closed{}", socket.tcp.local.port, by_peer ? " by its peer" : "");
}

void World::act_on_socket(Socket& socket) {
  xfrm::TcpConnection& tcp = socket.tcp;
  if (tcp.state == xfrm::TcpState::syn_sent) {
    connect(socket);
    return;
  }
  const std::uint64_t now_ns = kernel_.now().boot_ns;
  const std::uint64_t header = header_of(socket);
  const std::uint32_t segments = random_.between(1, 20);
  const std::uint32_t what = random_.below(100);
  if (what < 30) {
    const std::uint64_t payload = segments * std::uint64_t{random_.between(1, kMostPayloadBytes)};
    (send(socket, segments, payload, header) ? socket.unacked_bytes : socket.lost_bytes) += payload;
    socket.sent_ns = now_ns;
  } else if (what < 60) {
    if (tcp.state == xfrm::TcpState::close_wait) return;
    receive(socket, segments, segments * std::uint64_t{random_.between(1, kMostPayloadBytes)},
            header);
    socket.received_ns = socket.acked_ns = now_ns;
    send(socket, (segments + 1) / 2, 0, header);  // it acknowledges
  } else if (what < 80) {
    settle_under_way();
    if (!receive(socket, 1, 0, header)) return;  // the peer acknowledges
    tcp.counters.acked_bytes += std::exchange(socket.unacked_bytes, 0);
    socket.acked_ns = now_ns;
  } else if (what < 88) {
    if (socket.lost_bytes == 0) return;
    const std::uint64_t again = socket.lost_bytes;
    tcp.counters.retransmitted_bytes += again;
    socket.sent_ns = now_ns;
    const auto many = static_cast<std::uint32_t>(again / kMostPayloadBytes + 1);
    if (!send(socket, many, again, header)) return;
    socket.lost_bytes = 0;
    socket.unacked_bytes += again;
  } else if (what < 94) {
    // Something twice: the SA and in_segments count it, the received bytes do not.
    const std::uint64_t payload = random_.between(1, kMostPayloadBytes);
    const std::uint64_t before = tcp.counters.received_bytes;
    const std::size_t waiting = arriving_.size();
    receive(socket, 1, payload, header);
    tcp.counters.received_bytes = before;
    if (arriving_.size() > waiting) arriving_.back().payload_bytes = 0;
    socket.acked_ns = now_ns;
    send(socket, 1, 0, header + (tcp.sack ? 12 : 0));
  } else if (what < 96 && tcp.state == xfrm::TcpState::established) {
    if (!receive(socket, 1, 0, header)) return;  // a FIN
    settle_under_way();
    tcp.state = xfrm::TcpState::close_wait;
    tcp.fin_received = true;
    ++tcp.counters.received_bytes;
    socket.acked_ns = now_ns;
    send(socket, 1, 0, header);
  }
}

// Discovery, and others that sysfs never shows: some live for less than a reading takes to come.
void World::stranger_connects() {
  const auto strangers = std::ranges::count_if(
      sockets_, [](const Socket& each) { return each.open && each.adapter == kNone; });
  if (strangers >= 2) {
    const auto first = std::ranges::find_if(
        sockets_, [](const Socket& each) { return each.open && each.adapter == kNone; });
    close_socket(*first);
    return;
  }
  const std::uint64_t cookie = open_socket(any_lane(), kNone, 0);
  for (std::uint32_t i = random_.below(6); i > 0; --i) {
    if (Socket* socket = find_socket(cookie)) act_on_socket(*socket);
  }
  if (random_.chance(500)) {
    if (Socket* socket = find_socket(cookie)) close_socket(*socket);
  }
}

// ---- what sock_diag says

std::vector<std::uint64_t> World::socket_list() const {
  std::vector<std::uint64_t> cookies;
  for (const Socket& each : sockets_) {
    if (each.open) cookies.push_back(each.tcp.cookie);
  }
  return cookies;
}

// Nothing: it has gone meanwhile.
test::Message World::diag_row(std::uint64_t cookie, std::uint32_t seq) {
  const Socket* socket = find_socket(cookie);
  if (socket == nullptr) return {};
  xfrm::TcpConnection row = socket->tcp;
  const auto ago = [&](std::uint64_t then_ns) {
    return static_cast<std::uint32_t>((kernel_.now().boot_ns - then_ns) / 1'000'000);
  };
  row.data_sent_ms = ago(socket->sent_ns);
  row.data_received_ms = ago(socket->received_ns);
  row.ack_received_ms = ago(socket->acked_ns);
  return test::diag_row(row, seq);
}

}  // namespace qm::sim
