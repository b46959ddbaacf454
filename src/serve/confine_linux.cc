#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/confine.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

constexpr std::array kFamilies{AF_UNIX, AF_INET, AF_INET6};

}  // namespace

std::vector<std::string> confine(const Config& config) {
  std::vector<std::string> warnings;
  const auto note = [&warnings](const Result<void>& done) {
    if (!done) warnings.push_back("not confined: " + done.error().message);
  };
  note(harden(kLeakChecked));
  FileRules files;
  files.write_below = {config.runtime_dir, config.state_dir};
  // A renewed certificate is another file, and what a link leads to may be elsewhere.
  for (const std::string& path : {config.tls_certificate, config.tls_key}) {
    if (path.empty()) continue;
    files.read_below.push_back(directory_of(path));
    files.read_below.push_back(directory_of(real_path(path)));
  }
  files.read_anywhere = kLeakChecked;
  note(forbid_files(files));
  note(keep_capabilities(0));
  note(forbid_calls({kFamilies, {}, {}, kLeakChecked}));
  if (::geteuid() == 0) {
    warnings.emplace_back(
        "running as root, if without capabilities: root still owns files; give the service a user "
        "of its own (User= in its systemd unit)");
  }
  return warnings;
}

}  // namespace qm::serve
