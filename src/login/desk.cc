#include "login/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace qm::login {

using What = Verdict::What;

Desk::Desk(std::string users_file, Outside outside, Checker::Verify verify)
    : users_file_(std::move(users_file)),
      outside_(std::move(outside)),
      checker_(std::move(verify)) {
  if (auto hash = nobodys_hash()) {
    nobodys_hash_ = std::move(*hash);
  } else {
    outside_.say(fmt::format("logins: {}", hash.error().message));
  }
  look();
}

Desk::~Desk() = default;

void Desk::check(std::string_view authorization, const Address& peer, Done done) {
  look();
  const std::uint64_t now_ns = outside_.now_ns();
  const Verified::Digest digest = verified_.digest(authorization);
  if (const Identity* identity = verified_.find(digest, now_ns)) {
    return done({What::known, *identity, 0, {}});
  }
  Result<Credentials> credentials = parse_basic(authorization);
  if (!credentials) return done({What::wrong, {}, 0, credentials.error().message});
  const std::uint64_t wait_ns = throttle_.wait_ns(peer, credentials->name, now_ns);
  if (wait_ns != 0) return done({What::slowed, {}, wait_ns, {}});
  begin(digest, std::move(*credentials), {peer, std::move(done)});
}

void Desk::begin(const Verified::Digest& digest, Credentials credentials, Waiter waiter) {
  if (const auto same = checks_.find(digest); same != checks_.end()) {
    if (same->second.waiters.size() >= kMostSharers) return waiter.done({What::busy, {}, 0, {}});
    same->second.waiters.push_back(std::move(waiter));
    return;
  }
  const User* const user = users_.find(credentials.name);
  Check check{std::move(credentials.name),
              user == nullptr ? nobodys_hash_ : user->hash,
              user != nullptr,
              {}};
  const auto tell = [this, digest, alive = std::weak_ptr(alive_), post = outside_.post](bool fits) {
    post([this, digest, alive, fits] {
      if (!alive.expired()) finish(digest, fits);
    });
  };
  if (!checker_.check(check.hash, std::move(credentials.password), tell)) {
    return waiter.done({What::busy, {}, 0, {}});
  }
  check.waiters.push_back(std::move(waiter));
  checks_.emplace(digest, std::move(check));
}

// The user may have gone, or got another password, while the old one was being checked.
void Desk::finish(const Verified::Digest& digest, bool fits) {
  const auto found = checks_.find(digest);
  if (found == checks_.end()) return;
  const Check check = std::move(found->second);
  checks_.erase(found);
  look();
  const User* const user = users_.find(check.user);
  const bool right = fits && check.exists && user != nullptr && user->hash == check.hash;
  const Identity identity = right ? Identity{user->name, user->role} : Identity{};
  if (right) verified_.add(digest, identity, outside_.now_ns());
  for (const Waiter& waiter : check.waiters) {
    if (right) {
      throttle_.succeeded(waiter.peer, check.user);
      waiter.done({What::known, identity, 0, {}});
    } else {
      waiter.done(failed(check.user, waiter.peer));
    }
  }
}

Verdict Desk::failed(const std::string& user, const Address& peer) {
  ++failures_;
  const std::uint64_t pause_ns = throttle_.failed(peer, user, outside_.now_ns());
  const std::uint64_t in_a_row = throttle_.failures(peer, user);
  outside_.say(fmt::format("login as {} from {} failed{}", plain_text(user, kMostNameBytes),
                           peer.text(), in_a_row > 1 ? fmt::format(", {} times", in_a_row) : ""));
  return {What::wrong, {}, pause_ns, {}};
}

void Desk::look() {
  const std::uint64_t now_ns = outside_.now_ns();
  if (looked_ && now_ns - looked_ns_ < kUsersLook_ns) return;
  looked_ns_ = now_ns;
  const Result<FileStamp> stamp = stamp_of(users_file_);
  const FileStamp now = stamp ? *stamp : FileStamp{};
  const bool same = looked_ && now == stamp_;
  looked_ = true;
  if (same) return;
  stamp_ = now;
  std::string problem;
  if (stamp) {
    const Result<std::string> text = read_private_file(users_file_, kMostUsersBytes);
    adopt(text ? *text : "");
    if (!text) problem = text.error().message;
  } else {
    adopt("");
    if (stamp.error().code != ErrorCode::not_found) problem = stamp.error().message;
  }
  if (!problem.empty() && problem != file_problem_) outside_.say("no logins: " + problem);
  file_problem_ = problem;
}

void Desk::adopt(std::string_view text) {
  std::vector<BadLine> bad;
  users_ = Users::parse(text, bad);
  verified_.clear();
  for (const BadLine& line : bad) {
    outside_.say(fmt::format("{}:{}: left out: {}", users_file_, line.number, line.what));
  }
}

}  // namespace qm::login
