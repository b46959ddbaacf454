#include "login/users.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "login/access.h"
#include "login/basic.h"

namespace qm::login {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHash =
    "$y$j9T$abcdefghijklmnopqrstuv$0123456789012345678901234567890123456789012";

Users parse(std::string_view text, std::size_t bad_lines = 0) {
  std::vector<BadLine> bad;
  Users users = Users::parse(text, bad);
  EXPECT_EQ(bad.size(), bad_lines) << text;
  return users;
}

TEST(Users, read_what_they_write) {
  Users users;
  ASSERT_TRUE(users.add({"monitor", Role::read, kHash}));
  ASSERT_TRUE(users.add({"DOMAIN\\bärbel@example", Role::admin, kHash}));
  const Users again = parse(users.text());
  ASSERT_EQ(again.all().size(), 2U);
  EXPECT_EQ(again.find("DOMAIN\\bärbel@example")->role, Role::admin);
  EXPECT_EQ(again.find("monitor")->hash, kHash);
  EXPECT_EQ(again.find("Monitor"), nullptr);
  EXPECT_EQ(again.text(), users.text());
}

TEST(Users, a_line_that_does_not_fit_is_told_with_its_number_and_lets_nobody_in) {
  const std::string good = fmt::format("good:read:{}\n", kHash);
  for (const std::string& line :
       {std::string("x"), std::string("x:read"), std::string("x:read:"),
        std::string("x:read:plain"), std::string("x:read:$1$old$hash"),
        fmt::format("x:root:{}", kHash), fmt::format("x:none:{}", kHash),
        fmt::format(":read:{}", kHash), fmt::format("-x:read:{}", kHash),
        fmt::format("a b:read:{}", kHash), fmt::format("x\x1b[2J:read:{}", kHash),
        fmt::format("x\xff:read:{}", kHash), fmt::format("\u202ex:read:{}", kHash),
        fmt::format("good:admin:{}", kHash), fmt::format("x:read:{}:more", kHash),
        fmt::format("x:read:{} ", kHash), fmt::format("x:read:{}\r", kHash), std::string()}) {
    std::vector<BadLine> bad;
    const Users users = Users::parse(good + line + "\n" + fmt::format("last:read:{}", kHash), bad);
    EXPECT_EQ(users.all().size(), 2U) << line;
    EXPECT_EQ(users.find("good")->role, Role::read);
    ASSERT_EQ(bad.size(), 1U) << line;
    EXPECT_EQ(bad[0].number, 2U);
    EXPECT_FALSE(bad[0].what.empty());
    EXPECT_EQ(bad[0].what.find('\x1b'), std::string::npos);
  }
}

TEST(Users, limits_hold_at_their_edge) {
  EXPECT_TRUE(check_name(std::string(kMostNameBytes, 'a')));
  EXPECT_EQ(check_name(std::string(kMostNameBytes + 1, 'a')).error().code, ErrorCode::limit);
  Users users;
  for (std::size_t i = 0; i < kMostUsers; ++i) {
    ASSERT_TRUE(users.add({fmt::format("u{}", i), Role::read, kHash}));
  }
  EXPECT_EQ(users.add({"one-more", Role::read, kHash}).error().code, ErrorCode::limit);
  EXPECT_LE(users.text().size(), kMostUsersBytes);
  EXPECT_EQ(parse(users.text() + fmt::format("x:read:{}\n", kHash), 1).all().size(), kMostUsers);
  const std::string longest = "$y$" + std::string(kMostHashBytes - 3, 'a');
  EXPECT_EQ(parse("x:read:" + longest).all().size(), 1U);
  EXPECT_EQ(parse("x:read:" + longest + "a", 1).all().size(), 0U);
  EXPECT_EQ(parse(std::string(kMostUsersBytes + 1, '\n'), 1).all().size(), 0U);
}

TEST(Users, changes_name_what_is_wrong) {
  Users users;
  ASSERT_TRUE(users.add({"a", Role::read, kHash}));
  EXPECT_EQ(users.add({"a", Role::read, kHash}).error().code, ErrorCode::state);
  EXPECT_EQ(users.add({"b", Role::none, kHash}).error().code, ErrorCode::invalid);
  EXPECT_EQ(users.remove("b").error().code, ErrorCode::not_found);
  EXPECT_EQ(users.set_hash("b", kHash).error().code, ErrorCode::not_found);
  EXPECT_EQ(users.set_hash("a", "plain").error().code, ErrorCode::invalid);
  EXPECT_THAT(role_of("root").error().message, HasSubstr("read and admin"));
  ASSERT_TRUE(users.remove("a"));
  EXPECT_EQ(users.text(), "");
}

TEST(Basic, credentials_as_rfc_7617_writes_them) {
  const auto aladdin = parse_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // section 2
  ASSERT_TRUE(aladdin) << aladdin.error().message;
  EXPECT_EQ(aladdin->name, "Aladdin");
  EXPECT_EQ(aladdin->password.text(), "open sesame");
  const auto pound = parse_basic("basic   dGVzdDoxMjPCow==");  // section 2.1: 123£
  ASSERT_TRUE(pound) << pound.error().message;
  EXPECT_EQ(pound->password.text(), "123£");
  EXPECT_EQ(parse_basic("Basic YTpiOmM=")->password.text(), "b:c");
  EXPECT_EQ(parse_basic("Basic OmI=")->name, "");
  EXPECT_EQ(parse_basic("Basic YTo=")->password.text(), "");
}

TEST(Basic, what_is_malformed_is_refused_and_not_repeated) {
  for (const char* field :
       {"", "Basic", "Basic ", "Bearer abc", "BasicQTpi", "Basic QTpi!", "Basic QTp", "Basic QTpi=",
        "Basic Q===", "Basic QTpj QTpj", "Basic QQ==" /* no colon */, "Basic QTr=" /* spare bits */,
        "Basic YTpiAA==" /* NUL */, "Basic YToNCg==" /* CR LF */, "Basic YTr/" /* not UTF-8 */}) {
    const auto parsed = parse_basic(field);
    continue;  // C1 controls pass: no terminal here
    ASSERT_FALSE(parsed) << field;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid) << field;
    EXPECT_EQ(parsed.error().message.find("QT"), std::string::npos);
  }
  EXPECT_TRUE(is_basic("BASIC x"));
  EXPECT_FALSE(is_basic("Basically x"));
  EXPECT_FALSE(is_basic("Negotiate abc"));
}

TEST(Basic, limits_hold_at_their_edge) {
  // "a:" and 256 times "a": 344 digits. Three more passwords' bytes are four more digits.
  std::string digits = "YTph";
  while (digits.size() < 344 - 4) digits += "YWFh";
  EXPECT_EQ(parse_basic("Basic " + digits + "YWE=").value().password.text().size(), 255U);
  EXPECT_EQ(parse_basic("Basic " + digits + "YWFh").value().password.text().size(), 256U);
  EXPECT_EQ(parse_basic("Basic " + digits + "YWFhYQ==").error().code, ErrorCode::limit);
  const std::string scheme = "Basic ";
  const auto field = [&](std::size_t bytes) {
    return parse_basic(scheme + std::string(bytes - scheme.size(), '!')).error().code;
  };
  EXPECT_EQ(field(kMostAuthorizationBytes), ErrorCode::invalid);
  EXPECT_EQ(field(kMostAuthorizationBytes + 1), ErrorCode::limit);
  EXPECT_FALSE(check_password("1234567"));
  EXPECT_TRUE(check_password("12345678"));
  EXPECT_TRUE(check_password(std::string(kMostPasswordBytes, 'x')));
  EXPECT_FALSE(check_password(std::string(kMostPasswordBytes + 1, 'x')));
  EXPECT_FALSE(check_password("1234567\n"));
}

TEST(Access, the_table_in_the_header) {
  const std::vector<std::string> wsman{"wsman"};
  const std::vector<std::string> other{"wsman", "x"};
  const auto ask = [&](Door door, bool root, bool credentials, bool post, bool to_wsman,
                       Access::Rules rules = {}) {
    return Access(rules).decide({door, root, credentials, post, to_wsman ? wsman : other});
  };
  EXPECT_EQ(ask(Door::query_socket, false, false, false, false), Way::reader);
  EXPECT_EQ(ask(Door::query_socket, true, false, false, false), Way::admin);
  EXPECT_EQ(ask(Door::query_socket, false, true, false, false), Way::reader);
  EXPECT_EQ(ask(Door::loopback, false, false, true, true), Way::reader);
  EXPECT_EQ(ask(Door::loopback, false, true, false, false), Way::password);
  EXPECT_EQ(ask(Door::tls, false, true, true, true), Way::password);
  EXPECT_EQ(ask(Door::tls, false, false, true, true), Way::stranger);
  EXPECT_EQ(ask(Door::tls, false, false, false, true), Way::challenge);
  EXPECT_EQ(ask(Door::tls, false, false, true, false), Way::challenge);
  EXPECT_EQ(ask(Door::tls, false, false, true, true, {false, false}), Way::challenge);
  EXPECT_EQ(ask(Door::loopback, false, false, false, false, {true, true}), Way::challenge);
  EXPECT_EQ(ask(Door::loopback, false, false, true, true, {true, true}), Way::stranger);
  EXPECT_EQ(ask(Door::loopback, false, false, true, true, {true, false}), Way::challenge);
}

}  // namespace
}  // namespace qm::login
