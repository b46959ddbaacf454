// The service's side of the provider socket: who is registered, and their pages.
//
// Promise: whatever a peer sends, in whatever order, at whatever speed, costs bounded memory,
// descriptors and time, and harms no other provider. Who breaks the protocol is told why and cut;
// what merely doesn't fit (a class, a size, a page) is refused with its reason and the rest goes
// on. A provider whose socket closes is gone with its instances.
// Threads: one; driven by an event loop through fd() and handle(). Descriptors: one a provider,
// none a page. The conversation: docs/page-format.md.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "provider/page.h"

namespace qm::provider {

inline constexpr std::size_t kMostProviders = 64;
inline constexpr std::uint32_t kMostRegistrationsPerSecond =
    256;                                                       // of one provider, then it is cut
inline constexpr std::uint32_t kMostMessagesPerSecond = 1024;  // likewise, of any kind
inline constexpr std::size_t kMostMappedBytes = QM_MOST_PAGE_BYTES;  // of one provider's pages
inline constexpr std::size_t kMostRefreshes = 256;                   // waiting at a time
inline constexpr std::chrono::milliseconds kHelloDeadline{5000};     // from connecting
inline constexpr std::size_t kMostMessagesPerTurn = 16;  // of one provider, by one handle()
inline constexpr std::size_t kMostAcceptsPerTurn = 16;

// Who may register: the peer's user (SO_PEERCRED). root and the service's own user always may.
struct Admission {
  std::vector<uid_t> users;
  std::vector<gid_t> groups;
};

struct Registration {
  std::uint64_t id = 0;  // unique in the life of the registry
  std::string driver;    // the provider's name, plain text
  pid_t pid = 0;
  ClassInfo info;
  const PageReader* page = nullptr;  // lives as long as the registration
};

// Asked before a page is accepted: is this class known, do size and items fit? The error's text
// goes back to the provider. Empty: any class will do.
using ClassCheck = std::function<Result<void>(const ClassInfo&)>;

class Registry {
 public:
  // Listens at path (mode 0666: admission is by credentials). A stale socket file of a dead
  // service is replaced; one in use is an error (state).
  static Result<std::unique_ptr<Registry>> listen(
      const std::string& path, Admission admission, ClassCheck check,
      std::chrono::milliseconds hello_deadline = kHelloDeadline);
  virtual ~Registry() = default;

  virtual int fd() const = 0;  // an epoll descriptor: readable when handle() has something to do
  virtual void handle() = 0;   // never blocks
  virtual std::vector<Registration> registrations() const = 0;
  virtual std::uint64_t changes() const = 0;  // grows when a registration comes or goes

  // Asks the providers of this class (all, when guid is null) for fresh data, and calls done(true)
  // once all answered (at once when there is none to ask), or done(false) at the deadline, when one
  // of them goes, or when kMostRefreshes wait already. done is called by refresh() or handle() and
  // may call refresh() again.
  virtual void refresh(const GUID* guid, std::chrono::milliseconds deadline,
                       std::function<void(bool all_answered)> done) = 0;
};

}  // namespace qm::provider
