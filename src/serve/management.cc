#include "serve/management.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/clock.h"

namespace qm::serve {
namespace {

// /wsman, and the place where nobody asks for anything but Identify.
bool is_anonymous(const Request& request) {
  const std::vector<std::string>& path = request.target.path;
  return path.size() == 2 && path[0] == "wsman-anon" && path[1] == "identify";
}
bool is_here(const Request& request) {
  const std::vector<std::string>& path = request.target.path;
  return (path.size() == 1 && path[0] == "wsman") || is_anonymous(request);
}

Answer answer_of(wsman::Reply reply) {
  Answer answer{reply.status, "", {}, {{"Content-Type", std::move(reply.content_type)}}};
  answer.take(std::move(reply.body));
  return answer;
}

}  // namespace

// A request that is not answered yet, apart from the connection that it came over.
struct Management::Held {
  Held(boost::asio::io_context& io, const Wanted& asked, Done when_done)
      : content_type(asked.content_type),
        body(asked.body),
        client(asked.client),
        stranger(asked.stranger),
        began_ns(asked.began_ns),
        done(std::move(when_done)),
        timer(io) {}
  Wanted asked() const { return {content_type, body, client, stranger, true, began_ns}; }

  std::string content_type, body, client;
  bool stranger;
  std::uint64_t began_ns;
  Done done;
  boost::asio::steady_timer timer;
};

Management::Management(boost::asio::io_context& io,
                       std::shared_ptr<const wmi::Repository> repository, wmi::Snapshots& snapshots,
                       std::string host, std::string version)
    : io_(io),
      repository_(std::move(repository)),
      snapshots_(snapshots),
      service_(std::move(host), std::move(version)) {}
Management::~Management() = default;

Asked<std::size_t> Management::admit(const Request& request) {
  if (request.verb != Verb::post) return refuse(405, "WS-Management is asked with POST");
  return wsman::kMostRequestBytes;
}

bool Management::serves_strangers(const Request& request) const {
  return request.verb == Verb::post && is_here(request);
}

std::string_view Management::allowed(const Request&) const {
  return "POST, OPTIONS";
}

wsman::Reply Management::ask(const Wanted& asked) {
  wsman::Question question;
  question.content_type = asked.content_type;
  question.body = asked.body;
  question.client = asked.client;
  question.stranger = asked.stranger;
  question.now = now();
  question.repository = repository_;
  question.snapshot = [this](std::span<const wmi::ClassEntry* const> classes) {
    return snapshots_.take(classes, now());
  };
  const std::uint64_t now_ns = question.now.boot_ns;
  question.waited_ms = asked.patient ? (now_ns - asked.began_ns) / 1'000'000 : wsman::kMostWaitMs;
  return service_.answer(question);
}

void Management::handle(const Request& request, Done done) {
  if (!is_here(request)) {
    return done(refusal_answer({404, "no such path; WS-Management is at /wsman"}));
  }
  if (request.verb != Verb::post) {
    return done(refusal_answer({405, "WS-Management is asked with POST, at /wsman"}));
  }
  const std::string client = whose_share(request);
  const Wanted asked{request.content_type,
                     request.body,
                     client,
                     request.role == login::Role::none || is_anonymous(request),
                     held_ < kMostHeldPulls,
                     now().boot_ns};
  wsman::Reply reply = ask(asked);
  if (!reply.again_ms) return done(answer_of(std::move(reply)));
  hold(std::make_shared<Held>(io_, asked, std::move(done)), *reply.again_ms);
}

void Management::hold(std::shared_ptr<Held> held, std::uint64_t again_ms) {
  ++held_;
  boost::asio::steady_timer& timer = held->timer;
  timer.expires_after(std::chrono::milliseconds(again_ms));
  const std::weak_ptr<const bool> alive = alive_;
  timer.async_wait([this, alive, asked = std::move(held)](boost::system::error_code ec) mutable {
    if (ec || alive.expired()) return;
    --held_;
    wsman::Reply reply = ask(asked->asked());
    if (reply.again_ms) return hold(std::move(asked), *reply.again_ms);
    asked->done(answer_of(std::move(reply)));
  });
}

}  // namespace qm::serve
