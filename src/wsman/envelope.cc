#include "wsman/envelope.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.h"
#include "wsman/names.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

constexpr std::size_t kMostShownBytes = 200;  // of what was sent, in a reason

std::string shown(std::string_view text) {
  return plain_text(text, kMostShownBytes);
}

// A role of SOAP 1.2 that this service plays: the next one, or the last.
bool is_for_us(const xml::Element& header) {
  const auto role = header.attribute(kSoap, "role");
  return !role || role->empty() || *role == "http://www.w3.org/2003/05/soap-envelope/role/next" ||
         *role == "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
}

Answered<bool> must_understand(const xml::Element& header) {
  const auto said = header.attribute(kSoap, "mustUnderstand");
  if (!said) return false;
  const auto value = boolean_of(*said);
  if (value) return *value;
  return fault(FaultKind::schema_validation_error,
               fmt::format("mustUnderstand is \"{}\"; it must be true or false", shown(*said)));
}

// Takes in one header after the other.
class HeaderReader {
 public:
  explicit HeaderReader(Envelope& out) : out_(out) {}

  std::optional<Fault> read(const xml::Element& headers) {
    for (const xml::Element* one = headers.first_child; one != nullptr; one = one->next) {
      if (!is_for_us(*one)) continue;
      const auto must = must_understand(*one);
      if (!must) return must.error();
      const std::size_t known = find(*one);
      if (known == kKnown.size()) {
        if (*must) not_understood_.push_back(one);
        continue;
      }
      if (kKnown[known].take == nullptr) continue;
      if (seen_[known]) {
        // Clients put a subscription's reference parameters beside the headers that they have.
        const bool same =
            one->is(kManagement, "ResourceURI") && xml::trimmed(one->text) == out_.resource_uri;
        if (same) continue;
        return Fault{FaultKind::invalid_information_header,
                     fmt::format("the header {} stands there twice", one->name),
                     {},
                     {},
                     {},
                     0,
                     {}};
      }
      seen_[known] = true;
      // What is wrong with a header counts after what is not understood (SOAP 1.2 part 1, 2.6).
      auto wrong = (this->*kKnown[known].take)(*one, *must);
      if (wrong && !first_) first_ = std::move(wrong);
    }
    if (!not_understood_.empty()) return names_not_understood();
    return std::move(first_);
  }

 private:
  using Wrong = std::optional<Fault>;
  struct Known {
    std::string_view name_space, name;
    Wrong (HeaderReader::*take)(const xml::Element&, bool must) = nullptr;  // none: it may stand
  };

  static std::size_t find(const xml::Element& header) {
    std::size_t i = 0;
    while (i < kKnown.size() && !header.is(kKnown[i].name_space, kKnown[i].name)) ++i;
    return i;
  }

  static Wrong wrong(FaultKind kind, std::string reason, std::string_view detail = {}) {
    return Fault{kind, std::move(reason), detail, {}, {}, 0, {}};
  }

  Wrong action(const xml::Element& one, bool) {
    out_.action = xml::trimmed(one.text);
    return std::nullopt;
  }

  Wrong message_id(const xml::Element& one, bool) {
    const std::string_view id = xml::trimmed(one.text);
    if (id.size() > kMostMessageIdBytes) {
      return wrong(FaultKind::invalid_information_header, "the MessageID is too long");
    }
    out_.message_id = id;
    return std::nullopt;
  }

  // Answers go back where the request came from: to nobody else (DSP0226 5.4.2).
  Wrong reply_to(const xml::Element& one, bool) {
    const xml::Element* address = one.child(kAddressing, "Address");
    if (address == nullptr) {
      return wrong(FaultKind::invalid_information_header,
                   fmt::format("{} has no Address", one.name));
    }
    if (xml::trimmed(address->text) == kAnonymous) return std::nullopt;
    return wrong(FaultKind::unsupported_feature,
                 fmt::format("answers go back over the same connection: {} must be {}", one.name,
                             kAnonymous),
                 "AddressingMode");
  }

  Wrong resource_uri(const xml::Element& one, bool) {
    out_.resource_uri = xml::trimmed(one.text);
    if (out_.resource_uri.size() <= kMostUriBytes) return std::nullopt;
    out_.resource_uri = {};
    return wrong(FaultKind::encoding_limit,
                 fmt::format("the ResourceURI is longer than {} bytes", kMostUriBytes),
                 "URILimitExceeded");
  }

  Wrong selector_set(const xml::Element& one, bool) {
    auto selectors = selectors_of(one);
    if (!selectors) return std::move(selectors).error();
    out_.selectors = std::move(*selectors);
    return std::nullopt;
  }

  // Nothing here has options; whoever insists on one is told.
  Wrong option_set(const xml::Element& one, bool) {
    for (const xml::Element* option = one.first_child; option != nullptr; option = option->next) {
      const auto said = option->attribute("", "MustComply");
      if (!said || !boolean_of(*said).value_or(true)) continue;
      return wrong(FaultKind::invalid_options,
                   fmt::format("there is no option {} here",
                               shown(option->attribute("", "Name").value_or(""))),
                   "NotSupported");
    }
    return std::nullopt;
  }

  Wrong timeout(const xml::Element& one, bool) {
    out_.timeout_ms = duration_ms(one.text);
    if (out_.timeout_ms) return std::nullopt;
    return wrong(
        FaultKind::invalid_parameter,
        fmt::format("OperationTimeout \"{}\" is no duration; write PT60S", shown(one.text)),
        "InvalidTimeout");
  }

  Wrong most_bytes(const xml::Element& one, bool) {
    const std::string_view text = xml::trimmed(one.text);
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    const bool all = end == text.data() + text.size() && !text.empty();
    if (all && error == std::errc::result_out_of_range) bytes = kMostEnvelopeBytes;
    if (!all || (error != std::errc{} && error != std::errc::result_out_of_range)) {
      return wrong(FaultKind::invalid_parameter,
                   fmt::format("MaxEnvelopeSize \"{}\" is no number of bytes", shown(text)));
    }
    if (bytes < kLeastEnvelopeBytes) {
      return wrong(
          FaultKind::encoding_limit,
          fmt::format("MaxEnvelopeSize is {}; it must be {} at least", bytes, kLeastEnvelopeBytes),
          "MinimumEnvelopeLimit");
    }
    out_.most_bytes = std::min<std::uint64_t>(bytes, kMostEnvelopeBytes);
    return std::nullopt;
  }

  // All is said in English. Whoever does not insist gets it all the same (DSP0226 6.3).
  Wrong locale(const xml::Element& one, bool must) {
    const auto language = one.attribute(kXml, "lang");
    const bool english = language && same_name(language->substr(0, 2), "en");
    if (!must || english) return std::nullopt;
    return wrong(FaultKind::unsupported_feature, "everything is said in en-US here", "Locale");
  }

  Wrong fragment(const xml::Element& one, bool) {
    const std::string_view dialect = xml::trimmed(one.attribute("", "Dialect").value_or(kXPath));
    if (dialect != kXPath && dialect != kXPathLevel1) {
      return wrong(FaultKind::fragment_dialect_not_supported,
                   fmt::format("fragments are named in XPath: {}", kXPathLevel1));
    }
    out_.fragment = xml::trimmed(one.text);
    return std::nullopt;
  }

  Wrong count(const xml::Element&, bool) {
    out_.wants_count = true;
    return std::nullopt;
  }

  Wrong identifier(const xml::Element& one, bool) {
    out_.subscription = xml::trimmed(one.text);
    return std::nullopt;
  }

  Fault names_not_understood() const {
    Fault out{FaultKind::must_understand, {}, {}, {}, {}, 0, {}};
    std::size_t told = 0;
    for (const xml::Element* one : not_understood_) {
      out.reason += fmt::format("{}{{{}}}{}", told == 0 ? "not understood: " : ", ",
                                shown(one->name_space), shown(one->name));
      if (++told > kMostNotUnderstood) break;
      if (one->name.size() > kMostShownBytes) continue;  // a fault is no longer than asked for
      xml::Writer header(out.header);
      header.open("s:NotUnderstood").attribute("qname", fmt::format("q:{}", one->name));
      header.attribute("xmlns:q", one->name_space).close();
    }
    return out;
  }

  static const std::array<Known, 19> kKnown;

  Envelope& out_;
  std::array<bool, 19> seen_{};
  std::vector<const xml::Element*> not_understood_;
  Wrong first_;
};

// Those of wsman.xsd that Microsoft's clients send say who asks, and change nothing.
const std::array<HeaderReader::Known, 19> HeaderReader::kKnown = {{
    {kAddressing, "To", nullptr},
    {kAddressing, "From", nullptr},
    {kAddressing, "RelatesTo", nullptr},
    {kAddressing, "Action", &HeaderReader::action},
    {kAddressing, "MessageID", &HeaderReader::message_id},
    {kAddressing, "ReplyTo", &HeaderReader::reply_to},
    {kAddressing, "FaultTo", &HeaderReader::reply_to},
    {kManagement, "ResourceURI", &HeaderReader::resource_uri},
    {kManagement, "SelectorSet", &HeaderReader::selector_set},
    {kManagement, "OptionSet", &HeaderReader::option_set},
    {kManagement, "OperationTimeout", &HeaderReader::timeout},
    {kManagement, "MaxEnvelopeSize", &HeaderReader::most_bytes},
    {kManagement, "Locale", &HeaderReader::locale},
    {kManagement, "FragmentTransfer", &HeaderReader::fragment},
    {kManagement, "RequestTotalItemsCountEstimate", &HeaderReader::count},
    {kEventing, "Identifier", &HeaderReader::identifier},
    {kMicrosoft, "DataLocale", nullptr},
    {kMicrosoft, "SessionId", nullptr},
    {kMicrosoft, "OperationID", nullptr},
}};

Fault unreadable(const Error& error) {
  if (error.code == ErrorCode::unsupported) {
    return {FaultKind::encoding_limit, error.message, "CharacterSet", {}, {}, 0, {}};
  }
  if (error.code == ErrorCode::limit) {
    return {FaultKind::encoding_limit, error.message, "ServiceEnvelopeLimit", {}, {}, 0, {}};
  }
  return {FaultKind::schema_validation_error, error.message, {}, {}, {}, 0, {}};
}

Fault required(std::string_view header) {
  return {FaultKind::information_header_required,
          fmt::format("the header {{{}}}{} is required", kAddressing, header),
          {},
          {},
          {},
          0,
          {}};
}

}  // namespace

std::optional<Fault> read_envelope(xml::Reader& reader, std::string_view bytes,
                                   std::string_view charset, Envelope& out) {
  auto document = reader.read(bytes, charset);
  if (!document) return unreadable(document.error());
  out.document = std::move(*document);
  const xml::Element& root = out.document->root();
  if (root.name == "Envelope" && root.name_space != kSoap) {
    Fault version{FaultKind::version_mismatch,
                  fmt::format("SOAP 1.2 is spoken here: {}", kSoap),
                  {},
                  {},
                  {},
                  0,
                  {}};
    xml::Writer header(version.header);
    header.open("s:Upgrade").open("s:SupportedEnvelope").attribute("qname", "s:Envelope");
    header.close().close();
    return version;
  }
  const xml::Element* body = root.is(kSoap, "Envelope") ? root.child(kSoap, "Body") : nullptr;
  if (body == nullptr) {
    return Fault{FaultKind::schema_validation_error,
                 "this is no SOAP envelope with a body",
                 {},
                 {},
                 {},
                 0,
                 {}};
  }
  out.well_formed = true;
  out.body = body->first_child;
  if (const xml::Element* headers = root.child(kSoap, "Header")) {
    if (auto wrong = HeaderReader(out).read(*headers)) return wrong;
  }
  if (out.body != nullptr && out.body->is(kIdentity, "Identify")) return std::nullopt;
  if (out.action.empty()) return required("Action");
  if (out.message_id.empty()) return required("MessageID");
  return std::nullopt;
}

Answered<std::vector<Selector>> selectors_of(const xml::Element& set) {
  std::vector<Selector> out;
  for (const xml::Element* one = set.first_child; one != nullptr; one = one->next) {
    const auto name = one->attribute("", "Name");
    if (!one->is(kManagement, "Selector") || !name || name->empty()) {
      return fault(FaultKind::schema_validation_error,
                   "a SelectorSet holds Selectors, each with a Name");
    }
    for (const Selector& before : out) {
      if (!same_name(before.name, *name)) continue;
      return fault(FaultKind::invalid_selectors,
                   fmt::format("the selector {} stands there twice", shown(*name)),
                   "DuplicateSelectors");
    }
    if (out.size() == kMostSelectors) {
      return fault(FaultKind::encoding_limit, fmt::format("more than {} selectors", kMostSelectors),
                   "SelectorLimit");
    }
    out.push_back({*name, one->text, one->child(kAddressing, "EndpointReference")});
  }
  return out;
}

std::optional<Reference> reference_of(const xml::Element& endpoint) {
  const xml::Element* parameters = endpoint.child(kAddressing, "ReferenceParameters");
  if (parameters == nullptr) return std::nullopt;
  const xml::Element* uri = parameters->child(kManagement, "ResourceURI");
  if (uri == nullptr) return std::nullopt;
  Reference out{xml::trimmed(uri->text), {}};
  if (const xml::Element* set = parameters->child(kManagement, "SelectorSet")) {
    auto selectors = selectors_of(*set);
    if (!selectors) return std::nullopt;
    out.selectors = std::move(*selectors);
  }
  return out;
}

}  // namespace qm::wsman
