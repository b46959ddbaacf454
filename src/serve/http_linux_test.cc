// The HTTP server against clients that misbehave, over real sockets.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <vector>

#include "serve/http.h"
#include "serve/http_client_testing_linux.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kBigBytes = std::size_t{32} << 20U;
constexpr std::size_t kTakenBytes = 200;

// /big: a large answer. /hold: none until somebody asks for /release. /take: a POST's body.
// /fields: what was sent of them. /page: a document. /pieces: a body of which others hold the
// middle. Else: the target.
class FakeHandler final : public Handler {
 public:
  Asked<std::size_t> admit(const Request& request) override {
    if (request.sent_target == "/take") return kTakenBytes;
    if (request.sent_target == "/take/all") return kBigBytes;
    return Handler::admit(request);
  }
  void handle(const Request& request, Done done) override {
    const std::string_view target = request.sent_target;
    if (request.verb == Verb::post) return done({200, "text/plain", std::string(request.body)});
    if (target == "/fields") {
      std::string all;
      for (const std::string_view field :
           {request.accept, request.accept_encoding, request.authorization, request.content_type,
            request.if_none_match}) {
        all.append(field).append("|");
      }
      return done({200, "text/plain", all});
    }
    if (target == "/page") {
      return done(
          {200, "text/html", "<p>", {{"ETag", "\"1\""}, {"Cache-Control", "no-cache\r\nX: y"}}});
    }
    if (target == "/pieces") {
      Answer answer{200, "text/plain", {}};
      answer.take({"begin ", middle_, " end"});
      return done(std::move(answer));
    }
    if (target == "/same") return done({304, "", "no body", {{"ETag", "\"1\""}}});
    if (target == "/hold") {
      held_.push_back(std::move(done));
      ++holding;
      return;
    }
    if (target == "/release") {
      for (const auto& one : held_) one({200, "application/json", "\"held\""});
      held_.clear();
    }
    std::string body(target);
    if (target == "/big") body.assign(kBigBytes, 'x');
    done({200, "application/json", std::move(body)});
  }
  std::atomic<std::size_t> holding = 0;

 private:
  std::vector<Done> held_;
  std::shared_ptr<const std::string> middle_ =
      std::make_shared<const std::string>(std::size_t{1} << 20U, 'm');
};

class HttpTest : public ::testing::Test {
 protected:
  void SetUp() override { raise_descriptor_limit(); }
  void serve(const HttpLimits& limits = {}) {
    server_ = HttpServer::make(io_, handler_, {"san1"}, limits);
    const auto bound = server_->listen({Address::parse("127.0.0.1").value(), 0});
    ASSERT_TRUE(bound) << bound.error().message;
    port_ = bound->port;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~HttpTest() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    if (server_) server_->close();
  }
  Client connect() const { return Client::tcp(port_); }
  HttpCounts counts() {
    std::promise<HttpCounts> promise;
    boost::asio::post(io_, [&] { promise.set_value(server_->counts()); });
    return promise.get_future().get();
  }
  void wait_until_held(std::size_t count) const {
    while (handler_.holding < count) std::this_thread::yield();
  }

  boost::asio::io_context io_{1};
  FakeHandler handler_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(HttpTest, answers_carry_what_keeps_them_from_other_pages) {
  serve();
  Client client = connect();
  const Response response = client.get("/x?y=1");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body, "/x?y=1");
  for (const char* field :
       {"Content-Type: application/json", "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store", "Content-Security-Policy: default-src 'none'",
        "Cross-Origin-Resource-Policy: same-origin"}) {
    EXPECT_THAT(response.head, HasSubstr(field));
  }
  EXPECT_THAT(response.head, Not(HasSubstr("Access-Control")));
  EXPECT_THAT(response.head,
              ::testing::ContainsRegex("\r\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
                                       "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n"));
  EXPECT_EQ(client.get("/again").body, "/again");
}

TEST_F(HttpTest, head_is_get_without_the_body) {
  serve();
  Client client = connect();
  client.send("HEAD /abc HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Response response = client.receive(true);
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.head, HasSubstr("Content-Length: 4"));
  EXPECT_EQ(client.get("/next").body, "/next");
}

TEST_F(HttpTest, a_body_in_pieces_is_sent_whole) {
  serve();
  Client client = connect();
  const std::string whole = "begin " + std::string(std::size_t{1} << 20U, 'm') + " end";
  for (int times = 0; times < 2; ++times) EXPECT_EQ(client.get("/pieces").body, whole);
  client.send("HEAD /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.receive(true).head,
              HasSubstr("Content-Length: " + std::to_string(whole.size())));
  EXPECT_EQ(client.get("/next").body, "/next");
}

TEST_F(HttpTest, old_http_is_told_whether_the_connection_stays) {
  serve();
  Client client = connect();
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.receive().head, HasSubstr("Connection: keep-alive"));
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.receive().head, HasSubstr("Connection: close"));
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpTest, other_methods_are_refused_with_what_is_allowed) {
  serve();
  for (const char* method : {"POST", "PUT", "DELETE", "TRACE", "FOO", "get"}) {
    Client client = connect();
    client.send(std::string(method) +
                " / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    const Response response = client.receive();
    EXPECT_EQ(response.status, 405U) << method;
    EXPECT_THAT(response.head, HasSubstr("Allow: GET, HEAD, OPTIONS\r\n")) << method;
  }
}

TEST_F(HttpTest, options_tells_what_is_allowed_and_asks_nobody) {
  serve();
  Client client = connect();
  for (const char* target : {"/", "*", "/keep"}) {
    client.send("OPTIONS " + std::string(target) +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    const Response response = client.receive();
    EXPECT_EQ(response.status, 200U) << target;
    EXPECT_THAT(response.head, HasSubstr("Allow: GET, HEAD, OPTIONS\r\n"));
    EXPECT_THAT(response.head, HasSubstr("Content-Length: 0\r\n"));
  }
  client.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n");
  const Response preflight = client.receive();
  EXPECT_EQ(preflight.status, 403U);
  EXPECT_THAT(preflight.head, Not(HasSubstr("Access-Control")));
}

TEST_F(HttpTest, what_is_not_http_gets_400_and_the_connection_ends) {
  serve();
  for (const char* text :
       {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"}) {
    Client client = connect();
    client.send(text);
    EXPECT_EQ(client.receive().status, 400U) << text;
    EXPECT_TRUE(client.ended()) << text;
  }
}

TEST_F(HttpTest, targets_that_cannot_be_decoded_or_are_too_long) {
  serve();
  Client client = connect();
  EXPECT_EQ(client.get("/%zz").status, 400U);
  EXPECT_EQ(client.get("/" + std::string(kMostTargetBytes, 'a')).status, 414U);
  EXPECT_EQ(client.get("/fine").status, 200U);
}

TEST_F(HttpTest, a_host_must_be_local_and_stand_there_once) {
  serve();
  const auto status = [this](const std::string& fields, const std::string& target = "/") {
    Client client = connect();
    client.send("GET " + target + " HTTP/1.1\r\n" + fields + "\r\n");
    return client.receive().status;
  };
  EXPECT_EQ(status("Host: 127.0.0.1:5985\r\n"), 200U);
  EXPECT_EQ(status("Host: [::1]\r\n"), 200U);
  EXPECT_EQ(status("Host: SAN1\r\n"), 200U);
  EXPECT_EQ(status("Host: evil.example\r\n"), 421U);
  EXPECT_EQ(status("Host: localhost\r\n", "http://evil.example/"), 421U);
  EXPECT_EQ(status("Host: \r\n"), 421U);
  EXPECT_EQ(status(""), 400U);
  EXPECT_EQ(status("Host: localhost\r\nHost: localhost\r\n"), 400U);
}

TEST_F(HttpTest, header_bytes_are_limited_at_the_edge) {
  HttpLimits limits;
  limits.header_bytes = 512;
  serve(limits);
  const std::string start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
  const std::string end = "\r\n\r\n";
  const auto status = [&](std::size_t bytes) {
    Client client = connect();
    client.send(start + std::string(bytes - start.size() - end.size(), 'a') + end);
    return client.receive().status;
  };
  EXPECT_EQ(status(512), 200U);
  EXPECT_EQ(status(513), 431U);
}

TEST_F(HttpTest, an_endless_header_ends_the_connection_not_the_memory) {
  serve();
  Client client = connect();
  client.send("GET / HTTP/1.1\r\n");
  const std::string line = "X: " + std::string(1'000, 'a') + "\r\n";
  std::size_t sent = 0;
  while (sent < (std::size_t{64} << 20U) && client.send(line)) sent += line.size();
  EXPECT_LT(sent, std::size_t{16} << 20U);  // what socket buffers and the drain take
}

TEST_F(HttpTest, bodies_are_read_up_to_the_limit) {
  HttpLimits limits;
  limits.body_bytes = 100;
  serve(limits);
  const auto status = [this](std::size_t bytes) {
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes) +
                "\r\n\r\n" + std::string(bytes, 'b'));
    return client.receive().status;
  };
  EXPECT_EQ(status(100), 200U);
  EXPECT_EQ(status(101), 413U);
}

TEST_F(HttpTest, a_body_is_taken_where_the_handler_says_so_and_up_to_its_limit) {
  HttpLimits limits;
  limits.body_bytes = 100;
  limits.taken_bytes = 300;
  serve(limits);
  const auto post = [this](const std::string& target, std::size_t bytes, bool chunked = false) {
    Client client = connect();
    const std::string body(bytes, 'b');
    const std::string start = "POST " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    client.send(chunked ? start + "Transfer-Encoding: chunked\r\n\r\n" +
                              fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", bytes, body)
                        : start + fmt::format("Content-Length: {}\r\n\r\n{}", bytes, body));
    return client.receive();
  };
  for (const bool chunked : {false, true}) {
    EXPECT_EQ(post("/take", 200, chunked).body, std::string(200, 'b'));
    EXPECT_EQ(post("/take", 201, chunked).status, 413U);
    EXPECT_EQ(post("/take/all", 300, chunked).status, 200U);
    EXPECT_EQ(post("/take/all", 301, chunked).status, 413U);
    EXPECT_EQ(post("/", 100, chunked).status, 405U);
    EXPECT_EQ(post("/", 101, chunked).status, 405U);
  }
}

TEST_F(HttpTest, who_is_refused_with_a_body_keeps_the_connection) {
  serve();
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.receive().status, 405U);
  EXPECT_EQ(client.get("/next").body, "/next");
}

TEST_F(HttpTest, pages_of_other_hosts_may_not_post) {
  serve();
  const auto status = [this](const std::string& origin) {
    Client client = connect();
    client.send("POST /take HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin +
                "\r\nContent-Length: 1\r\n\r\nx");
    return client.receive().status;
  };
  EXPECT_EQ(status("http://127.0.0.1:5985"), 200U);
  EXPECT_EQ(status("http://san1"), 200U);
  EXPECT_EQ(status("https://evil.example"), 403U);
  EXPECT_EQ(status("null"), 403U);
}

TEST_F(HttpTest, handlers_see_the_fields_they_may_need) {
  serve();
  EXPECT_EQ(connect()
                .get("/fields",
                     "Accept: a/b\r\nAccept-Encoding: gzip\r\nAuthorization: Basic x\r\n"
                     "Content-Type: c/d\r\nIf-None-Match: \"1\"\r\n")
                .body,
            "a/b|gzip|Basic x|c/d|\"1\"|");
  EXPECT_EQ(connect().get("/fields").body, "|||||");
}

TEST_F(HttpTest, an_answers_own_fields_stand_instead_of_the_servers) {
  serve();
  Client client = connect();
  const Response page = client.get("/page");
  EXPECT_THAT(page.head, HasSubstr("ETag: \"1\"\r\n"));
  EXPECT_THAT(page.head, HasSubstr("Cache-Control: no-cache\\x0d\\x0aX: y\r\n"));
  EXPECT_THAT(page.head, Not(HasSubstr("no-store")));
  EXPECT_THAT(page.head, HasSubstr("nosniff"));
  const Response same = client.get("/same");
  EXPECT_EQ(same.status, 304U);
  EXPECT_EQ(same.body, "");
  EXPECT_THAT(same.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(client.get("/next").body, "/next");
}

TEST_F(HttpTest, pipelined_requests_are_answered_in_their_order) {
  serve();
  Client client = connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.receive().body, "/" + std::to_string(i));
}

TEST_F(HttpTest, a_connection_serves_so_many_requests_and_closes) {
  HttpLimits limits;
  limits.requests_per_connection = 3;
  serve(limits);
  Client client = connect();
  EXPECT_THAT(client.get("/").head, Not(HasSubstr("Connection: close")));
  EXPECT_THAT(client.get("/").head, Not(HasSubstr("Connection: close")));
  EXPECT_THAT(client.get("/").head, HasSubstr("Connection: close"));
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpTest, who_trickles_is_cut_off_and_delays_nobody) {
  HttpLimits limits;
  limits.request = milliseconds(200);
  serve(limits);
  Client slow = connect();
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(connect().get("/quick").status, 200U);
  // A byte at a time: no byte buys more time. Bounded by the clock, as the machine may be slow.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool cut_off = false;
  while (!cut_off && std::chrono::steady_clock::now() < give_up) cut_off = !slow.send("s");
  EXPECT_TRUE(cut_off);
}

TEST_F(HttpTest, who_says_nothing_is_cut_off) {
  HttpLimits limits;
  limits.idle = milliseconds(50);
  serve(limits);
  EXPECT_TRUE(connect().ended());
  Client client = connect();
  EXPECT_EQ(client.get("/").status, 200U);
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpTest, who_does_not_read_is_cut_off_and_delays_nobody) {
  HttpLimits limits;
  limits.write = milliseconds(200);
  serve(limits);
  Client deaf = connect();
  deaf.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(connect().get("/quick").status, 200U);
  while (counts().connections != 0) std::this_thread::yield();
  EXPECT_EQ(deaf.receive().status, 0U);  // cut in the middle
}

TEST_F(HttpTest, answers_being_sent_are_limited_together) {
  HttpLimits limits;
  limits.queued_bytes = kBigBytes + 1'000;
  serve(limits);
  Client deaf = connect();
  deaf.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Client other = connect();
  while (counts().requests == 0) std::this_thread::yield();
  EXPECT_EQ(other.get("/big").status, 503U);
  EXPECT_EQ(deaf.receive().body.size(), kBigBytes);
  EXPECT_EQ(other.get("/big").status, 200U);
}

TEST_F(HttpTest, a_thousand_connections_leave_room_for_one_more) {
  serve();
  std::vector<Client> idle;
  for (int i = 0; i < 1'000; ++i) {
    idle.push_back(connect());
    ASSERT_TRUE(idle.back().connected()) << i;
  }
  EXPECT_EQ(connect().get("/still").body, "/still");
  const HttpCounts now = counts();
  EXPECT_LE(now.connections, kMostTcpConnections);
  EXPECT_GE(now.evicted, 1'000 - kMostTcpConnections);
  EXPECT_TRUE(idle.front().ended());  // the one that was idle longest
}

TEST_F(HttpTest, when_all_are_busy_the_next_is_turned_away) {
  HttpLimits limits;
  limits.tcp_connections = 2;
  serve(limits);
  Client first = connect();
  Client second = connect();
  first.send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  second.send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  wait_until_held(2);
  Client third = connect();
  EXPECT_EQ(third.receive().status, 503U);
  EXPECT_TRUE(third.ended());
}

TEST_F(HttpTest, the_query_socket_has_connections_of_its_own_and_needs_no_host) {
  char path[] = "/tmp/quickmode-test-XXXXXX";
  ASSERT_NE(::mkdtemp(path), nullptr);
  const std::string socket_path = std::string(path) + "/query.sock";
  HttpLimits limits;
  limits.tcp_connections = 1;
  serve(limits);
  auto socket = listen_at(socket_path, 0600, "");
  ASSERT_TRUE(socket) << socket.error().message;
  ASSERT_TRUE(server_->listen_local(socket->release()));
  Client busy = connect();
  busy.send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  wait_until_held(1);
  Client client = Client::local(socket_path);
  client.send("GET /local HTTP/1.1\r\nHost: any.name\r\n\r\n");
  EXPECT_EQ(client.receive().body, "/local");
  EXPECT_EQ(client.get("/release").status, 200U);
  EXPECT_EQ(busy.receive().body, "\"held\"");
  ::unlink(socket_path.c_str());
  ::rmdir(path);
}

TEST_F(HttpTest, a_client_that_left_before_its_answer_harms_nobody) {
  HttpLimits limits;
  serve(limits);
  {
    Client gone = connect();
    gone.send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wait_until_held(1);
  }
  EXPECT_EQ(connect().get("/release").status, 200U);
  EXPECT_EQ(connect().get("/next").status, 200U);
}

}  // namespace
}  // namespace qm::serve
