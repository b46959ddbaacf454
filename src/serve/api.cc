#include "serve/api.h"

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

#include "serve/class_change.h"
#include "serve/system.h"
#include "serve/target.h"
#include "serve/wql_answers.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class JsonApi final : public Api {
 public:
  JsonApi(asio::io_context& io, std::shared_ptr<const wmi::Repository> repository,
          wmi::Source& source, wmi::Snapshots& snapshots, const History& history,
          Refresher::Ask ask, HealthSource health, Changer change,
          std::chrono::milliseconds refresh_deadline)
      : io_(io),
        repository_(std::move(repository)),
        source_(source),
        snapshots_(snapshots),
        history_(history),
        health_(std::move(health)),
        change_(std::move(change)),
        refresher_(std::move(ask), refresh_deadline),
        deadline_timer_(io) {}

  Asked<std::size_t> admit(const Request& request) override { return admit_class_change(request); }

  std::string_view allowed(const Request& request) const override {
    return methods_of_classes(request).value_or(Api::allowed(request));
  }

  void handle(const Request& request, Done reply) override {
    if (request.verb != Verb::get) return reply(change_(request));
    Asked<Query> query = parse_query(request.target, *repository_);
    if (!query) return reply(refusal_answer(query.error()));
    const auto work =
        std::make_shared<Work>(Work{std::move(*query), repository_, std::move(reply), true, 0, {}});
    if (const Asked<void> fine = understand(*work); !fine) {
      return work->reply(refusal_answer(fine.error()));
    }
    if (!work->query.refresh) {
      work->refreshed = false;
      return settle(work);
    }
    const auto guids =
        questions_for(source_.registrations(), sources_of(work->query.classes, *work->repository));
    refresher_.want(guids, now().boot_ns, [this, work](bool all_answered) {
      work->refreshed = all_answered;
      settle(work);
    });
    watch_deadline();
  }

  void use(std::shared_ptr<const wmi::Repository> repository) override {
    repository_ = std::move(repository);
  }

  void refresh(Refresher::Done done) override {
    std::vector<const wmi::ClassEntry*> all;
    for (const wmi::ClassEntry& one : repository_->classes()) all.push_back(&one);
    refresher_.want(questions_for(source_.registrations(), all), now().boot_ns, std::move(done));
    watch_deadline();
  }

  Health health() override {
    Health told = health_();
    std::map<std::pair<pid_t, std::string>, std::size_t> row;  // of told.providers
    for (const provider::Registration& registration : source_.registrations()) {
      const auto [at, fresh] =
          row.emplace(std::pair(registration.pid, registration.driver), told.providers.size());
      if (fresh) told.providers.push_back({registration.driver, registration.pid, 0});
      ++told.providers[at->second].registrations;
    }
    told.unreadable_pages = snapshots_.unreadable();
    told.malformed_values = malformed_values_;
    return told;
  }

 private:
  struct Work {
    Query query;
    std::shared_ptr<const wmi::Repository> repository;  // that the query points into
    Done reply;
    bool refreshed;
    unsigned settles;
    std::shared_ptr<const wmi::wql::Plan> plan;  // of a WQL query
  };

  std::string_view own_name() const {
    return own_names_.empty() ? std::string_view() : own_names_.back();
  }

  Asked<void> understand(Work& work) {
    if (work.query.what != Query::What::wql) return {};
    Asked<std::shared_ptr<const wmi::wql::Plan>> plan =
        wql_plan(work.query, repository_, std::string(own_name()));
    if (!plan) return std::unexpected(plan.error());
    work.plan = std::move(*plan);
    work.query.classes = work.plan->sources();
    if (work.plan->kind == wmi::wql::Kind::schema) work.query.refresh = false;  // classes alone
    return {};
  }

  // Waits for the deadline of whoever came first; those who came later have later ones.
  void watch_deadline() {
    const auto deadline_ns = refresher_.next_deadline_ns();
    if (!deadline_ns || watching_) return;
    watching_ = true;
    const std::uint64_t now_ns = now().boot_ns;
    const std::uint64_t left_ns = *deadline_ns > now_ns ? *deadline_ns - now_ns : 0;
    deadline_timer_.expires_after(std::chrono::nanoseconds(left_ns));
    const std::weak_ptr<bool> alive = alive_;
    deadline_timer_.async_wait([this, alive](error_code ec) {
      if (ec || alive.expired()) return;
      watching_ = false;
      refresher_.tick(now().boot_ns);
      watch_deadline();
    });
  }

  void settle(const std::shared_ptr<Work>& work) {
    using What = Query::What;
    if (const Asked<void> there = find_again(*work); !there) {
      return work->reply(refusal_answer(there.error()));
    }
    const What what = work->query.what;
    if (what == What::health) return work->reply(health_answer(health()));
    if (what == What::one_class) return work->reply(class_answer(*work->query.classes.front()));
    if (what == What::class_mof) return work->reply(class_mof_answer(*work->query.classes.front()));
    if (what == What::history) return work->reply(history_answer(work->query, history_, now()));
    const bool of_all = what == What::classes || what == What::start;
    const auto snapshot =
        of_all ? snapshots_.take({}, now())
               : snapshots_.take(sources_of(work->query.classes, *repository_), now());
    if (what == What::classes) {
      return work->reply(classes_answer(*repository_, *snapshot, work->query.cooked));
    }
    const bool several = what == What::start || work->query.classes.size() > 1;
    if (snapshot->mixed && several && work->settles < kMostSettles) {
      return settle_later(work);
    }
    Asked<Answer> made = instances_or_rows(*work, snapshot);
    work->reply(made ? std::move(*made) : refusal_answer(made.error()));
  }

  Asked<Answer> instances_or_rows(const Work& work, std::shared_ptr<const wmi::Snapshot> snapshot) {
    if (work.query.what == Query::What::start) {
      const Beginning of{*snapshot, *repository_, history_, own_name()};
      return start_answer(work.query, of, malformed_values_);
    }
    if (work.query.what != Query::What::wql) {
      return instances_answer(work.query, *snapshot, work.refreshed, malformed_values_);
    }
    const WqlQuestion question{work.query, work.plan, std::move(snapshot), work.refreshed};
    if (work.plan->kind != wmi::wql::Kind::events) return wql_answer(question, malformed_values_);
    return subscriptions_.answer(question);
  }

  // Classes may have come and gone since the question was understood.
  Asked<void> find_again(Work& work) {
    if (work.repository == repository_) return {};
    if (work.plan) {
      work.repository = repository_;
      return understand(work);
    }
    for (const wmi::ClassEntry*& one : work.query.classes) {
      const wmi::ClassEntry* now = find_class(*repository_, one->name());
      if (now == nullptr) return refuse(404, "class " + one->name() + " is gone");
      one = now;
    }
    work.repository = repository_;
    return {};
  }

  void settle_later(const std::shared_ptr<Work>& work) {
    ++work->settles;
    const auto timer = std::make_shared<asio::steady_timer>(io_, kSettlePause);
    const std::weak_ptr<bool> alive = alive_;
    timer->async_wait([this, alive, work, timer](error_code ec) {
      if (!ec && !alive.expired()) settle(work);
    });
  }

  asio::io_context& io_;
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::Source& source_;
  wmi::Snapshots& snapshots_;
  const History& history_;
  HealthSource health_;
  Changer change_;
  Refresher refresher_;
  asio::steady_timer deadline_timer_;
  std::uint64_t malformed_values_ = 0;
  std::vector<std::string> own_names_ = host_names();
  Subscriptions subscriptions_;
  bool watching_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Api> Api::make(asio::io_context& io,
                               std::shared_ptr<const wmi::Repository> repository,
                               wmi::Source& source, wmi::Snapshots& snapshots,
                               const History& history, Refresher::Ask ask, HealthSource health,
                               Changer change, std::chrono::milliseconds refresh_deadline) {
  return std::make_unique<JsonApi>(io, std::move(repository), source, snapshots, history,
                                   std::move(ask), std::move(health), std::move(change),
                                   refresh_deadline);
}

}  // namespace qm::serve
