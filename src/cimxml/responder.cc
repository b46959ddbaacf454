#include "cimxml/responder.h"

#include <fmt/format.h>

#include "cimxml/engine.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

void write_call(Engine& engine, const Call& call, const Ask& ask, std::uint64_t now_ms,
                Output& out) {
  const std::string_view element = call.intrinsic ? "IMETHODRESPONSE" : "METHODRESPONSE";
  out.append(fmt::format("<SIMPLERSP><{} NAME=\"{}\">", element, xml::attribute_text(call.method)));
  const std::size_t before_bytes = out.bytes();
  const Outcome<void> done = run_call(engine, call, ask.client, now_ms, out);
  if (!done) {
    out.cut(before_bytes);
    out.append(fmt::format("<ERROR CODE=\"{}\" DESCRIPTION=\"{}\"/>",
                           static_cast<unsigned>(done.error().code),
                           xml::attribute_text(done.error().description)));
  }
  out.append(fmt::format("</{}></SIMPLERSP>", element));
}

// RFC 2774: what came as a mandatory extension is answered as one.
void add_mandatory(Reply& reply, bool mandatory, std::string_view operation) {
  if (!mandatory) {
    reply.fields.emplace_back("CIMOperation", operation);
    return;
  }
  reply.fields.emplace_back("Ext", "");
  reply.fields.emplace_back("Cache-Control", "no-cache");
  reply.fields.emplace_back("Man", "http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=73");
  reply.fields.emplace_back("73-CIMOperation", operation);
}

Reply refusal(const HttpFault& why) {
  Reply reply;
  reply.status = why.status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = {why.message + "\n"};
  reply.fields.emplace_back("CIMError", why.cim_error);
  return reply;
}

}  // namespace

Responder::Responder(std::shared_ptr<const wmi::Repository> repository, Take take,
                     wmi::Enumerations& enumerations, std::string host, std::size_t most_bytes)
    : engine_(std::make_unique<Engine>(std::move(repository), std::move(take), enumerations,
                                       std::move(host), most_bytes)) {}
Responder::~Responder() = default;

void Responder::use(std::shared_ptr<const wmi::Repository> repository) {
  engine_->use(std::move(repository));
}

Reply Responder::answer(const Ask& ask, std::uint64_t now_ms) {
  const Understood<Message> message = understand(ask, reader_);
  if (!message) return refusal(message.error());
  Output out(4'096);
  out.append(xml::kDeclaration);
  out.append(
      fmt::format("<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"{}\" "
                  "PROTOCOLVERSION=\"{}\">",
                  xml::attribute_text(message->id), xml::attribute_text(message->protocol)));
  if (message->multiple) out.append("<MULTIRSP>");
  for (const Call& call : message->calls) {
    write_call(*engine_, call, ask, now_ms, out);
    // Each keeps within it; all together must as well.
    if (out.bytes() > engine_->most_bytes() && message->multiple) {
      return refusal({501, "multiple-requests-unsupported", "the answers grow too large"});
    }
  }
  if (message->multiple) out.append("</MULTIRSP>");
  out.append("</MESSAGE></CIM>\n");
  Reply reply;
  reply.body = std::move(out).pieces();
  add_mandatory(reply, ask.mandatory, "MethodResponse");
  if (message->multiple) reply.fields.emplace_back("CIMBatch", "");
  return reply;
}

}  // namespace qm::cimxml
