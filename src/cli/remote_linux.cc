#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/descriptor_linux.h"
#include "base/text.h"
#include "cli/http_answer.h"
#include "cli/pacer.h"
#include "cli/prompt.h"
#include "cli/remote.h"
#include "cli/tls_client.h"

namespace qm::cli {
namespace {

constexpr std::size_t kRemoteReadBytes = std::size_t{64} << 10U;
constexpr std::uint64_t kMostRemoteMs = 60'000;  // of one answer, to its last byte

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int digits = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(digits));
  return out;
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  }
  sockaddr_in6 v6{};
  if (address->sa_family != AF_INET6) return false;
  std::memcpy(&v6, address, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

// One connection, one request, until a deadline.
class Call {
 public:
  Call(const RemoteUrl& url, const std::string& ca_file, int interrupt_fd)
      : url_(url), ca_file_(ca_file), interrupt_fd_(interrupt_fd) {}

  // Of the addresses that the name has, the first that answers.
  Result<void> open() {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = fmt::format("{}", url_.port);
    const int error = getaddrinfo(url_.host.c_str(), port.c_str(), &wanted, &found);
    if (error != 0) {
      return fail(ErrorCode::state, fmt::format("{}: {}", url_.host, gai_strerror(error)));
    }
    Error last{ErrorCode::state, fmt::format("{}: no address", url_.host)};
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      auto opened = open_one(*one);
      if (opened) {
        private_ = url_.tls || is_loopback(one->ai_addr);
        freeaddrinfo(found);
        return url_.tls ? greet() : Result<void>{};
      }
      last = std::move(opened).error();
    }
    freeaddrinfo(found);
    return std::unexpected(std::move(last));
  }
  bool is_private() const { return private_; }  // nobody else can read what is said

  Result<Answer> ask(std::string_view request) {
    if (tls_) {
      TRY(tls_->write(request));
      TRY(transmit(tls_->to_send()));
    } else {
      TRY(transmit(request));
    }
    HttpAnswer answer;
    for (;;) {
      const std::string_view got = TRY(receive());
      if (got.empty()) return answer.finish();
      if (!tls_) {
        if (TRY(answer.feed(got))) return answer.finish();
        continue;
      }
      tls_->feed(got);
      const std::string text = TRY(tls_->read());
      TRY(transmit(tls_->to_send()));
      if (!text.empty() && TRY(answer.feed(text))) return answer.finish();
    }
  }

 private:
  Result<void> greet() {
    tls_ = TRY(TlsClient::make(url_.host, ca_file_));
    for (;;) {
      const Result<bool> done = tls_->handshake();
      TRY(transmit(tls_->to_send()));  // why it fails, too
      if (!done) return std::unexpected(done.error());
      if (*done) return {};
      const std::string_view got = TRY(receive());
      if (got.empty()) {
        return fail(ErrorCode::state,
                    fmt::format("{} ended the connection; does it speak TLS there?", url_.host));
      }
      tls_->feed(got);
    }
  }

  Result<void> transmit(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(POLLOUT));
      } else {
        return std::unexpected(system_error("asking " + url_.host, errno));
      }
    }
    return {};
  }

  // What has come, until the next call; "": the end.
  Result<std::string_view> receive() {
    for (;;) {
      const ssize_t got = recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
      if (got >= 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
      if (errno != EAGAIN && errno != EINTR) {
        return std::unexpected(system_error("reading the answer of " + url_.host, errno));
      }
      TRY(wait_for(POLLIN));
    }
  }

  Result<void> open_one(const addrinfo& to) {
    Descriptor socket(::socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0) return std::unexpected(system_error("making a socket", errno));
    socket_ = std::move(socket);
    const std::string what = "connecting to " + host_field(url_);
    if (connect(socket_.get(), to.ai_addr, to.ai_addrlen) != 0) {
      if (errno != EINPROGRESS) return std::unexpected(system_error(what, errno));
      TRY(wait_for(POLLOUT));
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return std::unexpected(system_error(what, error));
    }
    return {};
  }

  Result<bool> wait_for(short events) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    if (left.count() > 0) {
      std::array<pollfd, 2> waited{pollfd{socket_.get(), events, 0},
                                   pollfd{interrupt_fd_, POLLIN, 0}};
      const int ready = poll(waited.data(), waited.size(), static_cast<int>(left.count()));
      if (ready > 0 && waited[1].revents != 0) {
        return fail(ErrorCode::state, std::string(kInterrupted));
      }
      if (ready > 0 || (ready < 0 && errno == EINTR)) return true;
    }
    return fail(ErrorCode::timeout,
                fmt::format("{} did not answer within {} s", url_.host, kMostRemoteMs / 1'000));
  }

  const RemoteUrl& url_;
  const std::string& ca_file_;
  int interrupt_fd_;
  Descriptor socket_;
  std::unique_ptr<TlsClient> tls_;
  bool private_ = false;
  std::array<char, kRemoteReadBytes> buffer_{};
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kMostRemoteMs);
};

Result<std::string> from_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::unexpected(system_error(plain_text(path), errno));
  std::string line(login::kMostPasswordBytes + 2, '\0');
  const ssize_t got = read(file.get(), line.data(), line.size());
  if (got < 0) return std::unexpected(system_error(plain_text(path), errno));
  line.resize(static_cast<std::size_t>(got));
  return line;
}

}  // namespace

Result<login::Secret> password_for(std::string_view user, std::string_view host,
                                   const char* environment, const std::string& file) {
  if (file.empty() && environment == nullptr) {
    auto asked = ask_password(plain_text(fmt::format("Password of {} on {}: ", user, host), 512));
    if (asked || asked.error().code != ErrorCode::not_found) return asked;
    return fail(ErrorCode::state,
                "there is no terminal to ask for the password; set QUICKMODE_PASSWORD, or name a "
                "file with --password-file");
  }
  std::string line = file.empty() ? std::string(environment) : TRY(from_file(file));
  line.resize(std::min(line.size(), line.find_first_of("\r\n")));
  login::Secret password(std::move(line));
  if (password.text().size() <= login::kMostPasswordBytes) return password;
  return fail(ErrorCode::limit,
              fmt::format("a password has {} bytes at most", login::kMostPasswordBytes));
}

Result<Answer> TcpPoster::post(std::string_view envelope) {
  Call call(url_, access_.ca_file, pacer_ == nullptr ? -1 : pacer_->interrupt_fd());
  TRY(call.open());
  std::string login;
  if (!access_.user.empty()) {
    if (!call.is_private()) {
      return fail(ErrorCode::denied,
                  "a password over plain HTTP could be read on the way; use https://, or leave out "
                  "--user");
    }
    const login::Secret both(fmt::format("{}:{}", access_.user, access_.password.text()));
    login = fmt::format("Authorization: Basic {}\r\n", base64(both.text()));
  }
  Answer answer = TRY(call.ask(fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n{}"
      "User-Agent: quickmode\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      url_.path, host_field(url_), login, envelope.size(), envelope)));
  if (answer.status == 401 && !login.empty()) {
    return fail(ErrorCode::denied,
                plain_text(fmt::format("{} does not let {} in with this password", url_.host,
                                       access_.user)));
  }
  return answer;
}

Result<std::unique_ptr<Api>> api_of_host(const Options& options, const char* environment_password,
                                         const SignalPacer* pacer) {
  // The Api and what it asks with, as one.
  struct Remote final : Api {
    Remote(const RemoteUrl& url, RemoteAccess access, const SignalPacer* its_pacer)
        : poster(url, std::move(access), its_pacer), api(url, poster) {}
    Result<Answer> get(std::string_view target) override { return api.get(target); }
    TcpPoster poster;
    ManagementApi api;
  };
  const RemoteUrl url = TRY(parse_remote(options.host));
  RemoteAccess access{options.user, {}, options.ca_file};
  if (!options.user.empty()) {
    access.password =
        TRY(password_for(options.user, url.host, environment_password, options.password_file));
  }
  return std::make_unique<Remote>(url, std::move(access), pacer);
}

}  // namespace qm::cli
