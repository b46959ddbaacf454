#include "hba/attribution.h"

#include <gtest/gtest.h>

#include <map>

namespace qm::hba {
namespace {

Address at(std::string_view text) {
  return *Address::parse(text);
}

const Endpoint kLocal{at("10.0.0.1"), 40'000};
const Endpoint kPortal{at("10.0.0.2"), 3260};

class Sas : public SaView {
 public:
  Strength all{.live = true, .known = true, .encrypts = true, .authenticates = true};
  std::map<AssociationKey, Strength> some;
  std::map<xfrm::Direction, Evidence::Says> says;
  Evidence::Says evidence(const AssociationKey& key) const override {
    const auto way = key.saddr == kLocal.address ? xfrm::Direction::out : xfrm::Direction::in;
    const auto found = says.find(way);
    return found == says.end() ? Evidence::Says::nothing : found->second;
  }
  Strength strength(const AssociationKey& key) const override {
    const auto found = some.find(key);
    return found == some.end() ? all : found->second;
  }
};

xfrm::Policy made_policy(xfrm::PolicyDirection direction, std::uint32_t index) {
  const bool out = direction == xfrm::PolicyDirection::out;
  xfrm::Policy made;
  made.index = index * 8 + static_cast<std::uint32_t>(direction);
  made.direction = direction;
  made.priority = 100;
  made.selector = {.saddr = out ? kLocal.address : kPortal.address,
                   .daddr = out ? kPortal.address : kLocal.address,
                   .saddr_prefix_bits = 32,
                   .daddr_prefix_bits = 32,
                   .family = Family::v4,
                   .proto = 6};
  (out ? made.selector.dport : made.selector.sport) = 3260;
  (out ? made.selector.dport_mask : made.selector.sport_mask) = 0xffff;
  made.templates = {
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 1, .proto = xfrm::kEsp}};
  return made;
}

class Judge : public ::testing::Test {
 protected:
  Judge() {
    out_ = made_policy(xfrm::PolicyDirection::out, 1);
    in_ = made_policy(xfrm::PolicyDirection::in, 2);
  }
  FlowVerdict judge() {
    xfrm::PolicyTable table;
    table.set_default(default_);
    if (out_) table.upsert(*out_);
    if (in_) table.upsert(*in_);
    for (const xfrm::Policy& extra : extra_) table.upsert(extra);
    return judge_connection(kLocal, kPortal, table, interfaces_, sas_);
  }
  std::optional<xfrm::Policy> out_, in_;
  std::vector<xfrm::Policy> extra_;
  xfrm::DefaultPolicy default_;
  Interfaces interfaces_;
  Sas sas_;
};

TEST_F(Judge, RequiredPoliciesBothWaysAndLiveSasProtect) {
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.protection, Protection::protected_);
  EXPECT_EQ(verdict.reason, "policy and live SAs, both ways");
  ASSERT_EQ(verdict.uses.size(), 2U);
  EXPECT_EQ(verdict.uses[0].association.saddr, kLocal.address);
  EXPECT_EQ(verdict.uses[0].direction, xfrm::Direction::out);
  EXPECT_EQ(verdict.uses[1].association.saddr, kPortal.address);
  EXPECT_EQ(verdict.uses[1].direction, xfrm::Direction::in);
}

TEST_F(Judge, WithoutAnyPolicyItIsInTheClear) {
  out_.reset();
  in_.reset();
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.protection, Protection::unprotected);
  EXPECT_EQ(verdict.reason, "no IPsec policy matches it, in either direction");
  EXPECT_FALSE(verdict.advice.empty());
  EXPECT_TRUE(verdict.uses.empty());
}

TEST_F(Judge, OneDirectionWithoutAPolicyIsEnough) {
  in_.reset();
  EXPECT_EQ(judge().protection, Protection::unprotected);
  EXPECT_EQ(judge().reason, "no inbound IPsec policy matches it");
}

TEST_F(Judge, EvidenceAgainstThePoliciesIsUnknown) {
  sas_.says[xfrm::Direction::in] = Evidence::Says::agrees;
  EXPECT_EQ(judge().protection, Protection::protected_);
  sas_.says[xfrm::Direction::in] = Evidence::Says::missing;
  EXPECT_EQ(judge().protection, Protection::unknown);
  EXPECT_EQ(judge().reason,
            "the inbound policy requires IPsec, but not all that it received was on its SAs");
  EXPECT_EQ(judge().uses.size(), 2U) << "what is on them is still counted";
  sas_.says = {{xfrm::Direction::out, Evidence::Says::missing}};
  EXPECT_EQ(judge().reason,
            "the outbound policy requires IPsec, but not all that it sent was on its SAs");
  sas_.all.encrypts = false;
  EXPECT_EQ(judge().protection, Protection::unknown) << "integrity only, too";
  sas_.all.authenticates = false;
  EXPECT_EQ(judge().protection, Protection::unprotected) << "what is bad is not made better";
}

TEST_F(Judge, WithIpcompTheSasCountLess) {
  for (auto* policy : {&*out_, &*in_}) {
    xfrm::Template compress = policy->templates.front();
    compress.proto = 108;
    policy->templates.insert(policy->templates.begin(), compress);
  }
  sas_.says = {{xfrm::Direction::out, Evidence::Says::missing}};
  EXPECT_EQ(judge().protection, Protection::protected_);
  EXPECT_FALSE(judge().uses[0].plain);
  EXPECT_TRUE(judge().uses[0].compressed);
}

TEST_F(Judge, EvidenceTellsWhetherPacketsHaveAMark) {
  out_->mark = in_->mark = {0x11, 0xffff'ffff};
  EXPECT_EQ(judge().protection, Protection::unknown);
  EXPECT_TRUE(judge().reason.ends_with("nothing has moved that shows whether these have it"));
  sas_.says = {{xfrm::Direction::out, Evidence::Says::agrees},
               {xfrm::Direction::in, Evidence::Says::agrees}};
  EXPECT_EQ(judge().protection, Protection::protected_);
  EXPECT_EQ(judge().reason,
            "the outbound policy is for packets with mark 0x11, and all that moved was on its SAs");
  out_->mark = {};
  EXPECT_EQ(judge().reason,
            "the inbound policy is for packets with mark 0x11, and all that moved was on its SAs")
      << "one direction's, too, says more than that all is as it should be";
  out_->mark = in_->mark;
  sas_.says[xfrm::Direction::in] = Evidence::Says::nothing;
  EXPECT_EQ(judge().protection, Protection::unknown) << "one direction is not enough";
  sas_.says[xfrm::Direction::in] = Evidence::Says::missing;
  EXPECT_EQ(judge().protection, Protection::unprotected);
  sas_.says[xfrm::Direction::in] = Evidence::Says::agrees;
  sas_.all.encrypts = false;
  EXPECT_EQ(judge().protection, Protection::integrity_only);
}

TEST_F(Judge, PoliciesOfOneInterfaceAreForWhatLeavesAndComesInByIt) {
  out_->selector.ifindex = in_->selector.ifindex = 7;
  EXPECT_EQ(judge().protection, Protection::unprotected) << "nobody knows that it is this one";
  interfaces_[{kLocal.address, kPortal.address}].ifindex = 7;
  EXPECT_EQ(judge().protection, Protection::protected_);
  EXPECT_EQ(judge().uses.size(), 2U);
  interfaces_[{kLocal.address, kPortal.address}].ifindex = 8;
  EXPECT_EQ(judge().protection, Protection::unprotected);
}

TEST_F(Judge, ADefaultThatBlocksLeavesNoTrafficToJudge) {
  out_.reset();
  in_.reset();
  default_ = {.block_in = true, .block_forward = true, .block_out = true};
  EXPECT_EQ(judge().protection, Protection::unknown);
  default_ = {.block_in = false, .block_forward = true, .block_out = true};
  EXPECT_EQ(judge().reason, "no inbound IPsec policy matches it");
  default_ = {.block_in = true, .block_forward = true, .block_out = false};
  EXPECT_EQ(judge().reason, "no outbound IPsec policy matches it");
}

TEST_F(Judge, TheWorseDirectionIsTheVerdict) {
  in_.reset();
  extra_.push_back(*out_);
  extra_.back().index = 81;
  extra_.back().templates.clear();  // outbound it can't be told
  EXPECT_EQ(judge().protection, Protection::unprotected);
  in_ = made_policy(xfrm::PolicyDirection::in, 2);
  in_->action = xfrm::PolicyAction::block;
  in_->templates.clear();
  extra_.clear();
  sas_.all.encrypts = false;  // outbound it is integrity only
  EXPECT_EQ(judge().protection, Protection::unknown);
}

TEST_F(Judge, OfTwoDirectionsAsGoodThatWhichSaysMoreIsQuoted) {
  const AssociationKey in = judge().uses[1].association;
  sas_.some[in] = Strength{};
  EXPECT_NE(judge().reason.find("no SA is live"), std::string::npos) << judge().reason;
}

// It can't be told whether it is bypassed, whichever of the two the table names.
TEST_F(Judge, PoliciesThatDisagreeAreNotLeftToTheXfrmInterface) {
  interfaces_[{kLocal.address, kPortal.address}] = {"ipsec0", false, false, 42};
  in_->if_id = 42;
  for (const bool bypass_first : {true, false}) {
    out_ = made_policy(xfrm::PolicyDirection::out, 1);
    xfrm::Policy other = *out_, own = *out_;
    other.index = 81;
    (bypass_first ? *out_ : other).templates.clear();
    own.index = 89;
    own.if_id = 42;
    extra_ = {other, own};
    EXPECT_EQ(judge().reason, "two outbound policies of equal priority (100) disagree");
  }
}

TEST_F(Judge, AMarkMayLeadPastABypass) {
  xfrm::Policy bypass = *out_;
  bypass.index = 81;
  bypass.templates.clear();
  extra_ = {bypass};
  out_->mark = {0x11, 0xffff'ffff};
  EXPECT_EQ(judge().protection, Protection::unknown);
  EXPECT_NE(judge().reason.find("mark 0x11"), std::string::npos) << judge().reason;
  EXPECT_FALSE(judge().uses[0].plain);
}

// The template's own count in tunnel mode alone, and if it has any.
TEST_F(Judge, TheFlowsAddressesStandWhereATemplateHasNone) {
  out_->templates[0].saddr = at("192.0.2.1");
  out_->templates[0].daddr = at("192.0.2.2");
  in_->templates[0].mode = xfrm::Mode::tunnel;
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.uses[0].association.daddr, kPortal.address);
  EXPECT_EQ(verdict.uses[1].association.daddr, kLocal.address);
  EXPECT_TRUE(verdict.uses[0].plain);
}

TEST_F(Judge, AnAllowPolicyWithoutTemplatesIsABypass) {
  extra_.push_back(*out_);
  extra_.back().index = 81;
  extra_.back().priority = 10;
  extra_.back().templates.clear();
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.protection, Protection::unprotected);
  EXPECT_EQ(verdict.reason, "an outbound bypass policy (priority 10) lets it pass without IPsec");
}

TEST_F(Judge, ABlockPolicyIsUnknown) {
  out_->action = xfrm::PolicyAction::block;
  out_->templates.clear();
  EXPECT_EQ(judge().protection, Protection::unknown);
}

TEST_F(Judge, EqualPrioritiesThatDisagreeCannotBeTold) {
  extra_.push_back(*out_);
  extra_.back().index = 81;
  extra_.back().templates.clear();
  EXPECT_EQ(judge().protection, Protection::unknown);
}

TEST_F(Judge, AnOptionalTemplateProtectsOnlyWhileItsSaLives) {
  out_->templates[0].optional = true;
  EXPECT_EQ(judge().protection, Protection::protected_);
  sas_.all.live = false;
  EXPECT_EQ(judge().protection, Protection::unprotected);
}

TEST_F(Judge, ARequiredTemplateWithoutAnSaLetsNothingPass) {
  sas_.all.live = false;
  EXPECT_EQ(judge().protection, Protection::protected_);
  EXPECT_NE(judge().reason.find("no SA is live"), std::string::npos);
}

TEST_F(Judge, AuthenticationWithoutEncryptionIsIntegrityOnly) {
  sas_.all.encrypts = false;
  EXPECT_EQ(judge().protection, Protection::integrity_only);
}

TEST_F(Judge, NullEncryptionWithoutAuthenticationIsNoProtection) {
  sas_.all.encrypts = false;
  sas_.all.authenticates = false;
  EXPECT_EQ(judge().protection, Protection::unprotected);
}

TEST_F(Judge, UnreadAlgorithmsAreUnknownNotProtected) {
  sas_.all.known = false;
  EXPECT_EQ(judge().protection, Protection::unknown);
}

TEST_F(Judge, SwitchesOfTheInterfaceTurnPoliciesOff) {
  interfaces_[{kLocal.address, kPortal.address}] = {"eth0", true, false};
  EXPECT_EQ(judge().protection, Protection::unprotected);
  EXPECT_EQ(judge().reason, "disable_xfrm is set on eth0");
  interfaces_[{kLocal.address, kPortal.address}] = {"eth0", false, true};
  EXPECT_EQ(judge().protection, Protection::unprotected);
  EXPECT_EQ(judge().reason, "disable_policy is set on eth0");
  ASSERT_EQ(judge().uses.size(), 1U);  // what it sends is transformed all the same
  EXPECT_EQ(judge().uses[0].direction, xfrm::Direction::out);
}

TEST_F(Judge, TheFirstXfrmInterfaceIsOneLikeTheOthers) {
  interfaces_[{kLocal.address, kPortal.address}] = {"ipsec0", false, false, 1};
  out_->if_id = in_->if_id = 1;
  EXPECT_EQ(judge().protection, Protection::protected_);
}

TEST_F(Judge, AnXfrmInterfacesPoliciesDecide) {
  interfaces_[{kLocal.address, kPortal.address}] = {"ipsec0", false, false, 42};
  out_->if_id = in_->if_id = 42;
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.protection, Protection::protected_);
  ASSERT_EQ(verdict.uses.size(), 2U);
  EXPECT_EQ(verdict.uses[0].association.if_id, 42U);
  EXPECT_EQ(verdict.uses[1].association.if_id, 42U);
  in_->if_id = 43;
  EXPECT_EQ(judge().protection, Protection::unknown);
  EXPECT_EQ(judge().reason,
            "no inbound policy of ipsec0 (if_id 42) matches, so that it lets nothing through");
}

TEST_F(Judge, APolicyWithoutAnIdStopsWhatWouldReachAnXfrmInterface) {
  interfaces_[{kLocal.address, kPortal.address}] = {"ipsec0", false, false, 42};
  in_->if_id = 42;
  xfrm::Policy block = *out_;
  out_->if_id = 42;
  block.action = xfrm::PolicyAction::block;
  block.index = 81;
  block.templates.clear();
  extra_.push_back(block);
  EXPECT_EQ(judge().reason, "the outbound policy blocks its traffic");
  extra_.back().action = xfrm::PolicyAction::allow;  // a bypass leaves it to the interface
  EXPECT_EQ(judge().protection, Protection::protected_);
}

TEST_F(Judge, APolicyForMarkedPacketsLeavesItOpenButNamesItsSas) {
  out_->mark = in_->mark = {17, 0xffffffff};
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.protection, Protection::unknown);
  EXPECT_EQ(verdict.reason,
            "the outbound policy is for packets with mark 0x11 only, and nothing has moved that "
            "shows whether these have it");
  EXPECT_EQ(verdict.uses.size(), 2U);
}

TEST_F(Judge, AnUnmarkedPolicyNeedsNoMarkedOne) {
  extra_.push_back(*out_);
  extra_.back().index = 81;
  extra_.back().mark = {17, 0xffffffff};
  EXPECT_EQ(judge().protection, Protection::protected_);
}

TEST_F(Judge, ATunnelsAssociationHasItsTemplatesAddresses) {
  out_->templates[0].mode = xfrm::Mode::tunnel;
  out_->templates[0].saddr = at("192.0.2.1");
  out_->templates[0].daddr = at("192.0.2.2");
  const FlowVerdict verdict = judge();
  EXPECT_EQ(verdict.uses[0].association.saddr, at("192.0.2.1"));
  EXPECT_EQ(verdict.uses[0].association.daddr, at("192.0.2.2"));
}

TEST_F(Judge, OfABundleTheFirstTemplateIsTheInnermost) {
  out_->templates.push_back(
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 2, .proto = xfrm::kAh});
  const FlowVerdict verdict = judge();
  EXPECT_FALSE(verdict.uses[0].outer);
  EXPECT_TRUE(verdict.uses[1].outer);
  EXPECT_EQ(verdict.uses[1].association.proto, xfrm::kAh);
}

TEST_F(Judge, IpCompIsNoProtection) {
  out_->templates[0].proto = xfrm::kIpComp;
  EXPECT_EQ(judge().protection, Protection::unprotected);
}

TEST(JudgeSession, WithoutAConnectionItIsUnknown) {
  iscsi::Session session;
  EXPECT_EQ(judge_session(session, nullptr, {}, {}, Sas{}).protection, Protection::unknown);
  session.connections.push_back({0, {}, kPortal, true});
  EXPECT_EQ(judge_session(session, nullptr, {}, {}, Sas{}).protection, Protection::unknown);
}

TEST(JudgeSession, AnAdapterThatBypassesTheKernelIsUnknown) {
  iscsi::Adapter adapter;
  adapter.bypasses_kernel = true;
  iscsi::Session session;
  session.connections.push_back({0, kLocal, kPortal, true});
  EXPECT_EQ(judge_session(session, &adapter, {}, {}, Sas{}).protection, Protection::unknown);
}

TEST(JudgeSession, TheWorstConnectionIsTheVerdict) {
  xfrm::PolicyTable table;
  table.upsert(made_policy(xfrm::PolicyDirection::out, 1));
  table.upsert(made_policy(xfrm::PolicyDirection::in, 2));
  iscsi::Session session;
  session.connections.push_back({0, kLocal, kPortal, true});
  session.connections.push_back({1, kLocal, {kPortal.address, 3261}, true});
  const SessionVerdict verdict = judge_session(session, nullptr, table, {}, Sas{});
  EXPECT_EQ(verdict.protection, Protection::unprotected);
  EXPECT_EQ(verdict.uses.size(), 2U);
}

TEST(Candidates, PoliciesForAnIscsiPortNameTheirAssociations) {
  xfrm::PolicyTable table;
  table.upsert(made_policy(xfrm::PolicyDirection::out, 1));
  xfrm::Policy other = made_policy(xfrm::PolicyDirection::out, 2);
  other.selector.dport = 443;
  table.upsert(other);
  const auto candidates = candidates_of(table, {3260});
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].pattern.daddr, kPortal.address);
  EXPECT_TRUE(candidates[0].matches(candidates[0].pattern));
}

TEST(Candidates, AnOpenSelectorLeavesTheAddressOpen) {
  xfrm::PolicyTable table;
  xfrm::Policy wide = made_policy(xfrm::PolicyDirection::out, 1);
  wide.selector.saddr_prefix_bits = 24;
  table.upsert(wide);
  const auto candidates = candidates_of(table, {3260});
  ASSERT_EQ(candidates.size(), 1U);
  AssociationKey key = candidates[0].pattern;
  EXPECT_TRUE(key.saddr.any());
  key.saddr = at("10.0.0.77");
  EXPECT_TRUE(candidates[0].matches(key));
  key.daddr = at("10.0.0.78");
  EXPECT_FALSE(candidates[0].matches(key));
}

TEST(Candidates, AreOfTcpBetweenTheEndsThatTheTemplateNames) {
  xfrm::PolicyTable table;
  xfrm::Policy udp = made_policy(xfrm::PolicyDirection::out, 1);
  udp.selector.proto = 17;
  table.upsert(udp);
  table.upsert(made_policy(xfrm::PolicyDirection::forward, 2));
  EXPECT_TRUE(candidates_of(table, {3260}).empty());

  xfrm::Policy tunnel = made_policy(xfrm::PolicyDirection::out, 3);
  tunnel.templates = {{.saddr = at("192.0.2.1"),
                       .daddr = at("192.0.2.2"),
                       .family = Family::v4,
                       .reqid = 1,
                       .proto = xfrm::kEsp,
                       .mode = xfrm::Mode::tunnel}};
  table.upsert(tunnel);
  const auto candidates = candidates_of(table, {3260});
  ASSERT_EQ(candidates.size(), 1U);
  const AssociationKey named = candidates[0].pattern;
  EXPECT_TRUE(candidates[0].matches(named));
  const auto differs = [&](auto&& change) {
    AssociationKey key = named;
    change(key);
    return !candidates[0].matches(key);
  };
  EXPECT_TRUE(differs([](AssociationKey& key) { key.reqid = 2; }));
  EXPECT_TRUE(differs([](AssociationKey& key) { key.proto = xfrm::kAh; }));
  EXPECT_TRUE(differs([](AssociationKey& key) { key.mode = xfrm::Mode::transport; }));
  EXPECT_TRUE(differs([](AssociationKey& key) { key.if_id = 9; }));
  EXPECT_TRUE(differs([](AssociationKey& key) { key.saddr = at("192.0.2.9"); }));
  EXPECT_TRUE(differs([](AssociationKey& key) { key.daddr = at("192.0.2.9"); }));
}

TEST(Candidates, ATunnelWithoutAnEndIsWhereverTheTrafficGoes) {
  xfrm::PolicyTable table;
  xfrm::Policy open = made_policy(xfrm::PolicyDirection::out, 1);
  open.selector.daddr_prefix_bits = 0;
  open.templates[0].mode = xfrm::Mode::tunnel;
  table.upsert(open);
  const auto candidates = candidates_of(table, {3260});
  ASSERT_EQ(candidates.size(), 1U);
  AssociationKey key = candidates[0].pattern;
  EXPECT_TRUE(key.daddr.any());
  key.daddr = at("192.0.2.9");
  EXPECT_TRUE(candidates[0].matches(key));
}

TEST_F(Judge, BothWaysMayUseOneAssociation) {
  // A policy of each direction whose templates name the same tunnel ends.
  for (auto* policy : {&*out_, &*in_}) {
    policy->templates[0].mode = xfrm::Mode::tunnel;
    policy->templates[0].saddr = at("192.0.2.1");
    policy->templates[0].daddr = at("192.0.2.2");
  }
  const FlowVerdict verdict = judge();
  ASSERT_FALSE(verdict.uses.empty());
  EXPECT_LE(verdict.uses.size(), 2U);
}

}  // namespace
}  // namespace qm::hba
