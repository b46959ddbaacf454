// WS-Management (DSP0226, DSP0227, MS-WSMV): a request's bytes to an answer's. Pure but for the
// names of enumerations, which nobody can guess.
//
// Promise: whatever the bytes are, there is an answer: what was asked for, or a fault that says
// what is wrong. An answer is never longer than the request's MaxEnvelopeSize (faults are short),
// and is in the request's encoding. What is enumerated is of one snapshot. Nothing can be changed:
// Put, Create, Delete and Invoke are ActionNotSupported. Threads: one. Limits: kMost… below, in
// envelope.h and in wmi/enumerations.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/output.h"
#include "wmi/enumerations.h"
#include "wmi/snapshot.h"
#include "wmi/written.h"
#include "wsman/envelope.h"

namespace qm::wsman {

inline constexpr std::size_t kMostSubscriptions = 64;  // for events; each holds a snapshot
inline constexpr std::size_t kMostSubscriptionsOfClient = 32;
inline constexpr std::uint64_t kMostSubscriptionBytes = std::uint64_t{256} << 20U;
inline constexpr std::size_t kMostWaitingEvents = 4'096;  // of one, that found no room in an answer
inline constexpr std::uint64_t kUsualWaitMs = 60'000;     // of a Pull for events, as Windows'
inline constexpr std::uint64_t kMostWaitMs = 300'000;     // whatever is asked for
inline constexpr std::uint64_t kLeastLookMs = 100;        // between two looks for events
inline constexpr std::uint64_t kUsualLookMs = 1'000;      // at most: providers publish that often

struct Question {
  std::string_view content_type;  // "": none was sent
  std::string_view body;
  std::string_view client;  // who shares a share of what is limited
  bool stranger = false;    // who has not logged in: Identify alone is answered, else 401
  Time now;
  std::shared_ptr<const wmi::Repository> repository;
  // A snapshot of these classes, of all when there are none.
  std::function<std::shared_ptr<const wmi::Snapshot>(std::span<const wmi::ClassEntry* const>)>
      snapshot;
  std::uint64_t waited_ms = 0;  // since it was first asked
};

struct Reply {
  // Of HTTP. Faults have 500, whatever their code: SOAP 1.2's binding would answer a sender's with
  // 400, but Windows answers 500, and its clients look for a fault nowhere else. 400: what came is
  // no SOAP envelope; 401: a stranger asks for more than Identify; 415: it says that it is
  // something else.
  unsigned status = 200;
  std::string content_type;
  Pieces body;
  std::optional<std::uint64_t> again_ms;  // set: no answer yet; ask the same again in so long
};

enum class UriForm : std::uint8_t;
enum class ItemMode : std::uint8_t;

// How an extent's items are written.
struct WrittenKey {
  const class Space* space = nullptr;
  const wmi::ClassEntry* of = nullptr;
  const wmi::ClassEntry* shown_as = nullptr;
  UriForm form{};
  ItemMode mode{};
  bool alone = false;  // without what derives from it
  bool operator==(const WrittenKey&) const = default;
};

class Service {
 public:
  // host: this machine's name; version: the product's.
  Service(std::string host, std::string version, wmi::EnumerationLimits limits = {},
          wmi::EnumerationLimits of_subscriptions = {kMostSubscriptions, kMostSubscriptionsOfClient,
                                                     kMostSubscriptionBytes});
  ~Service();

  Reply answer(const Question& question);

  std::size_t enumerations() const { return enumerations_.open_count(); }
  std::size_t subscriptions() const { return subscriptions_.open_count(); }

 private:
  friend class Answering;
  std::string host_;
  std::string version_;
  xml::Reader reader_;
  wmi::Enumerations enumerations_;
  wmi::Enumerations subscriptions_;
  std::uint64_t most_subscription_bytes_;
  std::map<std::string, std::shared_ptr<class Space>> spaces_;  // by namespace, folded
  std::shared_ptr<const wmi::Repository> repository_;           // of spaces_
  wmi::WrittenExtents<WrittenKey> written_;                     // likewise
  std::vector<std::weak_ptr<const struct Subscription>> held_;  // what subscriptions_ keep
  std::uint64_t message_seed_;
  std::uint64_t messages_ = 0;
};

}  // namespace qm::wsman
