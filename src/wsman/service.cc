#include "wsman/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cimxml/class_element.h"
#include "mof/names.h"
#include "wsman/answering.h"
#include "wsman/names.h"
#include "wsman/object.h"
#include "xml/encoding.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

constexpr std::string_view kEnvelopeStart =
    "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
    "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" "
    "xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" "
    "xmlns:e=\"http://schemas.xmlsoap.org/ws/2004/08/eventing\" "
    "xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" "
    "xmlns:cim=\"http://schemas.dmtf.org/wbem/wscim/1/common\" "
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Header><a:Action>";

xml::Limits request_limits() {
  xml::Limits limits;
  limits.bytes = kMostRequestBytes;
  limits.depth = kMostRequestDepth;
  limits.elements = kMostRequestElements;
  return limits;
}

std::string folded(std::string_view name) {
  std::string out = wql::plain_name_space(name);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// SplitMix64: message ids must differ, and need not be secret.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// What the media type says of the body: SOAP, or XML whose sender did not care.
bool is_soap(std::string_view content_type) {
  const std::string_view type = xml::trimmed(content_type.substr(0, content_type.find(';')));
  return type.empty() || same_name(type, "application/soap+xml") ||
         same_name(type, "application/xml") || same_name(type, "text/xml");
}

}  // namespace

Service::Service(std::string host, std::string version, wmi::EnumerationLimits limits,
                 wmi::EnumerationLimits of_subscriptions)
    : host_(std::move(host)),
      version_(std::move(version)),
      reader_(request_limits()),
      enumerations_(limits),
      subscriptions_(of_subscriptions),
      most_subscription_bytes_(of_subscriptions.bytes),
      message_seed_(now().boot_ns ^ now().filetime_100ns) {}
Service::~Service() = default;

Reply Service::answer(const Question& question) {
  if (repository_ != question.repository) {
    written_.clear();
    spaces_.clear();
    repository_ = question.repository;
  }
  return Answering(*this, question).run();
}

Reply Answering::not_for_strangers() {
  Reply out =
      reply({FaultKind::access_denied, "log in to ask for more than Identify", {}, {}, {}, 0, {}});
  out.status = 401;
  return out;
}

Reply Answering::run() {
  if (!is_soap(question_.content_type)) {
    if (question_.stranger) return not_for_strangers();
    const Fault wrong{FaultKind::encoding_limit,
                      "the body must be application/soap+xml, in UTF-8 or UTF-16",
                      "EncodingType",
                      {},
                      {},
                      0,
                      {}};
    Reply out = reply(wrong);
    out.status = 415;
    return out;
  }
  const std::string charset = xml::charset_of(question_.content_type);
  const auto encoding = xml::encoding_of(question_.body, charset);
  utf16_ = encoding && *encoding != xml::Encoding::utf8;
  const auto wrong = read_envelope(service_.reader_, question_.body, charset, envelope_);
  if (question_.stranger && (wrong || !asks_who_this_is())) return not_for_strangers();
  if (wrong) {
    Reply out = reply(*wrong);
    if (!envelope_.well_formed && wrong->kind != FaultKind::version_mismatch) out.status = 400;
    return out;
  }
  Text text = dispatch();
  if (again_ms_) return {0, {}, Pieces(), again_ms_};
  if (!text) return reply(text.error());
  return reply(200, std::move(*text));
}

bool Answering::asks_who_this_is() const {
  return envelope_.body != nullptr && envelope_.body->is(kIdentity, "Identify");
}

Answering::Text Answering::dispatch() {
  if (asks_who_this_is()) return identify();
  const std::string_view action = envelope_.action;
  if (envelope_.fragment && action != kGet) {
    return fault(FaultKind::unsupported_feature,
                 "parts of instances are served by Get alone; a WQL filter selects properties",
                 "FragmentLevelAccess");
  }
  if (action == kGet) return get();
  if (action == kEnumerate) return enumerate();
  if (action == kPull) return pull();
  if (action == kRelease) return release();
  if (action == kSubscribe) return subscribe();
  if (action == kUnsubscribe) return unsubscribe();
  if (action == "http://schemas.xmlsoap.org/ws/2004/08/eventing/Renew") return renew(false);
  if (action == "http://schemas.xmlsoap.org/ws/2004/08/eventing/GetStatus") return renew(true);
  auto out = fault(FaultKind::action_not_supported,
                   fmt::format("{} is not supported: these classes can be read, and nothing else",
                               plain_text(action, 200)));
  if (action.size() <= kMostUriBytes) {
    xml::Writer(out.error().more_detail).element("a:Action", action);
  }
  return out;
}

Answering::Text Answering::identify() {
  std::string out = head(
      "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity/"
      "IdentifyResponse");
  xml::Writer xml(out);
  xml.open("wsmid:IdentifyResponse").attribute("xmlns:wsmid", kIdentity);
  xml.element("wsmid:ProtocolVersion", kManagement);
  xml.element("wsmid:ProductVendor", "quickmode");
  xml.element("wsmid:ProductVersion", service_.version_).close();
  out.append(kAnswerEnd);
  return out;
}

Answered<std::shared_ptr<Space>> Answering::space_of(const Resource& resource) {
  const std::string key = folded(resource.name_space);
  const auto known = service_.spaces_.find(key);
  if (known != service_.spaces_.end()) return known->second;
  auto space = std::make_shared<Space>(question_.repository,
                                       wql::plain_name_space(resource.name_space), service_.host_);
  if (!space->has()) {
    auto out = fault(FaultKind::destination_unreachable,
                     fmt::format("there is no namespace {}", plain_text(resource.name_space, 100)),
                     "InvalidResourceURI");
    out.error().windows = 0x8004100E;  // WBEM_E_INVALID_NAMESPACE
    return out;
  }
  service_.spaces_.emplace(key, space);
  return space;
}

Answered<const wmi::ClassEntry*> Answering::class_of(const Resource& resource,
                                                     const Space& space) const {
  if (const wmi::ClassEntry* one = space.schema().find(resource.class_name)) return one;
  auto out = fault(FaultKind::destination_unreachable,
                   fmt::format("there is no class {} in {}", plain_text(resource.class_name, 100),
                               space.schema().name_space()),
                   "InvalidResourceURI");
  out.error().windows = 0x80041010;  // WBEM_E_INVALID_CLASS
  return out;
}

Answering::Text Answering::definition(const Resource& resource) {
  if (resource.class_name.empty()) {
    return fault(FaultKind::invalid_selectors, "which class? The selector ClassName says it",
                 "InsufficientSelectors");
  }
  const auto space = space_of(resource);
  if (!space) return std::unexpected(space.error());
  const auto one = class_of(resource, **space);
  if (!one) return std::unexpected(one.error());
  std::string out = head("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse");
  cimxml::ClassOptions options;
  options.local_only = false;
  cimxml::append_class_element(out, **one, *question_.repository, options);
  out.append(kAnswerEnd);
  return out;
}

Answering::Text Answering::get() {
  const auto resource = resource_of(envelope_.resource_uri, envelope_.selectors);
  if (!resource) return std::unexpected(resource.error());
  if (resource->definition) return definition(*resource);
  const auto space = space_of(*resource);
  if (!space) return std::unexpected(space.error());
  const wql::Schema& schema = (*space)->schema();
  auto path = path_of(resource->class_name, resource->keys, schema);
  if (!path) return std::unexpected(std::move(path).error());
  const wmi::ClassEntry* one = schema.find(path->class_name);
  wql::Found found;
  found.schema = std::shared_ptr<const wql::Schema>(*space, &schema);
  std::optional<wql::Row> row;
  // A superclass's name finds what derives from it, as WMI's object manager does.
  for (const wmi::ClassEntry* member : schema.family(*one)) {
    const auto plan = (*space)->plan_of_all(*member);
    if (!plan) continue;  // of events: there are no instances
    path->class_name = member->name();
    found.snapshot = question_.snapshot(plan->sources());
    row = wql::find_object(*path, schema, found);
    if (row && !row->is_class()) break;
    row.reset();
  }
  if (!row) {
    return fault(FaultKind::destination_unreachable,
                 fmt::format("{} has no such instance", one->name()), "InvalidResourceURI");
  }
  if (envelope_.fragment) return fragment(*row, *resource, **space);
  std::string start = head("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse");
  Output out(start.size() + 8'192);
  out.append(start);
  (*space)->text_of(*row->the_class, resource->form).append(out, *row);
  out.append(kAnswerEnd);
  return std::move(out).take();
}

// DSP0226 7.7 and annex D.1: of XPath's Level 1 what a property's name needs: Name, Name/text().
Answering::Text Answering::fragment(const wql::Row& row, const Resource& resource,
                                    const Space& space) {
  constexpr std::string_view kText = "/text()";
  std::string_view path = *envelope_.fragment;
  const bool text_only = path.ends_with(kText);
  if (text_only) path.remove_suffix(kText.size());
  path.remove_prefix(std::min(path.find(':') + 1, path.size()));  // p:Name: of whatever prefix
  const wmi::PropertyEntry* entry = row.the_class->property(path);
  const bool many = text_only && entry != nullptr && entry->property->is_array;
  if (!mof::is_identifier(path) || many) {
    return fault(FaultKind::cannot_process_filter,
                 fmt::format("the fragment \"{}\" is neither a property's name nor NAME/text()",
                             plain_text(*envelope_.fragment, 100)));
  }
  const ValueSetting setting = space.value_setting(resource.form);
  std::string header = "<w:FragmentTransfer s:mustUnderstand=\"true\">";
  xml::append_text(header, *envelope_.fragment);
  std::string out = head("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse",
                         header + "</w:FragmentTransfer>");
  std::string value;
  if (entry != nullptr) {
    append_value(value, "p", entry->property->name, wql::item_of(row, *entry).value,
                 type_of(*entry, setting), setting);
  }
  if (text_only && value.ends_with("/>")) value.clear();
  if (text_only && !value.empty()) {
    const std::size_t begin = value.find('>') + 1;
    value = value.substr(begin, value.rfind("</") - begin);
  }
  if (value.empty()) {
    out.append("<w:XmlFragment xsi:nil=\"true\"/>");
  } else {
    out.append("<w:XmlFragment xmlns:p=\"");
    xml::append_attribute(out, class_uri(setting.form, setting.name_space, row.the_class->name()));
    out.append("\">").append(value).append("</w:XmlFragment>");
  }
  out.append(kAnswerEnd);
  return out;
}

std::string Answering::message_id() {
  const std::uint64_t high = mixed(service_.message_seed_ + service_.messages_++);
  const std::uint64_t low = mixed(high);
  return fmt::format("uuid:{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U,
                     (high >> 16U) & 0xffffU, high & 0xfffU, 0x8000U | (low >> 50U),
                     low & 0xffff'ffff'ffffU);
}

std::string Answering::head(std::string_view action, std::string_view more_headers) {
  std::string out;
  out.reserve(1'536);
  out.append(kEnvelopeStart).append(action).append("</a:Action><a:MessageID>");
  out.append(message_id()).append("</a:MessageID><a:To>").append(kAnonymous).append("</a:To>");
  if (!envelope_.message_id.empty()) {
    out.append("<a:RelatesTo>");
    xml::append_text(out, envelope_.message_id);
    out.append("</a:RelatesTo>");
  }
  out.append(more_headers).append("</s:Header><s:Body>");
  return out;
}

std::string Answering::total_header(std::size_t rows) const {
  if (!envelope_.wants_count) return {};
  return fmt::format("<w:TotalItemsCountEstimate>{}</w:TotalItemsCountEstimate>", rows);
}

Reply Answering::reply(const Fault& wrong) {
  std::string out = head(action_of(wrong.kind), wrong.header);
  append_fault(out, wrong, service_.host_);
  out.append(kAnswerEnd);
  return reply(500, std::move(out));
}

Reply Answering::reply(unsigned status, Pieces text) const {
  if (!utf16_) return {status, "application/soap+xml;charset=UTF-8", std::move(text), {}};
  const std::u16string units = u'\xfeff' + utf16(std::move(text).whole());
  std::string bytes;
  bytes.reserve(units.size() * 2);
  for (const char16_t unit : units) {
    bytes += static_cast<char>(unit & 0xffU);
    bytes += static_cast<char>(unit >> 8U);
  }
  return {status, "application/soap+xml;charset=UTF-16", Pieces(std::move(bytes)), {}};
}

}  // namespace qm::wsman
