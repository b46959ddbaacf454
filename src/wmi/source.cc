#include "wmi/source.h"

namespace qm::wmi {

std::span<const provider::Registration> RegistrySource::registrations() {
  if (!filled_ || registry_.changes() != changes_) {
    changes_ = registry_.changes();
    known_ = registry_.registrations();
    filled_ = true;
  }
  return known_;
}

std::uint64_t RegistrySource::generation(const provider::Registration& of) {
  return of.page == nullptr ? 0 : of.page->generation();
}

Result<provider::Generation> RegistrySource::read(const provider::Registration& of) {
  if (of.page == nullptr) return provider::Generation{};
  return of.page->read();
}

}  // namespace qm::wmi
