// Subscribe with pull delivery, Renew, GetStatus, Unsubscribe; Pull of events.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "wsman/answering.h"
#include "wsman/expires.h"
#include "wsman/filter.h"
#include "wsman/names.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

// An event with all it has: the rows as they were and are.
void append_event(std::string& out, const wql::Event& event, const Subscription& subscription) {
  const ValueSetting setting = subscription.space->value_setting(subscription.form);
  const std::string& name = event.the_class->name();
  out.append(fmt::format("<p:{} xmlns:p=\"", name));
  xml::append_attribute(out, class_uri(setting.form, setting.name_space, name));
  out.append(fmt::format("\" xsi:type=\"p:{}_Type\">", name));
  if (event.previous.the_class != nullptr) {
    append_row(out, "p", "PreviousInstance", event.previous, setting);
  }
  append_row(out, "p", "TargetInstance", event.target, setting);
  out.append(fmt::format("<p:TIME_CREATED>{}</p:TIME_CREATED></p:{}>", event.time_created, name));
}

void append_aggregate(std::string& out, const wql::Groups::Aggregate& one,
                      const Subscription& subscription) {
  const ValueSetting setting = subscription.space->value_setting(subscription.form);
  out.append(fmt::format("<p:{} xmlns:p=\"", wql::kAggregateEvent));
  xml::append_attribute(out, class_uri(setting.form, setting.name_space, wql::kAggregateEvent));
  out.append(fmt::format("\" xsi:type=\"p:{}_Type\"><p:NumberOfEvents>{}</p:NumberOfEvents>",
                         wql::kAggregateEvent, one.events));
  append_value(out, "p", "Representative", {one.representative}, {}, setting);
  out.append(fmt::format("</p:{}>", wql::kAggregateEvent));
}

std::uint64_t bytes_of(const wmi::Part& part) {
  return part.generation.storage.size() + part.generation.quality_storage.size() +
         part.generation.instances.size() * sizeof(provider::InstanceData);
}

Fault no_such_subscription() {
  return {FaultKind::invalid_message,
          "there is no such subscription: it has ended, or its time is over",
          {},
          {},
          {},
          0,
          {}};
}

// How long a subscription that nobody pulls lives.
Answered<Expires> life_of(const xml::Element* request, const Time& now) {
  const xml::Element* said = request == nullptr ? nullptr : request->child(kEventing, "Expires");
  if (said == nullptr) return Expires{wmi::kMostEnumerationLifeMs, std::nullopt};
  return expires_of(*said, FaultKind::invalid_subscription_time,
                    FaultKind::unsupported_subscription_time, now);
}

// Who goes on where it was would miss what it believes to get (DSP0226 10.2.6). Heartbeats, which
// Windows' clients ask for, and retries mean pushed events alone: here a Pull that times out tells
// that this service is there.
bool wants_bookmarks(const xml::Element& request) {
  return request.child(kManagement, "SendBookmarks") != nullptr ||
         request.child(kManagement, "Bookmark") != nullptr;
}

}  // namespace

// Of all subscriptions' snapshots; what several hold counts once.
std::uint64_t Answering::subscription_bytes() {
  std::set<const wmi::Part*> parts;
  std::uint64_t bytes = 0;
  std::erase_if(service_.held_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : service_.held_) {
    const auto one = weak.lock();
    for (const auto& part : one->before->parts) {
      if (parts.insert(part.get()).second) bytes += bytes_of(*part);
    }
  }
  return bytes;
}

Answering::Text Answering::subscribe() {
  const xml::Element* request = envelope_.body;
  const xml::Element* delivery = request != nullptr && request->is(kEventing, "Subscribe")
                                     ? request->child(kEventing, "Delivery")
                                     : nullptr;
  if (delivery == nullptr) {
    return fault(FaultKind::invalid_message, "the body has no wse:Subscribe with a wse:Delivery");
  }
  if (delivery->attribute("", "Mode").value_or("") != kPullDelivery) {
    auto out = fault(FaultKind::delivery_mode_unavailable,
                     fmt::format("events are pulled, with the delivery mode {}", kPullDelivery));
    xml::Writer(out.error().more_detail).element("e:SupportedDeliveryMode", kPullDelivery);
    return out;
  }
  if (wants_bookmarks(*request)) {
    return fault(FaultKind::unsupported_feature, "there are no bookmarks here", "Bookmarks");
  }
  const auto resource = resource_of(envelope_.resource_uri, envelope_.selectors);
  if (!resource) return std::unexpected(resource.error());
  const auto space = space_of(*resource);
  if (!space) return std::unexpected(space.error());
  const auto filter = filter_of(*request, *resource, (*space)->schema());
  if (!filter) return std::unexpected(filter.error());
  if (!*filter) {
    return fault(FaultKind::unsupported_feature, "which events? A WQL filter says it",
                 "FilteringRequired");
  }
  const auto expires = life_of(request, question_.now);
  if (!expires) return std::unexpected(expires.error());
  auto plan = plan_of(**filter, question_.repository, (*space)->setting());
  if (!plan) return std::unexpected(std::move(plan).error());
  if ((*plan)->kind != wql::Kind::events) {
    return fault(FaultKind::cannot_process_filter,
                 "this query is for what is there, not for events; Enumerate answers it");
  }
  auto one = std::make_shared<Subscription>(Subscription{
      *space, resource->form, (*filter)->query, *plan, look(**plan), wql::Groups(), {}});
  service_.held_.push_back(one);
  wmi::Enumeration entry;
  entry.own = one;
  entry.life_ms = expires->life_ms;
  entry.until_ms = expires->until_ms;
  const std::string granted = expires_text(entry, question_.now);
  if (subscription_bytes() > service_.most_subscription_bytes_) {
    return fault(FaultKind::quota_limit, "subscriptions hold too much data already");
  }
  const auto name = service_.subscriptions_.open(question_.client, std::move(entry), now_ms());
  if (!name) return fault(FaultKind::quota_limit, name.error().message);

  std::string out = head("http://schemas.xmlsoap.org/ws/2004/08/eventing/SubscribeResponse");
  xml::Writer xml(out);
  xml.open("e:SubscribeResponse").open("e:SubscriptionManager").element("a:Address", kAnonymous);
  xml.open("a:ReferenceParameters").element("w:ResourceURI", envelope_.resource_uri);
  xml.element("e:Identifier", *name).close().close();
  xml.element("e:Expires", granted);
  xml.element("n:EnumerationContext", *name).close();
  out.append(kAnswerEnd);
  return out;
}

// What has happened since the last look, as items.
std::vector<std::string> Answering::events_of(Subscription& one) {
  std::vector<std::string> out = std::exchange(one.waiting, {});
  // Classes came or went: rows of before belong to classes that are no more.
  if (one.space->repository() != question_.repository) {
    const auto plan = plan_of({one.query, true}, question_.repository, one.space->setting());
    if (!plan) return out;
    one.space = std::make_shared<Space>(question_.repository, one.space->schema().name_space(),
                                        service_.host_);
    one.plan = *plan;
    one.before = look(**plan);
    return out;
  }
  if (out.size() >= kMostWaitingEvents) return out;
  const auto after = look(*one.plan);
  const wql::Events events = wql::events_between(*one.plan, std::exchange(one.before, after), after,
                                                 kMostWaitingEvents - out.size());
  one.lost = one.lost || events.cut;
  if (one.plan->grouping) {
    one.groups.add(*one.plan, events, now_ms());
    for (const auto& aggregate : one.groups.take(*one.plan, now_ms())) {
      append_aggregate(out.emplace_back(), aggregate, one);
    }
    return out;
  }
  for (const wql::Event& event : events.events) {
    const wql::ClassPlan* plan = one.plan->of(*event.target.the_class);
    if (one.plan->all_properties || plan == nullptr) {
      append_event(out.emplace_back(), event, one);
      continue;
    }
    wql::Candidate candidate;
    candidate[static_cast<std::size_t>(wql::Side::target)] = event.target;
    candidate[static_cast<std::size_t>(wql::Side::previous)] = event.previous;
    const std::vector<wmi::Value> own = wql::own_values(*event.the_class, event.time_created);
    candidate[static_cast<std::size_t>(wql::Side::event)] = {event.the_class, nullptr, nullptr,
                                                             &own};
    append_fragment(out.emplace_back(), candidate, *event.the_class, plan->columns,
                    one.plan->setting, one.space->value_setting(one.form));
  }
  return out;
}

Answering::Text Answering::pull_events(wmi::Enumeration& entry) {
  // Only the subscription's own enumeration hands it out, and this is the one that may change it.
  const auto one = std::const_pointer_cast<Subscription>(
      std::static_pointer_cast<const Subscription>(entry.own));
  const auto most = most_elements(*envelope_.body, kEnumeration);
  if (!most) return std::unexpected(most.error());
  std::uint64_t wait_ms = envelope_.timeout_ms.value_or(kUsualWaitMs);
  if (const xml::Element* time = envelope_.body->child(kEnumeration, "MaxTime")) {
    const auto said_ms = duration_ms(time->text);
    if (!said_ms) return fault(FaultKind::invalid_parameter, "MaxTime is no duration");
    wait_ms = std::min(wait_ms, *said_ms);
  }
  wait_ms = std::min(wait_ms, kMostWaitMs);
  std::vector<std::string> items = events_of(*one);
  if (items.empty() && std::exchange(one->lost, false)) {
    return fault(FaultKind::quota_limit,
                 fmt::format("events were left out: more than {} happened between two looks",
                             kMostWaitingEvents));
  }
  if (items.empty()) {
    if (question_.waited_ms >= wait_ms) {
      return fault(FaultKind::timed_out, "nothing happened within the OperationTimeout");
    }
    const std::uint64_t look_ms =
        std::clamp<std::uint64_t>(one->plan->within_ms, kLeastLookMs, kUsualLookMs);
    again_ms_ = std::min(look_ms, wait_ms - question_.waited_ms);
    return std::string();
  }
  const std::string_view name =
      xml::trimmed(envelope_.body->child(kEnumeration, "EnumerationContext")->text);
  std::string out = head("http://schemas.xmlsoap.org/ws/2004/09/enumeration/PullResponse",
                         total_header(items.size()));
  out.append("<n:PullResponse>");
  xml::Writer(out).element("n:EnumerationContext", name);
  out.append("<n:Items>");
  constexpr std::string_view kEnd = "</n:Items></n:PullResponse>";
  const std::size_t room = most_bytes() - std::min(most_bytes(), kEnd.size() + kAnswerEnd.size());
  std::size_t done = 0;
  while (done < std::min(*most, items.size()) && out.size() + items[done].size() <= room) {
    out.append(items[done++]);
  }
  // One that fits in no answer of that size is told as a fault, once.
  const bool stuck = done == 0;
  one->waiting.assign(
      std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(stuck ? 1 : done)),
      std::make_move_iterator(items.end()));
  if (stuck) {
    return fault(FaultKind::encoding_limit,
                 "an event was left out: it does not fit into the MaxEnvelopeSize",
                 "MaxEnvelopeSizeExceeded");
  }
  out.append(kEnd).append(kAnswerEnd);
  return out;
}

Answering::Text Answering::renew(bool status_only) {
  wmi::Enumeration* entry =
      service_.subscriptions_.find(question_.client, envelope_.subscription, now_ms());
  if (entry == nullptr) return std::unexpected(no_such_subscription());
  if (!status_only) {
    const auto expires = life_of(envelope_.body, question_.now);
    if (!expires) return std::unexpected(expires.error());
    entry->life_ms = expires->life_ms;
    entry->until_ms = expires->until_ms;
    service_.subscriptions_.find(question_.client, envelope_.subscription, now_ms());
  }
  const std::string_view name = status_only ? "GetStatusResponse" : "RenewResponse";
  std::string out = head(fmt::format("{}/{}", kEventing, name));
  const std::string element = fmt::format("e:{}", name);
  xml::Writer xml(out);
  xml.open(element).element("e:Expires", expires_text(*entry, question_.now)).close();
  out.append(kAnswerEnd);
  return out;
}

Answering::Text Answering::unsubscribe() {
  if (!service_.subscriptions_.close(question_.client, envelope_.subscription, now_ms())) {
    return std::unexpected(no_such_subscription());
  }
  std::string out = head("http://schemas.xmlsoap.org/ws/2004/08/eventing/UnsubscribeResponse");
  out.append(kAnswerEnd);
  return out;
}

}  // namespace qm::wsman
