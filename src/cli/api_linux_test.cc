// The socket, against a peer that misbehaves.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "cli/api.h"
#include "cli/pacer.h"

namespace qm::cli {
namespace {

// A listener in a folder of its own that says one thing to the first caller and closes.
class Peer {
 public:
  Peer() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/qm-cli-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (fd_ >= 0) close(fd_);
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(folder_);
  }

  void listen_only() {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_GE(fd_, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/query.sock";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(fd_, 4), 0);
  }
  void say(std::string text) {
    listen_only();
    thread_ = std::thread([fd = fd_, text = std::move(text)] {
      const int caller = accept(fd, nullptr, nullptr);
      std::array<char, 4096> request;
      if (caller >= 0 && recv(caller, request.data(), request.size(), 0) > 0) {
        send(caller, text.data(), text.size(), MSG_NOSIGNAL);
      }
      close(caller);
    });
  }
  void stop_listening() {
    close(fd_);
    fd_ = -1;
  }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::thread thread_;
  int fd_ = -1;
};

TEST(SocketApi, Asks) {
  Peer peer;
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  SocketApi api(peer.folder(), nullptr);
  const auto answer = api.get("/api/v1/classes");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "{}");
}

TEST(SocketApi, TeachesWhenServeIsNotRunning) {
  const Peer peer;
  SocketApi api(peer.folder(), nullptr);
  EXPECT_EQ(api.get("/").error().message,
            "quickmode-serve is not running: no " + peer.folder() +
                "/query.sock. Start it with `systemctl start quickmode-serve`, or try the lab: "
                "`make run`");
}

TEST(SocketApi, TeachesWhenNobodyListens) {
  Peer peer;
  peer.listen_only();
  peer.stop_listening();
  SocketApi api(peer.folder(), nullptr);
  EXPECT_TRUE(api.get("/").error().message.starts_with(
      "quickmode-serve is not running: nobody listens on "));
}

TEST(SocketApi, GivesUpOnSilence) {
  Peer peer;
  peer.listen_only();
  SocketApi api(peer.folder(), nullptr, 30);
  const auto answer = api.get("/");
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
  EXPECT_EQ(answer.error().message,
            "quickmode-serve did not answer within 0.03 s; see `journalctl -u quickmode-serve`");
}

TEST(SocketApi, RefusesHalfAnAnswerAndGarbage) {
  Peer half;
  half.say("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}");
  EXPECT_EQ(SocketApi(half.folder(), nullptr).get("/").error().code, ErrorCode::invalid);
  Peer garbage;
  garbage.say("\x16\x03\x01 not HTTP\r\n\r\n");
  EXPECT_EQ(SocketApi(garbage.folder(), nullptr).get("/").error().code, ErrorCode::invalid);
}

TEST(SocketApi, RefusesAPathThatNoSocketCanHave) {
  SocketApi api("/" + std::string(108, 'x'), nullptr);
  EXPECT_EQ(api.get("/").error().code, ErrorCode::limit);
}

TEST(SignalPacer, AnInterruptEndsTheWaitAndTheRequest) {
  EXPECT_EXIT(
      {
        SignalPacer pacer;
        pacer.begin();
        Peer peer;
        peer.listen_only();
        SocketApi api(peer.folder(), &pacer);
        raise(SIGINT);
        const bool request_ended = api.get("/").error().message == kInterrupted;
        const bool wait_ended = !pacer.wait(3'600'000);
        std::filesystem::remove_all(peer.folder());
        _exit(request_ended && wait_ended ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(SignalPacer, WaitsItsInterval) {
  SignalPacer pacer;
  pacer.begin();
  EXPECT_TRUE(pacer.wait(1));
  EXPECT_TRUE(pacer.wait(0));
}

}  // namespace
}  // namespace qm::cli
