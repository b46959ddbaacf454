// WS-Management at /wsman (and Identify alone at /wsman-anon/identify), as the HTTP server's
// handler: what is published already is answered from; a Pull for events is held until there are
// some or its time is over.
//
// Threads: one, the io_context's. Limits: kMostHeldPulls; those of wsman/service.h.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "serve/http.h"
#include "wmi/snapshot.h"
#include "wsman/service.h"

namespace qm::serve {

// Beyond: a Pull for events that has none is told so at once.
inline constexpr std::size_t kMostHeldPulls = 64;

class Management final : public Handler {
 public:
  // io and snapshots must outlive it.
  Management(boost::asio::io_context& io, std::shared_ptr<const wmi::Repository> repository,
             wmi::Snapshots& snapshots, std::string host, std::string version);
  ~Management() override;

  // From here on these classes.
  void use(std::shared_ptr<const wmi::Repository> repository) {
    repository_ = std::move(repository);
  }

  Asked<std::size_t> admit(const Request& request) override;
  // Who has no role may ask who this is.
  bool serves_strangers(const Request& request) const override;
  std::string_view allowed(const Request& request) const override;
  void handle(const Request& request, Done done) override;

 private:
  struct Wanted {
    std::string_view content_type, body, client;
    bool stranger = false;
    bool patient = true;  // may wait for events
    std::uint64_t began_ns = 0;
  };
  struct Held;
  wsman::Reply ask(const Wanted& asked);
  void hold(std::shared_ptr<Held> held, std::uint64_t again_ms);

  boost::asio::io_context& io_;
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::Snapshots& snapshots_;
  wsman::Service service_;
  std::size_t held_ = 0;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace qm::serve
