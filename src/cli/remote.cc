#include "cli/remote.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/text.h"
#include "xml/encoding.h"
#include "xml/writer.h"

namespace qm::cli {
namespace {

constexpr std::string_view kSoapSpace = "http://www.w3.org/2003/05/soap-envelope";
constexpr std::string_view kAddressingSpace = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
constexpr std::string_view kEnumerationSpace = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
constexpr std::string_view kEventingSpace = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
constexpr std::string_view kManagementSpace = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
constexpr std::string_view kFaultSpace = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
constexpr std::string_view kTransferGet = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
constexpr std::string_view kWql = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
constexpr std::string_view kRoot = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
constexpr std::string_view kClasses = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*";
constexpr unsigned kMostElements = 1'000;  // of one answer
constexpr std::uint64_t kUsualWithinMs = 1'000;

std::string slashed(std::string_view name_space) {
  std::string out(name_space);
  std::ranges::replace(out, '\\', '/');
  return out;
}

// The value of a query parameter, decoded.
std::string parameter(std::string_view target, std::string_view name) {
  std::size_t at = target.find('?');
  while (at != std::string_view::npos) {
    target.remove_prefix(at + 1);
    at = target.find('&');
    const std::string_view one = target.substr(0, at);
    if (!one.starts_with(name) || one.size() <= name.size() || one[name.size()] != '=') continue;
    const std::string_view coded = one.substr(name.size() + 1);
    std::string out;
    for (std::size_t i = 0; i < coded.size(); ++i) {
      unsigned byte = 0;
      const char* hex = coded.data() + i + 1;
      if (coded[i] == '%' && i + 2 < coded.size() &&
          std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
        out += static_cast<char>(byte);
        i += 2;
      } else {
        out += coded[i];
      }
    }
    return out;
  }
  return {};
}

// SELECT … FROM __InstanceCreationEvent and its like; nothing else is subscribed to.
bool is_for_events(std::string_view query) {
  std::string words;
  for (const char c : query) {
    words += c >= 'A' && c <= 'Z'                  ? static_cast<char>(c + 32)
             : c == '\n' || c == '\t' || c == '\r' ? ' '
                                                   : c;
  }
  const std::size_t from = words.find(" from ");
  const std::size_t name =
      from == std::string::npos ? from : words.find_first_not_of(' ', from + 6);
  if (name == std::string::npos) return false;
  const std::size_t end = words.find(' ', name);
  const std::string_view of = std::string_view(words).substr(name, end - name);
  return of.starts_with("__") && of.ends_with("event");
}

Answer refusal(unsigned status, std::string_view message, std::string_view report = {}) {
  boost::json::object error{{"status", status}, {"message", message}};
  if (!report.empty()) error["report"] = report;
  return {status, boost::json::serialize(boost::json::object{{"error", std::move(error)}})};
}

std::string_view text_in(const xml::Element* element) {
  return element == nullptr ? std::string_view() : xml::trimmed(element->text);
}

}  // namespace

struct ManagementApi::Said {
  xml::Document document;
  const xml::Element* body = nullptr;  // the first element in s:Body; nullptr: none
  std::string fault;                   // its reason; "" when it is none
  std::string subcode;                 // "CannotProcessFilter"
  std::string report;

  const xml::Element* child(std::string_view space, std::string_view name) const {
    return body == nullptr ? nullptr : body->child(space, name);
  }
  Answer as_refusal() const {
    if (subcode == "CannotProcessFilter") return refusal(400, fault, report);
    if (subcode == "InvalidMessage" || subcode == "InvalidEnumerationContext") {
      return refusal(410, fault);
    }
    return refusal(subcode == "DestinationUnreachable" ? 404 : 503, fault);
  }
};

Result<RemoteUrl> parse_remote(std::string_view text) {
  RemoteUrl out;
  const std::string shown = plain_text(text, 200);
  if (text.starts_with("https://")) {
    out.tls = true;
    out.port = kRemoteTlsPort;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  }
  const auto wrong = [&] {
    return fail(ErrorCode::invalid,
                fmt::format("--host {}: write HOST, HOST:PORT or https://HOST:PORT", shown));
  };
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < text.size()) out.path = text.substr(slash);
    text = text.substr(0, slash);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong();
    out.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    const bool v6 = colon != std::string_view::npos && text.find(':', colon + 1) != text.npos;
    out.host = v6 ? text : text.substr(0, colon);
    if (!v6 && colon != std::string_view::npos) port = text.substr(colon);
  }
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '@' && c != '%'; };
  if (out.host.empty() || out.host.size() > 255 || !std::ranges::all_of(out.host, plain) ||
      !std::ranges::all_of(out.path, plain)) {
    return wrong();
  }
  if (port.empty()) return out;
  const char* const end = port.data() + port.size();
  const auto [read, error] = std::from_chars(port.data() + 1, end, out.port);
  if (port.front() != ':' || port.size() < 2 || read != end || error != std::errc{} ||
      out.port == 0) {
    return wrong();
  }
  return out;
}

std::string host_field(const RemoteUrl& url) {
  const bool v6 = url.host.contains(':');
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", url.host, v6 ? "]" : "", url.port);
}

Result<ManagementApi::Said> ManagementApi::send(std::string_view action, const std::string& uri,
                                                std::string_view body, std::string_view headers) {
  std::string text(xml::kDeclaration);
  xml::Writer xml(text);
  xml.open("s:Envelope").attribute("xmlns:s", kSoapSpace).attribute("xmlns:a", kAddressingSpace);
  xml.attribute("xmlns:n", kEnumerationSpace).attribute("xmlns:e", kEventingSpace);
  xml.attribute("xmlns:w", kManagementSpace).open("s:Header");
  xml.element("a:To",
              fmt::format("{}://{}{}", url_.tls ? "https" : "http", host_field(url_), url_.path));
  xml.open("a:Action").attribute("s:mustUnderstand", "true").text(action).close();
  xml.element("a:MessageID", fmt::format("uuid:00000000-0000-4000-8000-{:012x}", ++messages_));
  xml.open("a:ReplyTo").element("a:Address", fmt::format("{}/role/anonymous", kAddressingSpace));
  xml.close().open("w:ResourceURI").attribute("s:mustUnderstand", "true").text(uri).close();
  xml.raw(headers).close().open("s:Body").raw(body).close().close();

  const Answer answer = TRY(poster_.post(text));
  auto document = reader_.read(answer.body);
  const std::string host = plain_text(url_.host, 100);
  if (answer.status == 401) {
    return fail(ErrorCode::denied, fmt::format("{} wants a login: --user USER", host));
  }
  if (!document) {
    return fail(ErrorCode::invalid,
                fmt::format("{} answered HTTP {} without WS-Management", host, answer.status));
  }
  Said said{std::move(*document), nullptr, {}, {}, {}};
  const xml::Element* envelope_body = said.document.root().child(kSoapSpace, "Body");
  said.body = envelope_body == nullptr ? nullptr : envelope_body->first_child;
  if (said.body == nullptr || !said.body->is(kSoapSpace, "Fault")) return said;
  const auto inside = [&](const xml::Element* of, std::string_view name) {
    return of == nullptr ? nullptr : of->child(kSoapSpace, name);
  };
  said.fault = plain_text(text_in(inside(inside(said.body, "Reason"), "Text")), 1'024);
  if (said.fault.empty()) said.fault = fmt::format("{} answered with a fault", host);
  const std::string_view code =
      text_in(inside(inside(inside(said.body, "Code"), "Subcode"), "Value"));
  said.subcode = plain_text(code.substr(code.find(':') + 1), 100);
  if (const xml::Element* detail = inside(said.body, "Detail")) {
    const xml::Element* windows = detail->child(kFaultSpace, "WSManFault");
    if (windows != nullptr)
      said.report = windows->child(kFaultSpace, "Message") == nullptr
                        ? ""
                        : windows->child(kFaultSpace, "Message")->text;
  }
  return said;
}

Result<Answer> ManagementApi::get(std::string_view target) {
  const Ask ask{parameter(target, "q"), parameter(target, "namespace"),
                parameter(target, "cursor")};
  if (!target.starts_with("/api/v1/query?")) {
    return fail(ErrorCode::unsupported, "another host is asked with `quickmode query` alone");
  }
  if (!ask.cursor.empty()) return events(ask);
  return is_for_events(ask.query) ? begin_events(ask) : rows(ask);
}

Result<Answer> ManagementApi::rows(const Ask& ask) {
  const std::string uri = fmt::format("{}{}/*", kRoot, slashed(ask.name_space));
  std::string body;
  xml::Writer xml(body);
  xml.open("n:Enumerate").open("w:OptimizeEnumeration").close();
  xml.element("w:MaxElements", fmt::format("{}", kMostElements));
  xml.open("w:Filter").attribute("Dialect", kWql).text(ask.query).close().close();
  boost::json::array instances;
  std::string action = fmt::format("{}/Enumerate", kEnumerationSpace);
  for (std::size_t pulls = 0; pulls <= kMostRemotePulls; ++pulls) {
    const Said said = TRY(send(action, uri, body));
    if (!said.fault.empty()) return said.as_refusal();
    const xml::Element* items = said.child(kManagementSpace, "Items");
    if (items == nullptr) items = said.child(kEnumerationSpace, "Items");
    for (const auto* one = items == nullptr ? nullptr : items->first_child; one != nullptr;
         one = one->next) {
      if (instances.size() >= kMostRemoteRows) {
        return fail(ErrorCode::limit, fmt::format("more than {} rows", kMostRemoteRows));
      }
      instances.push_back(row_of(*one, ask.name_space));
    }
    // Until no context comes: some servers say EndOfSequence, some say nothing.
    const std::string context(text_in(said.child(kEnumerationSpace, "EnumerationContext")));
    const bool ended = said.child(kManagementSpace, "EndOfSequence") != nullptr ||
                       said.child(kEnumerationSpace, "EndOfSequence") != nullptr;
    if (context.empty() || ended) {
      const boost::json::object answer{{"kind", "data"},
                                       {"namespace", ask.name_space},
                                       {"columns", nullptr},
                                       {"instances", std::move(instances)}};
      return Answer{200, boost::json::serialize(answer)};
    }
    action = fmt::format("{}/Pull", kEnumerationSpace);
    body.clear();
    xml::Writer pull(body);
    pull.open("n:Pull").element("n:EnumerationContext", context);
    pull.element("n:MaxElements", fmt::format("{}", kMostElements)).close();
  }
  return fail(ErrorCode::limit, fmt::format("more than {} answers", kMostRemotePulls));
}

Result<Answer> ManagementApi::begin_events(const Ask& ask) {
  std::string body;
  xml::Writer xml(body);
  xml.open("e:Subscribe").open("e:Delivery");
  xml.attribute("Mode", "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull").close();
  xml.open("w:Filter").attribute("Dialect", kWql).text(ask.query).close().close();
  const Said said = TRY(send(fmt::format("{}/Subscribe", kEventingSpace),
                             fmt::format("{}{}/*", kRoot, slashed(ask.name_space)), body));
  if (!said.fault.empty()) return said.as_refusal();
  const boost::json::object answer{
      {"kind", "events"},
      {"columns", nullptr},
      {"within_ms", kUsualWithinMs},
      {"cursor", text_in(said.child(kEnumerationSpace, "EnumerationContext"))},
      {"events", boost::json::array()}};
  return Answer{200, boost::json::serialize(answer)};
}

Result<Answer> ManagementApi::events(const Ask& ask) {
  std::string body;
  xml::Writer xml(body);
  xml.open("n:Pull").element("n:EnumerationContext", ask.cursor);
  xml.element("n:MaxTime", "PT0S").element("n:MaxElements", fmt::format("{}", kMostElements));
  xml.close();
  const Said said = TRY(send(fmt::format("{}/Pull", kEnumerationSpace),
                             fmt::format("{}{}/*", kRoot, slashed(ask.name_space)), body));
  boost::json::array events;
  if (!said.fault.empty() && said.subcode != "TimedOut") return said.as_refusal();
  const xml::Element* items = said.child(kEnumerationSpace, "Items");
  for (const auto* one = items == nullptr ? nullptr : items->first_child; one != nullptr;
       one = one->next) {
    events.push_back(row_of(*one, ask.name_space));
  }
  const boost::json::object answer{{"kind", "events"},
                                   {"columns", nullptr},
                                   {"within_ms", kUsualWithinMs},
                                   {"cursor", ask.cursor},
                                   {"events", std::move(events)}};
  return Answer{200, boost::json::serialize(answer)};
}

const ManagementApi::Types& ManagementApi::types_of(const std::string& class_name,
                                                    const std::string& name_space) {
  const auto known = types_.find(class_name);
  if (known != types_.end()) return known->second;
  Types& types = types_[class_name];
  std::string headers;
  xml::Writer xml(headers);
  xml.open("w:SelectorSet");
  xml.open("w:Selector").attribute("Name", "ClassName").text(class_name).close();
  xml.open("w:Selector").attribute("Name", "__cimnamespace").text(slashed(name_space)).close();
  xml.close();
  const auto said = send(kTransferGet, std::string(kClasses), "", headers);
  if (!said || !said->fault.empty() || said->body == nullptr) return types;  // all are text then
  for (const auto* one = said->body->first_child; one != nullptr; one = one->next) {
    const auto name = one->attribute("", "NAME");
    if (!name || !one->name.starts_with("PROPERTY")) continue;
    const std::string type(one->attribute("", "TYPE").value_or(""));
    types[std::string(*name)] = one->name == "PROPERTY.ARRAY" ? type + "[]" : type;
  }
  return types;
}

}  // namespace qm::cli
