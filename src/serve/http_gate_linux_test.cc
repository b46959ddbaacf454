// Who is let in by the HTTP server, when, and what it does with bodies before; over real sockets.
// TLS itself: tests/login/run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "login/basic.h"
#include "serve/http.h"
#include "serve/http_client_testing_linux.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// Says who asked. /wsman serves strangers; /keep answers never.
class AskedBy final : public Handler {
 public:
  Asked<std::size_t> admit(const Request& request) override {
    admitted = true;
    if (request.target.path.empty()) return refuse(405, "nothing is posted here");
    return 100'000;
  }
  bool serves_strangers(const Request& request) const override {
    return request.sent_target.starts_with("/wsman");
  }
  void handle(const Request& request, Done done) override {
    if (request.sent_target == "/keep") return kept_.push_back(std::move(done));
    done({200, "text/plain",
          fmt::format("{}|{}|{}", request.user, login::role_name(request.role), request.body)});
  }
  std::atomic<bool> admitted = false;

 private:
  std::vector<Done> kept_;
};

// "Basic admin", "Basic reader"; "Basic later" never is answered; "Basic no".
class FakeGate final : public Gate {
 public:
  void check(std::string_view authorization, const Address& peer, Done done) override {
    EXPECT_EQ(peer.text(), "127.0.0.1");
    if (authorization == "Basic admin") return done(Pass{login::Role::admin, "root"});
    if (authorization == "Basic reader") return done(Pass{login::Role::read, "monitor"});
    if (authorization == "Basic later") return later_.push_back(std::move(done));
    done(std::unexpected(refusal_answer({401, "no"})));
  }

 private:
  std::vector<Done> later_;
};

class GateTest : public ::testing::Test {
 protected:
  void serve(login::Access::Rules rules, const HttpLimits& limits = {}) {
    server_ = HttpServer::make(io_, handler_, {}, limits);
    server_->guard(login::Access(rules), gate_);
    const auto bound = server_->listen({Address::parse("127.0.0.1").value(), 0});
    ASSERT_TRUE(bound) << bound.error().message;
    port_ = bound->port;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~GateTest() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    if (server_) server_->close();
  }
  Client connect() const { return Client::tcp(port_); }
  Response ask(const std::string& start, const std::string& fields = "") const {
    Client client = connect();
    client.send(start + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    return client.receive();
  }
  HttpCounts counts() {
    std::promise<HttpCounts> promise;
    boost::asio::post(io_, [&] { promise.set_value(server_->counts()); });
    return promise.get_future().get();
  }

  boost::asio::io_context io_{1};
  AskedBy handler_;
  FakeGate gate_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

constexpr login::Access::Rules kReadsFreely{false, true};
constexpr login::Access::Rules kAsksForPassword{true, true};

TEST_F(GateTest, loopback_reads_without_a_login_and_with_one_has_its_role) {
  serve(kReadsFreely);
  EXPECT_EQ(ask("GET /x").body, "|read|");
  EXPECT_EQ(ask("GET /x", "Authorization: Basic admin\r\n").body, "root|admin|");
  EXPECT_EQ(ask("GET /x", "Authorization: Negotiate abc\r\n").body, "|read|");
  const Response wrong = ask("GET /x", "Authorization: Basic no\r\n");
  EXPECT_EQ(wrong.status, 401U);
  EXPECT_THAT(wrong.head, HasSubstr(fmt::format("WWW-Authenticate: {}\r\n", login::kChallenge)));
}

TEST_F(GateTest, where_a_password_is_asked_for_nobody_comes_by_without) {
  serve(kAsksForPassword);
  for (const char* target : {"GET /", "GET /metrics", "DELETE /x", "OPTIONS /wsman", "GET /wsman",
                             "POST /x", "POST /wsman/x"}) {
    EXPECT_EQ(ask(target).status, 401U) << target;
  }
  Client head = connect();
  head.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(head.receive(true).status, 401U);
  EXPECT_FALSE(handler_.admitted);
  EXPECT_EQ(ask("GET /x", "Authorization: Basic reader\r\n").body, "monitor|read|");
}

TEST_F(GateTest, a_stranger_may_post_little_and_to_wsman_alone) {
  serve(kAsksForPassword);
  const auto post = [this](const std::string& target, std::size_t bytes) {
    return ask("POST " + target,
               fmt::format("Content-Length: {}\r\n\r\n{}", bytes, std::string(bytes, 'x')));
  };
  EXPECT_EQ(post("/wsman", 3).body, "|none|xxx");
  EXPECT_EQ(post("/wsman/", login::kMostStrangerBytes).status, 200U);
  EXPECT_EQ(post("/wsman", login::kMostStrangerBytes + 1).status, 401U);
  EXPECT_EQ(post("/cimom", 3).status, 401U);
}

TEST_F(GateTest, identify_can_be_turned_off) {
  serve({true, false});
  EXPECT_EQ(ask("POST /wsman", "Content-Length: 0\r\n").status, 401U);
}

TEST_F(GateTest, who_may_not_is_told_before_the_body) {
  serve(kAsksForPassword);
  Client client = connect();
  client.send("POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.receive().status, 401U);  // and the body comes then
  client.send("abcdeGET /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic reader\r\n\r\n");
  EXPECT_EQ(client.receive().body, "monitor|read|");
  Client large = connect();
  large.send(fmt::format("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
                         kMostBodyBytes + 1));
  const Response refused = large.receive();
  EXPECT_EQ(refused.status, 401U);
  EXPECT_THAT(refused.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(large.ended());
}

TEST_F(GateTest, who_waits_to_go_on_is_told_to_or_refused) {
  serve(kAsksForPassword);
  const std::string expects = "Content-Length: 3\r\nExpect: 100-continue\r\n";
  Client client = connect();
  client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic reader\r\n" + expects +
              "\r\n");
  EXPECT_EQ(client.receive().status, 100U);
  client.send("abc");
  EXPECT_EQ(client.receive().body, "monitor|read|abc");
  const Response refused = ask("POST /x", expects);
  EXPECT_EQ(refused.status, 401U);
  EXPECT_THAT(refused.head, HasSubstr("Connection: close"));
}

TEST_F(GateTest, bodies_whose_end_is_a_guess_are_refused) {
  serve(kReadsFreely);
  for (const char* fields :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: +3\r\n",
        "Content-Length: -1\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: 99999999999999999999\r\n", "Content-Length : 3\r\n",
        "Transfer-Encoding : chunked\r\n"}) {
    Client client = connect();
    client.send(fmt::format("POST /x HTTP/1.1\r\nHost: localhost\r\n{}\r\n", fields));
    EXPECT_EQ(client.receive().status, 400U) << fields;
    EXPECT_TRUE(client.ended()) << fields;
  }
  Client old = connect();
  old.send("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(old.receive().status, 400U);
}

TEST_F(GateTest, tls_on_the_plain_port_gets_no_answer) {
  serve(kReadsFreely);
  Client client = connect();
  client.send("\x16\x03\x01\x02");
  EXPECT_TRUE(client.ended());
}

TEST_F(GateTest, a_login_that_is_not_decided_ends) {
  HttpLimits limits;
  limits.login = milliseconds(50);
  serve(kReadsFreely, limits);
  EXPECT_EQ(ask("GET /x", "Authorization: Basic later\r\n").status, 0U);
}

TEST_F(GateTest, who_dawdles_makes_room_for_who_asks) {
  HttpLimits limits;
  limits.tcp_connections = 3;
  serve(kReadsFreely, limits);
  Client busy = connect();
  busy.send("GET /keep HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::vector<Client> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(connect());
    slow.back().send("GET / HT");
    EXPECT_EQ(ask("GET /x").body, "|read|") << i;
  }
  EXPECT_LE(counts().connections, 3U);
}

TEST_F(GateTest, without_a_certificate_there_is_no_tls) {
  serve(kReadsFreely);
  std::promise<std::uint16_t> port;
  boost::asio::post(io_, [&] {
    port.set_value(server_->listen_tls({Address::parse("127.0.0.1").value(), 0})->port);
  });
  Client client = Client::tcp(port.get_future().get());
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(counts().connections, 0U);
}

}  // namespace
}  // namespace qm::serve
