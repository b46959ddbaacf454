// The client against a daemon on a real socket; both are driven by the test, time by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "ike/test_messages.h"
#include "ike/vici.h"

namespace qm::ike {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

// Enough of charon: confirms registrations, answers list-sas with two IKE SAs.
class FakeDaemon {
 public:
  explicit FakeDaemon(const std::string& path) {
    ::unlink(path.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() {
    drop();
    ::close(listener_);
  }

  bool answers = true;
  std::vector<std::string> asked;  // names of what was asked for

  void drop() {
    if (peer_ >= 0) ::close(peer_);
    peer_ = -1;
    framer_.clear();
  }

  void step() {
    const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
      drop();
      peer_ = accepted;
    }
    std::array<std::byte, 4096> buffer{};
    const ssize_t got = peer_ < 0 ? 0 : ::recv(peer_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    framer_.add(Bytes(buffer).first(static_cast<std::size_t>(got)));
    for (auto body = framer_.next(); body && *body; body = framer_.next()) answer(**body);
  }

  void say(const std::string& bytes) {
    EXPECT_EQ(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  void answer(Bytes body) {
    const Packet packet = parse_packet(body).value();
    asked.emplace_back(packet.name);
    if (!answers) return;
    if (packet.type == PacketType::event_register) {
      return say(packet_bytes(PacketType::event_confirm, ""));
    }
    say(event_bytes("list-sa", inside("a", ike_sa({{"tasks-queued", {"QUICK_MODE"}}}, "1"))));
    say(event_bytes("list-sa", inside("b", ike_sa({}, "2"))));
    say(packet_bytes(PacketType::cmd_response, ""));
  }

  int listener_ = -1;
  int peer_ = -1;
  Framer framer_;
};

class ViciSocket : public ::testing::Test {
 protected:
  ~ViciSocket() override { fs::remove_all(dir_); }

  std::string path() const { return dir_ / "charon.vici"; }

  template <class Condition>
  bool comes_true(Condition condition, FakeDaemon* daemon = nullptr) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      client_->handle(now_);
      if (daemon != nullptr) daemon->step();
      if (condition()) return true;
    }
    return false;
  }
  bool comes_up(FakeDaemon& daemon) {
    return comes_true([this] { return client_->up(); }, &daemon);
  }

  static fs::path new_directory() {
    std::string name = (fs::temp_directory_path() / "qm-vici-XXXXXX").string();
    return ::mkdtemp(name.data());
  }

  fs::path dir_ = new_directory();
  Time now_{.boot_ns = 100 * kSecondNs, .filetime_100ns = 0};
  std::vector<ChildRekey> rekeys_;
  std::vector<bool> states_;
  std::unique_ptr<ViciClient> client_ = ViciClient::make(
      path(), {.on_child_rekey = [this](const ChildRekey& rekey) { rekeys_.push_back(rekey); },
               .on_state = [this](bool up) { states_.push_back(up); }});
};

TEST_F(ViciSocket, ComesUpAndListsSas) {
  FakeDaemon daemon(path());
  EXPECT_EQ(client_->fd(), -1);
  ASSERT_TRUE(comes_up(daemon)) << client_->problem();
  EXPECT_GE(client_->fd(), 0);
  EXPECT_EQ(client_->problem(), "");
  EXPECT_THAT(states_, ElementsAre(true));
  client_->request_sas();
  ASSERT_TRUE(comes_true([&] { return client_->sas_at_boot_ns() != 0; }, &daemon));
  ASSERT_THAT(client_->sas(), SizeIs(2));
  EXPECT_EQ(client_->sas()[0].name, "a");
  EXPECT_EQ(client_->sas()[0].pending_operations, 1U);
  EXPECT_THAT(daemon.asked, ElementsAre("child-rekey", "list-sa", "list-sas"));
}

TEST_F(ViciSocket, HearsOfRekeysThatArriveInPieces) {
  FakeDaemon daemon(path());
  ASSERT_TRUE(comes_up(daemon));
  const std::string event =
      event_bytes("child-rekey", rekey_event(child_sa("1", "2"), child_sa("3", "4")));
  for (const char byte : event) {
    EXPECT_THAT(rekeys_, IsEmpty());
    daemon.say(std::string(1, byte));
    client_->handle(now_);
  }
  ASSERT_THAT(rekeys_, SizeIs(1));
  EXPECT_EQ(rekeys_[0].new_spi_out, 4U);
}

TEST_F(ViciSocket, ComesBackWhenTheDaemonDoes) {
  auto daemon = std::make_unique<FakeDaemon>(path());
  ASSERT_TRUE(comes_up(*daemon));
  daemon.reset();
  ASSERT_TRUE(comes_true([&] { return !client_->up(); }));
  EXPECT_EQ(client_->fd(), -1);
  EXPECT_THAT(client_->problem(), HasSubstr("closed the connection"));
  client_->handle(now_);
  EXPECT_THAT(client_->problem(), HasSubstr("closed the connection")) << "not due yet";
  now_.boot_ns = client_->due_boot_ns();
  client_->handle(now_);
  EXPECT_EQ(client_->problem(), "no IKE daemon answers at " + path() + ": Connection refused");
  daemon = std::make_unique<FakeDaemon>(path());
  now_.boot_ns = client_->due_boot_ns();
  ASSERT_TRUE(comes_up(*daemon));
  EXPECT_THAT(states_, ElementsAre(true, false, true));
}

TEST_F(ViciSocket, LeavesADaemonThatStalls) {
  FakeDaemon daemon(path());
  ASSERT_TRUE(comes_up(daemon));
  daemon.answers = false;
  client_->request_sas();
  ASSERT_TRUE(comes_true([&] { return daemon.asked.size() == 3; }, &daemon));
  EXPECT_TRUE(client_->sas_pending());
  now_.boot_ns = client_->due_boot_ns();
  client_->handle(now_);
  EXPECT_EQ(client_->fd(), -1);
  EXPECT_THAT(client_->problem(), HasSubstr("did not answer within 5 s"));
  daemon.answers = true;
  now_.boot_ns = client_->due_boot_ns();
  EXPECT_TRUE(comes_up(daemon));
}

TEST_F(ViciSocket, LeavesADaemonThatAcceptsAndSaysNothing) {
  FakeDaemon daemon(path());
  daemon.answers = false;
  ASSERT_TRUE(comes_true([&] { return daemon.asked.size() == 1; }, &daemon));
  EXPECT_FALSE(client_->up());
  EXPECT_THAT(client_->problem(), HasSubstr("waiting for the IKE daemon"));
  now_.boot_ns = client_->due_boot_ns();
  client_->handle(now_);
  EXPECT_THAT(client_->problem(), HasSubstr("did not answer within 5 s"));
  EXPECT_THAT(states_, IsEmpty());
}

TEST_F(ViciSocket, LeavesAnythingThatIsNotVici) {
  FakeDaemon daemon(path());
  ASSERT_TRUE(comes_up(daemon));
  daemon.say("SSH-2.0-OpenSSH_9.2\r\n");
  client_->handle(now_);
  EXPECT_EQ(client_->fd(), -1);
  EXPECT_THAT(client_->problem(), HasSubstr("does not speak vici"));
}

TEST_F(ViciSocket, ADaemonThatIsNotThereIsAStateWithWords) {
  client_->handle(now_);
  EXPECT_EQ(client_->problem(),
            "no IKE daemon answers at " + path() + ": No such file or directory");
  EXPECT_EQ(client_->due_boot_ns(), now_.boot_ns + kSecondNs);
  EXPECT_THAT(states_, IsEmpty());
}

TEST_F(ViciSocket, APathMayCarryItsScheme) {
  FakeDaemon daemon(path());
  client_ = ViciClient::make("unix://" + path(), {});
  EXPECT_TRUE(comes_up(daemon));
}

TEST_F(ViciSocket, APathThatFitsNoSocketIsSaidSo) {
  for (const std::string& bad : {std::string(), std::string(108, 'x')}) {
    client_ = ViciClient::make(bad, {});
    client_->handle(now_);
    EXPECT_THAT(client_->problem(), HasSubstr("1 to 107 bytes are possible"));
  }
  client_ = ViciClient::make("/" + std::string(106, 'x'), {});
  client_->handle(now_);
  EXPECT_THAT(client_->problem(), HasSubstr("No such file or directory"));
}

TEST_F(ViciSocket, DeniedAccessComesWithWhatToDo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  FakeDaemon daemon(path());
  ASSERT_EQ(::chmod(path().c_str(), 0700), 0);
  ASSERT_EQ(::chmod(dir_.c_str(), 0755), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  client_->handle(now_);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_THAT(client_->problem(), HasSubstr("is denied"));
  EXPECT_THAT(client_->problem(), HasSubstr("set \"group\" in the charon section"));
}

}  // namespace
}  // namespace qm::ike
