// The whole service: repository, provider registry, snapshots, API and HTTP server on one event
// loop.
//
// Over TLS, and wherever the configuration says so, a login is asked for (login/access.h).
//
// Promise: start() either serves or says in one sentence why not, having left nothing behind;
// destruction removes the sockets. It never writes to a provider's memory and holds no state that
// a restart would lose: providers come back by themselves. Threads: the one that calls run();
// stop() may be called from any; passwords
// are checked beside it (login/checker.h). Limits: of each part.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/config.h"
#include "serve/host.h"
#include "serve/http.h"
#include "serve/log.h"
#include "serve/refresher.h"

namespace qm::serve {

struct ServiceLimits {
  HttpLimits http;
  std::chrono::milliseconds refresh = kRefreshDeadline;
};

class Service {
 public:
  // Errors: state (another one runs there), denied, io, invalid (configuration).
  static Result<std::unique_ptr<Service>> start(const Config& config, Log::Sink log,
                                                ServiceLimits limits = {});
  virtual ~Service() = default;

  virtual const std::vector<Listener>& listeners() const = 0;  // with the ports that were picked
  virtual const std::string& query_socket() const = 0;         // its path
  // SIGTERM and SIGINT end run(), SIGHUP takes the certificate anew.
  virtual void stop_on_signals() = 0;
  virtual void run() = 0;  // until stopped
  virtual void stop() = 0;
};

}  // namespace qm::serve
