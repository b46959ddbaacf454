#include "cimxml/call.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "wmi/wql_path.h"
#include "xml/encoding.h"

namespace qm::cimxml {
namespace {

using xml::Element;

std::unexpected<HttpFault> refused(unsigned status, std::string_view cim_error,
                                   std::string message) {
  return std::unexpected(HttpFault{status, cim_error, std::move(message)});
}

std::unexpected<HttpFault> not_valid(std::string message) {
  return refused(400, "request-not-valid", std::move(message));
}

// "2", "2.0" and "2.3.1" are of version 2.
bool is_version(std::string_view text, char major) {
  return !text.empty() && text.front() == major && (text.size() == 1 || text[1] == '.');
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

const Element* only_child(const Element& of) {
  const Element* child = of.first_child;
  return child != nullptr && child->next == nullptr ? child : nullptr;
}

// Of LOCALNAMESPACEPATH, or of what holds one (LOCALCLASSPATH, LOCALINSTANCEPATH).
Understood<std::string> name_space_of(const Element& element) {
  const Element* path = &element;
  if (!path->is("", "LOCALNAMESPACEPATH")) path = element.child("", "LOCALNAMESPACEPATH");
  if (path == nullptr) return not_valid("there is no LOCALNAMESPACEPATH");
  std::string out;
  for (const Element* at = path->first_child; at != nullptr; at = at->next) {
    const std::string_view name = attribute_of(*at, "NAME");
    if (!at->is("", "NAMESPACE") || name.empty()) return not_valid("NAMESPACE without a NAME");
    if (!out.empty()) out += '\\';
    out += name;
  }
  if (out.empty()) return not_valid("LOCALNAMESPACEPATH is empty");
  // Clients that discover by DSP1033 ask "interop" as well as "root/interop".
  out = wmi::wql::plain_name_space(out);
  return same_name(out, "interop") ? std::string("root\\interop") : out;
}

Understood<Call> call_of(const Element& request) {
  const Element* inner = only_child(request);
  if (inner == nullptr) return not_valid("a request holds one method call");
  Call call;
  call.intrinsic = inner->is("", "IMETHODCALL");
  if (!call.intrinsic && !inner->is("", "METHODCALL")) {
    return not_valid("a request holds an IMETHODCALL or a METHODCALL");
  }
  call.element = inner;
  call.method = attribute_of(*inner, "NAME");
  if (call.method.empty()) return not_valid("a method call has no NAME");
  if (inner->first_child == nullptr) return not_valid("a method call has no path");
  Understood<std::string> name_space = name_space_of(*inner->first_child);
  if (!name_space) return std::unexpected(std::move(name_space).error());
  call.name_space = std::move(*name_space);
  const std::string_view argument = call.intrinsic ? "IPARAMVALUE" : "PARAMVALUE";
  for (const Element* at = inner->first_child->next; at != nullptr; at = at->next) {
    if (!at->is("", argument) || attribute_of(*at, "NAME").empty()) {
      return not_valid(fmt::format("{} with a NAME was expected", argument));
    }
  }
  return call;
}

Understood<void> check_versions(const Element& cim, const Element& message, const Ask& ask) {
  if (!is_version(attribute_of(cim, "CIMVERSION"), '2')) {
    return refused(501, "unsupported-cim-version", "CIMVERSION is not 2.x");
  }
  if (!is_version(attribute_of(cim, "DTDVERSION"), '2')) {
    return refused(501, "unsupported-dtd-version", "DTDVERSION is not 2.x");
  }
  const std::string_view protocol = attribute_of(message, "PROTOCOLVERSION");
  if (!is_version(protocol, '1')) {
    return refused(501, "unsupported-protocol-version", "PROTOCOLVERSION is not 1.x");
  }
  if (!ask.protocol.empty() && ask.protocol != protocol) {
    return refused(400, "header-mismatch",
                   "CIMProtocolVersion and PROTOCOLVERSION are not the same");
  }
  return {};
}

// What the header says of a simple request must be what the body says.
Understood<void> check_header(const Message& message, const Ask& ask) {
  if (message.multiple) {
    if (ask.method.empty() && ask.object.empty()) return {};
    return refused(400, "header-mismatch", "a MULTIREQ has no CIMMethod and no CIMObject");
  }
  const Call& call = message.calls.front();
  if (!ask.batch.empty()) {
    return refused(400, "header-mismatch", "CIMBatch is for a MULTIREQ");
  }
  if (!same_name(percent_decoded(ask.method), call.method)) {
    return refused(400, "header-mismatch",
                   fmt::format("CIMMethod says \"{}\", the body {}", plain_text(ask.method, 128),
                               plain_text(call.method, 128)));
  }
  std::string object = percent_decoded(ask.object);
  // Of a method of a class, the object goes on behind the namespace.
  if (!call.intrinsic) object.resize(std::min(object.find(':'), object.size()));
  object = wmi::wql::plain_name_space(object);
  if (same_name(object, "interop")) object = "root\\interop";
  if (object.empty() || !same_name(object, call.name_space)) {
    return refused(400, "header-mismatch",
                   fmt::format("CIMObject says \"{}\", the body {}", plain_text(ask.object, 128),
                               plain_text(call.name_space, 128)));
  }
  return {};
}

Understood<void> take_calls(const Element& envelope, Message& message) {
  const Element* body = only_child(envelope);
  if (body == nullptr) return not_valid("MESSAGE holds one request");
  if (body->name == "SIMPLEEXPREQ" || body->name == "MULTIEXPREQ") {
    return refused(501, "unsupported-operation", "indications are not taken here");
  }
  message.multiple = body->is("", "MULTIREQ");
  if (!message.multiple && !body->is("", "SIMPLEREQ")) {
    return not_valid("MESSAGE holds a SIMPLEREQ or a MULTIREQ");
  }
  if (!message.multiple) {
    Understood<Call> call = call_of(*body);
    if (!call) return std::unexpected(std::move(call).error());
    message.calls.push_back(std::move(*call));
    return {};
  }
  for (const Element* at = body->first_child; at != nullptr; at = at->next) {
    if (!at->is("", "SIMPLEREQ")) return not_valid("MULTIREQ holds SIMPLEREQs");
    if (message.calls.size() == kMostCalls) {
      return refused(501, "multiple-requests-unsupported",
                     fmt::format("more than {} requests in one", kMostCalls));
    }
    Understood<Call> call = call_of(*at);
    if (!call) return std::unexpected(std::move(call).error());
    message.calls.push_back(std::move(*call));
  }
  // DSP0201 section 5.4.2.2: two or more.
  if (message.calls.size() < 2) return not_valid("MULTIREQ holds two SIMPLEREQs at least");
  return {};
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Understood<Message> understand(const Ask& ask, xml::Reader& reader) {
  if (!same_name(ask.operation, "MethodCall")) {
    return refused(400, "unsupported-operation",
                   ask.operation.empty() ? "a request carries CIMOperation: MethodCall"
                                         : "the CIMOperation is not MethodCall");
  }
  Result<xml::Document> document = reader.read(ask.body, xml::charset_of(ask.content_type));
  if (!document) {
    const bool well_formed = document.error().code == ErrorCode::limit;
    return refused(400, well_formed ? "request-not-valid" : "request-not-well-formed",
                   document.error().message);
  }
  Message message;
  message.document = std::move(*document);
  const Element& cim = message.document.root();
  const Element* envelope = cim.is("", "CIM") ? only_child(cim) : nullptr;
  if (envelope == nullptr || !envelope->is("", "MESSAGE")) {
    return not_valid("the body is CIM with one MESSAGE");
  }
  const auto id = envelope->attribute("", "ID");
  if (!id) return not_valid("MESSAGE has no ID");
  message.id = *id;
  message.protocol = attribute_of(*envelope, "PROTOCOLVERSION");
  const Understood<void> versions = check_versions(cim, *envelope, ask);
  if (!versions) return std::unexpected(versions.error());
  const Understood<void> calls = take_calls(*envelope, message);
  if (!calls) return std::unexpected(calls.error());
  const Understood<void> header = check_header(message, ask);
  if (!header) return std::unexpected(header.error());
  return message;
}

}  // namespace qm::cimxml
