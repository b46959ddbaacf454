// Event streams over real sockets, from a made-up source.
#include "serve/events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "serve/http_client_testing_linux.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

struct FakeSource final : wmi::Source {
  std::span<const provider::Registration> registrations() override { return list; }
  std::uint64_t generation(const provider::Registration& of) override { return numbers[of.id]; }
  Result<provider::Generation> read(const provider::Registration&) override {
    return fail(ErrorCode::io, "nobody reads here");
  }
  void add(std::uint64_t id) {
    provider::Registration one;
    one.id = id;
    one.info.guid.Data1 = static_cast<std::uint32_t>(id);
    list.push_back(one);
  }
  std::vector<provider::Registration> list;
  std::map<std::uint64_t, std::uint64_t> numbers;
};

struct Elsewhere final : Handler {
  void handle(const Request&, Done done) override { done({200, "text/plain", "elsewhere"}); }
};

class EventsTest : public ::testing::Test {
 protected:
  void serve(EventLimits limits, HttpLimits http = {}) {
    raise_descriptor_limit();
    const auto refresh = [this](const Refresher::Done& done) {
      ++refreshes;
      if (on_refresh) on_refresh();
      done(true);
    };
    const auto name_of = [this](const GUID& guid) {
      return fmt::format("Class{}{}", guid.Data1, padding);
    };
    events = Events::make(io_, elsewhere_, source, refresh, name_of, limits);
    server_ = HttpServer::make(io_, *events, {}, http);
    port = server_->listen({Address::parse("127.0.0.1").value(), 0})->port;
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    on_loop([this] { server_->close(); });
    io_.stop();
    thread_.join();
    server_.reset();
    events.reset();
  }
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::size_t streams() {
    std::size_t count = 0;
    on_loop([&] { count = events->streams(); });
    return count;
  }
  bool streams_become(std::size_t wanted) {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (steady_clock::now() < end) {
      if (streams() == wanted) return true;
      std::this_thread::yield();
    }
    return false;
  }
  Client follow() {
    Client client = Client::tcp(port);
    head = client.get("/api/v1/events").head;
    return client;
  }

  FakeSource source;
  std::unique_ptr<Events> events;
  std::function<void()> on_refresh;
  std::atomic<std::size_t> refreshes = 0;
  std::string padding;
  std::string head;
  std::uint16_t port = 0;

 private:
  boost::asio::io_context io_;
  Elsewhere elsewhere_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST_F(EventsTest, a_listener_is_told_where_things_stand_and_what_changed) {
  source.add(1);
  source.add(2);
  on_refresh = [this] { ++source.numbers[2]; };
  serve({.streams = 2, .interval = milliseconds(1), .heartbeat = milliseconds(5'000)});
  Client client = follow();
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(head, HasSubstr("Connection: close"));
  EXPECT_EQ(client.until("\n\n"),
            "retry: 1000\nevent: refresh\nid: 0\n"
            "data: {\"generation\":0,\"registrations\":0,\"changed\":null}\n\n");
  EXPECT_EQ(client.until("\n\n"),
            "event: refresh\nid: 1\n"
            "data: {\"generation\":1,\"registrations\":2,\"changed\":[\"Class1\",\"Class2\"]}\n\n");
  EXPECT_EQ(client.until("\n\n"),
            "event: refresh\nid: 2\n"
            "data: {\"generation\":2,\"registrations\":2,\"changed\":[\"Class2\"]}\n\n");
}

TEST_F(EventsTest, a_class_that_goes_is_a_change) {
  source.add(1);
  serve({.streams = 2, .interval = milliseconds(1), .heartbeat = milliseconds(5'000)});
  Client client = follow();
  client.until("\n\n");
  client.until("\n\n");
  on_loop([this] { source.list.clear(); });
  EXPECT_THAT(client.until("\n\n"), HasSubstr("\"registrations\":2,\"changed\":[\"Class1\"]"));
}

TEST_F(EventsTest, silence_is_broken_by_a_heartbeat) {
  serve({.streams = 2, .interval = milliseconds(1), .heartbeat = milliseconds(1)});
  Client client = follow();
  client.until("\n\n");
  EXPECT_EQ(client.until("\n\n"), "event: heartbeat\ndata: {}\n\n");
  EXPECT_EQ(client.until("\n\n"), "event: heartbeat\ndata: {}\n\n");
}

TEST_F(EventsTest, so_many_classes_are_anything) {
  for (std::uint64_t id = 1; id <= kMostNamedChanges; ++id) source.add(id);
  serve({.streams = 2, .interval = milliseconds(1), .heartbeat = milliseconds(5'000)});
  Client client = follow();
  client.until("\n\n");
  EXPECT_THAT(client.until("\n\n"), HasSubstr("\"Class64\""));
  on_loop([this] {
    for (std::uint64_t id = 100; id <= 100 + kMostNamedChanges; ++id) source.add(id);
  });
  EXPECT_THAT(client.until("\n\n"), HasSubstr("\"changed\":null"));
}

TEST_F(EventsTest, two_hundred_pages_cost_one_question_an_interval_and_no_more_than_the_limit_fit) {
  serve({.streams = 200, .interval = milliseconds(3'600'000), .heartbeat = milliseconds(1)});
  std::vector<Client> pages;
  pages.reserve(200);
  for (std::size_t i = 0; i < 200; ++i) pages.push_back(follow());
  for (Client& page : pages) EXPECT_THAT(page.until("\n\n"), HasSubstr("event: refresh"));
  EXPECT_EQ(refreshes, 1U);
  const Response refused = Client::tcp(port).get("/api/v1/events");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_THAT(refused.body, HasSubstr("200 event streams"));
  EXPECT_EQ(Client::tcp(port).get("/").body, "elsewhere");
  pages.pop_back();
  ASSERT_TRUE(streams_become(199));
  EXPECT_THAT(follow().until("\n\n"), HasSubstr("event: refresh"));
}

TEST_F(EventsTest, a_reader_that_reads_nothing_is_dropped_and_holds_up_nobody) {
  padding = std::string(4'000, 'x');
  for (std::uint64_t id = 1; id <= kMostNamedChanges; ++id) source.add(id);
  on_refresh = [this] {
    for (auto& [id, number] : source.numbers) ++number;
  };
  HttpLimits http;
  http.write = milliseconds(1'500);  // long enough for the one who reads, on a busy machine
  serve({.streams = 2, .interval = milliseconds(10), .heartbeat = milliseconds(5'000)}, http);
  Client silent = Client::tcp(port);
  silent.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Client reader = follow();
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (streams() > 1 && steady_clock::now() < end) EXPECT_NE(reader.until("\n\n"), "");
  EXPECT_EQ(streams(), 1U);
  EXPECT_THAT(reader.until("\n\n"), HasSubstr("event: refresh"));
}

TEST_F(EventsTest, nobody_listens_nobody_is_asked) {
  serve({.streams = 2, .interval = milliseconds(1), .heartbeat = milliseconds(1)});
  {
    Client client = follow();
    client.until("\n\n");
  }
  ASSERT_TRUE(streams_become(0));
  std::size_t before = 0;
  do {  // one more turn may be on its way
    before = refreshes;
    for (int i = 0; i < 50; ++i) streams();
  } while (before != refreshes && refreshes < 10'000);
  EXPECT_EQ(before, refreshes);
}

TEST_F(EventsTest, what_it_does_not_take) {
  serve({});
  EXPECT_EQ(Client::tcp(port).get("/api/v1/events?x=1").status, 400U);
  Client client = Client::tcp(port);
  client.send("HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Response head_only = client.receive(true);
  EXPECT_EQ(head_only.status, 200U);
  EXPECT_THAT(head_only.head, HasSubstr("text/event-stream"));
  EXPECT_TRUE(streams_become(0));
  client.send("POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 405U);
}

}  // namespace
}  // namespace qm::serve
