#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "cli/terminal.h"

namespace qm::cli {

Terminal terminal_here(ColorChoice choice) {
  Terminal terminal;
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  std::size_t width = kDefaultWidth;
  winsize size{};
  if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width = std::clamp<std::size_t>(size.ws_col, kLeastWidth, kMostWidth);
  }
  terminal.width = width_from(std::getenv("COLUMNS"), width);
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org: set and not empty
  const bool wanted = is_terminal && (no_color == nullptr || *no_color == '\0');
  terminal.color = choice == ColorChoice::always || (choice == ColorChoice::automatic && wanted);
  terminal.utf8 = utf8_locale(std::getenv("LC_ALL"), std::getenv("LC_CTYPE"), std::getenv("LANG"));
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
    terminal.host = terminal.shown(host.data());
  }
  return terminal;
}

}  // namespace qm::cli
