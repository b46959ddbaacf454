#include "serve/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace qm::serve {
namespace {

constexpr int kWindowBits = 15;
constexpr int kWithHeader = 16;  // gzip's, not zlib's; and zlib counts the CRC
constexpr int kMemoryLevel = 8;
constexpr std::size_t kRoomBytes = 65'536;

bool begin(z_stream& stream, int level, int window_bits) {
  return ::deflateInit2(&stream, level, Z_DEFLATED, window_bits, kMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

// zlib's interface has no const; it does not write there.
Bytef* input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

// All of piece; flush: what zlib does at its end. False: it can't.
bool deflate_all(z_stream& stream, std::string_view piece, int flush, std::string& out) {
  stream.next_in = input(piece);
  stream.avail_in = static_cast<uInt>(piece.size());
  int result = Z_OK;
  do {
    const std::size_t used = out.size();
    out.resize(used + kRoomBytes);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(kRoomBytes);
    result = ::deflate(&stream, flush);
    out.resize(used + kRoomBytes - stream.avail_out);
  } while (result == Z_OK && stream.avail_out == 0);
  return flush == Z_FINISH ? result == Z_STREAM_END : result == Z_OK || result == Z_BUF_ERROR;
}

void append_little_endian(std::string& out, std::uint32_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>(number >> shift & 0xffU);
  }
}

}  // namespace

struct Gzip::State {
  z_stream stream{};
  std::shared_ptr<const std::string> text;
  std::string out;
  std::size_t taken = 0;
  bool begun = false;  // and to be ended
  bool failed = false;
  bool done = false;
};

Gzip::Gzip(std::shared_ptr<const std::string> text, int level) : state_(std::make_unique<State>()) {
  state_->text = std::move(text);
  state_->begun = begin(state_->stream, level, kWindowBits + kWithHeader);
}

Gzip::~Gzip() {
  if (state_->begun) ::deflateEnd(&state_->stream);
}

bool Gzip::work() {
  State& state = *state_;
  if (!state.begun || state.failed || state.done) return false;
  const std::string_view slice = std::string_view(*state.text).substr(state.taken, kGzipSliceBytes);
  state.taken += slice.size();
  // A flush ends on a whole byte and leaves the stream open.
  const bool last = state.taken == state.text->size();
  state.failed = !deflate_all(state.stream, slice, last ? Z_SYNC_FLUSH : Z_NO_FLUSH, state.out);
  state.done = last && !state.failed;
  return !state.failed && !state.done;
}

Packed Gzip::take() && {
  if (!state_->done) return {};
  return {std::move(state_->out), static_cast<std::uint32_t>(state_->stream.adler),
          state_->text->size()};
}

std::string gzip_end(const Packed& packed, std::string_view rest) {
  std::string out;
  z_stream stream{};
  if (packed.bytes.empty() || !begin(stream, kFastestGzip, -kWindowBits)) return out;
  const bool fine = deflate_all(stream, rest, Z_FINISH, out);
  ::deflateEnd(&stream);
  if (!fine) return {};
  const auto rest_bytes = static_cast<z_off_t>(rest.size());
  const uLong crc = ::crc32(::crc32(0, nullptr, 0), input(rest), static_cast<uInt>(rest.size()));
  append_little_endian(out,
                       static_cast<std::uint32_t>(::crc32_combine(packed.crc, crc, rest_bytes)));
  append_little_endian(out, static_cast<std::uint32_t>(packed.text_bytes + rest.size()));
  return out;
}

}  // namespace qm::serve
