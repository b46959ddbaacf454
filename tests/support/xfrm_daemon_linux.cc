#include "support/xfrm_daemon.h"

#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sched.h>

#include <cerrno>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "support/xfrm_messages.h"
#include "xfrm/codec.h"

namespace qm::test {

using xfrm::NetlinkSocket;
using xfrm::SecretBuffer;

Daemon::Daemon(NetlinkSocket socket, SecretBuffer buffer)
    : socket_(std::move(socket)), buffer_(std::move(buffer)) {}

Result<Daemon> Daemon::open() {
  SecretBuffer buffer = TRY(SecretBuffer::make());
  return Daemon(TRY(NetlinkSocket::open(0)), std::move(buffer));
}

int Daemon::ask(std::uint16_t type, Bytes payload, std::uint16_t flags) {
  Message request;
  append_message(request, type, 1, payload,
                 static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags));
  if (!socket_.send(request)) return -EIO;
  class Ack : public xfrm::SilentSink {
   public:
    void on_error(std::uint32_t, int error) override { code = error; }
    std::optional<int> code;
  } ack;
  while (!ack.code) {
    Bytes datagram;
    const auto got = socket_.receive(buffer_, datagram);
    if (!got) return -EIO;
    if (*got == NetlinkSocket::Got::datagram) decode(datagram, ack);
    if (*got == NetlinkSocket::Got::nothing && !socket_.wait(2000)) return -ETIME;
  }
  return *ack.code;
}

int Daemon::add_policy(const xfrm::Policy& policy) {
  return ask(XFRM_MSG_NEWPOLICY, policy_payload(policy), NLM_F_CREATE | NLM_F_EXCL);
}

int Daemon::delete_policy(const xfrm::Policy& policy) {
  xfrm_userpolicy_id id{};
  id.index = policy.index;
  id.dir = static_cast<std::uint8_t>(policy.direction);
  return ask(XFRM_MSG_DELPOLICY, std::as_bytes(std::span(&id, 1)));
}

int Daemon::add_larval(std::uint32_t spi) {
  xfrm::Sa sa = esp_sa("10.9.0.2", "10.9.0.1", 0);
  sa.larval = true;
  Message payload = sa_payload(sa);
  payload.resize(sizeof(xfrm_usersa_info));
  for (int bound = 0; bound < 2; ++bound) {  // of xfrm_userspi_info: min and max
    const Bytes bytes = std::as_bytes(std::span(&spi, 1));
    payload.insert(payload.end(), bytes.begin(), bytes.end());
  }
  return ask(XFRM_MSG_ALLOCSPI, payload);
}

int Daemon::delete_sa(const xfrm::SaId& id) {
  std::vector<std::byte> request;
  xfrm::append_sa_request(request, 1, id);
  return ask(XFRM_MSG_DELSA, Bytes(request).subspan(sizeof(nlmsghdr)));
}

xfrm::SaId larval_id(std::uint32_t spi) {
  return esp_sa("10.9.0.2", "10.9.0.1", spi).id;
}

xfrm::Policy policy_of_port(std::uint16_t port) {
  const std::uint32_t index = 8U * port + 1;
  xfrm::Policy policy = esp_policy(xfrm::PolicyDirection::out, "10.9.0.1", "10.9.0.2", index);
  policy.selector.dport = port;
  return policy;
}

std::string in_own_netns(const std::function<void(Daemon&)>& body) {
  std::string skipped;
  std::thread thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      skipped = "no network namespace of its own: needs root";
      return;
    }
    auto daemon = Daemon::open();
    if (!daemon) {
      skipped = daemon.error().message;
      return;
    }
    body(*daemon);
  });
  thread.join();
  return skipped;
}

}  // namespace qm::test
