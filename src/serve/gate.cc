#include "serve/gate.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/clock.h"

namespace qm::serve {
namespace {

constexpr std::uint64_t kSecond_ns = 1'000'000'000;

Answer try_later(unsigned status, std::string message, std::uint64_t pause_ns) {
  Answer answer = refusal_answer({status, std::move(message)});
  const std::uint64_t seconds = (pause_ns + kSecond_ns - 1) / kSecond_ns;
  answer.fields.push_back({"Retry-After", fmt::format("{}", std::max<std::uint64_t>(seconds, 1))});
  return answer;
}

}  // namespace

LoginGate::LoginGate(boost::asio::io_context& io, std::string users_file,
                     std::function<void(const std::string&)> say)
    : io_(io),
      desk_(std::move(users_file),
            {[&io](std::function<void()> word) { boost::asio::post(io, std::move(word)); },
             [] { return now().boot_ns; }, std::move(say)}) {}

void LoginGate::check(std::string_view authorization, const Address& peer, Done done) {
  desk_.check(authorization, peer, [this, done = std::move(done)](const login::Verdict& verdict) {
    using What = login::Verdict::What;
    switch (verdict.what) {
      case What::known:
        return done(Pass{verdict.identity.role, verdict.identity.user});
      case What::busy:
        return done(std::unexpected(try_later(503, "too many log in at once; try again", 0)));
      case What::slowed:
        return done(std::unexpected(
            try_later(429, "this login failed a moment ago; try again", verdict.pause_ns)));
      case What::wrong:
        break;
    }
    const Answer answer = refusal_answer(
        {401, verdict.why.empty() ? std::string("wrong name or password") : verdict.why});
    if (verdict.pause_ns == 0) return done(std::unexpected(answer));
    const auto timer = std::make_shared<boost::asio::steady_timer>(
        io_, std::chrono::nanoseconds(verdict.pause_ns));
    timer->async_wait([timer, answer, done](boost::system::error_code ec) {
      if (!ec) done(std::unexpected(answer));
    });
  });
}

}  // namespace qm::serve
