#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "xfrm/frame.h"
#include "xfrm/netlink.h"
#include "xfrm/socket.h"

namespace qm::xfrm {
namespace {

// What an answer to GETSA may cost the socket: a page and its skb (netlink does not always trim).
constexpr int kAnswerCostBytes = 8 << 10;
constexpr int kRequestBufferBytes = static_cast<int>(kMostSasInOneSend) * kAnswerCostBytes;

// Steady and of this process alone: nothing of it is published.
class Deadline {
 public:
  explicit Deadline(int within_ms)
      : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(within_ms)) {}
  int left_ms() const {
    const auto left = end_ - std::chrono::steady_clock::now();
    const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::max<std::int64_t>(left_ms, 0));
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

Error kernel_error(int code) {
  if (code == -EPERM || code == -EACCES) {
    return {ErrorCode::denied, "XFRM netlink needs CAP_NET_ADMIN; run as root or grant it"};
  }
  return system_error("XFRM answered", answered_errno(code));
}

class AnswerSink : public SilentSink {
 public:
  virtual bool complete() const = 0;
};

// Hands on the rows of one request, and keeps how it ended: by DONE or ERROR, or, where a request
// has a single answer, by that.
class Rows final : public AnswerSink {
 public:
  Rows(Sink& to, std::uint32_t seq) : to_(to), seq_(seq) {}

  bool complete() const override { return end_.has_value(); }
  int end() const { return end_.value_or(0); }
  std::uint32_t sa_count() const { return sa_count_; }

  void on_datagram(Bytes datagram) override { to_.on_datagram(datagram); }
  void on_sa(const Sa& sa, bool updated, std::uint32_t seq) override {
    if (seq == seq_) to_.on_sa(sa, updated, seq);
  }
  void on_policy(const Policy& policy, std::uint32_t seq) override {
    if (seq == seq_) to_.on_policy(policy, seq);
  }
  void on_default_policy(const DefaultPolicy& policy) override {
    to_.on_default_policy(policy);
    end_ = 0;
  }
  void on_sa_count(std::uint32_t count, std::uint32_t seq) override {
    if (seq != seq_) return;
    sa_count_ = count;
    end_ = 0;
  }
  void on_done(std::uint32_t seq, int error) override {
    if (seq == seq_) end_ = error;
  }
  void on_error(std::uint32_t seq, int error) override {
    if (seq == seq_) end_ = error;
  }
  void on_malformed(std::uint16_t type, std::string_view what) override {
    to_.on_malformed(type, what);
  }
  void on_other(std::uint16_t type) override { to_.on_other(type); }

 private:
  Sink& to_;
  std::uint32_t seq_;
  std::optional<int> end_;
  std::uint32_t sa_count_ = 0;
};

// The answers to a batch of GETSAs, whose seqs follow each other.
class SaAnswers final : public AnswerSink {
 public:
  SaAnswers(Sink& to, std::span<const SaId> ids, std::uint32_t first_seq)
      : to_(to), ids_(ids), first_seq_(first_seq), states_(ids.size(), State::open) {}

  enum class State : std::uint8_t { open, found, missing };
  State state(std::size_t position) const { return states_[position]; }
  bool complete() const override { return closed_ == ids_.size(); }
  int error() const { return error_; }  // the first that is not "no such SA"

  void on_datagram(Bytes datagram) override { to_.on_datagram(datagram); }
  void on_sa(const Sa& sa, bool, std::uint32_t seq) override {
    const std::size_t position = seq - first_seq_;
    if (position >= ids_.size()) return;
    // The kernel gives the first SA whose own mark lets ours in (__xfrm_state_lookup): that may be
    // another than the one asked for.
    const bool asked_for = sa.id == ids_[position];
    if (close(position, asked_for ? State::found : State::missing) && asked_for) {
      to_.on_sa(sa, false, seq);
    }
  }
  void on_error(std::uint32_t seq, int code) override {
    const std::size_t position = seq - first_seq_;
    if (position >= ids_.size() || code == 0) return;
    if (code != -ESRCH && error_ == 0) error_ = code;
    close(position, State::missing);
  }
  void on_malformed(std::uint16_t type, std::string_view what) override {
    to_.on_malformed(type, what);
  }

 private:
  bool close(std::size_t position, State to) {
    if (states_[position] != State::open) return false;
    states_[position] = to;
    ++closed_;
    return true;
  }

  Sink& to_;
  std::span<const SaId> ids_;
  std::uint32_t first_seq_;
  std::vector<State> states_;
  std::size_t closed_ = 0;
  int error_ = 0;
};

}  // namespace

struct RequestSocket::State {
  NetlinkSocket socket;
  SecretBuffer buffer;
  std::size_t most_in_one_send = 1;
  std::uint32_t seq = 0;
  bool broken = false;  // an answer may still be on its way: a new socket knows nothing of it

  void size_buffer();
  Result<void> renew();
  Result<void> one_datagram(Sink& sink, const Deadline& deadline);
  Result<void> exchange(Bytes request, AnswerSink& answer, int within_ms,
                        const std::function<void()>& after_batch = {});
};

void RequestSocket::State::size_buffer() {
  const int bytes = socket.resize(kRequestBufferBytes);
  const auto answers = static_cast<std::size_t>(std::max(bytes, 0) / kAnswerCostBytes);
  most_in_one_send = std::clamp<std::size_t>(answers, 1, kMostSasInOneSend);
}

Result<void> RequestSocket::State::renew() {
  socket = TRY(NetlinkSocket::open(0));
  size_buffer();
  broken = false;
  return {};
}

// Waits for one datagram of the kernel and hands it to the sink.
Result<void> RequestSocket::State::one_datagram(Sink& sink, const Deadline& deadline) {
  using Got = NetlinkSocket::Got;
  for (;;) {
    if (deadline.left_ms() == 0) {
      return fail(ErrorCode::timeout, "the kernel's answer was not complete in time");
    }
    Bytes datagram;
    const Got got = TRY(socket.receive(buffer, datagram));
    if (got == Got::lost) {
      return fail(ErrorCode::io, "an answer of XFRM was lost: the socket's buffer is too small");
    }
    if (got == Got::datagram) {
      decode(datagram, sink);
      buffer.wipe(datagram.size());
      return {};
    }
    if (got == Got::nothing) TRY(socket.wait(deadline.left_ms()));
  }
}

Result<void> RequestSocket::State::exchange(Bytes request, AnswerSink& answer, int within_ms,
                                            const std::function<void()>& after_batch) {
  if (broken) TRY(renew());
  broken = true;  // until the answer is complete
  const Deadline deadline(within_ms);
  TRY(socket.send(request));
  while (!answer.complete()) {
    TRY(one_datagram(answer, deadline));
    if (after_batch) after_batch();
  }
  broken = false;
  return {};
}

RequestSocket::RequestSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
RequestSocket::RequestSocket(RequestSocket&&) noexcept = default;
RequestSocket& RequestSocket::operator=(RequestSocket&&) noexcept = default;
RequestSocket::~RequestSocket() = default;

Result<RequestSocket> RequestSocket::open() {
  SecretBuffer buffer = TRY(SecretBuffer::make());
  NetlinkSocket socket = TRY(NetlinkSocket::open(0));
  RequestSocket opened(std::unique_ptr<State>(new State{std::move(socket), std::move(buffer)}));
  opened.state_->size_buffer();
  return opened;
}

Result<void> RequestSocket::dump_sas(Sink& sink, const std::function<void()>& after_batch) {
  Rows rows(sink, ++state_->seq);
  TRY(state_->exchange(request_sa_dump(state_->seq), rows, kDumpDeadlineMs, after_batch));
  if (rows.end() != 0) return std::unexpected(kernel_error(rows.end()).in("reading all SAs"));
  return {};
}

Result<void> RequestSocket::dump_policies(Sink& sink, const std::function<void()>& after_batch) {
  Rows rows(sink, ++state_->seq);
  TRY(state_->exchange(request_policy_dump(state_->seq), rows, kDumpDeadlineMs, after_batch));
  if (rows.end() != 0) return std::unexpected(kernel_error(rows.end()).in("reading all policies"));
  return {};
}

Result<std::uint32_t> RequestSocket::read_sa_count() {
  SilentSink nobody;
  Rows rows(nobody, ++state_->seq);
  TRY(state_->exchange(request_sa_count(state_->seq), rows, kRequestDeadlineMs));
  if (rows.end() != 0) return std::unexpected(kernel_error(rows.end()).in("counting the SAs"));
  return rows.sa_count();
}

Result<void> RequestSocket::read_default_policy(Sink& sink) {
  Rows rows(sink, ++state_->seq);
  TRY(state_->exchange(request_default_policy(state_->seq), rows, kRequestDeadlineMs));
  // Kernels before 5.15 do not know the message.
  if (rows.end() == 0 || rows.end() == -EINVAL || rows.end() == -EOPNOTSUPP) return {};
  return std::unexpected(kernel_error(rows.end()).in("reading the default policy"));
}

Result<void> RequestSocket::read_sas(std::span<const SaId> ids, Sink& sink,
                                     std::vector<std::size_t>& missing) {
  missing.clear();
  std::vector<std::byte> requests;
  for (std::size_t done = 0; done < ids.size();) {
    if (state_->broken) TRY(state_->renew());
    const std::size_t count = std::min(ids.size() - done, state_->most_in_one_send);
    const std::span<const SaId> batch = ids.subspan(done, count);
    const std::uint32_t first_seq = state_->seq + 1;
    requests.clear();
    for (const SaId& id : batch) append_sa_request(requests, ++state_->seq, id);
    SaAnswers answers(sink, batch, first_seq);
    TRY(state_->exchange(requests, answers, kRequestDeadlineMs));
    if (answers.error() != 0) {
      return std::unexpected(kernel_error(answers.error()).in("reading SAs"));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (answers.state(i) == SaAnswers::State::missing) missing.push_back(done + i);
    }
    done += count;
  }
  return {};
}

}  // namespace qm::xfrm
