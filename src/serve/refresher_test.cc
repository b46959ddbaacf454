#include "serve/refresher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace qm::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kMs = 1'000'000;

GUID guid(std::uint32_t number) {
  GUID out{};
  out.Data1 = number;
  return out;
}

class RefresherTest : public ::testing::Test {
 protected:
  Refresher::Ask ask() {
    return [this](const GUID& of, std::chrono::milliseconds, Refresher::Done done) {
      asked_.push_back(of.Data1);
      flights_.push_back(std::move(done));
    };
  }
  void want(std::vector<std::uint32_t> of, std::uint64_t now_ms, char name) {
    std::vector<GUID> guids;
    for (const std::uint32_t number : of) guids.push_back(guid(number));
    refresher_->want(guids, now_ms * kMs,
                     [this, name](bool fresh) { told_ += std::string{name, fresh ? '+' : '-'}; });
  }
  void land(bool answered) {
    const Refresher::Done done = flights_.front();
    flights_.pop_front();
    done(answered);
  }

  std::vector<std::uint32_t> asked_;
  std::deque<Refresher::Done> flights_;
  std::string told_;
  std::unique_ptr<Refresher> refresher_ =
      std::make_unique<Refresher>(ask(), std::chrono::milliseconds(1000));
};

TEST_F(RefresherTest, nobody_to_ask_is_fresh_at_once) {
  want({}, 0, 'a');
  EXPECT_EQ(told_, "a+");
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(RefresherTest, those_who_come_meanwhile_share_the_next_question) {
  want({1}, 0, 'a');
  want({1}, 1, 'b');
  want({1}, 2, 'c');
  EXPECT_THAT(asked_, ElementsAre(1));
  land(true);
  EXPECT_EQ(told_, "a+");
  EXPECT_THAT(asked_, ElementsAre(1, 1));
  land(true);
  EXPECT_EQ(told_, "a+b+c+");
  EXPECT_THAT(asked_, ElementsAre(1, 1));
  EXPECT_FALSE(refresher_->next_deadline_ns());
}

TEST_F(RefresherTest, several_questions_must_all_be_answered) {
  want({1, 2}, 0, 'a');
  want({2}, 0, 'b');
  land(true);
  EXPECT_EQ(told_, "");
  land(false);
  EXPECT_EQ(told_, "a-");
  land(true);
  EXPECT_EQ(told_, "a-b+");
}

TEST_F(RefresherTest, a_deadline_passes_for_each_waiter_by_itself) {
  want({1}, 0, 'a');
  want({1}, 400, 'b');
  EXPECT_EQ(refresher_->next_deadline_ns(), 1000 * kMs);
  refresher_->tick(999 * kMs);
  EXPECT_EQ(told_, "");
  refresher_->tick(1000 * kMs);
  EXPECT_EQ(told_, "a-");
  EXPECT_EQ(refresher_->next_deadline_ns(), 1400 * kMs);
  land(true);  // too late for a; b's question goes out now
  EXPECT_EQ(told_, "a-");
  refresher_->tick(1400 * kMs);
  EXPECT_EQ(told_, "a-b-");
  land(true);
  EXPECT_EQ(told_, "a-b-");
}

TEST_F(RefresherTest, nobody_is_asked_for_waiters_that_have_gone) {
  want({1}, 0, 'a');
  want({1}, 0, 'b');
  refresher_->tick(1000 * kMs);
  land(false);
  EXPECT_THAT(asked_, ElementsAre(1));
}

TEST_F(RefresherTest, an_answer_within_the_question_is_fine) {
  Refresher refresher(
      [](const GUID&, std::chrono::milliseconds, const Refresher::Done& done) { done(true); });
  const std::vector<GUID> guids = {guid(1), guid(2)};
  refresher.want(guids, 0, [this](bool fresh) { told_ += fresh ? "+" : "-"; });
  EXPECT_EQ(told_, "+");
}

TEST_F(RefresherTest, an_answer_after_its_end_is_harmless) {
  want({1}, 0, 'a');
  refresher_.reset();
  land(true);
  EXPECT_EQ(told_, "");
}

TEST_F(RefresherTest, waiters_are_limited_at_the_edge) {
  for (std::size_t i = 0; i < kMostWaiters; ++i) want({1}, 0, 'a');
  EXPECT_EQ(told_, "");
  want({1}, 0, 'b');
  EXPECT_EQ(told_, "b-");
}

class QuestionsTest : public ::testing::Test {
 protected:
  void add(const char* driver, pid_t pid, std::vector<std::uint32_t> guids) {
    for (const std::uint32_t number : guids) {
      provider::Registration one;
      one.driver = driver;
      one.pid = pid;
      one.info.guid = guid(number);
      registrations_.push_back(one);
    }
  }
  std::vector<std::uint32_t> questions(std::vector<std::uint32_t> guids) {
    std::vector<wmi::ClassEntry> entries(guids.size());
    std::vector<const wmi::ClassEntry*> classes;
    for (std::size_t i = 0; i < guids.size(); ++i) {
      entries[i].guid = guid(guids[i]);
      classes.push_back(&entries[i]);
    }
    std::vector<std::uint32_t> out;
    for (const GUID& one : questions_for(registrations_, classes)) out.push_back(one.Data1);
    return out;
  }
  std::vector<provider::Registration> registrations_;
};

TEST_F(QuestionsTest, one_question_brings_all_classes_of_a_provider_up_to_date) {
  add("collect", 7, {1, 2, 3});
  EXPECT_THAT(questions({1}), ElementsAre(1));
  EXPECT_THAT(questions({2, 3}), ElementsAre(1));
  EXPECT_THAT(questions({4}), IsEmpty());
}

TEST_F(QuestionsTest, a_class_that_others_have_too_is_not_what_one_is_asked_by) {
  add("collect", 7, {1, 2});
  add("vendor", 8, {1});
  EXPECT_THAT(questions({2}), ElementsAre(2));
  EXPECT_THAT(questions({1}), ElementsAre(2, 1));
}

}  // namespace
}  // namespace qm::serve
