#include "serve/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;

// What has been published, as far as listeners were told.
class Changes {
 public:
  // The classes that are not as they were; looks at numbers only, reads no page.
  std::set<std::string> look(wmi::Source& source, const Events::NameOf& name_of) {
    std::set<std::string> changed;
    std::map<std::uint64_t, Seen> now;
    for (const provider::Registration& one : source.registrations()) {
      const auto before = seen_.find(one.id);
      Seen seen{before == seen_.end() ? name_of(one.info.guid) : before->second.name,
                source.generation(one)};
      if (before == seen_.end() || before->second.generation != seen.generation) {
        changed.insert(seen.name);
      }
      if (before == seen_.end()) ++registrations_;
      now.emplace(one.id, std::move(seen));
    }
    for (const auto& [id, seen] : seen_) {
      if (now.contains(id)) continue;
      changed.insert(seen.name);
      ++registrations_;
    }
    seen_ = std::move(now);
    return changed;
  }
  std::uint64_t registrations() const { return registrations_; }

 private:
  struct Seen {
    std::string name;
    std::uint64_t generation = 0;
  };
  std::map<std::uint64_t, Seen> seen_;  // by registration
  std::uint64_t registrations_ = 0;     // that came or went, ever
};

class EventFeed final : public Events {
 public:
  EventFeed(asio::io_context& io, Handler& others, wmi::Source& source, Refresh refresh,
            NameOf name_of, EventLimits limits)
      : others_(others),
        source_(source),
        refresh_(std::move(refresh)),
        name_of_(std::move(name_of)),
        limits_(limits),
        timer_(io) {}

  Asked<std::size_t> admit(const Request& request) override {
    if (is_mine(request)) return Handler::admit(request);
    return others_.admit(request);
  }
  std::string_view allowed(const Request& request) const override {
    return is_mine(request) ? Handler::allowed(request) : others_.allowed(request);
  }

  void handle(const Request& request, Done done) override {
    if (!is_mine(request)) return others_.handle(request, std::move(done));
    if (!request.target.parameters.empty()) {
      return done(refusal_answer({400, "/api/v1/events takes no parameter"}));
    }
    if (*streams_ >= limits_.streams) {
      return done(refusal_answer(
          {503, fmt::format("{} event streams are open, which is the limit; ask /api/v1/snapshot",
                            limits_.streams)}));
    }
    // Counted from here until the connection forgets what it follows.
    ++*streams_;
    const std::shared_ptr<void> place(nullptr, [count = streams_](void*) { --*count; });
    Answer answer{200, "text/event-stream", {}};
    const std::weak_ptr<bool> alive = alive_;
    answer.follow = [this, alive, place](const std::shared_ptr<EventSink>& sink) {
      if (!alive.expired()) join(sink);
    };
    done(std::move(answer));
  }

  std::size_t streams() const override { return *streams_; }

 private:
  static bool is_mine(const Request& request) {
    const auto& path = request.target.path;
    return path.size() == 3 && path[0] == "api" && path[1] == "v1" && path[2] == "events";
  }

  // Says at once where things stand, so that nobody waits for the first change.
  void join(const std::shared_ptr<EventSink>& sink) {
    const std::string first = "retry: 1000\n" + event_text(nullptr);
    sink->push(std::make_shared<const std::string>(first));
    sinks_.push_back(sink);
    if (!running_) turn();
  }

  // One question to the providers, one look, one wait.
  void turn() {
    std::erase_if(sinks_, [](const auto& sink) { return sink.expired(); });
    running_ = !sinks_.empty();
    if (!running_) return;
    const std::weak_ptr<bool> alive = alive_;
    refresh_([this, alive](bool) {
      if (alive.expired()) return;
      tell();
      timer_.expires_after(limits_.interval);
      timer_.async_wait([this, alive](boost::system::error_code ec) {
        if (!ec && !alive.expired()) turn();
      });
    });
  }

  void tell() {
    const std::set<std::string> changed = changes_.look(source_, name_of_);
    const std::uint64_t now_ns = now().boot_ns;
    const auto heartbeat_ns =
        static_cast<std::uint64_t>(std::chrono::nanoseconds(limits_.heartbeat).count());
    if (!changed.empty()) {
      ++generation_;
      broadcast(event_text(&changed));
    } else if (now_ns - said_ns_ >= heartbeat_ns) {
      broadcast("event: heartbeat\ndata: {}\n\n");
    } else {
      return;
    }
    said_ns_ = now_ns;
  }

  void broadcast(std::string text) {
    const auto event = std::make_shared<const std::string>(std::move(text));
    for (const auto& weak : sinks_) {
      if (const auto sink = weak.lock()) sink->push(event);
    }
  }

  // changed: null for "anything".
  std::string event_text(const std::set<std::string>* changed) const {
    JsonWriter json(0);
    json.begin_object().member("generation", generation_);
    json.member("registrations", changes_.registrations()).key("changed");
    if (changed == nullptr || changed->size() > kMostNamedChanges) {
      json.null();
    } else {
      json.begin_array();
      for (const std::string& name : *changed) json.value(name);
      json.end_array();
    }
    json.end_object();
    return fmt::format("event: refresh\nid: {}\ndata: {}\n\n", generation_, std::move(json).take());
  }

  Handler& others_;
  wmi::Source& source_;
  Refresh refresh_;
  NameOf name_of_;
  EventLimits limits_;
  asio::steady_timer timer_;
  Changes changes_;
  std::vector<std::weak_ptr<EventSink>> sinks_;
  std::shared_ptr<std::size_t> streams_ = std::make_shared<std::size_t>(0);
  std::uint64_t generation_ = 0;
  std::uint64_t said_ns_ = 0;
  bool running_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Events> Events::make(asio::io_context& io, Handler& others, wmi::Source& source,
                                     Refresh refresh, NameOf name_of, EventLimits limits) {
  return std::make_unique<EventFeed>(io, others, source, std::move(refresh), std::move(name_of),
                                     limits);
}

}  // namespace qm::serve
