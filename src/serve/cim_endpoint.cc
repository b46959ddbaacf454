#include "serve/cim_endpoint.h"

#include <span>
#include <utility>

#include "base/clock.h"

namespace qm::serve {

CimEndpoint::CimEndpoint(std::shared_ptr<const wmi::Repository> repository,
                         wmi::Snapshots& snapshots, wmi::Enumerations& enumerations,
                         std::string host)
    : responder_(
          std::move(repository),
          [&snapshots](std::span<const wmi::ClassEntry* const> classes) {
            return snapshots.take(classes, now());
          },
          enumerations, std::move(host)) {}

Asked<std::size_t> CimEndpoint::admit(const Request& request) {
  if (request.target.path.size() != 1 || !request.target.parameters.empty()) {
    return refuse(404, "no such path; CIM-XML is at /cimom");
  }
  if (request.verb != Verb::post) return refuse(405, "CIM-XML is asked for by POST");
  return xml::kMostBytes;
}

std::string_view CimEndpoint::allowed(const Request&) const {
  return "POST, M-POST, OPTIONS";
}

std::vector<Field> CimEndpoint::options(const Request&) const {
  return {{"Opt", "http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=77"},
          {"77-CIMProtocolVersion", "1.4"},
          {"77-CIMSupportedFunctionalGroups", "basic-read, association-traversal, query-execution"},
          {"77-CIMSupportsMultipleOperations", ""},
          {"77-CIMSupportedQueryLanguages", "WQL, CQL, DMTF:CQL, DMTF:FQL"},
          {"77-CIMValidation", "loosely-validating"}};
}

void CimEndpoint::handle(const Request& request, Done done) {
  if (request.verb == Verb::get) {
    return done(refusal_answer({405, "CIM-XML is asked for by POST"}));
  }
  cimxml::Ask ask;
  ask.operation = request.cim.operation;
  ask.method = request.cim.method;
  ask.object = request.cim.object;
  ask.batch = request.cim.batch;
  ask.protocol = request.cim.protocol;
  ask.content_type = request.content_type;
  ask.body = request.body;
  ask.mandatory = request.mandatory;
  const std::string client = whose_share(request);
  ask.client = client;
  cimxml::Reply reply = responder_.answer(ask, now().boot_ns / 1'000'000);
  Answer answer{reply.status, reply.content_type, {}};
  answer.take(std::move(reply.body));
  for (auto& [name, value] : reply.fields) answer.fields.push_back({name, std::move(value)});
  done(std::move(answer));
}

}  // namespace qm::serve
