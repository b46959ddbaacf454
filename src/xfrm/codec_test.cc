#include "xfrm/codec.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <rapidcheck.h>

#include <cstring>
#include <functional>
#include <string>

#include "support/xfrm_messages.h"
#include "support/xfrm_telling_sink.h"

namespace qm::xfrm {
namespace {

using test::Datagram;
using test::Message;
using test::text_of;
using test::told;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
Bytes bytes_of(const T& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof(value)};
}

Sa in_sa() {
  return test::esp_sa("10.9.0.2", "10.9.0.1", 0xc0ffee01);
}
Policy sent_policy() {
  return test::esp_policy(PolicyDirection::out, "10.9.0.1", "10.9.0.2", 2049);
}

// Lives on the heap in its exact size, so that a sanitizer sees every read beyond it.
std::vector<std::string> told_exactly(Bytes datagram) {
  const Message copy(datagram.begin(), datagram.end());
  return told(copy);
}

TEST(Codec, sizes_are_those_of_the_kernel) {
  Sa larval = in_sa();
  larval.larval = true;
  Sa nat = in_sa();
  nat.encap = true;
  Policy bare = sent_policy();
  bare.templates.clear();
  EXPECT_EQ(Datagram().new_sa(in_sa()).size(), 556);
  EXPECT_EQ(Datagram().new_sa(larval).size(), 256);
  EXPECT_EQ(Datagram().new_sa(nat).size(), 584);
  EXPECT_EQ(Datagram().deleted_sa(in_sa()).size(), 584);
  EXPECT_EQ(Datagram().expired_sa(in_sa(), true).size(), 248);
  EXPECT_EQ(Datagram().flushed_sas(0).size(), 20);
  EXPECT_EQ(Datagram().new_policy(bare).size(), 196);
  EXPECT_EQ(Datagram().new_policy(sent_policy()).size(), 196 + 68);
}

TEST(Codec, an_sa_says_what_the_kernel_holds) {
  Sa sa = in_sa();
  sa.counters = {2'146'528, 1531};
  sa.stats = {1, 2, 3};
  sa.use_time_s = 1'700'000'100;
  sa.soft_add_expires_s = 3000;
  sa.hard_add_expires_s = 3600;
  sa.seq = 9;
  EXPECT_THAT(told(Datagram().new_sa(sa, 7).bytes()),
              ElementsAre("sa 7 10.9.0.1 proto 50 spi c0ffee01 from 10.9.0.2 reqid 1 transport "
                          "enc cbc(aes) 128/0 auth hmac(sha256) 256/128 flags 0x0 seq 9 window 32 "
                          "bytes 2146528 packets 1531 stats 1/2/3 added 1700000000 used 1700000100 "
                          "expires 3000/3600"));
}

TEST(Codec, an_update_is_told_from_a_new_sa) {
  EXPECT_THAT(told(Datagram().updated_sa(in_sa(), 3).bytes()),
              ElementsAre("updated 3 " + text_of(in_sa())));
}

TEST(Codec, a_deleted_sa_comes_with_its_last_counters) {
  Sa sa = in_sa();
  sa.counters = {26'016, 801};
  sa.id.mark = {0x10, 0xff};
  EXPECT_THAT(told(Datagram().deleted_sa(sa).bytes()), ElementsAre("deleted " + text_of(sa)));
}

TEST(Codec, an_expiry_has_no_algorithms_but_mark_and_if_id) {
  Sa sa = in_sa();
  sa.id.mark = {1, 1};
  sa.if_id = 5;
  sa.encryption = sa.authentication = {};
  EXPECT_THAT(told(Datagram().expired_sa(sa, true).bytes()),
              ElementsAre("expired hard " + text_of(sa)));
  EXPECT_THAT(told(Datagram().expired_sa(sa, false).bytes()),
              ElementsAre("expired soft " + text_of(sa)));
}

TEST(Codec, no_algorithm_means_larval) {
  Sa sa = in_sa();
  sa.larval = true;
  sa.encryption = sa.authentication = {};
  EXPECT_THAT(told(Datagram().new_sa(sa).bytes()), ElementsAre("sa 0 " + text_of(sa)));
  EXPECT_THAT(told(Datagram().deleted_sa(sa).bytes()), ElementsAre("deleted " + text_of(sa)));
}

// One change to an SA, that must come through.
struct Variant {
  const char* name;
  std::function<void(Sa&)> change;
};

TEST(Codec, every_attribute_comes_through) {
  const Variant variants[] = {
      {"encap", [](Sa& sa) { sa.encap = true, sa.encap_sport = 4500, sa.encap_dport = 40'000; }},
      {"inherited", [](Sa& sa) { sa.inherited = {1ULL << 40, 1ULL << 33}; }},
      {"aead",
       [](Sa& sa) {
         sa.encryption = sa.authentication = {};
         sa.aead = {"rfc4106(gcm(aes))", 160, 128};
       }},
      {"null encryption", [](Sa& sa) { sa.encryption = {"ecb(cipher_null)", 0, 0}; }},
      {"odd key", [](Sa& sa) { sa.encryption = {"cbc(des)", 57, 0}; }},
      {"mark", [](Sa& sa) { sa.id.mark = {0xdead, 0xffff}; }},
      {"esn", [](Sa& sa) { sa.esn = true, sa.flags = XFRM_STATE_ESN, sa.replay_window = 1024; }},
      {"esn, window 1",
       [](Sa& sa) { sa.esn = true, sa.flags = XFRM_STATE_ESN, sa.replay_window = 1; }},
      {"wide window without esn", [](Sa& sa) { sa.replay_window = 4096; }},
      {"no window", [](Sa& sa) { sa.replay_window = 0; }},
      {"offload", [](Sa& sa) { sa.offloaded = true; }},
      {"packet offload", [](Sa& sa) { sa.offloaded = sa.packet_offload = true; }},
      {"if_id", [](Sa& sa) { sa.if_id = 0xffff'ffff; }},
      {"in", [](Sa& sa) { sa.direction = Direction::in; }},
      {"out", [](Sa& sa) { sa.direction = Direction::out; }},
      {"tunnel", [](Sa& sa) { sa.mode = Mode::tunnel, sa.flags = XFRM_STATE_AF_UNSPEC; }},
      {"beet", [](Sa& sa) { sa.mode = Mode::beet; }},
      {"iptfs", [](Sa& sa) { sa.mode = Mode::iptfs; }},
      {"AH", [](Sa& sa) { sa.id.proto = kAh, sa.encryption = {}; }},
      {"IPv6", [](Sa& sa) { sa = test::esp_sa("fd00::2", "fd00::1", 1); }},
  };
  for (const Variant& variant : variants) {
    Sa sa = in_sa();
    variant.change(sa);
    EXPECT_THAT(told(Datagram().new_sa(sa).bytes()), ElementsAre("sa 0 " + text_of(sa)))
        << variant.name;
    EXPECT_THAT(told(Datagram().deleted_sa(sa).bytes()), ElementsAre("deleted " + text_of(sa)))
        << variant.name;
  }
}

TEST(Codec, the_older_authentication_attribute_alone_is_enough) {
  const auto read_sizes = [](std::vector<std::uint16_t> order) {
    Message payload = test::sa_payload([] {
      Sa bare = in_sa();
      bare.larval = true;
      return bare;
    }());
    Message value(kMostAlgorithmName);
    std::memcpy(value.data(), "hmac(sha1)", 10);
    for (const std::uint16_t type : order) {
      Message algorithm = value;
      const std::uint32_t lengths[] = {160, 96};
      const std::size_t head = type == XFRMA_ALG_AUTH ? 4 : 8;
      algorithm.resize(kMostAlgorithmName + head + 20);
      std::memcpy(algorithm.data() + kMostAlgorithmName, lengths, head);
      test::append_attribute(payload, type, algorithm);
    }
    return told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()).at(0);
  };
  EXPECT_THAT(read_sizes({XFRMA_ALG_AUTH}), HasSubstr("auth hmac(sha1) 160/0"));
  EXPECT_THAT(read_sizes({XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC}),
              HasSubstr("auth hmac(sha1) 160/96"));
  EXPECT_THAT(read_sizes({XFRMA_ALG_AUTH_TRUNC, XFRMA_ALG_AUTH}),
              HasSubstr("auth hmac(sha1) 160/96"));
}

TEST(Codec, what_the_kernel_leaves_behind_an_ipv4_address_is_dropped) {
  Sa dirty = in_sa();
  for (std::size_t i = 4; i < 16; ++i) {
    dirty.id.daddr.bytes.at(i) = dirty.saddr.bytes.at(i) = 0xee;
  }
  class Keeping : public SilentSink {
   public:
    void on_sa(const Sa& sa, bool, std::uint32_t) override { seen = sa; }
    Sa seen;
  } sink;
  decode(Datagram().new_sa(dirty).bytes(), sink);
  EXPECT_EQ(sink.seen.id, in_sa().id);
  EXPECT_EQ(sink.seen.saddr, in_sa().saddr);
}

TEST(Codec, policies_come_through) {
  const Policy plain = sent_policy();
  Policy v6 = test::esp_policy(PolicyDirection::in, "fd00::1", "fd00::2", 8);
  v6.mark = {7, 0xf};
  v6.if_id = 42;
  v6.type = 1;
  v6.templates[0].optional = true;
  v6.templates[0].spi = 0xc1;
  Policy block = plain;
  block.action = PolicyAction::block;
  block.templates.clear();
  Policy bundle = plain;
  bundle.templates.push_back(bundle.templates[0]);
  bundle.templates[1].proto = kAh;
  bundle.templates[1].mode = Mode::tunnel;
  for (const Policy& policy : {plain, v6, block, bundle}) {
    EXPECT_THAT(told(Datagram().new_policy(policy, 5).bytes()),
                ElementsAre("policy 5 " + text_of(policy)));
    EXPECT_THAT(told(Datagram().updated_policy(policy, 6).bytes()),
                ElementsAre("policy 6 " + text_of(policy)));
    for (const bool by_index : {true, false}) {
      EXPECT_THAT(told(Datagram().deleted_policy(policy, by_index).bytes()),
                  ElementsAre("policy deleted " + text_of(policy)));
    }
    EXPECT_THAT(told(Datagram().expired_policy(policy, true).bytes()),
                ElementsAre("policy deleted " + text_of(policy)));
    EXPECT_THAT(told(Datagram().expired_policy(policy, false).bytes()), ElementsAre("other 0x1b"));
  }
}

TEST(Codec, a_policy_of_a_socket_keeps_its_index_and_direction) {
  Policy policy = sent_policy();
  policy.index = 8 * 3 + 4;
  EXPECT_THAT(told(Datagram().new_policy(policy).bytes()),
              ElementsAre("policy 0 " + text_of(policy)));
}

TEST(Codec, a_deleted_policy_without_the_real_one_is_known_by_its_id) {
  xfrm_userpolicy_id id{};
  id.index = 2049;
  id.dir = 1;
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_DELPOLICY, 0, bytes_of(id)).bytes()),
              ElementsAre(HasSubstr("policy deleted index 2049 out")));
}

TEST(Codec, the_rest_of_the_messages) {
  Datagram datagram;
  datagram.flushed_sas(50)
      .flushed_policies(1)
      .default_policy({.block_in = true, .block_forward = false, .block_out = true})
      .sa_counters(in_sa().id, {5, 6}, 11)
      .sa_count(77, 10)
      .acquire(in_sa(), sent_policy())
      .raw(0x7f, 0, {})
      .error(12, -3)
      .error(13, 0)
      .done(14, -4);
  EXPECT_THAT(
      told(datagram.bytes()),
      ElementsAre("sas flushed 50", "policies flushed 1",
                  "default block in true forward false out true",
                  "counters 11 " + text_of(in_sa().id) + " bytes 5 packets 6", "sa count 10 77",
                  "other 0x17", "other 0x7f", "error 12 -3", "error 13 0", "done 14 -4"));
}

TEST(Codec, counters_name_the_mark_of_their_sa) {
  SaId marked = in_sa().id;
  marked.mark = {0x2a, 0xff};
  EXPECT_THAT(told(Datagram().sa_counters(marked, {5, 6}, 11).bytes()),
              ElementsAre("counters 11 " + text_of(marked) + " bytes 5 packets 6"));
}

TEST(Codec, an_empty_datagram_says_nothing) {
  EXPECT_THAT(told({}), IsEmpty());
}

TEST(Codec, the_datagram_is_shown_before_its_messages) {
  class Ordered : public test::TellingSink {
   public:
    void on_datagram(Bytes datagram) override {
      lines.push_back("datagram " + std::to_string(datagram.size()));
    }
  } sink;
  decode(Datagram().flushed_sas(0).flushed_sas(50).bytes(), sink);
  EXPECT_THAT(sink.lines, ElementsAre("datagram 40", "sas flushed 0", "sas flushed 50"));
}

TEST(Codec, a_broken_frame_ends_the_datagram) {
  Datagram good;
  good.flushed_sas(50);
  Message stray(good.bytes().begin(), good.bytes().end());
  stray.resize(stray.size() + 5);
  EXPECT_THAT(told_exactly(stray),
              ElementsAre("sas flushed 50", "malformed 0x0: stray bytes behind the messages"));
  for (const std::uint32_t length : {0U, 15U, 21U, 0xffff'ffffU}) {
    Message lying = Datagram().flushed_sas(50).flushed_sas(51).take();
    std::memcpy(lying.data() + 20, &length, sizeof(length));
    EXPECT_THAT(
        told_exactly(lying),
        ElementsAre("sas flushed 50", "malformed 0x1c: a message whose length breaks the frame"))
        << length;
  }
}

TEST(Codec, what_is_malformed_does_not_hide_what_follows) {
  Sa unknown = in_sa();
  unknown.mode = static_cast<Mode>(6);
  EXPECT_THAT(told(Datagram().new_sa(unknown).flushed_sas(50).bytes()),
              ElementsAre("malformed 0x10: an SA of an unknown mode", "sas flushed 50"));
}

std::vector<Message> one_of_each() {
  Sa full = in_sa();
  full.encap = full.offloaded = full.esn = true;
  full.id.mark = {1, 1};
  full.if_id = 2;
  full.direction = Direction::in;
  full.inherited = {1, 1};
  Policy policy = sent_policy();
  policy.mark = {1, 1};
  policy.if_id = 2;
  return {Datagram().new_sa(full).take(),
          Datagram().new_sa(test::esp_sa("fd00::1", "fd00::2", 3)).take(),
          Datagram().deleted_sa(full).take(),
          Datagram().expired_sa(full, true).take(),
          Datagram().sa_counters(full.id, {1, 2}, 3).take(),
          Datagram().new_policy(policy).take(),
          Datagram().deleted_policy(policy, true).take(),
          Datagram().expired_policy(policy, true).take(),
          Datagram().flushed_policies(0).take(),
          Datagram().flushed_sas(0).take(),
          Datagram().default_policy({}).take(),
          Datagram().sa_count(1, 2).take(),
          Datagram().done(1).take(),
          Datagram().error(1, -3).take()};
}

TEST(Codec, a_message_cut_at_any_byte_is_never_taken_for_whole) {
  for (const Message& whole : one_of_each()) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const auto lines = told_exactly(Bytes(whole).first(size));
      ASSERT_EQ(lines.size(), 1U) << size;
      ASSERT_THAT(lines[0], HasSubstr("malformed")) << size;
    }
  }
}

// The frame holds, the message inside is short: it may read as one with fewer attributes.
TEST(Codec, a_message_that_is_short_inside_gives_at_most_one_word) {
  for (const Message& whole : one_of_each()) {
    for (std::uint32_t size = sizeof(nlmsghdr); size < whole.size(); ++size) {
      Message cut(whole.begin(), whole.begin() + size);
      std::memcpy(cut.data(), &size, sizeof(size));
      ASSERT_EQ(told_exactly(cut).size(), 1U) << size;
    }
  }
}

TEST(Codec, garbled_bytes_are_survived) {
  rc::check([] {
    Message bytes;
    for (const Message& message : one_of_each()) {
      bytes.insert(bytes.end(), message.begin(), message.end());
    }
    const auto changes = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint8_t>>>(
        rc::gen::arbitrary<std::pair<std::uint32_t, std::uint8_t>>());
    for (const auto& [at, value] : changes) bytes[at % bytes.size()] = std::byte{value};
    told_exactly(bytes);
  });
}

TEST(Codec, nothing_of_an_sa_is_left_for_the_next) {
  Sa full = test::esp_sa("fd00::2", "fd00::1", 5);
  full.encap = full.offloaded = full.packet_offload = full.esn = true;
  full.encap_sport = full.encap_dport = 4500;
  full.flags = XFRM_STATE_ESN;
  full.id.mark = {1, 1};
  full.if_id = 2;
  full.direction = Direction::in;
  full.inherited = {1, 1};
  full.aead = {"rfc4106(gcm(aes))", 160, 128};
  Sa bare = in_sa();
  bare.replay_window = 0;
  bare.larval = true;
  bare.encryption = bare.authentication = {};
  EXPECT_THAT(told(Datagram().new_sa(full).new_sa(bare).bytes()).at(1), "sa 0 " + text_of(bare));
  EXPECT_THAT(told(Datagram().new_sa(full).deleted_sa(bare).bytes()).at(1),
              "deleted " + text_of(bare));
  bare.larval = false;  // which an expiry does not say
  EXPECT_THAT(told(Datagram().deleted_sa(full).expired_sa(bare, true).bytes()).at(1),
              "expired hard " + text_of(bare));
  Sa larval = full;
  larval.larval = true;
  EXPECT_THAT(told(Datagram().new_sa(larval).expired_sa(bare, true).bytes()).at(1),
              "expired hard " + text_of(bare));
}

TEST(Codec, any_sa_comes_back_as_it_was) {
  rc::check([] {
    Sa sa = *rc::gen::arbitrary<bool>() ? in_sa() : test::esp_sa("fd00::2", "fd00::1", 5);
    sa.id.spi = *rc::gen::arbitrary<std::uint32_t>();
    sa.id.mark = {*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>()};
    sa.reqid = *rc::gen::arbitrary<std::uint32_t>();
    sa.if_id = *rc::gen::arbitrary<std::uint32_t>();
    sa.counters = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
    sa.replay_window = *rc::gen::inRange(0U, 4096U);
    sa.mode = static_cast<Mode>(*rc::gen::inRange(0, 6));
    sa.larval = *rc::gen::arbitrary<bool>();
    if (sa.larval) sa.encryption = sa.authentication = {};
    RC_ASSERT(told(Datagram().new_sa(sa).bytes()) ==
              std::vector<std::string>{"sa 0 " + text_of(sa)});
  });
}

TEST(Codec, a_dump_request_is_a_header_and_perhaps_a_protocol) {
  const auto all = request_sa_dump(5);
  nlmsghdr header{};
  ASSERT_TRUE(read_at(all, 0, header));
  EXPECT_EQ(header.nlmsg_len, 16);
  EXPECT_EQ(all.size(), 16);
  EXPECT_EQ(header.nlmsg_type, XFRM_MSG_GETSA);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(header.nlmsg_seq, 5);

  const auto esp = request_sa_dump(5, kEsp);
  nlattr attribute{};
  ASSERT_TRUE(read_at(esp, 16, attribute));
  EXPECT_EQ(attribute.nla_type, XFRMA_PROTO);
  EXPECT_EQ(attribute.nla_len, 5);
  EXPECT_EQ(esp.size(), 24);
  EXPECT_EQ(esp[20], std::byte{kEsp});
}

TEST(Codec, requests_for_sas_stand_one_behind_the_other) {
  std::vector<std::byte> out;
  SaId marked = in_sa().id;
  marked.mark = {3, 0xff};
  append_sa_request(out, 1, in_sa().id);
  append_sa_request(out, 2, marked);
  ASSERT_EQ(out.size(), 40U + 52U);
  nlmsghdr second{};
  xfrm_usersa_id id{};
  xfrm_mark mark{};
  ASSERT_TRUE(read_at(out, 40, second) && read_at(out, 56, id) && read_at(out, 84, mark));
  EXPECT_EQ(second.nlmsg_len, 52);
  EXPECT_EQ(second.nlmsg_seq, 2);
  EXPECT_EQ(big_endian32(id.spi), 0xc0ffee01);
  EXPECT_EQ(id.family, 2);
  EXPECT_EQ(id.proto, 50);
  EXPECT_EQ(mark.v, 3);
  EXPECT_EQ(mark.m, 0xff);
}

TEST(XfrmStat, the_lines_that_are_used) {
  const NetnsErrors errors = parse_xfrm_stat(
      "XfrmInError             \t0\n"
      "XfrmInNoStates          \t12\n"
      "XfrmInStateProtoError   \t18446744073709551615\n"
      "XfrmInStateSeqError     \t3\n");
  EXPECT_TRUE(errors.complete);
  EXPECT_EQ(errors.in_no_states, 12);
  EXPECT_EQ(errors.in_state_proto_error, 18446744073709551615U);
  EXPECT_EQ(errors.in_state_seq_error, 3);
}

TEST(XfrmStat, what_is_missing_or_broken_is_not_complete) {
  EXPECT_FALSE(parse_xfrm_stat("").complete);
  EXPECT_FALSE(parse_xfrm_stat("XfrmInNoStates 1\nXfrmInStateProtoError 2\n").complete);
  const NetnsErrors errors = parse_xfrm_stat(
      "XfrmInNoStates one\nXfrmInStateProtoError 2\nXfrmInStateSeqError 3x\n\n   \nname\n");
  EXPECT_FALSE(errors.complete);
  EXPECT_EQ(errors.in_no_states, 0);
  EXPECT_EQ(errors.in_state_proto_error, 2);
}

}  // namespace
}  // namespace qm::xfrm
