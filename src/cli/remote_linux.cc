#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/descriptor_linux.h"
#include "base/text.h"
#include "cli/http_answer.h"
#include "cli/pacer.h"
#include "cli/remote.h"

namespace qm::cli {
namespace {

constexpr std::size_t kRemoteReadBytes = std::size_t{64} << 10U;
constexpr std::uint64_t kMostRemoteMs = 60'000;  // of one answer, to its last byte

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      const bool there = i + j < bytes.size();
      three = three << 8U | (there ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool there = i + j <= bytes.size();
      out += there ? kDigits[three >> (18U - 6U * j) & 63U] : '=';
    }
  }
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
  Call(const RemoteUrl& url, int interrupt_fd) : url_(url), interrupt_fd_(interrupt_fd) {}

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
        loopback_ = is_loopback(one->ai_addr);
        freeaddrinfo(found);
        return {};
      }
      last = std::move(opened).error();
    }
    freeaddrinfo(found);
    return std::unexpected(std::move(last));
  }
  bool loopback() const { return loopback_; }

  Result<Answer> ask(std::string_view request) {
    while (!request.empty()) {
      const ssize_t sent = send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        request.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(POLLOUT));
      } else {
        return std::unexpected(system_error("asking " + url_.host, errno));
      }
    }
    HttpAnswer answer;
    std::array<char, kRemoteReadBytes> buffer;
    for (;;) {
      const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got == 0) return answer.finish();
      if (got > 0) {
        if (TRY(answer.feed({buffer.data(), static_cast<std::size_t>(got)}))) {
          return answer.finish();
        }
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(POLLIN));
      } else {
        return std::unexpected(system_error("reading the answer of " + url_.host, errno));
      }
    }
  }

 private:
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
  int interrupt_fd_;
  Descriptor socket_;
  bool loopback_ = false;
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kMostRemoteMs);
};

Result<std::string> from_terminal(std::string_view user, std::string_view host) {
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    return fail(ErrorCode::state,
                "there is no terminal to ask for the password; set "
                "QUICKMODE_PASSWORD, or name a file with --password-file");
  }
  const std::string prompt = plain_text(fmt::format("Password of {} on {}: ", user, host), 512);
  termios shown{};
  const bool hides = tcgetattr(terminal.get(), &shown) == 0;
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (hides) tcsetattr(terminal.get(), TCSAFLUSH, &hidden);
  static_cast<void>(!write(terminal.get(), prompt.data(), prompt.size()));
  std::string line(kMostPasswordBytes + 2, '\0');
  const ssize_t got = read(terminal.get(), line.data(), line.size());
  if (hides) tcsetattr(terminal.get(), TCSAFLUSH, &shown);
  static_cast<void>(!write(terminal.get(), "\n", 1));
  if (got < 0) return std::unexpected(system_error("reading the password", errno));
  line.resize(static_cast<std::size_t>(got));
  return line;
}

Result<std::string> from_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::unexpected(system_error(plain_text(path), errno));
  std::string line(kMostPasswordBytes + 2, '\0');
  const ssize_t got = read(file.get(), line.data(), line.size());
  if (got < 0) return std::unexpected(system_error(plain_text(path), errno));
  line.resize(static_cast<std::size_t>(got));
  return line;
}

}  // namespace

Result<std::string> read_password(const char* environment, const std::string& file,
                                  std::string_view user, std::string_view host) {
  std::string password;
  if (!file.empty()) {
    password = TRY(from_file(file));
  } else if (environment != nullptr) {
    password = environment;
  } else {
    password = TRY(from_terminal(user, host));
  }
  password = password.substr(0, password.find_first_of("\r\n"));
  if (password.size() > kMostPasswordBytes) {
    return fail(ErrorCode::limit,
                fmt::format("a password may have {} bytes at most", kMostPasswordBytes));
  }
  return password;
}

Result<Answer> TcpPoster::post(std::string_view envelope) {
  if (url_.tls) {
    return fail(ErrorCode::unsupported, "https is not spoken yet; leave out https://");
  }
  Call call(url_, pacer_ == nullptr ? -1 : pacer_->interrupt_fd());
  TRY(call.open());
  std::string login;
  if (!user_.empty()) {
    if (!call.loopback()) {
      return fail(ErrorCode::denied,
                  "a password over plain HTTP could be read on the way; use "
                  "https://, or leave out --user");
    }
    login =
        fmt::format("Authorization: Basic {}\r\n", base64(fmt::format("{}:{}", user_, password_)));
  }
  return call.ask(fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n{}"
      "User-Agent: quickmode\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      url_.path, host_field(url_), login, envelope.size(), envelope));
}

Result<std::unique_ptr<Api>> api_of_host(const Options& options, const char* environment_password,
                                         const SignalPacer* pacer) {
  // The Api and what it asks with, as one.
  struct Remote final : Api {
    Remote(const RemoteUrl& url, const std::string& user, std::string password,
           const SignalPacer* its_pacer)
        : poster(url, user, std::move(password), its_pacer), api(url, poster) {}
    Result<Answer> get(std::string_view target) override { return api.get(target); }
    TcpPoster poster;
    ManagementApi api;
  };
  const RemoteUrl url = TRY(parse_remote(options.host));
  std::string password;
  if (!options.user.empty()) {
    password =
        TRY(read_password(environment_password, options.password_file, options.user, url.host));
  }
  return std::make_unique<Remote>(url, options.user, std::move(password), pacer);
}

}  // namespace qm::cli
