// Enumerate, Pull, Release.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.h"
#include "cimxml/class_element.h"
#include "wsman/answering.h"
#include "wsman/expires.h"
#include "wsman/filter.h"
#include "wsman/names.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

constexpr std::size_t kTailBytes = 256;         // of what stands behind an answer's last item
constexpr std::size_t kUsualItemBytes = 2'048;  // to reserve
constexpr std::size_t kNameBytes = 40;          // of an enumeration's name, at most
constexpr std::string_view kContextStart = "<n:EnumerationContext>";
constexpr std::string_view kContextEnd = "</n:EnumerationContext>";
constexpr std::string_view kNoContext = "<n:EnumerationContext/>";

// What an enumeration was asked to show of its objects.
Answered<ItemMode> mode_of(const xml::Element& request) {
  const xml::Element* mode = request.child(kManagement, "EnumerationMode");
  if (mode == nullptr) return ItemMode::object;
  const std::string_view said = xml::trimmed(mode->text);
  if (said == "EnumerateEPR") return ItemMode::reference;
  if (said == "EnumerateObjectAndEPR") return ItemMode::object_and_reference;
  return fault(FaultKind::unsupported_feature,
               fmt::format("EnumerationMode \"{}\" is neither EnumerateEPR nor "
                           "EnumerateObjectAndEPR",
                           plain_text(said, 100)),
               "EnumerationMode");
}

// DSP0227 8.3: whether instances of subclasses come, and with which properties.
enum class Polymorphism : std::uint8_t { include, exclude, none };
Answered<Polymorphism> polymorphism_of(const xml::Element& request) {
  const xml::Element* mode = request.child(kCimBinding, "PolymorphismMode");
  if (mode == nullptr) return Polymorphism::include;
  const std::string_view said = xml::trimmed(mode->text);
  if (said == "IncludeSubClassProperties") return Polymorphism::include;
  if (said == "ExcludeSubClassProperties") return Polymorphism::exclude;
  if (said == "None") return Polymorphism::none;
  return fault(FaultKind::polymorphism_mode_not_supported,
               fmt::format("PolymorphismMode \"{}\" is none of IncludeSubClassProperties, "
                           "ExcludeSubClassProperties, None",
                           plain_text(said, 100)));
}

void append_item(Output& out, const Listing& listing, const wmi::Enumeration& enumeration,
                 const wql::Row& row) {
  const ValueSetting setting = listing.space->value_setting(listing.form);
  const auto object = [&] {
    if (listing.columns) {
      wql::Candidate candidate;
      candidate[0] = row;
      const wql::ClassPlan* plan = listing.columns->of(*row.the_class);
      std::string text;
      if (plan != nullptr) {
        append_fragment(text, candidate, *row.the_class, plan->columns, enumeration.setting,
                        setting);
      }
      return out.append(text);
    }
    if (!listing.properties.empty()) {
      std::string text;
      append_properties(text, row, listing.properties, setting);
      return out.append(text);
    }
    if (row.is_class()) {
      std::string text;
      cimxml::ClassOptions options;
      options.local_only = false;
      cimxml::append_class_element(text, *row.the_class, *setting.repository, options);
      return out.append(text);
    }
    const wmi::ClassEntry& shown = listing.shown_as == nullptr ? *row.the_class : *listing.shown_as;
    listing.space->text_of(shown, listing.form).append(out, row);
  };
  if (listing.mode == ItemMode::object) return object();
  const bool both = listing.mode == ItemMode::object_and_reference;
  if (both) {
    out.append("<w:Item>");
    object();
  }
  std::string text = "<a:EndpointReference>";
  append_reference(text, wql::path_of(row, enumeration.setting), setting);
  out.append(text);
  out.append(both ? "</a:EndpointReference></w:Item>" : "</a:EndpointReference>");
}

std::optional<std::uint64_t> number_of(const xml::Element& element) {
  const std::string_view text = xml::trimmed(element.text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return ~std::uint64_t{0};
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

Fault too_large(std::size_t most_bytes) {
  return {FaultKind::encoding_limit,
          fmt::format("the next item does not fit into {} bytes; ask again with a larger "
                      "MaxEnvelopeSize",
                      most_bytes),
          "MaxEnvelopeSizeExceeded",
          {},
          {},
          0,
          {}};
}

Fault no_such_context() {
  return {FaultKind::invalid_enumeration_context,
          "there is no enumeration of that context: it has ended, or its time is over",
          {},
          {},
          {},
          0,
          {}};
}

}  // namespace

Answered<std::size_t> most_elements(const xml::Element& request, std::string_view name_space) {
  const xml::Element* element = request.child(name_space, "MaxElements");
  if (element == nullptr) return 1;
  const auto number = number_of(*element);
  if (number && *number != 0) return static_cast<std::size_t>(*number);
  return fault(FaultKind::invalid_parameter, fmt::format("MaxElements \"{}\" is no positive number",
                                                         plain_text(element->text, 100)));
}

std::size_t leave_context(Output& out) {
  const std::size_t at = out.bytes();
  const std::size_t bytes = kContextStart.size() + kNameBytes + kContextEnd.size();
  std::memset(out.room(bytes), ' ', bytes);
  out.commit(out.at(at) + bytes);
  return at;
}

void fill_context(Output& out, std::size_t at, std::string_view name) {
  char* to = out.at(at);
  const auto put = [&to](std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  if (name.empty() || name.size() > kNameBytes) return put(kNoContext);
  put(kContextStart);
  put(name);
  put(kContextEnd);
}

std::size_t Answering::append_items(Output& out, wmi::Enumeration& enumeration,
                                    std::size_t most_elements, std::size_t most_bytes) const {
  const auto& listing = *std::static_pointer_cast<const Listing>(enumeration.own);
  const auto& rows = enumeration.found.rows;
  const std::size_t wanted = std::min(most_elements, enumeration.left());
  std::size_t done = 0;
  for (; done < wanted; ++done) {
    const std::size_t before = out.bytes();
    append_item(out, listing, enumeration, rows[enumeration.next + done]);
    if (out.bytes() > most_bytes) {
      out.cut(before);
      break;
    }
  }
  enumeration.next += done;
  return done;
}

std::shared_ptr<const wmi::Snapshot> Answering::look(const wql::Plan& plan) const {
  return question_.snapshot(plan.sources());
}

Answered<wmi::Enumeration> Answering::rows_of_class(const xml::Element& request,
                                                    const Resource& resource,
                                                    const std::shared_ptr<Space>& space,
                                                    Listing& listing) {
  const auto one = class_of(resource, *space);
  if (!one) return std::unexpected(one.error());
  const auto polymorphism = polymorphism_of(request);
  if (!polymorphism) return std::unexpected(polymorphism.error());
  const auto plan = space->plan_of_all(**one);
  wmi::Enumeration out;
  if (!plan) return out;
  out.found.snapshot = look(*plan);
  listing.extent = plan;
  if (*polymorphism == Polymorphism::none) listing.alone = *one;
  if (*polymorphism == Polymorphism::exclude) listing.shown_as = *one;
  listing.written = {space.get(),  *one,         listing.shown_as,
                     listing.form, listing.mode, listing.alone != nullptr};
  return out;
}

// The rows of a class's extent: they are not looked for before they are needed.
void Answering::find_rows(wmi::Enumeration& enumeration) {
  const auto& listing = *std::static_pointer_cast<const Listing>(enumeration.own);
  if (!listing.extent) return;
  enumeration.found = wql::run(*listing.extent, std::move(enumeration.found.snapshot));
  if (listing.alone == nullptr) return;
  std::erase_if(enumeration.found.rows,
                [&](const wql::Row& row) { return row.the_class != listing.alone; });
}

// All classes of the namespace, or those that derive from one, as CIM-XML's CLASS elements.
Answered<wmi::Enumeration> Answering::definitions(const xml::Element& request,
                                                  const Resource& resource,
                                                  const Space& space) const {
  if (request.child(kManagement, "Filter") != nullptr ||
      request.child(kEnumeration, "Filter") != nullptr) {
    return fault(FaultKind::cannot_process_filter,
                 "definitions are not filtered; ask for instances of meta_class with a WQL filter");
  }
  if (request.child(kManagement, "EnumerationMode") != nullptr) {
    return fault(FaultKind::unsupported_feature, "a definition has no endpoint reference",
                 "EnumerationMode");
  }
  const wmi::ClassEntry* top = nullptr;
  if (!resource.class_name.empty()) {
    const auto one = class_of(resource, space);
    if (!one) return std::unexpected(one.error());
    top = *one;
  }
  wmi::Enumeration out;
  for (const wmi::ClassEntry* one : space.schema().classes()) {
    if (top != nullptr && (one == top || !wql::derives(*one, top->name()))) continue;
    out.found.rows.push_back({one, nullptr, nullptr, nullptr});
  }
  return out;
}

Answered<wmi::Enumeration> Answering::rows_of(const xml::Element& request,
                                              const Resource& resource) {
  if (!resource.keys.empty()) {
    return fault(FaultKind::invalid_selectors,
                 fmt::format("the selector {} names one instance; Get it, or leave it out",
                             plain_text(resource.keys.front().name, 100)),
                 "UnexpectedSelectors");
  }
  const auto space = space_of(resource);
  if (!space) return std::unexpected(space.error());
  const auto mode = mode_of(request);
  if (!mode) return std::unexpected(mode.error());
  auto listing = std::make_shared<Listing>();
  listing->space = *space;
  listing->form = resource.form;
  listing->mode = *mode;
  if (resource.definition) {
    auto classes = definitions(request, resource, **space);
    if (classes) classes->setting = (*space)->setting();
    if (classes) classes->own = std::move(listing);
    return classes;
  }
  const auto filter = filter_of(request, resource, (*space)->schema());
  if (!filter) return std::unexpected(filter.error());
  wmi::Enumeration out;
  if (!*filter) {
    if (resource.class_name.empty()) {
      return fault(FaultKind::unsupported_feature,
                   "all classes at once are enumerated with a WQL filter only",
                   "FilteringRequired");
    }
    auto rows = rows_of_class(request, resource, *space, *listing);
    if (!rows) return std::unexpected(std::move(rows).error());
    out = std::move(*rows);
  } else {
    const auto plan = plan_of(**filter, question_.repository, (*space)->setting());
    if (!plan) return std::unexpected(plan.error());
    const wql::Plan& query = **plan;
    if (query.kind == wql::Kind::events) {
      return fault(FaultKind::cannot_process_filter, "a query for events is subscribed to");
    }
    if (!resource.class_name.empty() && (*filter)->own &&
        (query.the_class == nullptr || !wql::derives(*query.the_class, resource.class_name))) {
      return fault(FaultKind::cannot_process_filter,
                   fmt::format("the query is for another class than {}; the ResourceURI of a query "
                               "ends with *",
                               plain_text(resource.class_name, 100)));
    }
    out.found = wql::run(query, look(query));
    if (!query.all_properties) listing->columns = *plan;
    listing->properties = (*filter)->properties;
  }
  out.setting = (*space)->setting();
  out.own = std::move(listing);
  return out;
}

const wmi::WrittenExtents<WrittenKey>::Extent* Answering::written(
    const wmi::Enumeration& enumeration, std::size_t most_elements) const {
  const auto& listing = *std::static_pointer_cast<const Listing>(enumeration.own);
  if (!listing.written || !enumeration.found.snapshot) return nullptr;
  const auto* extent = service_.written_.find(*listing.written, *enumeration.found.snapshot);
  return extent != nullptr && extent->rows <= most_elements ? extent : nullptr;
}

void Answering::append_extent(Output& out, wmi::Enumeration& enumeration, std::size_t most_elements,
                              std::size_t most_bytes) {
  const std::size_t begin = out.bytes();
  append_items(out, enumeration, most_elements, most_bytes);
  const auto& listing = *std::static_pointer_cast<const Listing>(enumeration.own);
  if (!listing.written || enumeration.left() != 0) return;
  const std::string_view text = out.since(begin);
  if (!service_.written_.fits(enumeration.found, text.size())) return;
  service_.written_.keep(*listing.written, enumeration.found,
                         std::make_shared<const std::string>(text));
}

Answering::Text Answering::enumerate() {
  const xml::Element* request = envelope_.body;
  if (request == nullptr || !request->is(kEnumeration, "Enumerate")) {
    return fault(FaultKind::schema_validation_error, "the body has no wsen:Enumerate");
  }
  const auto resource = resource_of(envelope_.resource_uri, envelope_.selectors);
  if (!resource) return std::unexpected(resource.error());
  const auto most = most_elements(*request, kManagement);
  if (!most) return std::unexpected(most.error());
  const xml::Element* said = request->child(kEnumeration, "Expires");
  Answered<Expires> expires = Expires{wmi::kEnumerationLifeMs, std::nullopt};
  if (said != nullptr) {
    expires = expires_of(*said, FaultKind::invalid_expiration_time,
                         FaultKind::unsupported_expiration_type, question_.now);
  }
  if (!expires) return std::unexpected(expires.error());
  auto rows = rows_of(*request, *resource);
  if (!rows) return std::unexpected(std::move(rows).error());
  wmi::Enumeration& enumeration = *rows;
  enumeration.life_ms = expires->life_ms;
  enumeration.until_ms = expires->until_ms;

  const bool optimized = request->child(kManagement, "OptimizeEnumeration") != nullptr;
  const auto* extent = optimized ? written(enumeration, *most) : nullptr;
  if (extent == nullptr) find_rows(enumeration);
  const std::size_t total = extent != nullptr ? extent->rows : enumeration.found.rows.size();
  const std::string start = head(
      "http://schemas.xmlsoap.org/ws/2004/09/enumeration/EnumerateResponse", total_header(total));
  const std::size_t most_items_bytes = most_bytes() - std::min(most_bytes(), kTailBytes);
  Output out(start.size() +
             (optimized && extent == nullptr
                  ? std::min(most_bytes(), std::min(*most, total) * kUsualItemBytes)
                  : 0) +
             1'024);
  out.append(start);
  out.append("<n:EnumerateResponse>");
  if (said != nullptr) {
    out.append(fmt::format("<n:Expires>{}</n:Expires>", expires_text(enumeration, question_.now)));
  }
  const std::size_t context = leave_context(out);
  bool ended = false;
  if (optimized) {
    out.append("<w:Items>");
    if (extent != nullptr && out.bytes() + extent->text->size() <= most_items_bytes) {
      out.append_shared(extent->text);
      ended = true;
    } else {
      if (extent != nullptr) find_rows(enumeration);
      // Not even the first: a Pull then says why, and may bring a larger MaxEnvelopeSize.
      append_extent(out, enumeration, *most, most_items_bytes);
      ended = enumeration.left() == 0;
    }
    out.append(ended ? "</w:Items><w:EndOfSequence/>" : "</w:Items>");
  }
  std::string name;
  if (!ended) {
    auto opened = service_.enumerations_.open(question_.client, std::move(enumeration), now_ms());
    if (!opened) return fault(FaultKind::quota_limit, opened.error().message);
    name = std::move(*opened);
  }
  fill_context(out, context, name);
  out.append("</n:EnumerateResponse>");
  out.append(kAnswerEnd);
  return std::move(out).pieces();
}

Answering::Text Answering::pull() {
  const xml::Element* request = envelope_.body;
  if (request == nullptr || !request->is(kEnumeration, "Pull")) {
    return fault(FaultKind::schema_validation_error, "the body has no wsen:Pull");
  }
  const auto most = most_elements(*request, kEnumeration);
  if (!most) return std::unexpected(most.error());
  const xml::Element* said = request->child(kEnumeration, "EnumerationContext");
  const std::string_view name = said == nullptr ? std::string_view() : xml::trimmed(said->text);
  if (auto* events = service_.subscriptions_.find(question_.client, name, now_ms())) {
    return pull_events(*events);
  }
  wmi::Enumeration* enumeration = service_.enumerations_.find(question_.client, name, now_ms());
  if (enumeration == nullptr) return std::unexpected(no_such_context());

  const std::string start = head("http://schemas.xmlsoap.org/ws/2004/09/enumeration/PullResponse",
                                 total_header(enumeration->found.rows.size()));
  std::size_t items_bytes = most_bytes() - std::min(most_bytes(), kTailBytes);
  Output out(start.size() +
             std::min(items_bytes, std::min(*most, enumeration->left()) * kUsualItemBytes) + 1'024);
  out.append(start);
  out.append("<n:PullResponse>");
  const std::size_t context = leave_context(out);
  out.append("<n:Items>");
  if (const xml::Element* characters = request->child(kEnumeration, "MaxCharacters")) {
    const auto number = number_of(*characters);
    if (!number || *number == 0) {
      return fault(FaultKind::invalid_parameter, "MaxCharacters is no positive number");
    }
    items_bytes = std::min<std::uint64_t>(
        items_bytes, *number < items_bytes ? out.bytes() + *number : items_bytes);
  }
  const std::size_t done = append_items(out, *enumeration, *most, items_bytes);
  if (done == 0 && enumeration->left() != 0) return std::unexpected(too_large(items_bytes));
  if (enumeration->left() != 0) {
    fill_context(out, context, name);
    out.append("</n:Items>");
  } else {
    service_.enumerations_.close(question_.client, name, now_ms());
    out.append("</n:Items><n:EndOfSequence/>");
  }
  out.append("</n:PullResponse>");
  out.append(kAnswerEnd);
  return std::move(out).take();
}

Answering::Text Answering::release() {
  const xml::Element* request = envelope_.body;
  if (request == nullptr || !request->is(kEnumeration, "Release")) {
    return fault(FaultKind::schema_validation_error, "the body has no wsen:Release");
  }
  const xml::Element* said = request->child(kEnumeration, "EnumerationContext");
  const std::string_view name = said == nullptr ? std::string_view() : xml::trimmed(said->text);
  if (!service_.enumerations_.close(question_.client, name, now_ms()) &&
      !service_.subscriptions_.close(question_.client, name, now_ms())) {
    return std::unexpected(no_such_context());
  }
  std::string out = head("http://schemas.xmlsoap.org/ws/2004/09/enumeration/ReleaseResponse");
  out.append(kAnswerEnd);
  return out;
}

}  // namespace qm::wsman
