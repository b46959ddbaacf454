// A Report as WMI data blocks, through the same interface that any vendor's agent uses
// (include/quickmode/provider.h). Threads: one.
//
// Promise: all blocks of one publish() carry the same stamps and are one generation a class;
// instances beyond a page's capacity are left out and counted in Quickmode_CollectorHealth.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "hba/report.h"

namespace qm::hba {

inline constexpr std::uint32_t kMostPublishedAdapters = 1024;
inline constexpr std::uint32_t kMostPublishedSessions = 1024;
inline constexpr std::uint32_t kMostPublishedRows = 4096;  // disks, SAs, session–SA pairs

class Publisher {
 public:
  // Connects when serve is there, and again whenever it comes back.
  static Result<Publisher> open(const std::string& provider_socket);
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  int fd() const;  // -1 while not connected; changes on reconnection
  bool connected() const;
  // Handles what serve says; true when it asks for fresh data: publish(), then refreshed().
  // denied or invalid: serve refused us for good; the error says why.
  Result<bool> handle();
  void publish(const Report& report);
  void refreshed();

 private:
  struct State;
  explicit Publisher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace qm::hba
