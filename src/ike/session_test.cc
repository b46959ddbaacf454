#include "ike/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ike/test_messages.h"

namespace qm::ike {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kSecond = 1'000'000'000;

Time at(std::uint64_t boot_ns) {
  return {.boot_ns = boot_ns, .filetime_100ns = 0};
}

class SessionTest : public ::testing::Test {
 protected:
  // What the session sent since the last call, with the daemon's answers to it left out.
  std::string sent() {
    std::string out(session_.output());
    session_.sent(out.size());
    return out;
  }
  void receive(const std::string& bytes) { session_.received(bytes_of(bytes), now_); }
  void confirm() { receive(packet_bytes(PacketType::event_confirm, "")); }

  void come_up() {
    session_.connected(now_);
    confirm();
    confirm();
    sent();
    ASSERT_TRUE(session_.up()) << session_.problem();
  }

  void ask_for_sas() {
    session_.request_sas();
    session_.tick(now_);
    sent();
  }

  Time now_ = at(100 * kSecond);
  std::vector<ChildRekey> rekeys_;
  std::vector<bool> states_;
  Session session_{"/run/charon.vici",
                   {.on_child_rekey = [this](const ChildRekey& r) { rekeys_.push_back(r); },
                    .on_state = [this](bool up) { states_.push_back(up); }}};
};

TEST_F(SessionTest, ConnectsAtOnceAndSaysThatItIsNotThereYet) {
  EXPECT_TRUE(session_.connect_due(at(0)));
  EXPECT_EQ(session_.due_boot_ns(), 0U);
  EXPECT_EQ(session_.problem(), "not connected yet to the IKE daemon at /run/charon.vici");
  EXPECT_FALSE(session_.up());
}

TEST_F(SessionTest, RegistersForBothEventsOneAfterTheOther) {
  session_.connected(now_);
  EXPECT_TRUE(session_.wants_write());
  EXPECT_EQ(sent(), packet_bytes(PacketType::event_register, "child-rekey"));
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(session_.due_boot_ns(), now_.boot_ns + kRequestTimeoutNs);
  confirm();
  EXPECT_EQ(sent(), packet_bytes(PacketType::event_register, "list-sa"));
  EXPECT_THAT(states_, IsEmpty());
  confirm();
  EXPECT_EQ(sent(), "");
  EXPECT_THAT(states_, ElementsAre(true));
  EXPECT_TRUE(session_.up());
  EXPECT_EQ(session_.problem(), "");
  EXPECT_EQ(session_.due_boot_ns(), UINT64_MAX);
}

TEST_F(SessionTest, ListsSasFromEventsUpToTheResponse) {
  come_up();
  session_.request_sas();
  session_.request_sas();  // one at a time
  EXPECT_TRUE(session_.sas_pending());
  EXPECT_TRUE(session_.wants_write());
  session_.tick(now_);
  EXPECT_EQ(sent(), packet_bytes(PacketType::cmd_request, "list-sas"));
  session_.request_sas();
  session_.tick(now_);
  EXPECT_EQ(sent(), "");
  receive(event_bytes("list-sa", inside("a", ike_sa({{"tasks-active", {"CHILD_REKEY"}}}, "1"))));
  receive(event_bytes("list-sa", inside("a", ike_sa({}, "2"))));
  EXPECT_THAT(session_.sas(), IsEmpty());
  EXPECT_TRUE(session_.sas_pending());
  now_ = at(103 * kSecond);
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_FALSE(session_.sas_pending());
  ASSERT_THAT(session_.sas(), SizeIs(2));
  EXPECT_EQ(session_.sas()[0].unique_id, 1U);
  EXPECT_EQ(session_.sas()[0].pending_operations, 1U);
  EXPECT_EQ(session_.sas()[1].pending_operations, 0U);
  EXPECT_EQ(session_.sas_at_boot_ns(), 103 * kSecond);
}

TEST_F(SessionTest, AnAnswerOfNoneReplacesTheLastOne) {
  come_up();
  ask_for_sas();
  receive(event_bytes("list-sa", inside("a", ike_sa({}))));
  receive(packet_bytes(PacketType::cmd_response, ""));
  ask_for_sas();
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_THAT(session_.sas(), IsEmpty());
  EXPECT_GT(session_.sas_at_boot_ns(), 0U);
}

TEST_F(SessionTest, TellsOfRekeysAlsoWhileItListsSas) {
  come_up();
  ask_for_sas();
  receive(event_bytes("child-rekey", rekey_event(child_sa("1", "2"), child_sa("3", "4"))));
  EXPECT_THAT(rekeys_, SizeIs(1));
  EXPECT_TRUE(session_.sas_pending());
}

TEST_F(SessionTest, IgnoresEventsThatAreNoneOfOurs) {
  come_up();
  receive(event_bytes("ike-updown", inside("a", ike_sa({}))));
  receive(event_bytes("list-sa", inside("a", ike_sa({}))));  // nobody asked
  EXPECT_TRUE(session_.up());
  EXPECT_THAT(session_.sas(), IsEmpty());
}

TEST_F(SessionTest, WithoutAConnectionAskingDoesNothing) {
  session_.request_sas();
  EXPECT_FALSE(session_.sas_pending());
  EXPECT_FALSE(session_.wants_write());
}

TEST_F(SessionTest, GivesUpARequestThatIsNotAnswered) {
  come_up();
  ask_for_sas();
  receive(event_bytes("list-sa", inside("a", ike_sa({}))));
  session_.tick(at(now_.boot_ns + kRequestTimeoutNs - 1));
  EXPECT_TRUE(session_.is_connected());
  session_.tick(at(now_.boot_ns + kRequestTimeoutNs));
  EXPECT_FALSE(session_.is_connected());
  EXPECT_FALSE(session_.sas_pending());
  EXPECT_EQ(session_.problem(), "the IKE daemon at /run/charon.vici did not answer within 5 s");
  EXPECT_THAT(states_, ElementsAre(true, false));
}

TEST_F(SessionTest, WaitsOnForALongAnswerThatMoves) {
  come_up();
  ask_for_sas();
  for (int i = 0; i < 10; ++i) {
    now_.boot_ns += kRequestTimeoutNs - 1;
    session_.tick(now_);
    ASSERT_TRUE(session_.is_connected());
    receive(event_bytes("list-sa", inside("a", ike_sa({}))));
  }
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_THAT(session_.sas(), SizeIs(10));
}

TEST_F(SessionTest, TriesAgainSeldomerAndSeldomer) {
  std::vector<std::uint64_t> waits_s;
  for (int i = 0; i < 8; ++i) {
    session_.closed("refused", now_);
    const std::uint64_t due = session_.due_boot_ns();
    EXPECT_FALSE(session_.connect_due(at(due - 1)));
    EXPECT_TRUE(session_.connect_due(at(due)));
    waits_s.push_back((due - now_.boot_ns) / kSecond);
    now_ = at(due);
  }
  EXPECT_THAT(waits_s, ElementsAre(1, 2, 4, 8, 16, 30, 30, 30));
  come_up();
  session_.closed("ended", now_);
  EXPECT_EQ(session_.due_boot_ns(), now_.boot_ns + kSecond) << "it worked: from the start again";
}

TEST_F(SessionTest, ALostDaemonsSasAreUnknownNotZero) {
  come_up();
  ask_for_sas();
  receive(event_bytes("list-sa", inside("a", ike_sa({}))));
  receive(packet_bytes(PacketType::cmd_response, ""));
  session_.closed("it ended", now_);
  EXPECT_THAT(session_.sas(), IsEmpty());
  EXPECT_EQ(session_.sas_at_boot_ns(), 0U);
  EXPECT_EQ(session_.problem(), "it ended");
  EXPECT_THAT(states_, ElementsAre(true, false));
}

TEST_F(SessionTest, HalfAPacketOfTheLastConnectionDoesNotReachTheNext) {
  come_up();
  receive(std::string("\x00\x00\x01", 3));
  session_.closed("it ended", now_);
  come_up();
}

TEST_F(SessionTest, WithoutChildRekeyItIsNotUpButListsSas) {
  session_.connected(now_);
  receive(packet_bytes(PacketType::event_unknown, ""));
  confirm();
  sent();
  EXPECT_FALSE(session_.up());
  EXPECT_THAT(states_, IsEmpty());
  EXPECT_THAT(session_.problem(), HasSubstr("knows no child-rekey event"));
  ask_for_sas();
  receive(event_bytes("list-sa", inside("a", ike_sa({}))));
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_THAT(session_.sas(), SizeIs(1));
  EXPECT_THAT(session_.problem(), HasSubstr("knows no child-rekey event"));
}

TEST_F(SessionTest, WithoutListSaItIsUpAndSaysSo) {
  session_.connected(now_);
  confirm();
  receive(packet_bytes(PacketType::event_unknown, ""));
  EXPECT_TRUE(session_.up());
  EXPECT_THAT(session_.problem(), HasSubstr("does not list its SAs"));
  session_.request_sas();
  EXPECT_FALSE(session_.sas_pending());
}

TEST_F(SessionTest, ACommandThatTheDaemonDoesNotKnowIsNotAskedAgain) {
  come_up();
  ask_for_sas();
  receive(packet_bytes(PacketType::cmd_unknown, ""));
  EXPECT_FALSE(session_.sas_pending());
  EXPECT_EQ(session_.sas_at_boot_ns(), 0U);
  session_.request_sas();
  EXPECT_FALSE(session_.sas_pending());
  EXPECT_TRUE(session_.up());
}

TEST_F(SessionTest, ReadsAsManySasAsAllowed) {
  come_up();
  ask_for_sas();
  const std::string one = event_bytes("list-sa", inside("a", Section{}));
  for (std::size_t i = 0; i < kMostIkeSas; ++i) receive(one);
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_THAT(session_.sas(), SizeIs(kMostIkeSas));
  EXPECT_EQ(session_.problem(), "");
  ask_for_sas();
  for (std::size_t i = 0; i <= kMostIkeSas; ++i) receive(one);
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_THAT(session_.sas(), IsEmpty());
  EXPECT_EQ(session_.sas_at_boot_ns(), 0U);
  EXPECT_THAT(session_.problem(), HasSubstr("more than 16384 IKE SAs"));
  ask_for_sas();
  receive(packet_bytes(PacketType::cmd_response, ""));
  EXPECT_EQ(session_.problem(), "");
  EXPECT_GT(session_.sas_at_boot_ns(), 0U);
}

TEST_F(SessionTest, WhatIsNotViciEndsTheConnectionAndIsNamed) {
  const std::string cut_off_message = packet_bytes(PacketType::event, "child-rekey", "\x01");
  for (const auto& [bytes, why] : std::vector<std::pair<std::string, std::string>>{
           {std::string("\x00\x00\x00\x00", 4), "a vici packet of no bytes"},
           {"HTTP/1.1 400 Bad Request\r\n",
            "a vici packet of 1213486160 bytes; at most 524288 are "
            "allowed"},
           {std::string("\x00\x00\x00\x01\x09", 5), "a vici packet of unknown type 9"},
           {packet_bytes(PacketType::cmd_request, "x"), "a packet that only a client may send"},
           {packet_bytes(PacketType::event_register, "x"), "a packet that only a client may send"},
           {packet_bytes(PacketType::event_confirm, ""),
            "an answer to a registration that nobody asked for"},
           {packet_bytes(PacketType::cmd_response, ""), "an answer to a command that nobody gave"},
           {cut_off_message, "a vici message is cut off at byte 1"}}) {
    come_up();
    receive(bytes);
    EXPECT_FALSE(session_.is_connected()) << why;
    EXPECT_EQ(session_.problem(), "what answers at /run/charon.vici does not speak vici: " + why);
  }
}

TEST_F(SessionTest, AHostilePathIsShownPlain) {
  const Session session("/run/\x1b[2J\n", {});
  EXPECT_EQ(session.problem(), "not connected yet to the IKE daemon at /run/\\x1b[2J\\x0a");
}

}  // namespace
}  // namespace qm::ike
