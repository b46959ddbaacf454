// A blocking HTTP client for tests, which can also misbehave. Each wait ends after kPatience_s.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor_linux.h"

namespace qm::serve {

struct Response {
  unsigned status = 0;  // 0: the connection ended before an answer came
  std::string head;     // status line and fields
  std::string body;
};

class Client {
 public:
  static constexpr int kPatience_s = 20;

  static Client tcp(std::uint16_t port) {
    Client client(AF_INET);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return client;
  }
  static Client local(const std::string& path) {
    Client client(AF_UNIX);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return client;
  }

  bool connected() const { return connected_; }

  // False when the peer has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  Response get(const std::string& target, const std::string& more = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n");
    return receive();
  }

  // The next answer. Without a body where head_only (of a HEAD request).
  Response receive(bool head_only = false) {
    Response response;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return response;
    }
    response.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    response.status = static_cast<unsigned>(std::stoul(response.head.substr(9, 3)));
    const std::size_t field = response.head.find("Content-Length: ");
    std::size_t bytes = 0;
    if (field != std::string::npos && !head_only)
      bytes = std::stoul(response.head.substr(field + 16));
    while (buffer_.size() < bytes) {
      if (!more()) return {};
    }
    response.body = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return response;
  }

  // What comes up to and with mark; what came, when that never does.
  std::string until(std::string_view mark) {
    std::size_t at = std::string::npos;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!more()) return std::exchange(buffer_, {});
    }
    std::string text = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, at + mark.size());
    return text;
  }

  // Waits until the peer closes; false when it still sends something or nothing happens.
  bool ended() { return buffer_.empty() && !more() && !timed_out_; }

 private:
  explicit Client(int family) : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{kPatience_s, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  void connect(const sockaddr* address, socklen_t bytes) {
    connected_ = ::connect(socket_.get(), address, bytes) == 0;
  }
  bool more() {
    char piece[16'384];
    const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
    timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  Descriptor socket_;
  std::string buffer_;
  bool connected_ = false;
  bool timed_out_ = false;
};

}  // namespace qm::serve
