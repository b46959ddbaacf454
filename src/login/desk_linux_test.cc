// The desk with its workers and a real file; the clock ticks by hand. Under ThreadSanitizer, too.
#include "login/desk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <semaphore>

namespace qm::login {
namespace {

using What = Verdict::What;
using ::testing::Contains;
using ::testing::HasSubstr;

const Address kPeer = Address::parse("192.0.2.1").value();
constexpr const char* kRight = "Basic bW9uaXRvcjpyaWdodA==";  // monitor:right
constexpr const char* kWrong = "Basic bW9uaXRvcjp3cm9uZw==";  // monitor:wrong
constexpr const char* kNobody = "Basic bm9ib2R5OnJpZ2h0";     // nobody:right
constexpr const char* kHostile = "Basic eBtbMko6cmlnaHQ=";    // a control character in the name

std::string basic(const std::string& pair) {
  std::string digits(4 * (pair.size() / 3 + 1) + 1, '\0');
  const int bytes = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(digits.data()),
                                      reinterpret_cast<const unsigned char*>(pair.data()),
                                      static_cast<int>(pair.size()));
  digits.resize(static_cast<std::size_t>(bytes));
  return "Basic " + digits;
}

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() {
    char path[] = "/tmp/quickmode-test-XXXXXX";
    directory_ = ::mkdtemp(path);
    file_ = directory_ + "/users";
    write("monitor:read:$y$fits");
    desk_.emplace(file_,
                  Desk::Outside{[this](std::function<void()> word) {
                                  {
                                    const std::scoped_lock lock(mutex_);
                                    words_.push_back(std::move(word));
                                  }
                                  posted_.release();
                                },
                                [this] { return now_ns_; },
                                [this](const std::string& line) { log_.push_back(line); }},
                  [this](const std::string& hash, const Secret& password) {
                    gate_.acquire();
                    ++verified_;
                    return hash.starts_with("$y$fits") && password.text() == "right";
                  });
  }
  ~DeskTest() override {
    gate_.release(1'000);  // workers must come to their end
    desk_.reset();
    std::filesystem::remove_all(directory_);
  }
  void write(const std::string& text) {
    ASSERT_TRUE(replace_private_file(file_, text));
    now_ns_ += kUsersLook_ns;
  }
  std::shared_ptr<std::optional<Verdict>> ask(const char* field) {
    const auto verdict = std::make_shared<std::optional<Verdict>>();
    desk_->check(field, kPeer, [verdict](const Verdict& told) { *verdict = told; });
    return verdict;
  }
  // The workers' next word.
  void turn() {
    posted_.acquire();
    std::function<void()> word;
    {
      const std::scoped_lock lock(mutex_);
      word = std::move(words_.front());
      words_.pop_front();
    }
    word();
  }
  Verdict answer(const char* field) {
    gate_.release();
    const auto verdict = ask(field);
    turn();
    return verdict->value();
  }

  std::string directory_;
  std::string file_;
  std::uint64_t now_ns_ = 1'000'000'000;
  std::vector<std::string> log_;
  std::mutex mutex_;
  std::deque<std::function<void()>> words_;
  std::counting_semaphore<> posted_{0};
  std::counting_semaphore<> gate_{0};
  std::atomic<int> verified_ = 0;
  std::optional<Desk> desk_;
};

TEST_F(DeskTest, the_second_time_is_answered_at_once) {
  const Verdict first = answer(kRight);
  EXPECT_EQ(first.what, What::known);
  EXPECT_EQ(first.identity.user, "monitor");
  EXPECT_EQ(first.identity.role, Role::read);
  EXPECT_EQ(ask(kRight)->value().what, What::known);
  EXPECT_EQ(verified_, 1);
  now_ns_ += kVerifiedLifetime_ns;
  EXPECT_EQ(answer(kRight).what, What::known);
  EXPECT_EQ(verified_, 2);
}

TEST_F(DeskTest, failures_are_slowed_and_logged_without_the_password) {
  const Verdict wrong = answer(kWrong);
  EXPECT_EQ(wrong.what, What::wrong);
  EXPECT_EQ(wrong.pause_ns, kLeastPause_ns);
  EXPECT_EQ(ask(kWrong)->value().what, What::slowed);
  EXPECT_EQ(ask(kRight)->value().what, What::slowed);  // nor does the right one get through
  now_ns_ += kLeastPause_ns;
  EXPECT_EQ(answer(kWrong).pause_ns, 2 * kLeastPause_ns);
  now_ns_ += 2 * kLeastPause_ns;
  EXPECT_EQ(answer(kRight).what, What::known);
  EXPECT_THAT(log_, Contains("login as monitor from 192.0.2.1 failed"));
  EXPECT_THAT(log_, Contains("login as monitor from 192.0.2.1 failed, 2 times"));
  EXPECT_THAT(log_, Not(Contains(HasSubstr("wrong"))));
  EXPECT_EQ(desk_->failures(), 2U);
}

TEST_F(DeskTest, a_name_that_nobody_has_costs_a_check_as_well) {
  EXPECT_EQ(answer(kNobody).what, What::wrong);
  EXPECT_EQ(verified_, 1);
}

TEST_F(DeskTest, what_is_no_credential_is_wrong_at_once) {
  for (const char* field : {"Basic", "Basic !", kHostile}) {
    const Verdict verdict = ask(field)->value();
    EXPECT_EQ(verdict.what, What::wrong);
    EXPECT_FALSE(verdict.why.empty());
  }
  EXPECT_EQ(verified_, 0);
}

TEST_F(DeskTest, the_same_question_is_checked_once) {
  std::vector<std::shared_ptr<std::optional<Verdict>>> verdicts;
  for (std::size_t i = 0; i < kMostSharers; ++i) verdicts.push_back(ask(kRight));
  EXPECT_EQ(ask(kRight)->value().what, What::busy);
  gate_.release();
  turn();
  for (const auto& verdict : verdicts) EXPECT_EQ(verdict->value().what, What::known);
  EXPECT_EQ(verified_, 1);
}

TEST_F(DeskTest, beyond_the_queue_is_told_at_once) {
  std::size_t waiting = 0;
  std::size_t busy = 0;
  for (std::size_t i = 0; i < kMostChecks + 2; ++i) {
    const auto verdict = ask(basic(fmt::format("user{}:x", i)).c_str());
    if (!verdict->has_value()) {
      ++waiting;
    } else if (verdict->value().what == What::busy) {
      ++busy;
    }
  }
  // One of them may be the worker's already.
  EXPECT_GE(waiting, kMostChecks);
  EXPECT_LE(waiting, kMostChecks + 1);
  EXPECT_GE(busy, 1U);
}

TEST_F(DeskTest, a_change_of_the_file_ends_what_was_verified) {
  EXPECT_EQ(answer(kRight).what, What::known);
  write("monitor:admin:$y$fits");
  const Verdict again = answer(kRight);
  EXPECT_EQ(again.identity.role, Role::admin);
  write("monitor:admin:$y$other");
  EXPECT_EQ(answer(kRight).what, What::wrong);
  now_ns_ += kMostPause_ns;
  ::unlink(file_.c_str());
  EXPECT_EQ(answer(kRight).what, What::wrong);
}

TEST_F(DeskTest, who_is_removed_while_he_is_checked_does_not_get_in) {
  const auto verdict = ask(kRight);
  write("other:read:$y$fits");
  gate_.release();
  turn();
  EXPECT_EQ(verdict->value().what, What::wrong);
}

TEST_F(DeskTest, a_file_that_is_wrong_is_told_once_and_lets_nobody_in) {
  write("monitor:read:$y$fits\nbroken\n");
  EXPECT_EQ(answer(kRight).what, What::known);
  EXPECT_THAT(log_, Contains(HasSubstr("users:2: left out: want NAME:ROLE:HASH")));
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  now_ns_ += kUsersLook_ns;
  EXPECT_EQ(answer(kRight).what, What::wrong);
  EXPECT_THAT(log_, Contains(HasSubstr("is not a regular file")));
}

TEST_F(DeskTest, ends_while_checks_wait) {
  const auto verdict = ask(kRight);
  gate_.release(10);
  desk_.reset();
  EXPECT_FALSE(verdict->has_value());
  while (posted_.try_acquire()) words_.front()();  // a word that comes late finds nobody
}

TEST(Password, yescrypt_fits_its_own_password_alone) {
  const Secret right(std::string("correct horse"));
  const auto hash = hash_password(right);
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_THAT(*hash, ::testing::StartsWith("$y$j9T$"));
  EXPECT_TRUE(verify_password(*hash, right));
  EXPECT_FALSE(verify_password(*hash, Secret(std::string("correct hors"))));
  EXPECT_FALSE(verify_password("nonsense", right));
  EXPECT_FALSE(verify_password(nobodys_hash().value(), right));
}

TEST(PrivateFile, is_its_owners_alone_and_replaced_whole) {
  char path[] = "/tmp/quickmode-test-XXXXXX";
  const std::string directory = ::mkdtemp(path);
  const std::string file = directory + "/f";
  EXPECT_EQ(read_private_file(file, 10).error().code, ErrorCode::not_found);
  ASSERT_TRUE(replace_private_file(file, "first"));
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto before = stamp_of(file);
  std::ofstream(file + ".new") << "left by somebody who was stopped";
  ASSERT_TRUE(replace_private_file(file, "second"));
  EXPECT_EQ(read_private_file(file, 6).value(), "second");
  EXPECT_EQ(read_private_file(file, 5).error().code, ErrorCode::limit);
  EXPECT_NE(before.value(), stamp_of(file).value());
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
  EXPECT_EQ(replace_private_file(directory + "/none/f", "x").error().code, ErrorCode::not_found);
  EXPECT_TRUE(lock_directory(directory));
  EXPECT_EQ(lock_directory(directory + "/none").error().code, ErrorCode::not_found);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace qm::login
