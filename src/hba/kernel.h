// The kernel's XFRM as the engine's source (kernel_linux.cc): syncs, events, readings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "hba/engine.h"
#include "xfrm/connections.h"
#include "xfrm/probe.h"
#include "xfrm/socket.h"

namespace qm::hba {

class Kernel {
 public:
  // probes: attached already; null: none. most_event_bytes: how large the buffer for events gets.
  Kernel(Engine& engine, std::unique_ptr<xfrm::ProbeSource> probes,
         int most_event_bytes = xfrm::kMostEventBufferBytes);

  // Opens the sockets and syncs. unsupported: no XFRM (retry later); denied: no CAP_NET_ADMIN.
  Result<void> open();
  bool is_open() const { return events_.has_value(); }
  // -1: there is none, or it gives nothing but errors until the next refresh.
  int event_fd() const { return events_ && broken_.empty() ? events_->fd() : -1; }
  // Applies what has arrived; a loss leads to a new sync, at the next refresh at the latest.
  void drain();
  // Brings the engine's SAs up to date: sync when one is due, then GETSA of those that count.
  void refresh();
  void read_sas();

 private:
  bool sync();
  bool try_sync();
  void drain_all(bool& overrun);
  void reopen();
  void read_finals();
  void read_probes();
  Result<void> read_those(const std::vector<xfrm::SaId>& ids, std::vector<xfrm::SaId>& missing);
  bool open_connections();
  void read_session_connections();
  // While SAs are shared.
  void prepare_connections();
  void read_connections();
  void read_shared_again();

  Engine& engine_;
  std::unique_ptr<xfrm::ProbeSource> probes_;
  int most_event_bytes_;
  std::optional<xfrm::EventSocket> events_;
  std::optional<xfrm::RequestSocket> requests_;
  std::optional<xfrm::ConnectionSocket> connections_;
  bool sync_due_ = false;
  std::string broken_;  // the event socket's error; empty: it is sound
};

}  // namespace qm::hba
