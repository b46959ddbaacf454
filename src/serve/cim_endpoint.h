// /cimom: CIM-XML (docs/cim-xml.md) as the HTTP server's handler. Values are those that providers
// published last: nobody is asked for fresh ones and nobody is waited for.
// Threads: one, the io_context's. Limits: cimxml/responder.h's.
#pragma once

#include <memory>
#include <string>

#include "cimxml/responder.h"
#include "serve/http.h"
#include "wmi/enumerations.h"
#include "wmi/snapshot.h"

namespace qm::serve {

class CimEndpoint final : public Handler {
 public:
  // snapshots and enumerations must outlive it. host: what this host is called in paths.
  CimEndpoint(std::shared_ptr<const wmi::Repository> repository, wmi::Snapshots& snapshots,
              wmi::Enumerations& enumerations, std::string host);

  Asked<std::size_t> admit(const Request& request) override;
  std::string_view allowed(const Request& request) const override;
  // What this server can do (DSP0200 7.5.2).
  std::vector<Field> options(const Request& request) const override;
  void handle(const Request& request, Done done) override;
  // From here on these classes.
  void use(std::shared_ptr<const wmi::Repository> repository) {
    responder_.use(std::move(repository));
  }

 private:
  cimxml::Responder responder_;
};

}  // namespace qm::serve
