// Providers that break the rules, each in its own way. Each is told why, costs little, and a good
// provider beside it goes on being served.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/descriptor_linux.h"
#include "base/guid.h"
#include "provider/connection.h"
#include "provider/protocol.h"
#include "provider/service_testing_linux.h"

namespace qm::provider {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

qm_message_header header(std::uint16_t type) {
  return {QM_PROTOCOL_MAGIC, QM_PROTOCOL_VERSION, type};
}

std::size_t page_bytes(const qm_class_info& info) {
  qm_page_layout layout{};
  qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout);
  return layout.page_bytes;
}

constexpr int kPageSeals = F_SEAL_SHRINK | F_SEAL_GROW | 0x10 /* FUTURE_WRITE */ | F_SEAL_SEAL;

Descriptor memfd(std::size_t bytes, int seals, unsigned flags = 0) {
  Descriptor fd(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return {};
  if (seals != 0) fcntl(fd.get(), F_ADD_SEALS, seals);
  return fd;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Says whatever it is told to.
class Rude {
 public:
  explicit Rude(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ =
        connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool connected() const { return connected_; }

  bool say(Bytes packet, const std::vector<int>& descriptors = {}) const {
    std::vector<char> control(CMSG_SPACE(sizeof(int) * descriptors.size()));
    iovec part{const_cast<std::byte*>(packet.data()), packet.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
      std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof(int) * descriptors.size());
    }
    return sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0;
  }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  bool say(const T& message, const std::vector<int>& descriptors = {}) const {
    return say(std::as_bytes(std::span(&message, 1)), descriptors);
  }
  bool hello() const {
    const qm_hello_message message{header(QM_SAY_HELLO), "rude"};
    return say(message);
  }
  bool enroll(const qm_class_info& info, const std::vector<int>& descriptors,
              std::uint32_t number = 1, std::uint32_t bmof_bytes = 0) const {
    const qm_register_message message{
        header(QM_SAY_REGISTER), number,          info.flags,          info.guid,
        info.block_bytes,        info.data_items, info.most_instances, bmof_bytes};
    return say(message, descriptors);
  }

  // The newest refusal so far. cut(): the service has ended the connection.
  std::string refusal() {
    listen();
    return refusal_;
  }
  bool cut() {
    listen();
    return cut_;
  }

 private:
  void listen() {
    for (;;) {
      std::array<char, QM_MOST_MESSAGE_BYTES> bytes{};
      const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) cut_ = true;
      if (got <= 0) return;
      if (static_cast<std::size_t>(got) != sizeof(qm_refused_message)) continue;
      qm_refused_message message{};
      std::memcpy(&message, bytes.data(), sizeof message);
      refusal_ = message.text;
    }
  }

  Descriptor socket_;
  bool connected_ = false;
  bool cut_ = false;
  std::string refusal_;
};

class BadProvider : public Service {
 protected:
  void SetUp() override {
    start();
    good_ = std::make_unique<Good>(path_);
    page_ = good_->add(test_class(2));
    ASSERT_TRUE(until([&] { return registered() == 1; }));
    descriptors_ = open_descriptors();
  }
  // Whatever went on: the good provider's news arrive, and no descriptor stays behind but those of
  // peers that are still connected.
  void TearDown() override {
    publish(page_, 1234);
    EXPECT_TRUE(until([&] {
      for (const Registration& one : registry_->registrations()) {
        if (!equal(one.info.guid, kTestGuid) || one.driver != "good") continue;
        const auto generation = one.page->read();
        if (!generation || generation->instances.empty()) return false;
        return first_word(generation->instances[0]) == 1234;
      }
      return false;
    }));
    EXPECT_TRUE(until([&] { return open_descriptors() <= descriptors_; }));
  }

  std::string refusal_of(Rude& rude) {
    until([&] { return !rude.refusal().empty() || rude.cut(); });
    return rude.refusal();
  }
  // What the service says to a register message with this descriptor.
  std::string enrolled(const Descriptor& descriptor, const qm_class_info& info = test_class(2)) {
    Rude rude(path_);
    rude.hello();
    EXPECT_TRUE(rude.enroll(info, {descriptor.get()}));
    const std::string refusal = refusal_of(rude);
    EXPECT_FALSE(rude.cut());  // told, and free to do better
    return refusal;
  }

  std::unique_ptr<Good> good_;
  qm_registration* page_ = nullptr;
  std::size_t descriptors_ = 0;
};

TEST_F(BadProvider, HandsOverAMemfdWithoutSeals) {
  EXPECT_EQ(enrolled(memfd(page_bytes(test_class(2)), 0)),
            "the memfd lacks the seal F_SEAL_SHRINK: add it by fcntl F_ADD_SEALS");
  for (const int missing : {F_SEAL_SHRINK, F_SEAL_GROW, 0x10, F_SEAL_SEAL}) {
    EXPECT_THAT(enrolled(memfd(page_bytes(test_class(2)), kPageSeals & ~missing)),
                HasSubstr("lacks the seal"))
        << missing;
  }
}

TEST_F(BadProvider, HandsOverAMemfdOfTheWrongSize) {
  const std::size_t right = page_bytes(test_class(2));
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{1}, right - 1, right + 4096}) {
    EXPECT_EQ(enrolled(memfd(wrong, kPageSeals)), "the memfd has " + std::to_string(wrong) +
                                                      " bytes; this class with 2 instances makes " +
                                                      std::to_string(right));
  }
}

TEST_F(BadProvider, HandsOverSomethingElseThanAMemfd) {
  const std::string text =
      "the descriptor is not a memfd: make it by memfd_create with MFD_ALLOW_SEALING";
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor read_end(ends[0]);
  const Descriptor write_end(ends[1]);
  EXPECT_EQ(enrolled(read_end), text);
  EXPECT_EQ(enrolled(Descriptor(open("/proc/self/exe", O_RDONLY | O_CLOEXEC))), text);
  EXPECT_EQ(enrolled(Descriptor(open("/dev/zero", O_RDWR | O_CLOEXEC))), text);
  EXPECT_EQ(enrolled(Descriptor(open("/tmp", O_PATH | O_CLOEXEC))), text);
  EXPECT_EQ(enrolled(Descriptor(socket(AF_UNIX, SOCK_DGRAM, 0))), text);
}

TEST_F(BadProvider, HandsOverAMemfdOfHugePagesOrWithoutAHeader) {
  EXPECT_EQ(enrolled(memfd(page_bytes(test_class(2)), kPageSeals)), "not a page: wrong magic");
  qm_class_info info = test_class(2);
  const Descriptor huge = memfd(std::size_t{2} << 20U, kPageSeals, MFD_HUGETLB);
  if (huge.valid()) {
    EXPECT_EQ(enrolled(huge, info), "the memfd is of huge pages: make it without MFD_HUGETLB");
  }
}

TEST_F(BadProvider, HandsOverABinaryMofOfAnotherSizeOrType) {
  const Descriptor page = memfd(page_bytes(test_class(2)), kPageSeals);
  const Descriptor bmof = memfd(10, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  Rude rude(path_);
  rude.hello();
  rude.enroll(test_class(2), {page.get(), bmof.get()}, 1, 11);
  EXPECT_EQ(refusal_of(rude), "the binary MOF: the memfd has 10 bytes, 11 were announced");
  rude.enroll(test_class(2), {page.get(), page.get()}, 1, QM_MOST_BMOF_BYTES + 1);
  EXPECT_TRUE(until([&] { return rude.refusal() == "the binary MOF is over 1 MiB"; }));
  const Descriptor device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  rude.enroll(test_class(2), {page.get(), device.get()}, 1, 10);
  EXPECT_TRUE(until(
      [&] { return rude.refusal().starts_with("the binary MOF: the descriptor is not a memfd"); }));
}

TEST_F(BadProvider, TalksGarbage) {
  Rude rude(path_);
  rude.say(std::as_bytes(std::span("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_EQ(refusal_of(rude), "this is not quickmode's provider protocol");
  EXPECT_TRUE(until([&] { return rude.cut(); }));
}

TEST_F(BadProvider, SpeaksAnotherVersion) {
  Rude rude(path_);
  qm_hello_message hello{header(QM_SAY_HELLO), "rude"};
  hello.header.version = 9;
  rude.say(hello);
  EXPECT_THAT(refusal_of(rude), HasSubstr("protocol version 9"));
  EXPECT_TRUE(until([&] { return rude.cut(); }));
}

TEST_F(BadProvider, SendsAMessageThatIsTooLong) {
  Rude rude(path_);
  const std::vector<std::byte> packet(QM_MOST_MESSAGE_BYTES + 1);
  rude.say(Bytes(packet));
  EXPECT_EQ(refusal_of(rude), "a message is longer than any may be");
  EXPECT_TRUE(until([&] { return rude.cut(); }));
}

TEST_F(BadProvider, SaysNoHelloOrTwo) {
  Rude shy(path_);
  shy.say(qm_refresh_message{header(QM_SAY_REFRESHED), 1});
  EXPECT_EQ(refusal_of(shy), "the first message is no hello");
  Rude twice(path_);
  twice.hello();
  twice.hello();
  EXPECT_EQ(refusal_of(twice), "a second hello");
}

TEST_F(BadProvider, UsesANumberTwice) {
  Rude rude(path_);
  rude.hello();
  TestPage page(test_class(2));
  const Descriptor fd = memfd(page.bytes().size(), 0);
  ASSERT_EQ(pwrite(fd.get(), page.bytes().data(), page.bytes().size(), 0),
            static_cast<ssize_t>(page.bytes().size()));
  fcntl(fd.get(), F_ADD_SEALS, kPageSeals);
  rude.enroll(test_class(2), {fd.get()}, 5);
  ASSERT_TRUE(until([&] { return registered() == 2; }));
  rude.enroll(test_class(2), {fd.get()}, 6);
  EXPECT_EQ(refusal_of(rude), "this provider has registered the class already");
  rude.enroll(test_class(2), {fd.get()}, 5);
  EXPECT_TRUE(until([&] { return rude.refusal() == "a registration's number is in use"; }));
  EXPECT_TRUE(until([&] { return rude.cut() && registered() == 1; }));
}

TEST_F(BadProvider, FloodsWithDescriptors) {
  const Descriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 200; ++i) {
    Rude rude(path_);
    const qm_hello_message hello{header(QM_SAY_HELLO), "rude"};
    rude.say(hello, std::vector<int>(static_cast<std::size_t>(i % 250) + 1, null.get()));
    EXPECT_THAT(refusal_of(rude), HasSubstr("descriptors"));
    EXPECT_LE(open_descriptors(), descriptors_ + 3);
  }
}

TEST_F(BadProvider, FloodsWithRegistrations) {
  Rude rude(path_);
  rude.hello();
  const Descriptor bad = memfd(100, kPageSeals);
  std::uint32_t number = 1;
  ASSERT_TRUE(until([&] {
    while (rude.enroll(test_class(2), {bad.get()}, number)) ++number;
    return rude.cut();
  }));
  EXPECT_EQ(rude.refusal(), "over 256 registrations in a second");
}

TEST_F(BadProvider, FloodsWithMessages) {
  Rude rude(path_);
  rude.hello();
  const qm_refresh_message message{header(QM_SAY_REFRESHED), UINT64_MAX};
  ASSERT_TRUE(until([&] {
    while (rude.say(message)) continue;
    return rude.cut();
  }));
  EXPECT_EQ(rude.refusal(), "over 1024 messages in a second");
}

TEST_F(BadProvider, FloodsWithConnections) {
  std::vector<std::unique_ptr<Rude>> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(std::make_unique<Rude>(path_));
    registry_->handle();
  }
  EXPECT_LE(open_descriptors(), descriptors_ + 300 + kMostProviders);
}

TEST_F(BadProvider, NeverAnswersARefresh) {
  Good stalled(path_, "stalled");
  stalled.add(test_class(2));
  ASSERT_TRUE(until([&] { return registered() == 2; }));
  int partly = 0;
  for (int i = 0; i < 100; ++i) {
    registry_->refresh(nullptr, milliseconds(1), [&](bool all) { partly += all ? 0 : 1; });
    ASSERT_TRUE(until([&] {
      if (qm_dispatch(*good_, 0) == 1) qm_refreshed(*good_);
      return partly == i + 1;
    }));
  }
  EXPECT_EQ(registered(), 2U);
}

// A child registers and is killed between qm_begin and qm_publish.
TEST_F(BadProvider, DiesInTheMiddleOfAWrite) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor told(ends[0]);
  Descriptor tell(ends[1]);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Good provider(path_, "mortal");
    qm_registration* registration = provider.add(test_class(2));
    publish(registration, 7, {"a", "b"});
    const qm_times times{};
    qm_begin(registration, &times);
    qm_instance* instance = nullptr;
    qm_put(registration, "c", &instance);
    std::memset(qm_block(instance), 0xff, 144);
    [[maybe_unused]] const ssize_t wrote = write(tell.get(), "x", 1);
    pause();
    _exit(0);
  }
  tell.reset();
  char word = 0;
  ASSERT_EQ(::read(told.get(), &word, 1), 1);
  ASSERT_TRUE(until([&] { return registered() == 2; }));
  const Generation before = read(1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const Generation after = read(1);  // until the service has noticed
  for (const Generation* generation : {&before, &after}) {
    EXPECT_EQ(generation->number, 1U);
    ASSERT_EQ(generation->instances.size(), 2U);
    EXPECT_EQ(generation->instances[0].name, "a");
    EXPECT_EQ(first_word(generation->instances[1]), 7U);
  }
  EXPECT_TRUE(until([&] { return registered() == 1; }));
}

// A child scribbles over its page while it is being read.
TEST_F(BadProvider, CorruptsItsPage) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Good provider(path_, "vandal");
    qm_registration* registration = provider.add(test_class(2));
    std::uint64_t state = 88172645463325252U;  // xorshift: Marsaglia (2003)
    for (;;) {
      publish(registration, state, {"a", "b"});
      auto* page = static_cast<unsigned char*>(registration->page);
      for (int i = 0; i < 200; ++i) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        page[64 + state % 4000] = static_cast<unsigned char>(state >> 32U);
      }
    }
  }
  ASSERT_TRUE(until([&] { return registered() == 2; }));
  for (int i = 0; i < 3000; ++i) {
    for (const Registration& one : registry_->registrations()) {
      if (one.driver != "vandal") continue;
      if (const auto generation = one.page->read()) {
        EXPECT_LE(generation->instances.size(), 2U);
      }
    }
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(until([&] { return registered() == 1; }));
}

using SilentProvider = Service;

TEST_F(SilentProvider, IsCutAfterAWhile) {
  start({}, milliseconds(1));
  Rude rude(path_);
  ASSERT_TRUE(until([&] { return rude.cut(); }));
  EXPECT_EQ(rude.refusal(), "no hello came");
}

}  // namespace
}  // namespace qm::provider
