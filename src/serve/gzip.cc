#include "serve/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace qm::serve {
namespace {

constexpr int kFastest = 1;           // takes four fifths of a page already
constexpr int kWindowBits = 15 + 16;  // 16: a gzip header, not zlib's
constexpr int kMemoryLevel = 8;

}  // namespace

struct Gzip::State {
  z_stream stream{};
  std::string text;
  std::string out;
  std::size_t taken = 0;
  bool begun = false;  // and to be ended
  bool failed = false;
  bool done = false;
};

Gzip::Gzip(std::string text) : state_(std::make_unique<State>()) {
  state_->text = std::move(text);
  state_->begun = ::deflateInit2(&state_->stream, kFastest, Z_DEFLATED, kWindowBits, kMemoryLevel,
                                 Z_DEFAULT_STRATEGY) == Z_OK;
}

Gzip::~Gzip() {
  if (state_->begun) ::deflateEnd(&state_->stream);
}

bool Gzip::work() {
  State& state = *state_;
  if (!state.begun || state.failed || state.done) return false;
  const std::size_t bytes = std::min(kGzipSliceBytes, state.text.size() - state.taken);
  const bool last = state.taken + bytes == state.text.size();
  // zlib's interface has no const; it does not write there.
  state.stream.next_in = reinterpret_cast<Bytef*>(state.text.data() + state.taken);
  state.stream.avail_in = static_cast<uInt>(bytes);
  int result = Z_OK;
  do {
    constexpr std::size_t kRoomBytes = 65'536;
    const std::size_t used = state.out.size();
    state.out.resize(used + kRoomBytes);
    state.stream.next_out = reinterpret_cast<Bytef*>(state.out.data() + used);
    state.stream.avail_out = static_cast<uInt>(kRoomBytes);
    result = ::deflate(&state.stream, last ? Z_FINISH : Z_NO_FLUSH);
    state.out.resize(used + kRoomBytes - state.stream.avail_out);
  } while (result == Z_OK && (state.stream.avail_out == 0 || last));
  state.taken += bytes;
  state.done = result == Z_STREAM_END;
  state.failed = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
  return !state.failed && !state.done;
}

std::string Gzip::take() && {
  return state_->done ? std::move(state_->out) : std::string();
}

}  // namespace qm::serve
