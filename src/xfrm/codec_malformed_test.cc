// Messages that no kernel writes: each must be complained of, by its name, and none guessed.
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <cstring>
#include <functional>
#include <string>

#include "support/xfrm_messages.h"
#include "support/xfrm_telling_sink.h"
#include "xfrm/codec.h"

namespace qm::xfrm {
namespace {

using test::Datagram;
using test::Message;
using test::told;
using ::testing::ElementsAre;
using ::testing::StartsWith;

Sa told_sa() {
  return test::esp_sa("10.9.0.2", "10.9.0.1", 0xc0ffee01);
}
Policy a_policy() {
  return test::esp_policy(PolicyDirection::out, "10.9.0.1", "10.9.0.2", 2049);
}

Message larval_payload() {
  Sa sa = told_sa();
  sa.larval = true;
  return test::sa_payload(sa);
}

Message algorithm(std::string_view name, std::uint32_t key_bits, std::size_t bytes_behind) {
  Message value(kMostAlgorithmName + sizeof(key_bits) + bytes_behind);
  std::memcpy(value.data(), name.data(), name.size());
  std::memcpy(value.data() + kMostAlgorithmName, &key_bits, sizeof(key_bits));
  return value;
}

std::string with_attribute(std::uint16_t type, const Message& value) {
  Message payload = larval_payload();
  test::append_attribute(payload, type, value);
  return told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()).at(0);
}

std::string complaint(std::string_view what, int type = 0x10) {
  return "malformed " +
         std::string(type == 0x10   ? "0x10: "
                     : type == 0x13 ? "0x13: "
                                    : "0x11: ") +
         std::string(what);
}

TEST(Malformed, attributes_of_the_wrong_size) {
  const struct {
    std::uint16_t type;
    std::size_t size;
    const char* what;
  } cases[] = {{XFRMA_ENCAP, 24, "an encapsulation of the wrong size"},
               {XFRMA_LTIME_VAL, 32, "a lifetime of the wrong size"},
               {XFRMA_MARK, 8, "a mark of the wrong size"},
               {XFRMA_OFFLOAD_DEV, 8, "an offload attribute of the wrong size"},
               {XFRMA_IF_ID, 4, "an if_id of the wrong size"}};
  for (const auto& [type, size, what] : cases) {
    EXPECT_EQ(with_attribute(type, Message(size - 1)), complaint(what));
    EXPECT_THAT(with_attribute(type, Message(size)), StartsWith("sa 0"));
    EXPECT_EQ(with_attribute(type, Message(size + 1)), complaint(what));
  }
}

TEST(Malformed, replay_states) {
  Sa sa = told_sa();
  sa.replay_window = 128;
  const auto with_bitmap_length = [&](std::uint32_t words) {
    Message payload = test::sa_payload(sa);
    // The last attribute: six words and a bitmap of four.
    std::memcpy(payload.data() + payload.size() - 40, &words, sizeof(words));
    return told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()).at(0);
  };
  EXPECT_THAT(with_bitmap_length(4), StartsWith("sa 0"));
  for (const std::uint32_t words : {3U, 5U, 0x4000'0004U, 0xffff'ffffU}) {
    EXPECT_EQ(with_bitmap_length(words), complaint("a replay state whose bitmap length lies"));
  }
  EXPECT_EQ(with_attribute(XFRMA_REPLAY_ESN_VAL, Message(23)),
            complaint("a replay state cut short"));

  Message payload = larval_payload();
  payload.resize(224);
  test::append_attribute(payload, XFRMA_REPLAY_VAL, Message(11));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(complaint("a replay state of the wrong size")));
}

TEST(Malformed, algorithms) {
  const std::string longest(kMostAlgorithmName - 1, 'x');
  const std::string endless(kMostAlgorithmName, 'x');
  EXPECT_THAT(with_attribute(XFRMA_ALG_CRYPT, algorithm(longest, 128, 16)), StartsWith("sa 0"));
  EXPECT_EQ(with_attribute(XFRMA_ALG_CRYPT, algorithm(endless, 128, 16)),
            complaint("an algorithm without a proper name"));
  EXPECT_EQ(with_attribute(XFRMA_ALG_CRYPT, algorithm("", 128, 16)),
            complaint("an algorithm without a proper name"));
  for (const std::uint32_t bits : {0U, 120U, 129U, 0xffff'ffffU}) {
    EXPECT_EQ(with_attribute(XFRMA_ALG_CRYPT, algorithm("cbc(aes)", bits, 16)),
              complaint("an algorithm whose key length lies"));
  }
  EXPECT_EQ(with_attribute(XFRMA_ALG_CRYPT, Message(67)), complaint("an algorithm cut short"));
  for (const std::uint16_t type : {XFRMA_ALG_AEAD, XFRMA_ALG_AUTH_TRUNC}) {
    EXPECT_EQ(with_attribute(type, algorithm("x", 0, 3)), complaint("an algorithm cut short"));
    EXPECT_THAT(with_attribute(type, algorithm("x", 0, 4)), StartsWith("sa 0"));
  }
}

TEST(Malformed, directions) {
  for (const int direction : {0, 3, 255}) {
    EXPECT_EQ(with_attribute(33, {std::byte(direction)}),
              complaint("a direction that is neither in nor out"));
  }
  EXPECT_EQ(with_attribute(33, Message(2)), complaint("a direction that is neither in nor out"));
}

TEST(Malformed, an_attribute_that_comes_twice) {
  Message payload = larval_payload();
  test::append_attribute(payload, XFRMA_IF_ID, Message(4));
  test::append_attribute(payload, XFRMA_IF_ID, Message(4));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(complaint("an attribute that comes twice")));
  Message policy = test::policy_payload(a_policy());
  test::append_attribute(policy, XFRMA_POLICY_TYPE, Message(6));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWPOLICY, 0, policy).bytes()),
              ElementsAre(complaint("an attribute that comes twice", 0x13)));
}

TEST(Malformed, padding_and_newer_attributes_may_come_twice) {
  Message payload = larval_payload();
  for (const std::uint16_t type :
       {std::uint16_t{XFRMA_PAD}, std::uint16_t{40}, std::uint16_t{900}}) {
    test::append_attribute(payload, type, {});
    test::append_attribute(payload, type, Message(9));
  }
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(StartsWith("sa 0")));
}

TEST(Malformed, at_most_so_many_attributes) {
  Message payload = larval_payload();  // one attribute already
  for (std::size_t i = 1; i < kMostAttributes; ++i) {
    test::append_attribute(payload, XFRMA_PAD, {});
  }
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(StartsWith("sa 0")));
  test::append_attribute(payload, XFRMA_PAD, {});
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(complaint("too many attributes")));
}

TEST(Malformed, attribute_headers) {
  const auto with_last_length = [](std::uint16_t length) {
    Message payload = larval_payload();
    test::append_attribute(payload, XFRMA_IF_ID, Message(4));
    std::memcpy(payload.data() + payload.size() - 8, &length, sizeof(length));
    return told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()).at(0);
  };
  EXPECT_THAT(with_last_length(8), StartsWith("sa 0"));
  EXPECT_EQ(with_last_length(9), complaint("an attribute longer than its message"));
  EXPECT_EQ(with_last_length(0xffff), complaint("an attribute longer than its message"));
  EXPECT_EQ(with_last_length(3), complaint("an attribute shorter than its header"));
  EXPECT_EQ(with_last_length(0), complaint("an attribute shorter than its header"));
  Message payload = larval_payload();
  payload.resize(payload.size() + 3);
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWSA, 0, payload).bytes()),
              ElementsAre(complaint("stray bytes behind the attributes")));
}

TEST(Malformed, sas_that_cannot_be) {
  Sa family = told_sa();
  family.id.daddr.family = static_cast<Family>(3);
  Sa mode = told_sa();
  mode.mode = static_cast<Mode>(6);
  EXPECT_THAT(
      told(Datagram().new_sa(family).new_sa(mode).bytes()),
      ElementsAre(complaint("an SA of an unknown family"), complaint("an SA of an unknown mode")));
}

TEST(Malformed, deleted_sas_that_contradict_themselves) {
  const auto with_change = [](std::size_t at) {
    Message message = Datagram().deleted_sa(told_sa()).take();
    message[at] ^= std::byte{1};
    return told(message).at(0);
  };
  const std::string another = complaint("a deleted SA whose last state is another's", 0x11);
  EXPECT_EQ(with_change(16 + 16), another);  // spi
  EXPECT_EQ(with_change(16 + 22), another);  // proto
  EXPECT_EQ(with_change(16 + 0), another);   // daddr
  xfrm_usersa_id id{};
  id.family = 2;
  const Bytes bare(reinterpret_cast<const std::byte*>(&id), sizeof(id));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_DELSA, 0, bare).bytes()),
              ElementsAre(complaint("a deleted SA without its last state", 0x11)));
}

TEST(Malformed, counters_without_a_value) {
  xfrm_aevent_id event{};
  event.sa_id.family = 2;
  const Bytes bare(reinterpret_cast<const std::byte*>(&event), sizeof(event));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWAE, 0, bare).bytes()),
              ElementsAre("malformed 0x1e: counters without a value"));
}

std::string policy_complaint(const std::function<void(Policy&)>& change) {
  Policy policy = a_policy();
  change(policy);
  return told(Datagram().new_policy(policy).bytes()).at(0);
}

TEST(Malformed, policies_that_cannot_be) {
  EXPECT_EQ(policy_complaint([](Policy& p) { p.action = static_cast<PolicyAction>(2); }),
            complaint("a policy of an unknown action", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.direction = static_cast<PolicyDirection>(6); }),
            complaint("a policy of an unknown direction", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.selector.family = static_cast<Family>(3); }),
            complaint("a selector of an unknown family", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.selector.saddr_prefix_bits = 33; }),
            complaint("a selector's prefix longer than its address", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.selector.daddr_prefix_bits = 200; }),
            complaint("a selector's prefix longer than its address", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.templates[0].family = static_cast<Family>(1); }),
            complaint("a template of an unknown family", 0x13));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.templates[0].mode = static_cast<Mode>(6); }),
            complaint("a template of an unknown mode", 0x13));
}

TEST(Malformed, at_most_so_many_templates) {
  EXPECT_THAT(policy_complaint([](Policy& p) { p.templates.resize(kMostTemplates); }),
              StartsWith("policy 0"));
  EXPECT_EQ(policy_complaint([](Policy& p) { p.templates.resize(kMostTemplates + 1); }),
            complaint("too many templates", 0x13));
  Message payload = test::policy_payload(a_policy());
  Message bare(payload.begin(), payload.begin() + 168);
  test::append_attribute(bare, XFRMA_TMPL, Message(65));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWPOLICY, 0, bare).bytes()),
              ElementsAre(complaint("a template cut short", 0x13)));
}

TEST(Malformed, default_policies) {
  const Message zero(4);
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_GETDEFAULT, 0, zero).bytes()),
              ElementsAre("malformed 0x28: a default policy that neither blocks nor accepts"));
}

TEST(Malformed, messages_shorter_than_their_fixed_part) {
  const Message few(3);
  const struct {
    std::uint16_t type;
    const char* what;
  } cases[] = {
      {XFRM_MSG_NEWSA, "malformed 0x10: an SA cut short"},
      {XFRM_MSG_DELSA, "malformed 0x11: a deleted SA cut short"},
      {XFRM_MSG_NEWAE, "malformed 0x1e: counters cut short"},
      {XFRM_MSG_NEWSADINFO, "malformed 0x22: a count cut short"},
      {XFRM_MSG_NEWPOLICY, "malformed 0x13: a policy cut short"},
      {XFRM_MSG_DELPOLICY, "malformed 0x14: a deleted policy cut short"},
      {XFRM_MSG_POLEXPIRE, "malformed 0x1b: a policy's expiry cut short"},
      {XFRM_MSG_SETDEFAULT, "malformed 0x27: a default policy that neither blocks nor accepts"}};
  for (const auto& [type, what] : cases) {
    EXPECT_THAT(told(Datagram().raw(type, 0, few).bytes()), ElementsAre(what));
  }
}

TEST(Malformed, counters_of_an_unknown_family) {
  xfrm_aevent_id event{};
  event.sa_id.family = 3;
  const Bytes bare(reinterpret_cast<const std::byte*>(&event), sizeof(event));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWAE, 0, bare).bytes()),
              ElementsAre("malformed 0x1e: counters of an unknown family"));
  Message twice(bare.begin(), bare.end());
  for (int i = 0; i < 2; ++i) test::append_attribute(twice, XFRMA_LTIME_VAL, Message(32));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_NEWAE, 0, twice).bytes()).at(0),
              StartsWith("malformed 0x1e: "));
}

TEST(Malformed, counts) {
  const auto count = [](const std::function<void(Message&)>& fill) {
    Message payload(4);
    fill(payload);
    return told(Datagram().raw(XFRM_MSG_NEWSADINFO, 0, payload).bytes()).at(0);
  };
  EXPECT_EQ(count([](Message&) {}), "malformed 0x22: a count without a value");
  EXPECT_EQ(count([](Message& m) { test::append_attribute(m, XFRMA_SAD_CNT, Message(3)); }),
            "malformed 0x22: a count of the wrong size");
  EXPECT_EQ(count([](Message& m) {
              for (int i = 0; i < 2; ++i) test::append_attribute(m, XFRMA_SAD_CNT, Message(4));
            }),
            "malformed 0x22: an attribute that comes twice");
  EXPECT_THAT(count([](Message& m) {
                test::append_attribute(m, XFRMA_SAD_HINFO, Message(8));  // is nothing to us
                test::append_attribute(m, XFRMA_SAD_CNT, Message(4));
              }),
              testing::Not(StartsWith("malformed")));
}

TEST(Malformed, deleted_policies) {
  xfrm_userpolicy_id id{};
  id.sel.family = 2;
  id.dir = 77;
  const Bytes bare(reinterpret_cast<const std::byte*>(&id), sizeof(id));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_DELPOLICY, 0, bare).bytes()),
              ElementsAre("malformed 0x14: a policy of an unknown direction"));
  Message with_real(bare.begin(), bare.end());
  test::append_attribute(with_real, XFRMA_POLICY, Message(sizeof(xfrm_userpolicy_info) - 1));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_DELPOLICY, 0, with_real).bytes()),
              ElementsAre("malformed 0x14: a deleted policy of the wrong size"));
  Message with_if_id(bare.begin(), bare.end());
  test::append_attribute(with_if_id, XFRMA_IF_ID, Message(3));
  EXPECT_THAT(told(Datagram().raw(XFRM_MSG_DELPOLICY, 0, with_if_id).bytes()),
              ElementsAre("malformed 0x14: an if_id of the wrong size"));
}

}  // namespace
}  // namespace qm::xfrm
