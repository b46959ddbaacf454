// The desk where credentials are shown: the users' file, what was verified a moment ago, the
// workers that check the rest, and who has to wait.
//
// Promise: nothing here waits; a verdict comes at once or when the check is done. Names that do not
// exist cost what wrong passwords cost. A change of the file holds within kUsersLook_ns and makes
// all forget who was verified. Passwords appear in no message.
// Threads: the event loop's; post brings a worker's word there. Limits: kMostSharers, and those of
// users.h, checker.h, throttle.h, verified.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "login/basic.h"
#include "login/checker.h"
#include "login/private_file.h"
#include "login/throttle.h"
#include "login/verified.h"

namespace qm::login {

inline constexpr std::uint64_t kUsersLook_ns = 500'000'000;
inline constexpr std::size_t kMostSharers = 64;  // who wait for the same check

struct Verdict {
  enum class What : std::uint8_t {
    known,   // identity says who
    wrong,   // say so after pause_ns
    slowed,  // not looked at; again after pause_ns
    busy     // too many are being checked
  };
  What what = What::wrong;
  Identity identity;
  std::uint64_t pause_ns = 0;
  std::string why;  // of wrong, where it may be told: malformed credentials
};

class Desk {
 public:
  using Done = std::function<void(const Verdict&)>;
  struct Outside {
    std::function<void(std::function<void()>)> post;  // to the event loop, from any thread
    std::function<std::uint64_t()> now_ns;            // steady
    std::function<void(const std::string&)> say;      // to the log
  };
  // users_file need not exist.
  Desk(std::string users_file, Outside outside, Checker::Verify verify = verify_password);
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  // authorization: the field, of scheme Basic. done may be called at once; not after destruction.
  void check(std::string_view authorization, const Address& peer, Done done);
  std::uint64_t failures() const { return failures_; }  // since start

 private:
  struct Waiter {
    Address peer;
    Done done;
  };
  struct Check {
    std::string user;
    std::string hash;
    bool exists = false;
    std::vector<Waiter> waiters;
  };
  void look();
  void adopt(std::string_view text);
  void begin(const Verified::Digest& digest, Credentials credentials, Waiter waiter);
  void finish(const Verified::Digest& digest, bool fits);
  Verdict failed(const std::string& user, const Address& peer);

  std::string users_file_;
  Outside outside_;
  Users users_;
  Verified verified_;
  Throttle throttle_;
  std::map<Verified::Digest, Check> checks_;  // under way
  std::string nobodys_hash_;
  std::uint64_t looked_ns_ = 0;
  bool looked_ = false;
  std::string file_problem_;  // as last told
  FileStamp stamp_;
  std::uint64_t failures_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Checker checker_;  // the first to go: its workers
};

}  // namespace qm::login
