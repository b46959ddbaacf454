#include "provider/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace qm::provider {
namespace {

using testing::HasSubstr;

template <class T>
Bytes bytes_of(const T& message) {
  return std::as_bytes(std::span(&message, 1));
}

qm_message_header header_of(std::uint16_t type) {
  return {QM_PROTOCOL_MAGIC, QM_PROTOCOL_VERSION, type};
}

std::string refused(Bytes packet, std::size_t descriptors = 0) {
  const auto message = parse_message(packet, descriptors);
  return message ? "accepted" : message.error().message;
}

TEST(Message, IsReadBack) {
  qm_hello_message hello{header_of(QM_SAY_HELLO), "agent"};
  EXPECT_EQ(std::get<Hello>(*parse_message(bytes_of(hello), 0)).driver, "agent");
  const qm_register_message registration{
      header_of(QM_SAY_REGISTER), 7, QM_REG_PDO, {1, 2, 3, {}}, 144, 18, 8, 0};
  const auto read = std::get<Register>(*parse_message(bytes_of(registration), 1));
  EXPECT_EQ(read.registration, 7U);
  EXPECT_EQ(read.info.flags, std::uint32_t{QM_REG_PDO});
  EXPECT_EQ(read.info.guid.Data2, 2U);
  EXPECT_EQ(read.info.block_bytes, 144U);
  EXPECT_EQ(read.info.data_items, 18U);
  EXPECT_EQ(read.info.most_instances, 8U);
  const qm_registration_message gone{header_of(QM_SAY_UNREGISTER), 7, 0};
  EXPECT_EQ(std::get<Unregister>(*parse_message(bytes_of(gone), 0)).registration, 7U);
  const qm_refresh_message refreshed{header_of(QM_SAY_REFRESHED), 9};
  EXPECT_EQ(std::get<Refreshed>(*parse_message(bytes_of(refreshed), 0)).token, 9U);
}

TEST(Message, OfAnotherProtocolOrVersionIsRefused) {
  EXPECT_EQ(refused({}), "this is not quickmode's provider protocol");
  EXPECT_EQ(refused(std::as_bytes(std::span("GET / HTTP/1.1"))),
            "this is not quickmode's provider protocol");
  qm_refresh_message message{header_of(QM_SAY_REFRESHED), 9};
  message.header.version = 2;
  EXPECT_EQ(refused(bytes_of(message)),
            "the provider speaks protocol version 2, this service version 1: install the same "
            "release of both");
}

TEST(Message, OfUnknownTypeOrTheServicesOwnIsRefused) {
  for (const std::uint16_t type :
       std::array<std::uint16_t, 4>{0, QM_SAY_REGISTERED, QM_SAY_REFRESH, 999}) {
    EXPECT_EQ(refused(bytes_of(header_of(type))),
              "message type " + std::to_string(type) + " is unknown");
  }
}

TEST(Message, HasExactlyItsTypesSize) {
  std::array<std::byte, 256> longer{};
  const auto hello = header_of(QM_SAY_HELLO);
  std::memcpy(longer.data(), &hello, sizeof hello);
  EXPECT_EQ(refused(longer), "a message of this type has 72 bytes, this one 256");
  EXPECT_EQ(refused(Bytes(longer).first(71)), "a message of this type has 72 bytes, this one 71");
}

TEST(Message, BringsTheDescriptorsItNeedsAndNoOther) {
  qm_register_message registration{};
  registration.header = header_of(QM_SAY_REGISTER);
  registration.registration = 1;
  EXPECT_THAT(refused(bytes_of(registration), 0), HasSubstr("0 descriptors came along"));
  EXPECT_EQ(refused(bytes_of(registration), 1), "accepted");
  EXPECT_THAT(refused(bytes_of(registration), 2), HasSubstr("this message has 1"));
  registration.bmof_bytes = 10;
  EXPECT_EQ(refused(bytes_of(registration), 2), "accepted");
  const qm_refresh_message refreshed{header_of(QM_SAY_REFRESHED), 9};
  EXPECT_THAT(refused(bytes_of(refreshed), 1), HasSubstr("this message has 0"));
}

TEST(Message, NamesItsDriverInPlainText) {
  qm_hello_message hello{};
  hello.header = header_of(QM_SAY_HELLO);
  EXPECT_THAT(refused(bytes_of(hello)), HasSubstr("the driver's name is not plain text"));
  std::memset(hello.driver, 'x', QM_MOST_DRIVER_NAME_BYTES);
  EXPECT_EQ(refused(bytes_of(hello)), "accepted");
  std::memset(hello.driver, 'x', sizeof hello.driver);  // not terminated
  EXPECT_THAT(refused(bytes_of(hello)), HasSubstr("the driver's name is not plain text"));
  std::memcpy(hello.driver, "\x1b[2J", 5);
  EXPECT_THAT(refused(bytes_of(hello)), HasSubstr("the driver's name is not plain text"));
}

TEST(Refusal, CarriesItsTextCutAndPlain) {
  const auto refusal = make_refused(3, {ErrorCode::denied, "no\n" + std::string(1000, 'x')});
  EXPECT_EQ(refusal.registration, 3U);
  EXPECT_EQ(refusal.error, EPERM);
  EXPECT_THAT(std::string(refusal.text), testing::StartsWith("no\\x0axxx"));
  EXPECT_LE(std::strlen(refusal.text), std::size_t{QM_MOST_REFUSAL_BYTES});
  EXPECT_EQ(refusal_errno({ErrorCode::limit, ""}), ENOSPC);
  EXPECT_EQ(refusal_errno({ErrorCode::invalid, ""}), EINVAL);
}

TEST(RateWindow, AdmitsSoManyInASecond) {
  RateWindow window(2);
  EXPECT_TRUE(window.admit(5000));
  EXPECT_TRUE(window.admit(5999));
  EXPECT_FALSE(window.admit(5999));
  EXPECT_TRUE(window.admit(6000));
  EXPECT_TRUE(window.admit(6001));
  EXPECT_FALSE(window.admit(6002));
}

}  // namespace
}  // namespace qm::provider
