#include <crypt.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "login/password.h"

namespace qm::login {
namespace {

constexpr int kWorkerNice = 10;

// crypt_ra's work room holds the password and what is derived from it.
struct Room {
  void* data = nullptr;
  int bytes = 0;
  Room() = default;
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() {
    if (data != nullptr) ::explicit_bzero(data, static_cast<std::size_t>(bytes));
    std::free(data);
  }
};

Result<std::string> new_setting() {
  const std::unique_ptr<char, void (*)(void*)> setting(
      ::crypt_gensalt_ra("$y$", kYescryptCost, nullptr, 0), std::free);
  if (setting) return std::string(setting.get());
  if (errno == EINVAL) {
    return fail(ErrorCode::unsupported, "this system's libcrypt does not know yescrypt");
  }
  return std::unexpected(system_error("making a salt", errno));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    different = static_cast<unsigned char>(different | (a[i] ^ b[i]));
  }
  return different == 0;
}

}  // namespace

Result<std::string> hash_password(const Secret& password) {
  const std::string setting = TRY(new_setting());
  Room room;
  const char* const hash =
      ::crypt_ra(password.text().c_str(), setting.c_str(), &room.data, &room.bytes);
  if (hash == nullptr) return std::unexpected(system_error("hashing the password", errno));
  return std::string(hash);
}

bool verify_password(const std::string& hash, const Secret& password) {
  Room room;
  const char* const made =
      ::crypt_ra(password.text().c_str(), hash.c_str(), &room.data, &room.bytes);
  return made != nullptr && equal_in_constant_time(made, hash);
}

Result<std::string> nobodys_hash() {
  return new_setting();
}

void yield_to_others() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kWorkerNice);
}

}  // namespace qm::login
