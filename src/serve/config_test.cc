#include "serve/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "serve/host.h"
#include "serve/log.h"

namespace qm::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal(std::string_view text) {
  const auto config = parse_config(text, "serve.toml");
  return config ? "fine" : config.error().message;
}

TEST(Config, every_key_is_read) {
  const auto config = parse_config(R"(
    [serve]
    listen = ["127.0.0.1:0", "[::1]:5985"]
    [query]
    mode = "0600"
    group = "storage"
    [providers]
    users = ["quickmode-collect"]
    groups = ["hba"]
  )",
                                   "serve.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->listen, ElementsAre("127.0.0.1:0", "[::1]:5985"));
  EXPECT_EQ(config->query_mode, 0600U);
  EXPECT_EQ(config->query_group, "storage");
  EXPECT_THAT(config->provider_users, ElementsAre("quickmode-collect"));
  EXPECT_THAT(config->provider_groups, ElementsAre("hba"));
}

TEST(Config, the_installed_file_is_valid_and_admits_the_collector) {
  std::ifstream file(QM_SOURCE_DIR "/packaging/serve.toml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto config = parse_config(text, "serve.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->provider_users, ElementsAre("quickmode-collect"));
  EXPECT_EQ(config->query_group, "quickmode");
}

TEST(Config, an_empty_file_leaves_the_defaults) {
  const auto config = parse_config("# nothing\n", "serve.toml");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->listen, ElementsAre("127.0.0.1:5985"));
  EXPECT_EQ(config->query_mode, 0660U);
  EXPECT_TRUE(parse_config("serve.listen = []", "x")->listen.empty());
}

TEST(Config, errors_name_file_line_and_remedy) {
  EXPECT_EQ(
      refusal("\n[serve]\nlissten = []"),
      "serve.toml:3: unknown key serve.lissten; there are serve.listen, tls.certificate, tls.key, "
      "login.loopback, login.identify, classes.dir, query.mode, "
      "query.group, providers.users, providers.groups");
  EXPECT_THAT(refusal("[server]\nlisten = []"),
              StartsWith("serve.toml:2: unknown key server.listen"));
  EXPECT_THAT(refusal("listen = 1"), StartsWith("serve.toml:1: unknown key listen"));
  EXPECT_EQ(refusal("[serve]\nlisten = \"x\""),
            "serve.toml:2: serve.listen must be a list of at most 64 strings");
  EXPECT_EQ(refusal("[query]\n\nmode = 660"), "serve.toml:3: query.mode must be a string");
  EXPECT_EQ(refusal("[query]\ngroup = \"a\\u001bb\""),
            "serve.toml:2: query.group holds control characters");
  EXPECT_THAT(refusal("[serve]\nlisten = [\"0.0.0.0:5985\"]"),
              StartsWith("serve.toml:2: listen on 0.0.0.0:5985: only loopback addresses"));
  EXPECT_THAT(refusal("[serve\n"), StartsWith("serve.toml:1: "));
}

TEST(Config, a_mode_is_octal_up_to_0777) {
  for (const char* good : {"0", "0660", "777", "0777"}) {
    EXPECT_EQ(refusal("query.mode = \"" + std::string(good) + "\""), "fine") << good;
  }
  for (const char* bad : {"", "1000", "0668", "rw", "-1", "99999999999999999999", "0o660"}) {
    EXPECT_EQ(refusal("query.mode = \"" + std::string(bad) + "\""),
              "serve.toml:1: query.mode must be an octal mode in quotes, such as \"0660\"")
        << bad;
  }
}

TEST(Config, tls_and_login) {
  const Config config = parse_config(
                            "[tls]\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\n"
                            "[login]\nloopback = \"password\"\nidentify = false\n",
                            "serve.toml")
                            .value();
  EXPECT_EQ(config.tls_certificate, "/c.pem");
  EXPECT_EQ(config.tls_key, "/k.pem");
  EXPECT_TRUE(config.loopback_password);
  EXPECT_FALSE(config.identify);
  EXPECT_FALSE(Config{}.loopback_password);
  EXPECT_TRUE(Config{}.identify);
  EXPECT_THAT(refusal("tls.key = \"/k\""), HasSubstr("go together"));
  EXPECT_THAT(refusal("login.loopback = \"none\""),
              StartsWith("serve.toml:1: login.loopback must"));
  EXPECT_THAT(refusal("login.loopback = 1"), StartsWith("serve.toml:1: login.loopback must"));
  EXPECT_THAT(refusal("login.identify = 1"), StartsWith("serve.toml:1: login.identify must"));
  EXPECT_THAT(refusal("serve.listen = [\"10.0.0.1:5985\"]"), HasSubstr("https://10.0.0.1:5985"));
}

TEST(Host, over_tls_a_page_posts_to_its_own_host_alone) {
  const auto status = [](login::Door door, std::string_view host, std::string_view origin,
                         bool get = false) {
    const Asked<void> fine = check_names({1, true, host, "", origin, get}, door, {});
    return fine ? 200U : fine.error().status;
  };
  using login::Door;
  EXPECT_EQ(status(Door::tls, "any.example:5986", ""), 200U);
  EXPECT_EQ(status(Door::tls, "a.example:5986", "https://a.example:5986"), 200U);
  EXPECT_EQ(status(Door::tls, "a.example:5986", "https://a.example"), 403U);
  EXPECT_EQ(status(Door::tls, "a.example:5986", "https://evil.example"), 403U);
  EXPECT_EQ(status(Door::tls, "a.example:5986", "null"), 403U);
  EXPECT_EQ(status(Door::tls, "a.example:5986", "https://evil.example", true), 200U);
  EXPECT_EQ(status(Door::loopback, "any.example", ""), 421U);
  EXPECT_EQ(status(Door::query_socket, "any.example", "null"), 200U);
}

TEST(Config, its_size_is_limited_at_the_edge) {
  EXPECT_EQ(refusal(std::string(kMostConfigBytes, '\n')), "fine");
  EXPECT_EQ(refusal(std::string(kMostConfigBytes + 1, '\n')),
            "serve.toml: longer than 65536 bytes");
  std::string list = "providers.users = [";
  for (std::size_t i = 0; i < kMostConfigList; ++i) list += "\"a\",";
  EXPECT_EQ(refusal(list + "]"), "fine");
  EXPECT_THAT(refusal(list + "\"a\"]"), StartsWith("serve.toml:1: providers.users must be a list"));
}

TEST(Listener, plain_ones_are_loopback_and_all_have_a_port) {
  EXPECT_EQ(parse_listener("127.0.0.1:5985")->text(), "127.0.0.1:5985");
  EXPECT_EQ(parse_listener("127.9.9.9:0")->text(), "127.9.9.9:0");
  EXPECT_EQ(parse_listener("[::1]:65535")->text(), "[::1]:65535");
  for (const char* outside : {"0.0.0.0:1", "10.0.0.1:5985", "[::]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_EQ(parse_listener(outside).error().code, ErrorCode::denied) << outside;
  }
  EXPECT_EQ(parse_listener("http://127.0.0.1:5986")->url(), "http://127.0.0.1:5986");
  EXPECT_EQ(parse_listener("127.0.0.1:5986")->url(), "https://127.0.0.1:5986");
  EXPECT_EQ(parse_listener("0.0.0.0:5986")->url(), "https://0.0.0.0:5986");
  EXPECT_EQ(parse_listener("https://[::]:443")->url(), "https://[::]:443");
  EXPECT_EQ(parse_listener("http://0.0.0.0:5986").error().code, ErrorCode::denied);
  EXPECT_THAT(parse_listener("10.0.0.1:80").error().message, HasSubstr("https://10.0.0.1:80"));
  for (const char* bad : {"https://", "https://san1:443", "ftp://127.0.0.1:1", "", "5985", ":5985",
                          "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                          "localhost:1", "::1:5985", "[::1]5985", "[::1"}) {
    EXPECT_EQ(parse_listener(bad).error().code, ErrorCode::invalid) << bad;
  }
}

TEST(Host, a_page_that_was_rebound_to_loopback_is_not_local) {
  const std::vector<std::string> own = {"san1.example.org", "san1"};
  for (const char* local :
       {"localhost", "LocalHost:80", "localhost.", "127.0.0.1", "127.0.0.1:5985", "127.1.2.3:1",
        "[::1]", "[::1]:5985", "san1", "SAN1.example.org:5985"}) {
    EXPECT_TRUE(is_local_host(local, own)) << local;
  }
  for (const char* other :
       {"", ":80", "evil.org", "localhost.evil.org", "127.0.0.1.evil.org", "san2", "10.0.0.1",
        "[fe80::1]", "::1", "[::1", "localhost:x", "localhost:80:80", "0.0.0.0", "2130706433"}) {
    EXPECT_FALSE(is_local_host(other, own)) << other;
  }
}

TEST(Log, a_line_is_one_line_of_plain_text) {
  std::vector<std::string> lines;
  Log log([&](const std::string& line) { lines.push_back(line); });
  log.say("a\nb\x1b[2J", 0);
  EXPECT_THAT(lines, ElementsAre("a\\x0ab\\x1b[2J"));
}

TEST(Log, a_flood_is_cut_at_the_limit_and_counted) {
  std::vector<std::string> lines;
  Log log([&](const std::string& line) { lines.push_back(line); });
  for (unsigned i = 0; i < kMostLogLinesPerSecond + 5; ++i) log.say("x", 0);
  EXPECT_EQ(lines.size(), kMostLogLinesPerSecond);
  log.say("y", 1'000'000'000);
  EXPECT_EQ(lines.at(kMostLogLinesPerSecond), "5 more lines were left out");
  EXPECT_EQ(lines.back(), "y");
}

}  // namespace
}  // namespace qm::serve
