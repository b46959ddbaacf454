// A build without clang or libbpf (cmake/CompileBpf.cmake): every call says so.
#include "xfrm/probe.h"

namespace qm::xfrm {

struct Probes::State {
  ProbeCoverage coverage;
};

Result<Probes> Probes::open() {
  return fail(ErrorCode::unsupported,
              "not built: clang and libbpf-dev were missing when quickmode was compiled");
}

Probes::Probes(std::unique_ptr<State> state) : state_(std::move(state)) {}
Probes::Probes(Probes&&) noexcept = default;
Probes& Probes::operator=(Probes&&) noexcept = default;
Probes::~Probes() = default;

const ProbeCoverage& Probes::coverage() const {
  return state_->coverage;
}

Result<void> Probes::read_finals(ProbeReading& reading) {
  reading.more = false;
  return fail(ErrorCode::unsupported, "the probes are not built");
}

Result<ProbeReading> Probes::read() {
  return fail(ErrorCode::unsupported, "the probes are not built");
}

Result<void> Probes::read_closed(ProbeReading&) {
  return fail(ErrorCode::unsupported, "the probes are not built");
}

Result<void> Probes::watch_peers(std::span<const Address>, bool) {
  return fail(ErrorCode::unsupported, "the probes are not built");
}

Result<void> Probes::watch(const AddressPair&) {
  return fail(ErrorCode::unsupported, "the probes are not built");
}

}  // namespace qm::xfrm
