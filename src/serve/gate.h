// Basic credentials at the HTTP server's gate: the login desk, and who has to wait for his answer.
//
// Threads: one, the io_context's; the desk has its workers. Limits: login/desk.h's; answers that
// wait are as many as connections.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "login/desk.h"
#include "serve/http.h"

namespace qm::serve {

class LoginGate final : public Gate {
 public:
  // io must outlive it. users_file: login/users.h's; it need not exist.
  LoginGate(boost::asio::io_context& io, std::string users_file,
            std::function<void(const std::string&)> say);

  // A wrong password: 401, late. Again too soon: 429. Too many at once: 503.
  void check(std::string_view authorization, const Address& peer, Done done) override;
  std::uint64_t failures() const { return desk_.failures(); }

 private:
  boost::asio::io_context& io_;
  login::Desk desk_;
};

}  // namespace qm::serve
