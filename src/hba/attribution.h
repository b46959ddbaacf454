// Whose traffic an SA carries, and whether a session is protected. Pure.
//
// connection (5-tuple) → policy → templates → associations: the kernel's own way, walked with the
// policy table instead of a packet. Promise: a verdict names its reason; what can't be told is
// unknown, never protected. DESIGN.md: "Whose bytes".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hba/association.h"
#include "hba/evidence.h"
#include "iscsi/inventory.h"
#include "xfrm/tables.h"

namespace qm::hba {

enum class Protection : std::uint8_t {  // as Quickmode_Session.Protection numbers them
  unknown = 0,
  protected_ = 1,
  integrity_only = 2,
  unprotected = 3,
};

// The network interface that a connection's packets leave by, and, unless routing is asymmetric,
// come in by: switches that let them pass XFRM by, and whether it is an xfrm interface.
struct InterfaceSwitches {
  std::string name;
  bool disable_xfrm = false;    // nothing leaves it transformed
  bool disable_policy = false;  // nothing that comes in is checked
  std::uint32_t if_id = 0;      // an xfrm interface's, whose policies have it; 0: another kind
  std::int32_t ifindex = 0;     // policies may be for one interface only; 0: not known
};
// By a connection's local and remote address. Where one is missing, no switch is set.
using Interfaces = std::map<std::pair<Address, Address>, InterfaceSwitches>;

// An association that a flow uses, by its policy's template.
struct Use {
  AssociationKey association;
  xfrm::Direction direction = xfrm::Direction::unknown;
  bool outer = false;       // not the first template: a bundle's outer transformation
  bool optional = false;    // `level use`: without an SA the traffic passes in the clear
  bool compressed = false;  // IPComp goes first: these count less than what moved
  // All of the flow is on these SAs as TCP counts it: no outer transformation, no template left out
  // or optional, no packets that netfilter picks.
  bool plain = true;
  friend bool operator==(const Use&, const Use&) = default;
};

// What the live SAs of an association give, as far as is known.
struct Strength {
  bool live = false;      // at least one SA, not larval
  bool known = false;     // algorithms have been read
  bool encrypts = false;  // all live ones do
  bool authenticates = false;
};
class SaView {
 public:
  virtual ~SaView() = default;
  virtual Strength strength(const AssociationKey& key) const = 0;
  // Whether what its connections moved was on its SAs.
  virtual Evidence::Says evidence(const AssociationKey& key) const = 0;
};

struct FlowVerdict {
  Protection protection = Protection::unknown;
  std::string reason;
  std::string advice;
  std::vector<Use> uses;
};
// One connection, both directions.
FlowVerdict judge_connection(const Endpoint& local, const Endpoint& remote,
                             const xfrm::PolicyTable& policies, const Interfaces& interfaces,
                             const SaView& sas);

// The worst of a session's connections; one without a connection is unknown, unless its portal's
// policy can still be judged from the last known ports (the caller passes those).
struct SessionVerdict {
  Protection protection = Protection::unknown;
  std::string reason;
  std::string advice;
  std::vector<Use> uses;  // of all connections, each once
};
SessionVerdict judge_session(const iscsi::Session& session, const iscsi::Adapter* adapter,
                             const xfrm::PolicyTable& policies, const Interfaces& interfaces,
                             const SaView& sas);

// Associations that iSCSI may use though no connection is known yet: those of policies whose
// selector names TCP and an iSCSI port (3260, or one that a session here uses). Addresses that the
// policy leaves open are any().
struct Candidate {
  AssociationKey pattern;
  xfrm::Direction direction = xfrm::Direction::unknown;
  bool outer = false;
  bool matches(const AssociationKey& key) const;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};
std::vector<Candidate> candidates_of(const xfrm::PolicyTable& policies,
                                     const std::vector<std::uint16_t>& ports);

}  // namespace qm::hba
