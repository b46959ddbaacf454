// The file of logins and the Authorization field: what is taken comes out as it went in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "login/basic.h"
#include "login/users.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<qm::login::BadLine> bad;
  const qm::login::Users users = qm::login::Users::parse(text, bad);
  std::vector<qm::login::BadLine> none;
  if (qm::login::Users::parse(users.text(), none).text() != users.text() || !none.empty()) {
    std::abort();
  }
  for (const qm::login::User& user : users.all()) {
    if (users.find(user.name) != &user || user.role == qm::login::Role::none) std::abort();
  }
  const auto credentials = qm::login::parse_basic(text);
  if (credentials && (credentials->name.find(':') != std::string::npos ||
                      credentials->password.text().find('\0') != std::string::npos)) {
    std::abort();
  }
  return 0;
}
