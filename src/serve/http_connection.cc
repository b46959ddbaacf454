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

#include "base/text.h"
#include "serve/host.h"
#include "serve/system.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Message = http::request<http::string_body>;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 4'096;

std::string_view view(boost::string_view text) {
  return {text.data(), text.size()};
}

// Which status says what Beast found wrong; none: the connection itself is broken.
std::optional<Refusal> refusal_of(error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return Refusal{431, "the request's header is longer than the limit"};
  }
  if (ec == http::error::body_limit) {
    return Refusal{413, "the request's body is longer than the limit"};
  }
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
  if (ec.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refusal{400, "malformed HTTP: " + ec.message()};
  }
  return std::nullopt;
}

boost::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}

// What every answer carries: it is data for the one who asked, never a document or a script. An
// answer that is a document says so by fields of its own.
template <class Response>
void add_headers(Response& response, const Answer& answer) {
  if (!answer.content_type.empty()) {
    response.set(http::field::content_type, beast_view(answer.content_type));
  }
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Referrer-Policy", "no-referrer");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  for (const Field& field : answer.fields) {
    response.set(beast_view(field.name), plain_text(field.value));
  }
}

bool is_mandatory(const Message& message) {
  return view(message.method_string()) == "M-POST";
}

// HEAD, too, is a GET.
std::optional<Verb> verb_of(const Message& message) {
  switch (message.method()) {
    case http::verb::get:
    case http::verb::head:
      return Verb::get;
    case http::verb::post:
      return Verb::post;
    case http::verb::delete_:
      return Verb::remove;
    default:
      break;
  }
  return is_mandatory(message) ? std::optional(Verb::post) : std::nullopt;
}

// RFC 2774: Man: "http://…" ; ns=73 makes CIMOperation 73-CIMOperation.
std::string extension_prefix(const Message& message) {
  const std::string_view man = view(message["Man"]);
  const std::size_t at = man.rfind("ns=");
  std::string out;
  for (std::size_t i = at; at != std::string_view::npos && i + 3 < man.size(); ++i) {
    const char digit = man[i + 3];
    if (digit < '0' || digit > '9') break;
    out += digit;
  }
  return out.empty() ? out : out + '-';
}

void take_cim_fields(CimFields& cim, const Message& message, const std::string& prefix) {
  const auto field = [&](std::string_view name) {
    return view(message[beast_view(prefix + std::string(name))]);
  };
  cim.operation = field("CIMOperation");
  if (cim.operation.empty()) return;  // nobody's but CIM-XML's
  cim.method = field("CIMMethod");
  cim.object = field("CIMObject");
  cim.batch = field("CIMBatch");
  cim.protocol = field("CIMProtocolVersion");
}

void take_fields(Request& request, const Message& message) {
  request.accept = view(message[http::field::accept]);
  request.accept_encoding = view(message[http::field::accept_encoding]);
  request.authorization = view(message[http::field::authorization]);
  request.content_type = view(message[http::field::content_type]);
  request.if_none_match = view(message[http::field::if_none_match]);
  request.mandatory = is_mandatory(message);
  if (request.verb != Verb::post) return;
  take_cim_fields(request.cim, message, request.mandatory ? extension_prefix(message) : "");
}

class HttpConnection final : public Connection,
                             public EventSink,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Socket socket, bool local, std::shared_ptr<HttpShared> shared)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        shared_(std::move(shared)),
        buffer_(shared_->limits.header_bytes + kReadBytes),
        local_(local),
        admin_(local && peer_is_admin(socket_.native_handle())) {}

  void close() override {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    timer_.cancel(ignored);
    socket_.close(ignored);
    release_queued();
    follow_ = nullptr;
    if (shared_->gone) shared_->gone(this);
  }
  bool idle() const override { return idle_; }

  void push(std::shared_ptr<const std::string> event) override {
    if (closed_) return;
    if (event_) {
      next_event_ = std::move(event);
      return;
    }
    event_ = std::move(event);
    arm(shared_->limits.write);
    asio::async_write(socket_, asio::buffer(*event_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        self->event_ = nullptr;
                        if (ec) return self->close();
                        self->timer_.cancel(ec);
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
    idle_ = true;
    arm(shared_->limits.idle);
    socket_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              self->idle_ = false;
                              if (ec) return self->close();
                              self->buffer_.commit(bytes);
                              self->read_request();
                            });
  }

 private:
  // Closes the connection unless something else arms the timer before.
  void arm(Milliseconds deadline) {
    timer_.expires_after(deadline);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
      const auto self = weak.lock();
      // A wait that had already ended when a new deadline was set is none of today's.
      const auto now = asio::steady_timer::clock_type::now();
      if (!ec && self && self->timer_.expiry() <= now) self->close();
    });
  }

  // Beast looks at its own header limit only while a header is incomplete; so what it took is
  // counted once more.
  void read_request() {
    arm(shared_->limits.request);
    http::async_read_header(socket_, buffer_, *parser_,
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              if (!ec && bytes > self->shared_->limits.header_bytes)
                                ec = http::error::header_limit;
                              if (ec) return self->on_read(ec);
                              self->on_header();
                            });
  }

  // Who is refused has his body read all the same, up to a limit: so the connection lives on.
  void on_header() {
    Asked<std::size_t> most_bytes = check_header();
    refusal_.reset();
    if (!most_bytes) refusal_ = std::move(most_bytes).error();
    const std::size_t limit = most_bytes.value_or(shared_->limits.body_bytes);
    const auto length = parser_->content_length();
    if (length && *length > limit) return on_read(http::error::body_limit);
    parser_->body_limit(limit);  // of a chunked one
    read_body();
  }

  void read_body() {
    http::async_read(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
  }

  void on_read(error_code ec) {
    if (closed_) return;
    if (ec) {
      const std::optional<Refusal> refusal = refusal_of(ec);
      if (!refusal) return close();
      keep_alive_ = false;
      return respond(refusal_answer(*refusal));
    }
    const Message& message = parser_->get();
    ++served_;
    keep_alive_ = message.keep_alive() && served_ < shared_->limits.requests_per_connection;
    if (refusal_) return respond(refusal_answer(*refusal_));
    if (request_.verb != Verb::get) request_.body = message.body();
    error_code ignored;
    timer_.cancel(ignored);  // the handler has its own deadlines
    shared_->handler.handle(
        request_, [self = shared_from_this()](Answer answer) { self->respond(std::move(answer)); });
  }

  // How many bytes the body may have. Fills request_, but for the body.
  Asked<std::size_t> check_header() {
    const Message& message = parser_->get();
    head_ = message.method() == http::verb::head;
    const std::optional<Verb> verb = verb_of(message);
    if (!verb) {
      return refuse(405,
                    fmt::format("{} is not served", plain_text(view(message.method_string()), 32)));
    }
    Asked<Target> target = parse_target(view(message.target()));
    if (!target) return std::unexpected(target.error());
    if (Asked<void> fine = check_names(message, *target, *verb); !fine) {
      return std::unexpected(fine.error());
    }
    request_ = {*verb, local_, admin_, view(message.target()), std::move(*target), {}};
    take_fields(request_, message);
    if (*verb == Verb::get) return shared_->limits.body_bytes;
    const Asked<std::size_t> admitted = shared_->handler.admit(request_);
    if (!admitted) return admitted;
    return std::min(*admitted, shared_->limits.taken_bytes);
  }

  // Whom the request believes to ask, and on TCP which page it comes from.
  Asked<void> check_names(const Message& message, const Target& target, Verb verb) const {
    const std::size_t hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
      return refuse(400, "a request must carry one Host header");
    }
    if (local_) return {};
    const bool unnamed = hosts == 0 && target.authority.empty();  // HTTP/1.0: no browser sends that
    const std::string_view host =
        target.authority.empty() ? view(message[http::field::host]) : target.authority;
    if (!unnamed && !is_local_host(host, shared_->own_names)) {
      return refuse(421, fmt::format("{} is not this host; ask http://127.0.0.1:PORT or "
                                     "http://localhost:PORT",
                                     plain_text(host, 256)));
    }
    // Any page may make a browser POST here (a "simple request"); the browser then names the page.
    std::string_view origin = view(message[http::field::origin]);
    if (verb == Verb::get || origin.empty()) return {};
    const std::size_t scheme = origin.find("://");
    if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
    if (is_local_host(origin, shared_->own_names)) return {};
    return refuse(403, "pages of other hosts may not post here");
  }

  void respond(Answer answer) {
    if (closed_) return;
    const bool bodiless = answer.status == 204 || answer.status == 304;  // RFC 9110 section 6.4.1
    if (bodiless) answer.body.clear();
    if (shared_->queued_bytes + answer.body.size() > shared_->limits.queued_bytes) {
      answer = refusal_answer({503, "too many answers are being sent; try again"});
    }
    ++shared_->counts.requests;
    if (answer.status >= 400) ++shared_->counts.refused;
    queued_bytes_ = answer.body.size();
    shared_->queued_bytes += queued_bytes_;
    arm(shared_->limits.write);
    const auto status = static_cast<http::status>(answer.status);
    response_ = {};
    head_response_ = {};
    if (answer.follow && !head_) return stream(std::move(answer));
    if (head_ || bodiless) {
      head_response_.result(status);
      add_headers(head_response_, answer);
      if (!bodiless) head_response_.content_length(answer.body.size());
      head_response_.keep_alive(keep_alive_);
      return write(head_response_);
    }
    response_.result(status);
    add_headers(response_, answer);
    response_.body() = std::move(answer.body);
    response_.keep_alive(keep_alive_);
    response_.prepare_payload();
    write(response_);
  }

  void stream(Answer answer) {
    follow_ = std::move(answer.follow);
    error_code ignored;
    socket_.set_option(asio::socket_base::send_buffer_size(kEventSendBytes), ignored);
    head_response_.result(http::status::ok);
    add_headers(head_response_, answer);
    head_response_.keep_alive(false);
    http::async_write(socket_, head_response_,
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (ec || self->closed_) return self->close();
                        self->timer_.cancel(ec);
                        const auto follow = self->follow_;
                        follow(self);
                        self->drain();  // to see its end
                      });
  }

  template <class Response>
  void write(Response& response) {
    http::async_write(socket_, response, [self = shared_from_this()](error_code ec, std::size_t) {
      self->release_queued();
      self->response_.body() = std::string();
      if (ec) return self->close();
      if (self->keep_alive_) return self->next_request();
      self->linger();
    });
  }

  // Closing with unread input would make the kernel send a reset, which may overtake the answer.
  void linger() {
    if (closed_) return;
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
    if (ec) return close();
    arm(shared_->limits.linger);
    drain();
  }

  void drain() {
    socket_.async_read_some(asio::buffer(drained_),
                            [self = shared_from_this()](error_code ec, std::size_t bytes) {
                              self->drained_bytes_ += bytes;
                              if (ec || self->drained_bytes_ > kMostLingerBytes) {
                                return self->close();
                              }
                              self->drain();
                            });
  }

  void release_queued() { shared_->queued_bytes -= std::exchange(queued_bytes_, 0); }

  Socket socket_;
  asio::steady_timer timer_;
  std::shared_ptr<HttpShared> shared_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;                 // views into parser_
  std::optional<Refusal> refusal_;  // decided by the header
  http::response<http::string_body> response_;
  http::response<http::empty_body> head_response_;
  std::array<char, kReadBytes> drained_{};
  std::function<void(const std::shared_ptr<EventSink>&)> follow_;
  std::shared_ptr<const std::string> event_;       // being sent
  std::shared_ptr<const std::string> next_event_;  // waits
  std::size_t drained_bytes_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t served_ = 0;
  bool local_;
  bool admin_;
  bool head_ = false;
  bool keep_alive_ = false;
  bool idle_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::start(Socket socket, bool local,
                                              std::shared_ptr<HttpShared> shared) {
  auto connection = std::make_shared<HttpConnection>(std::move(socket), local, std::move(shared));
  connection->next_request();
  return connection;
}

}  // namespace qm::serve
