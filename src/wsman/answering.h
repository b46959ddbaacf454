// One request being answered; the inside of Service.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/output.h"
#include "wmi/wql_events.h"
#include "wsman/service.h"
#include "wsman/space.h"

namespace qm::wsman {

// How an enumeration's items look.
enum class ItemMode : std::uint8_t { object, reference, object_and_reference };

// What an enumeration keeps beside its rows.
struct Listing {
  std::shared_ptr<Space> space;
  UriForm form = UriForm::wmi;
  ItemMode mode = ItemMode::object;
  const wmi::ClassEntry* shown_as = nullptr;      // ExcludeSubClassProperties: whose are shown
  std::shared_ptr<const wmi::wql::Plan> columns;  // of a query that selects; else none
  std::vector<std::string> properties;            // that an association filter names; none: all
  // Of a class's whole extent: where its rows come from, and of which class alone they are.
  std::shared_ptr<const wmi::wql::Plan> extent;
  const wmi::ClassEntry* alone = nullptr;
  std::optional<WrittenKey> written;
};

// What a subscription keeps. It is mutable through its enumeration alone.
struct Subscription {
  std::shared_ptr<Space> space;
  UriForm form = UriForm::wmi;
  std::string query;
  std::shared_ptr<const wmi::wql::Plan> plan;
  std::shared_ptr<const wmi::Snapshot> before;
  wmi::wql::Groups groups;
  std::vector<std::string> waiting;  // items that found no room in the last answer
  bool lost = false;                 // more happened than may wait: to be told when these are out
};

class Answering {
 public:
  Answering(Service& service, const Question& question) : service_(service), question_(question) {}

  Reply run();

 private:
  using Text = Answered<Pieces>;  // of the whole answer, in UTF-8

  bool asks_who_this_is() const;
  Reply not_for_strangers();
  Text dispatch();
  Text identify();
  Text get();
  Text definition(const Resource& resource);
  Text enumerate();
  Text pull();
  Text pull_events(wmi::Enumeration& enumeration);
  Text release();
  Text subscribe();
  Text renew(bool status_only);
  Text unsubscribe();

  // The space of a resource's namespace.
  Answered<std::shared_ptr<Space>> space_of(const Resource& resource);
  Answered<const wmi::ClassEntry*> class_of(const Resource& resource, const Space& space) const;
  // The rows that an Enumerate asks for, and how they are shown.
  Answered<wmi::Enumeration> rows_of(const xml::Element& request, const Resource& resource);
  Answered<wmi::Enumeration> rows_of_class(const xml::Element& request, const Resource& resource,
                                           const std::shared_ptr<Space>& space, Listing& listing);
  Answered<wmi::Enumeration> definitions(const xml::Element& request, const Resource& resource,
                                         const Space& space) const;
  static void find_rows(wmi::Enumeration& enumeration);
  // An optimized Enumerate's items; all of them are kept for those who ask next.
  void append_extent(Output& out, wmi::Enumeration& enumeration, std::size_t most_elements,
                     std::size_t most_bytes);
  const wmi::WrittenExtents<WrittenKey>::Extent* written(const wmi::Enumeration& enumeration,
                                                         std::size_t most_elements) const;
  Text fragment(const wmi::wql::Row& row, const Resource& resource, const Space& space);
  // Hands out items while they fit; how many did.
  std::size_t append_items(Output& out, wmi::Enumeration& enumeration, std::size_t most_elements,
                           std::size_t most_bytes) const;
  std::shared_ptr<const wmi::Snapshot> look(const wmi::wql::Plan& plan) const;
  std::vector<std::string> events_of(Subscription& subscription);
  std::uint64_t subscription_bytes();

  std::uint64_t now_ms() const { return question_.now.boot_ns / 1'000'000; }
  // What an answer may have, in UTF-8: UTF-16 takes at most two bytes for one of these.
  std::size_t most_bytes() const {
    return utf16_ ? envelope_.most_bytes / 2 - 1 : envelope_.most_bytes;
  }
  std::string head(std::string_view action, std::string_view more_headers = {});
  std::string message_id();
  std::string total_header(std::size_t rows) const;
  Reply reply(unsigned status, Pieces text) const;
  Reply reply(const Fault& fault);

  Service& service_;
  const Question& question_;
  Envelope envelope_;
  bool utf16_ = false;
  std::optional<std::uint64_t> again_ms_;
};

inline constexpr std::string_view kAnswerEnd = "</s:Body></s:Envelope>";

// The most elements that a Pull or an optimized Enumerate asks for; 1 when it does not say (WS-
// Enumeration 3.2). Faults: invalid_parameter.
Answered<std::size_t> most_elements(const xml::Element& request, std::string_view name_space);

// A place for the enumeration's name, to be filled when it is known whether there is one: what is
// not used stays as blanks between elements.
std::size_t leave_context(Output& out);
void fill_context(Output& out, std::size_t at, std::string_view name);  // "": an empty one
void fill_no_context(Output& out, std::size_t at);

}  // namespace qm::wsman
