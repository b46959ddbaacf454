// Where snapshots get their data: the seam between the repository and the provider registry.
// Threads: one, the event loop's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "provider/page.h"
#include "provider/registry.h"

namespace qm::wmi {

class Source {
 public:
  virtual ~Source() = default;
  // Who is registered, in the order of registration; valid until the next call.
  virtual std::span<const provider::Registration> registrations() = 0;
  // The newest generation's number (0: none yet), and its copy; errors as PageReader::read.
  virtual std::uint64_t generation(const provider::Registration& of) = 0;
  virtual Result<provider::Generation> read(const provider::Registration& of) = 0;
};

// The real one. registry must outlive it.
class RegistrySource final : public Source {
 public:
  explicit RegistrySource(const provider::Registry& registry) : registry_(registry) {}
  std::span<const provider::Registration> registrations() override;
  std::uint64_t generation(const provider::Registration& of) override;
  Result<provider::Generation> read(const provider::Registration& of) override;

 private:
  const provider::Registry& registry_;
  std::vector<provider::Registration> known_;  // as of changes_; a copy, since it is made anew
  std::uint64_t changes_ = 0;
  bool filled_ = false;
};

}  // namespace qm::wmi
