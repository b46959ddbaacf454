#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <span>

#include "base/bytes.h"
#include "base/embedded.h"
#include "base/text.h"
#include "xfrm/probe.h"

namespace qm {
std::span<const EmbeddedFile> embedded_probe();  // made by the build from probe.bpf.c
}

namespace qm::xfrm {
namespace {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";
constexpr std::size_t kMostComplaint = 300;  // bytes of libbpf's own words in an error

struct ObjectCloser {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct LinkCloser {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
struct RingCloser {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
struct BtfCloser {
  void operator()(btf* types) const { btf__free(types); }
};
using Object = std::unique_ptr<bpf_object, ObjectCloser>;
using Link = std::unique_ptr<bpf_link, LinkCloser>;
using Ring = std::unique_ptr<ring_buffer, RingCloser>;

struct ProgramInfo {
  const char* program;   // in probe.bpf.c
  const char* function;  // of the kernel
  const char* module;    // where it lives, unless it is built in; null: always built in
  bool ProbeCoverage::* covers;
  const char* what;
};
constexpr std::array kPrograms{
    ProgramInfo{"state_delete", "__xfrm_state_delete", nullptr, &ProbeCoverage::ends,
                "counters at deletion"},
    ProgramInfo{"state_destroy", "__xfrm_state_destroy", nullptr, &ProbeCoverage::finals,
                "final counters"},
    ProgramInfo{"state_notfound", "xfrm_audit_state_notfound", nullptr, &ProbeCoverage::bad_spi,
                "bad SPIs"},
    ProgramInfo{"input_resume", "xfrm_input_resume", nullptr, &ProbeCoverage::async,
                "failures of asynchronous crypto"},
    ProgramInfo{"esp4_input", "esp_input", "esp4", &ProbeCoverage::esp4, "failures of IPv4 ESP"},
    ProgramInfo{"esp6_input", "esp6_input", "esp6", &ProbeCoverage::esp6, "failures of IPv6 ESP"},
    ProgramInfo{"ah4_input", "ah_input", "ah4", &ProbeCoverage::ah4, "failures of IPv4 AH"},
    ProgramInfo{"ah6_input", "ah6_input", "ah6", &ProbeCoverage::ah6, "failures of IPv6 AH"},
    ProgramInfo{"connection_disconnect", "tcp_disconnect", nullptr, &ProbeCoverage::disconnects,
                "last counts of connections"},
    ProgramInfo{"connection_reset", "tcp_send_active_reset", nullptr, &ProbeCoverage::resets,
                "resets at connections' ends"},
    ProgramInfo{"connection_destroy", "tcp_v4_destroy_sock", nullptr, &ProbeCoverage::destroys,
                "counts of connections that their peers end"},
};

// libbpf tells why a load failed by its printing function alone.
std::string& complaint() {
  static std::string text;
  return text;
}

__attribute__((format(printf, 2, 0))) int note_complaint(libbpf_print_level level,
                                                         const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || !complaint().empty()) return 0;
  std::array<char, kMostComplaint> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  complaint() = plain_text(line.data(), kMostComplaint);
  return 0;
}

bool in_confidential_lockdown() {
  std::ifstream file("/sys/kernel/security/lockdown");
  std::string modes;
  std::getline(file, modes);
  return modes.find("[confidentiality]") != std::string::npos;
}

Error refusal(int error) {
  const bool denied = error == EPERM || error == EACCES;
  if (denied && in_confidential_lockdown()) {
    return {ErrorCode::denied, "kernel lockdown (confidentiality) forbids probes"};
  }
  if (denied) {
    return {ErrorCode::denied,
            "the kernel refused the probes: they take CAP_BPF and CAP_PERFMON when the collector "
            "starts"};
  }
  std::string said = std::string("the kernel did not take the probes: ") + std::strerror(error);
  if (!complaint().empty()) said += " (" + complaint() + ")";
  return {ErrorCode::unsupported, std::move(said)};
}

Result<std::uint32_t> own_netns() {
  struct stat info{};
  if (::stat("/proc/self/ns/net", &info) != 0) {
    return std::unexpected(system_error("/proc/self/ns/net", errno));
  }
  return static_cast<std::uint32_t>(info.st_ino);
}

// The kernel gives an endless number of keys while others delete and insert: hence a bound.
template <class Key, class Value, class Visit>
Result<void> visit_map(int map, std::size_t most_entries, Visit&& visit) {
  Key key{};
  const Key* previous = nullptr;
  for (std::size_t i = 0; i < 2 * most_entries; ++i) {
    Key next{};
    if (const int error = bpf_map_get_next_key(map, previous, &next); error != 0) {
      if (error == -ENOENT) return {};
      return std::unexpected(system_error("reading a probe's map", -error));
    }
    key = next;
    previous = &key;
    Value value{};
    if (bpf_map_lookup_elem(map, &key, &value) != 0) continue;  // its SA has just died
    visit(key, value);
  }
  return {};
}

template <class T>
Bytes bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

struct Probes::State {
  Object object;
  std::vector<Link> links;
  Ring ring, closed_ring;
  ProbeCoverage coverage;
  int failures = -1, watched = -1, strangers = -1, totals = -1, peers_map = -1;
  std::set<AddressPair> pairs;
  std::map<Address, bool> peers;  // that were ever watched: whether they are now
  bool all_peers = false;
  ProbeReading* reading = nullptr;  // where take_final puts what the ring holds
  bool undecodable = false;

  static int take_final(void* context, void* data, std::size_t size);
  static int take_closed(void* context, void* data, std::size_t size);
  Result<void> read_totals(ProbeReading& into) const;
  Result<void> set_peer(const probe_peer& peer, bool wanted) const;
  static Result<std::unique_ptr<State>> load(bool modules_too, bool connections_too);
  void choose(bool modules_too, bool connections_too);
  void attach();
  Result<void> find_maps();
};

// A negative answer stops libbpf's loop after this record.
int Probes::State::take_final(void* context, void* data, std::size_t size) {
  auto& state = *static_cast<State*>(context);
  const auto final = decode_final(std::as_bytes(std::span(static_cast<const char*>(data), size)));
  if (final) {
    state.reading->finals.push_back(*final);
  } else {
    state.undecodable = true;
  }
  state.reading->more = state.reading->finals.size() >= kMostFinalsAtOnce;
  return state.reading->more ? -ENOBUFS : 0;
}

int Probes::State::take_closed(void* context, void* data, std::size_t size) {
  auto& state = *static_cast<State*>(context);
  const auto closed = decode_closed(std::as_bytes(std::span(static_cast<const char*>(data), size)));
  if (closed) {
    state.reading->closed.push_back(*closed);
  } else {
    state.undecodable = true;
  }
  return 0;
}

// Leaves out what this kernel hasn't got: one program that does not load fails them all.
void Probes::State::choose(bool modules_too, bool connections_too) {
  const std::unique_ptr<btf, BtfCloser> kernel(btf__load_vmlinux_btf());
  for (const ProgramInfo& info : kPrograms) {
    const bool built_in =
        kernel && btf__find_by_name_kind(kernel.get(), info.function, BTF_KIND_FUNC) > 0;
    std::string why;
    if (!built_in && info.module == nullptr) {
      why = std::string("this kernel has no ") + info.function;
    } else if (!built_in &&
               ::access((std::string("/sys/kernel/btf/") + info.module).c_str(), F_OK) != 0) {
      why = std::string(info.module) + " was not loaded when the collector started";
    } else if (!built_in && !modules_too) {
      why = "probes in modules take CAP_SYS_ADMIN when the collector starts";
    } else if (!connections_too && std::string_view(info.program).starts_with("connection_")) {
      why = "this kernel's TCP is another";
    }
    if (why.empty()) continue;
    coverage.missing.push_back(std::string(info.what) + " (" + why + ")");
    bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), info.program), false);
  }
}

void Probes::State::attach() {
  for (const ProgramInfo& info : kPrograms) {
    bpf_program* program = bpf_object__find_program_by_name(object.get(), info.program);
    if (!bpf_program__autoload(program)) continue;
    Link link(bpf_program__attach(program));
    if (!link) {
      coverage.missing.push_back(std::string(info.what) + " (attaching: " + std::strerror(errno) +
                                 ")");
      continue;
    }
    coverage.*info.covers = true;
    links.push_back(std::move(link));
  }
}

Result<void> Probes::State::find_maps() {
  const auto map = [this](const char* name) {
    return bpf_object__find_map_fd_by_name(object.get(), name);
  };
  failures = map("failures");
  watched = map("watched");
  strangers = map("strangers");
  totals = map(".bss");
  peers_map = map("peers");
  ring.reset(ring_buffer__new(map("finals"), take_final, this, nullptr));
  closed_ring.reset(ring_buffer__new(map("closed"), take_closed, this, nullptr));
  if (!ring || !closed_ring)
    return std::unexpected(system_error("mapping the probes' ring", errno));
  return {};
}

Result<std::unique_ptr<Probes::State>> Probes::State::load(bool modules_too, bool connections_too) {
  complaint().clear();
  auto state = std::make_unique<State>();
  const std::string_view elf = embedded_probe().front().bytes;
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "quickmode";
  state->object.reset(bpf_object__open_mem(elf.data(), elf.size(), &options));
  if (!state->object) return std::unexpected(refusal(errno));
  const std::uint32_t netns = TRY(own_netns());
  bpf_map* constants = bpf_object__find_map_by_name(state->object.get(), ".rodata");
  int error =
      constants == nullptr ? EINVAL : -bpf_map__set_initial_value(constants, &netns, sizeof netns);
  if (error != 0) return std::unexpected(refusal(error));
  state->choose(modules_too, connections_too);
  error = -bpf_object__load(state->object.get());
  if (error != 0) return std::unexpected(refusal(error));
  return state;
}

Result<Probes> Probes::open() {
  if (::access(kKernelBtf, R_OK) != 0) {
    return fail(ErrorCode::unsupported,
                fmt::format("this kernel tells no types of its own ({} is missing: "
                            "CONFIG_DEBUG_INFO_BTF)",
                            kKernelBtf));
  }
  libbpf_set_print(note_complaint);
  // One program that the kernel does not take fails them all: first those go that may be the one.
  auto state = State::load(true, true);
  for (const auto& [modules_too, connections_too] :
       {std::pair(false, true), std::pair(true, false), std::pair(false, false)}) {
    if (state) break;
    state = State::load(modules_too, connections_too);
  }
  // The kernel's types took megabytes that are not needed again.
  ::malloc_trim(0);
  if (!state) return std::unexpected(std::move(state).error());
  TRY((*state)->find_maps());
  (*state)->attach();
  if ((*state)->links.empty()) {
    return fail(ErrorCode::unsupported, "no probe: " + (*state)->coverage.text());
  }
  return Probes(std::move(*state));
}

Probes::Probes(std::unique_ptr<State> state) : state_(std::move(state)) {}
Probes::Probes(Probes&&) noexcept = default;
Probes& Probes::operator=(Probes&&) noexcept = default;
Probes::~Probes() = default;

const ProbeCoverage& Probes::coverage() const {
  return state_->coverage;
}

Result<void> Probes::read_finals(ProbeReading& reading) {
  state_->reading = &reading;
  state_->undecodable = false;
  reading.more = false;
  const int taken = ring_buffer__consume(state_->ring.get());
  state_->reading = nullptr;
  if (state_->undecodable) return fail(ErrorCode::invalid, "a probe's final could not be read");
  if (taken < 0 && !reading.more) {
    return std::unexpected(system_error("reading the probes' ring", -taken));
  }
  return state_->read_totals(reading);
}

// Behind a ring: what is not there was counted as lost before what came later.
Result<void> Probes::State::read_totals(ProbeReading& into) const {
  const std::uint32_t first = 0;
  probe_totals raw{};
  if (const int error = bpf_map_lookup_elem(totals, &first, &raw); error != 0) {
    return std::unexpected(system_error("reading the probes' totals", -error));
  }
  into.totals = TRY(decode_totals(bytes_of(raw)));
  return {};
}

Result<void> Probes::read_closed(ProbeReading& reading) {
  state_->reading = &reading;
  state_->undecodable = false;
  const int taken = ring_buffer__consume(state_->closed_ring.get());
  state_->reading = nullptr;
  if (state_->undecodable)
    return fail(ErrorCode::invalid, "a probe's closed connection is unclear");
  if (taken < 0) return std::unexpected(system_error("reading the probes' ring", -taken));
  return state_->read_totals(reading);
}

Result<ProbeReading> Probes::read() {
  ProbeReading reading;
  TRY(read_finals(reading));
  TRY((visit_map<__u64, probe_failures>(state_->failures, QM_PROBE_MOST_SAS,
                                        [&](const __u64&, const probe_failures& value) {
                                          if (auto decoded = decode_failures(bytes_of(value)))
                                            reading.failures.push_back(*decoded);
                                        })));
  for (const auto& [map, most] : {std::pair{state_->watched, QM_PROBE_MOST_WATCHED},
                                  std::pair{state_->strangers, QM_PROBE_MOST_STRANGERS}}) {
    TRY((visit_map<probe_pair, __u64>(map, most, [&](const probe_pair& key, const __u64& packets) {
      const auto pair = decode_pair(bytes_of(key));
      if (pair && packets > 0) reading.bad_spi.push_back({*pair, packets});
    })));
  }
  return reading;
}

Result<void> Probes::watch(const AddressPair& pair) {
  if (state_->pairs.contains(pair)) return {};
  if (state_->pairs.size() >= kMostWatchedPairs) {
    return fail(ErrorCode::limit, "more than " + std::to_string(kMostWatchedPairs) +
                                      " pairs of addresses: bad SPIs of the rest may be missed");
  }
  const probe_pair key = encode_pair(pair);
  const std::uint64_t none = 0;
  const int error = bpf_map_update_elem(state_->watched, &key, &none, BPF_NOEXIST);
  if (error != 0 && error != -EEXIST) {
    return std::unexpected(system_error("watching a pair of addresses", -error));
  }
  state_->pairs.insert(pair);
  return {};
}

Result<void> Probes::State::set_peer(const probe_peer& peer, bool wanted) const {
  const std::uint32_t value = wanted ? 1 : 0;
  const int error = bpf_map_update_elem(peers_map, &peer, &value, BPF_ANY);
  if (error != 0) return std::unexpected(system_error("watching a peer's connections", -error));
  return {};
}

// A peer stays in the map, as no longer wanted: removing takes a right that is given up.
Result<void> Probes::watch_peers(std::span<const Address> peers, bool all) {
  State& state = *state_;
  std::map<Address, bool> wanted;
  for (const Address& peer : peers) wanted[peer] = true;
  for (const auto& [peer, is_wanted] : state.peers) wanted.try_emplace(peer, false);
  // Two keys each, and one for all.
  if (2 * wanted.size() + 1 > kMostWatchedPeers) all = all || !peers.empty();
  for (const auto& [peer, is_wanted] : wanted) {
    const auto known = state.peers.find(peer);
    if (known == state.peers.end() && 2 * state.peers.size() + 3 > kMostWatchedPeers) continue;
    if (known != state.peers.end() && known->second == is_wanted) continue;
    TRY(state.set_peer(encode_peer(peer), is_wanted));
    TRY(state.set_peer(encode_mapped_peer(peer), is_wanted));
    state.peers[peer] = is_wanted;
  }
  if (all != state.all_peers) TRY(state.set_peer(probe_peer{}, all));
  state.all_peers = all;
  return {};
}

}  // namespace qm::xfrm
