#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/prompt.h"
#include "cli/table.h"
#include "login/basic.h"
#include "login/password.h"
#include "login/private_file.h"
#include "login/users.h"

namespace qm::cli {
namespace {

class UserCommand {
 public:
  UserCommand(const Options& options, Surroundings& around)
      : options_(options), around_(around), file_(options.state_dir + "/users") {}

  int run() {
    Result<void> done;
    if (options_.action == "list") {
      done = list();
    } else if (options_.action == "remove") {
      done = change([this](login::Users& users) { return users.remove(options_.subject); });
    } else if (options_.action == "passwd") {
      done = passwd();
    } else {
      done = add();
    }
    if (done) return kExitOk;
    if (done.error().message == kInterrupted) return kExitInterrupted;
    around_.err << fmt::format("quickmode: {}\n", done.error().message);
    const ErrorCode code = done.error().code;
    const bool wrong_words = code == ErrorCode::not_found || code == ErrorCode::invalid ||
                             code == ErrorCode::limit || code == ErrorCode::state;
    return wrong_words ? kExitUsage : kExitFailed;
  }

 private:
  // What is wrong is said before anybody types a password.
  Result<void> add() {
    const login::Role role = TRY(login::role_of(options_.role));
    TRY(login::check_name(options_.subject));
    const login::Users now = TRY(read());
    if (now.find(options_.subject) != nullptr) {
      return login::Users(now).add({options_.subject, role, now.find(options_.subject)->hash});
    }
    const std::string hash = TRY(new_hash());
    return change([&](login::Users& users) { return users.add({options_.subject, role, hash}); });
  }

  Result<void> passwd() {
    login::Users now = TRY(read());
    TRY(now.remove(options_.subject));  // of this copy: is there such a user?
    const std::string hash = TRY(new_hash());
    return change([&](login::Users& users) { return users.set_hash(options_.subject, hash); });
  }

  Result<void> list() {
    const login::Users users = TRY(read());
    Table table({{"name", "NAME"}, {"role", "ROLE"}});
    for (const login::User& user : users.all()) {
      const auto role = login::role_name(user.role);
      table.row({{text_value(user.name), around_.terminal.shown(user.name)},
                 {text_value(role), std::string(role)}});
    }
    if (options_.format == Format::json) {
      around_.out << json_text(boost::json::object{{"users", table.json()}}) << '\n';
    } else if (table.empty()) {
      around_.out << "There are no users. `quickmode user add NAME` makes one.\n";
    } else {
      table.write(around_.terminal, around_.out);
    }
    return {};
  }

  Result<std::string> new_hash() const {
    login::Secret password;
    if (options_.password_stdin) {
      password = TRY(read_password());
    } else {
      password = TRY(
          ask_password(fmt::format("Password for {}: ", around_.terminal.shown(options_.subject))));
      TRY(login::check_password(password.text()));
      const login::Secret again = TRY(ask_password("The same again: "));
      if (again.text() != password.text()) {
        return fail(ErrorCode::invalid, "these were two passwords; nothing was changed");
      }
    }
    TRY(login::check_password(password.text()));
    return login::hash_password(password);
  }

  // A line that does not fit would be lost by writing the file anew.
  Result<login::Users> read() const {
    auto text = login::read_private_file(file_, login::kMostUsersBytes);
    if (!text && text.error().code == ErrorCode::not_found) {
      if (const auto there = login::stamp_of(options_.state_dir); !there) {
        return advice(
            {ErrorCode::not_found,
             fmt::format("there is no directory {}: quickmode-serve's unit makes it; or name "
                         "another with --state-dir",
                         plain_text(options_.state_dir))});
      }
      return login::Users{};
    }
    if (!text) return advice(std::move(text).error());
    std::vector<login::BadLine> bad;
    login::Users users = login::Users::parse(*text, bad);
    if (bad.empty()) return users;
    return fail(ErrorCode::state, fmt::format("{}:{}: {}; put this line right or remove it",
                                              plain_text(file_), bad[0].number, bad[0].what));
  }

  template <class Change>
  Result<void> change(const Change& change) {
    auto lock = login::lock_directory(options_.state_dir);
    if (!lock) return advice(std::move(lock).error());
    login::Users users = TRY(read());
    TRY(change(users));
    auto written = login::replace_private_file(file_, users.text());
    if (!written) return advice(std::move(written).error());
    return {};
  }

  static std::unexpected<Error> advice(Error error) {
    if (error.code == ErrorCode::denied) {
      error.message +=
          "; only root and the service's own user may see and change logins (sudo "
          "quickmode user …)";
    }
    return std::unexpected(std::move(error));
  }

  const Options& options_;
  Surroundings& around_;
  std::string file_;
};

}  // namespace

int user(const Options& options, Surroundings& around) {
  return UserCommand(options, around).run();
}

}  // namespace qm::cli
