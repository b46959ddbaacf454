#include "serve/http_connection.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "login/basic.h"
#include "serve/host.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 4'096;
constexpr char kTlsRecord = 0x16;  // RFC 8446 section 5.1: a handshake's first byte
constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";

class HttpConnection final : public Connection,
                             public EventSink,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Socket socket, const Caller& caller, std::shared_ptr<HttpShared> shared)
      : wire_(std::move(socket)),
        timer_(wire_.get_executor()),
        shared_(std::move(shared)),
        buffer_(shared_->limits.header_bytes + kReadBytes),
        caller_(caller),
        root_(local() && peer_is_admin(wire_.socket().native_handle())) {}

  void begin() override {
    if (caller_.door == login::Door::tls) return shake_hands();
    next_request();
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    enter(Phase::busy);
    error_code ignored;
    timer_.cancel(ignored);
    wire_.socket().close(ignored);
    release_queued();
    follow_ = nullptr;
    if (shared_->gone) shared_->gone(this);
  }
  Phase phase() const override { return phase_; }
  Clock::time_point since() const override { return since_; }

  void push(std::shared_ptr<const std::string> event) override {
    if (closed_) return;
    if (event_) {
      next_event_ = std::move(event);
      return;
    }
    event_ = std::move(event);
    arm(shared_->limits.write);
    asio::async_write(wire_, asio::buffer(*event_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        self->event_ = nullptr;
                        if (ec) return self->close();
                        self->disarm();
                        if (self->next_event_) self->push(std::exchange(self->next_event_, {}));
                      });
  }

  void next_request() {
    if (closed_) return;
    head_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
    parser_->body_limit(boost::none);  // set when the header has come
    if (buffer_.size() != 0) {
      read_request();
      return;
    }
    enter(Phase::idle);
    arm(shared_->limits.idle);
    wire_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](error_code ec, std::size_t bytes) {
                            if (ec) return self->close();
                            self->buffer_.commit(bytes);
                            // Whoever speaks TLS could not read what is wrong.
                            if (!self->wire_.secure() && self->first_byte() == kTlsRecord) {
                              return self->close();
                            }
                            self->read_request();
                          });
  }

 private:
  bool local() const { return caller_.door == login::Door::query_socket; }
  char first_byte() const { return *static_cast<const char*>(buffer_.data().data()); }

  void enter(Phase phase) {
    if (phase_ == Phase::handshake) --shared_->handshakes;
    if (phase == Phase::handshake) ++shared_->handshakes;
    phase_ = phase;
    since_ = Clock::now();
  }

  void shake_hands() {
    if (!shared_->tls) return close();
    enter(Phase::handshake);
    arm(shared_->limits.handshake);
    wire_.socket().async_read_some(
        buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code ec, std::size_t bytes) {
          if (ec || self->closed_) return self->close();
          self->buffer_.commit(bytes);
          if (self->first_byte() != kTlsRecord) return self->tell_of_tls();
          self->tls_ = self->shared_->tls;
          self->wire_.async_handshake(*self->tls_, self->buffer_.data(),
                                      [self](error_code failed, std::size_t) {
                                        if (failed || self->closed_) return self->close();
                                        self->buffer_.consume(self->buffer_.size());
                                        self->next_request();
                                      });
        });
  }

  // Plain HTTP on TLS's port: a mistake that is made often enough to be answered.
  void tell_of_tls() {
    enter(Phase::busy);
    keep_alive_ = false;
    respond(refusal_answer({400, "this port speaks TLS: ask https://HOST:PORT"}));
  }

  // Closes the connection then, unless another deadline is set before. A later one costs nothing:
  // who waits already finds it out at the end. Every request sets four.
  void arm(Milliseconds deadline) {
    deadline_ = Clock::now() + deadline;
    if (deadline_ < waiting_until_) wait();
  }
  void disarm() { deadline_ = Clock::time_point::max(); }

  void wait() {
    waiting_until_ = deadline_;
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
      const auto self = weak.lock();
      if (ec || !self || self->closed_) return;
      self->waiting_until_ = Clock::time_point::max();
      if (self->deadline_ <= Clock::now()) return self->close();
      if (self->deadline_ != Clock::time_point::max()) self->wait();
    });
  }

  // Beast looks at its own header limit only while a header is incomplete; so what it took is
  // counted once more.
  void read_request() {
    enter(Phase::reading);
    arm(shared_->limits.request);
    http::async_read_header(wire_, buffer_, *parser_,
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              if (!ec && bytes > self->shared_->limits.header_bytes)
                                ec = http::error::header_limit;
                              if (ec) return self->on_read(ec);
                              self->on_header();
                            });
  }

  void on_header() {
    ++served_;
    const Message& message = parser_->get();
    keep_alive_ = message.keep_alive() && served_ < shared_->limits.requests_per_connection;
    if (Asked<void> fine = check_header(); !fine) return refuse_now(refusal_answer(fine.error()));
    login::Asking asking{caller_.door, root_, false, request_.verb == Verb::post,
                         request_.target.path};
    asking.credentials = shared_->gate != nullptr && login::is_basic(request_.authorization);
    switch (shared_->access.decide(asking)) {
      case login::Way::reader:
        return let_in({login::Role::read, {}});
      case login::Way::admin:
        return let_in({login::Role::admin, {}});
      case login::Way::password:
        return check_password();
      case login::Way::stranger:
        if (parser_->content_length().value_or(0) <= login::kMostStrangerBytes &&
            shared_->handler.serves_strangers(request_)) {
          return let_in({});
        }
        break;
      case login::Way::challenge:
        break;
    }
    refuse_now(refusal_answer({401, "log in: name and password, by HTTP's scheme Basic"}));
  }

  // Meanwhile nothing is read.
  void check_password() {
    enter(Phase::login);
    arm(shared_->limits.login);
    shared_->gate->check(request_.authorization, caller_.peer,
                         [self = shared_from_this()](std::expected<Pass, Answer> pass) {
                           if (self->closed_) return;
                           if (!pass) return self->refuse_now(std::move(pass).error());
                           self->let_in(std::move(*pass));
                         });
  }

  void let_in(Pass pass) {
    user_ = std::move(pass.user);
    request_.role = pass.role;
    request_.user = user_;
    if (request_.verb == Verb::options) return refuse_now(options_answer());
    std::size_t limit = shared_->limits.body_bytes;
    if (request_.verb != Verb::get) {
      const Asked<std::size_t> admitted = shared_->handler.admit(request_);
      if (!admitted) return refuse_now(refusal_answer(admitted.error()));
      limit = std::min(*admitted, shared_->limits.taken_bytes);
    }
    if (pass.role == login::Role::none) limit = std::min(limit, login::kMostStrangerBytes);
    const auto length = parser_->content_length();
    if (length && *length > limit) return on_read(http::error::body_limit);
    parser_->body_limit(limit);  // of a chunked one
    read_body();
  }

  // Before the body is read. A short one is passed over afterwards, so that the connection lives
  // on.
  void refuse_now(Answer answer) {
    const auto length = parser_->content_length();
    const std::size_t most = shared_->limits.body_bytes;
    if (waits_to_go_on() || (length && *length > most)) keep_alive_ = false;
    parser_->body_limit(most);
    respond(std::move(answer));
  }

  void skip_body() {
    enter(Phase::reading);
    arm(shared_->limits.request);
    http::async_read(wire_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, std::size_t) {
                       if (ec) return self->linger();
                       self->next_request();
                     });
  }

  // Expect: 100-continue, and no byte of the body has come.
  bool waits_to_go_on() const {
    const Message& message = parser_->get();
    return message.version() >= 11 && !parser_->is_done() && buffer_.size() == 0 &&
           same_name(view(message[http::field::expect]), "100-continue");
  }

  void read_body() {
    enter(Phase::reading);
    arm(shared_->limits.request);
    const auto read = [self = shared_from_this()] {
      http::async_read(self->wire_, self->buffer_, *self->parser_,
                       [self](error_code ec, std::size_t) { self->on_read(ec); });
    };
    if (!waits_to_go_on()) return read();
    asio::async_write(wire_, asio::buffer(kGoOn),
                      [self = shared_from_this(), read](error_code ec, std::size_t) {
                        if (ec || self->closed_) return self->close();
                        read();
                      });
  }

  void on_read(error_code ec) {
    if (closed_) return;
    enter(Phase::busy);
    if (ec) {
      const std::optional<Refusal> refusal = refusal_of(ec);
      if (!refusal) return close();
      keep_alive_ = false;
      return respond(refusal_answer(*refusal));
    }
    if (request_.verb != Verb::get) request_.body = parser_->get().body();
    disarm();  // the handler has its own deadlines
    shared_->handler.handle(
        request_, [self = shared_from_this()](Answer answer) { self->respond(std::move(answer)); });
  }

  // Fills request_, but for who asks and the body.
  Asked<void> check_header() {
    const Message& message = parser_->get();
    head_ = message.method() == http::verb::head;
    // Where such a body ends is anybody's guess (RFC 9112 section 6.1), and so is what follows it.
    if (message.count(http::field::transfer_encoding) != 0 &&
        (!parser_->chunked() || message.version() < 11)) {
      keep_alive_ = false;
      return refuse(400, "a body is chunked, or as long as Content-Length says");
    }
    request_ = {};
    request_.verb = verb_of(message);
    // OPTIONS * is of the server as a whole (RFC 9110 section 9.3.7): of / here.
    const bool of_all = request_.verb == Verb::options && view(message.target()) == "*";
    Asked<Target> target = parse_target(of_all ? "/" : view(message.target()));
    if (!target) return std::unexpected(target.error());
    const Naming naming{message.count(http::field::host),   message.version() >= 11,
                        view(message[http::field::host]),   target->authority,
                        view(message[http::field::origin]), request_.verb == Verb::get};
    if (Asked<void> fine = check_names(naming, caller_.door, shared_->own_names); !fine) {
      return fine;
    }
    request_.local = local();
    request_.sent_target = view(message.target());
    request_.target = std::move(*target);
    take_fields(request_, message);
    if (request_.verb == Verb::other) {
      return refuse(405,
                    fmt::format("{} is not served", plain_text(view(message.method_string()), 32)));
    }
    return {};
  }

  Answer options_answer() const {
    Answer answer{200, "", {}, shared_->handler.options(request_)};
    answer.fields.push_back({"Allow", std::string(shared_->handler.allowed(request_))});
    return answer;
  }

  void respond(Answer answer) {
    if (closed_) return;
    enter(Phase::busy);
    if (answer.status == 405) {
      answer.fields.push_back({"Allow", std::string(shared_->handler.allowed(request_))});
    }
    const bool bodiless = answer.status == 204 || answer.status == 304;  // RFC 9110 section 6.4.1
    if (bodiless) answer.take(Pieces());
    if (shared_->queued_bytes + answer.bytes() > shared_->limits.queued_bytes) {
      answer = refusal_answer({503, "too many answers are being sent; try again"});
    }
    ++shared_->counts.requests;
    if (answer.status >= 400) ++shared_->counts.refused;
    queued_bytes_ = answer.bytes();
    shared_->queued_bytes += queued_bytes_;
    arm(shared_->limits.write);
    answer_ = std::move(answer);
    const bool follows = answer_.follow != nullptr && !head_;
    if (follows) keep_alive_ = false;
    HeadSetting setting{keep_alive_,
                        parser_ && parser_->get().version() < 11,
                        {},
                        shared_->date.at(now().unix_s())};
    if (!bodiless && !follows) setting.content_bytes = answer_.bytes();
    answer_head_ = head_of(answer_, setting);
    if (follows) return stream();
    std::array<asio::const_buffer, 4> buffers{asio::buffer(answer_head_)};
    if (!head_) {
      buffers[1] = asio::buffer(answer_.body);
      if (answer_.middle != nullptr) buffers[2] = asio::buffer(*answer_.middle);
      buffers[3] = asio::buffer(answer_.end);
    }
    asio::async_write(wire_, buffers, [self = shared_from_this()](error_code ec, std::size_t) {
      self->release_queued();
      self->answer_ = {};
      if (ec) return self->close();
      if (!self->keep_alive_) return self->linger();
      if (self->parser_->is_done()) return self->next_request();
      self->skip_body();
    });
  }

  void stream() {
    error_code ignored;
    wire_.socket().set_option(asio::socket_base::send_buffer_size(kEventSendBytes), ignored);
    follow_ = std::move(answer_.follow);
    asio::async_write(wire_, asio::buffer(answer_head_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (ec || self->closed_) return self->close();
                        self->disarm();
                        const auto follow = self->follow_;
                        follow(self);
                        self->drain(self->wire_);  // to see its end
                      });
  }

  // Closing with unread input would make the kernel send a reset, which may overtake the answer.
  void linger() {
    if (closed_) return;
    enter(Phase::reading);  // it can make room
    arm(shared_->limits.linger);
    if (!wire_.secure()) return shut_down();
    wire_.async_goodbye([self = shared_from_this()](error_code) {
      if (!self->closed_) self->shut_down();
    });
  }

  void shut_down() {
    error_code ec;
    wire_.socket().shutdown(Socket::shutdown_send, ec);
    if (ec) return close();
    drain(wire_.socket());
  }

  template <class Stream>
  void drain(Stream& stream) {
    stream.async_read_some(asio::buffer(drained_),
                           [self = shared_from_this(), &stream](error_code ec, std::size_t bytes) {
                             self->drained_bytes_ += bytes;
                             if (ec || self->drained_bytes_ > kMostLingerBytes)
                               return self->close();
                             self->drain(stream);
                           });
  }

  void release_queued() { shared_->queued_bytes -= std::exchange(queued_bytes_, 0); }

  Wire wire_;
  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point waiting_until_ = Clock::time_point::max();  // timer_; max: nobody waits
  std::shared_ptr<HttpShared> shared_;
  std::shared_ptr<asio::ssl::context> tls_;  // that wire_ began with
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;  // views into parser_ and user_
  std::string user_;
  std::string answer_head_;
  Answer answer_;  // being sent
  std::array<char, kReadBytes> drained_{};
  std::function<void(const std::shared_ptr<EventSink>&)> follow_;
  std::shared_ptr<const std::string> event_;       // being sent
  std::shared_ptr<const std::string> next_event_;  // waits
  std::size_t drained_bytes_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t served_ = 0;
  Caller caller_;
  bool root_;
  Phase phase_ = Phase::busy;
  Clock::time_point since_;
  bool head_ = false;
  bool keep_alive_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::make(Socket socket, const Caller& caller,
                                             std::shared_ptr<HttpShared> shared) {
  return std::make_shared<HttpConnection>(std::move(socket), caller, std::move(shared));
}

}  // namespace qm::serve
