// Records XFRM netlink messages as the kernel sends them, with all key bytes zeroed: the input of
// codec, table and ledger tests and of the benchmarks. Runs in the lab (tests/tools/record-xfrm).
//
//   record_xfrm sa|policy FILE    one dump
//   record_xfrm events FILE       multicast SA, expire and policy messages, until SIGTERM
//
// FILE is a sequence of {u32 little-endian length, netlink message of that length}.

#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kReceiveBytes = 1u << 20;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Algorithm attributes begin with a name and bit lengths; the key is all that follows.
size_t key_offset(uint16_t attribute) {
  switch (attribute) {
    case XFRMA_ALG_AUTH:
    case XFRMA_ALG_CRYPT:
      return sizeof(xfrm_algo);
    case XFRMA_ALG_AEAD:
      return sizeof(xfrm_algo_aead);
    case XFRMA_ALG_AUTH_TRUNC:
      return sizeof(xfrm_algo_auth);
    default:
      return 0;
  }
}

size_t attributes_offset(uint16_t type) {
  switch (type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
      return NLMSG_ALIGN(sizeof(xfrm_usersa_info));
    case XFRM_MSG_DELSA:
      return NLMSG_ALIGN(sizeof(xfrm_usersa_id));
    default:
      return SIZE_MAX;
  }
}

void zero_keys(std::span<uint8_t> message) {
  nlmsghdr header;
  std::memcpy(&header, message.data(), sizeof header);
  const size_t begin = attributes_offset(header.nlmsg_type);
  if (begin == SIZE_MAX) {
    return;
  }
  size_t at = NLMSG_HDRLEN + begin;
  while (at + sizeof(nlattr) <= message.size()) {
    nlattr attribute;
    std::memcpy(&attribute, message.data() + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > message.size()) {
      std::fprintf(stderr, "record_xfrm: garbled attribute, nothing saved\n");
      std::exit(1);
    }
    const size_t key = key_offset(attribute.nla_type);
    if (key != 0 && NLA_HDRLEN + key < attribute.nla_len) {
      std::memset(message.data() + at + NLA_HDRLEN + key, 0, attribute.nla_len - NLA_HDRLEN - key);
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
}

void save(std::FILE* out, std::span<uint8_t> message) {
  zero_keys(message);
  const auto size = static_cast<uint32_t>(message.size());
  const uint8_t length[4] = {static_cast<uint8_t>(size), static_cast<uint8_t>(size >> 8),
                             static_cast<uint8_t>(size >> 16), static_cast<uint8_t>(size >> 24)};
  if (std::fwrite(length, 1, 4, out) != 4 ||
      std::fwrite(message.data(), 1, message.size(), out) != message.size()) {
    die("record_xfrm: write");
  }
}

int open_socket(uint32_t groups) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
  if (fd < 0) {
    die("record_xfrm: socket");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    die("record_xfrm: bind");
  }
  const int receive_bytes = 16 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes);
  return fd;
}

void ask_dump(int fd, uint16_t type) {
  nlmsghdr request{};
  request.nlmsg_len = NLMSG_LENGTH(0);
  request.nlmsg_type = type;
  request.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.nlmsg_seq = 1;
  if (send(fd, &request, request.nlmsg_len, 0) < 0) {
    die("record_xfrm: send");
  }
}

// False when the dump is done.
bool save_datagram(std::FILE* out, std::span<uint8_t> datagram) {
  size_t at = 0;
  while (at + sizeof(nlmsghdr) <= datagram.size()) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data() + at, sizeof header);
    if (header.nlmsg_len < sizeof header || at + header.nlmsg_len > datagram.size()) {
      return true;
    }
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      return false;
    }
    save(out, datagram.subspan(at, header.nlmsg_len));
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return true;
}

void record(int fd, std::FILE* out) {
  std::vector<uint8_t> buffer(kReceiveBytes);
  for (;;) {
    const ssize_t received = recv(fd, buffer.data(), buffer.size(), 0);
    if (received < 0) {
      die("record_xfrm: recv");
    }
    if (!save_datagram(out, std::span(buffer).first(static_cast<size_t>(received)))) {
      return;
    }
    std::fflush(out);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: record_xfrm sa|policy|events FILE\n");
    return 64;
  }
  const std::string_view what = argv[1];
  const bool events = what == "events";
  const int fd = open_socket(events ? XFRMGRP_SA | XFRMGRP_EXPIRE | XFRMGRP_POLICY : 0);
  std::FILE* out = std::fopen(argv[2], "wb");  // made only after the join: its being there says so
  if (out == nullptr) {
    die("record_xfrm: open");
  }
  if (!events) {
    ask_dump(fd, what == "sa" ? XFRM_MSG_GETSA : XFRM_MSG_GETPOLICY);
  }
  record(fd, out);
  return std::fclose(out) == 0 ? 0 : 1;
}
