#include "cli/prompt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor_linux.h"
#include "cli/api.h"
#include "login/basic.h"

namespace qm::cli {
namespace {

constexpr char kInterrupt = 0x03;  // Ctrl-C, Ctrl-D, Ctrl-U: the terminal gives them as they are
constexpr char kEnd = 0x04;
constexpr char kEraseAll = 0x15;
constexpr char kBackspace = 0x08;
constexpr char kDelete = 0x7f;

// Keys come one by one and unseen, until it goes.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  ~Unseen() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  bool works() const { return changed_; }

 private:
  int terminal_;
  termios before_{};
  bool changed_ = false;
};

void say(int terminal, std::string_view text) {
  // A terminal that takes nothing shows nothing; the password is asked for all the same.
  [[maybe_unused]] const ssize_t ignored = ::write(terminal, text.data(), text.size());
}

void erase_one(std::string& line) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
  while (!line.empty() && continues(line.back())) line.pop_back();
  if (!line.empty()) line.pop_back();
}

std::unexpected<Error> too_long() {
  return fail(ErrorCode::limit,
              fmt::format("a password has {} bytes at most", login::kMostPasswordBytes));
}

// Up to the end of a line. keys: what a terminal's editing keys mean.
Result<login::Secret> read_line(int from, bool keys) {
  std::string line;
  line.reserve(login::kMostPasswordBytes + 1);  // never grows: no copy stays behind
  const auto done = [&line] { return login::Secret(std::move(line)); };
  for (;;) {
    char key = 0;
    const ssize_t got = ::read(from, &key, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int reason = errno;
      login::wipe(line);
      return std::unexpected(system_error("reading the password", reason));
    }
    if (got == 0 || key == '\n' || (keys && (key == '\r' || key == kEnd))) return done();
    if (keys && key == kInterrupt) {
      login::wipe(line);
      return fail(ErrorCode::state, std::string(kInterrupted));
    }
    if (keys && key == kEraseAll) {
      line.clear();
    } else if (keys && (key == kBackspace || key == kDelete)) {
      erase_one(line);
    } else if (line.size() == login::kMostPasswordBytes) {
      login::wipe(line);
      return too_long();
    } else {
      line.push_back(key);
    }
  }
}

}  // namespace

Result<login::Secret> ask_password(const std::string& prompt) {
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  const Unseen unseen(terminal.get());
  if (terminal.get() < 0 || !unseen.works()) {
    return fail(ErrorCode::not_found,
                "there is no terminal to ask for the password at; give it with --password-stdin");
  }
  say(terminal.get(), prompt);
  Result<login::Secret> line = read_line(terminal.get(), true);
  say(terminal.get(), "\n");
  return line;
}

Result<login::Secret> read_password() {
  Result<login::Secret> line = read_line(STDIN_FILENO, false);
  if (line && line->text().empty()) {
    return fail(ErrorCode::invalid, "there is no password on standard input");
  }
  return line;
}

}  // namespace qm::cli
