#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>

#include "xfrm/sa_marks.h"
#include "xfrm/tables.h"

namespace qm::xfrm {
namespace {

using Handle = SaTable::Handle;

// 56 bytes; the index adds 5 to 7.5 more, which keeps an SA below 64.
struct Record {
  std::array<std::uint8_t, 16> daddr;
  std::array<std::uint8_t, 16> saddr;
  std::uint32_t spi;  // of a free record: the next free one
  std::uint32_t reqid;
  std::uint32_t if_id;
  std::uint32_t tag;
  std::uint32_t add_time_s;  // since 1970: enough until 2106
  std::uint32_t word;        // all that is small, as below

  bool has(std::uint32_t flag) const { return (word & flag) != 0; }
};
static_assert(sizeof(Record) == 56);

// Record::word. What belongs to the key comes in one masked comparison.
constexpr std::uint32_t kProtoBits = 0x0000'0007;  // its place in kProtos
constexpr std::uint32_t kIpv6 = 0x0000'0008;
constexpr unsigned kModeShift = 4;
constexpr std::uint32_t kModeBits = 0x0000'0070;
constexpr std::uint32_t kLarval = 0x0000'0080;
constexpr std::uint32_t kReplay = 0x0000'0100;
constexpr std::uint32_t kLive = 0x0000'0200;
constexpr std::uint32_t kEpochStep = 0x0000'0400;  // of the last dump or event that showed it
constexpr std::uint32_t kEpochBits = 0x0000'fc00;  // epoch 0 is never the present one
constexpr unsigned kMarkShift = 16;                // its number
constexpr std::uint32_t kKeyBits = 0xffff'0000 | kIpv6 | kProtoBits;

// What xfrm_user.c's verify_newsa_info lets in.
constexpr std::array<std::uint8_t, 5> kProtos{50, 51, 108, 60, 43};
constexpr std::uint8_t kNoProto = 7;
constexpr auto kProtoNumbers = [] {
  std::array<std::uint8_t, 256> numbers{};
  numbers.fill(kNoProto);
  for (std::size_t i = 0; i < kProtos.size(); ++i) {
    numbers.at(kProtos.at(i)) = static_cast<std::uint8_t>(i);
  }
  return numbers;
}();

// The index's slots: a handle in the low 24 bits; above, how far from its home the slot is (the
// last value: so far, or further), and four bits of the hash. A search compares both at once; and
// what may move up when an SA is erased is known from the index alone, without its record's cache
// miss.
constexpr std::uint32_t kEmpty = 0xffff'ffff;
constexpr std::uint32_t kHandleMask = 0x00ff'ffff;
constexpr unsigned kWayShift = 24;
constexpr std::uint32_t kMostWay = 0xf;
constexpr unsigned kPrintShift = 28;
constexpr std::uint32_t kPrintBits = 0xf000'0000;
static_assert(kMostSas < kHandleMask);

constexpr std::uint32_t kChunkBits = 9;
constexpr std::uint32_t kChunkRecords = 1U << kChunkBits;
constexpr std::uint32_t kFurtherOn = 12;
constexpr std::size_t kLeastSlots = 1024;

__extension__ using Wide = unsigned __int128;

// Both halves of the product depend on all bits of both factors.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

struct Key {
  const std::uint8_t* daddr;  // sixteen bytes
  std::uint32_t spi;
  std::uint32_t word;  // of kKeyBits
};

bool same_key(const Record& record, const Key& key) {
  return record.spi == key.spi && (record.word & (kKeyBits | kLive)) == (key.word | kLive) &&
         std::memcmp(record.daddr.data(), key.daddr, sizeof(record.daddr)) == 0;
}

// Without the mark.
std::uint32_t key_word(const SaId& id) {
  return kProtoNumbers[id.proto] | (id.daddr.family == Family::v6 ? kIpv6 : 0U);
}

}  // namespace

struct SaTable::Store {
  std::vector<std::unique_ptr<Record[]>> chunks;
  std::vector<std::uint32_t> index;
  MarkNumbers marks;
  std::array<std::uint64_t, 3> seeds{};
  std::size_t most_sas = kMostSas;
  std::size_t size = 0;
  std::size_t larvals = 0;
  std::uint64_t larval_changes = 0;
  std::uint64_t refused = 0;
  Handle unused = 0;  // handles from here on were never given out
  Handle free_head = kNone;
  std::uint32_t epoch = kEpochStep;  // of kEpochBits
  std::size_t seen = 0;              // how many records are of this epoch
  // The kernel dumps in one order, dump after dump, and handles were given out in it. So while each
  // SA stands behind the one before, the next is looked for there first, without the index.
  Handle expected = 0;
  bool in_order = false;

  Record& at(Handle handle) { return chunks[handle >> kChunkBits][handle & (kChunkRecords - 1)]; }

  // word: without the mark.
  std::uint64_t hash(const std::uint8_t* daddr, std::uint32_t spi, std::uint32_t word) const {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), daddr, sizeof(halves));
    const std::uint64_t address = mix(halves[0] ^ seeds[0], halves[1] ^ seeds[1]);
    return mix(address ^ (std::uint64_t{spi} << 32 | word), seeds[2]);
  }
  std::uint64_t hash(const Record& record) const {
    return hash(record.daddr.data(), record.spi, record.word & (kIpv6 | kProtoBits));
  }
  std::uint64_t hash(const SaId& id) const {
    return hash(id.daddr.bytes.data(), id.spi, key_word(id));
  }
  static Key key(const SaId& id, std::uint32_t mark) {
    return {id.daddr.bytes.data(), id.spi, mark << kMarkShift | key_word(id)};
  }

  std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 32) * index.size() >> 32);
  }
  std::size_t after(std::size_t slot) const { return slot + 1 == index.size() ? 0 : slot + 1; }
  std::size_t steps(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + index.size() - from;
  }
  // What stands above the handle, so far from home.
  static std::uint32_t above(std::uint32_t bits, std::size_t way) {
    return bits | static_cast<std::uint32_t>(std::min<std::size_t>(way, kMostWay)) << kWayShift;
  }
  static std::uint32_t print(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash) << kPrintShift;
  }

  // The slot that holds the key's SA, else the empty one where it belongs.
  std::size_t locate(std::uint64_t hash, const Key& key) {
    std::size_t slot = home(hash);
    for (std::size_t way = 0; index[slot] != kEmpty; slot = after(slot), ++way) {
      if ((index[slot] & ~kHandleMask) != above(print(hash), way)) continue;
      if (same_key(at(index[slot] & kHandleMask), key)) break;
    }
    return slot;
  }

  void prefetch_record(std::uint64_t hash) {
    std::size_t slot = home(hash);
    for (std::size_t way = 0; index[slot] != kEmpty; slot = after(slot), ++way) {
      if ((index[slot] & ~kHandleMask) != above(print(hash), way)) continue;
      const auto* record = reinterpret_cast<const char*>(&at(index[slot] & kHandleMask));
      __builtin_prefetch(record, 1);
      __builtin_prefetch(record + sizeof(Record) - 1, 1);
      return;
    }
  }

  bool expects(const Key& key) {
    return in_order && expected < unused && same_key(at(expected), key);
  }
  void was_at(Handle handle) {
    in_order = handle == expected;
    expected = handle + 1;
    // Some SAs further on, where the processor's own guess would come late.
    if (in_order && expected + kFurtherOn < unused) {
      const auto* record = reinterpret_cast<const char*>(&at(expected + kFurtherOn));
      __builtin_prefetch(record + sizeof(Record) - 1, 1);
    }
  }

  bool is_seen(const Record& record) const { return (record.word & kEpochBits) == epoch; }
  void see(Record& record) {
    seen += is_seen(record) ? 0 : 1;
    record.word = (record.word & ~kEpochBits) | epoch;
  }

  bool is_full_with(std::size_t sas) const { return sas * 5 > index.size() * 4; }
  void rebuild(std::size_t slots);
  Handle take_record();
  Handle insert(std::size_t slot, std::uint64_t hash, const Key& key);
  void remove(std::size_t slot);
};

// Made anew from the records: the old index is given back first, so that growing needs no room for
// both. Records are walked in order, the index at random, so its lines are fetched ahead.
void SaTable::Store::rebuild(std::size_t slots) {
  std::vector<std::uint32_t>().swap(index);
  index.assign(slots, kEmpty);
  constexpr std::size_t kAhead = 32;
  std::array<std::uint64_t, kAhead> hashes{};
  std::array<Handle, kAhead> handles{};
  std::size_t waiting = 0;
  const auto place = [&] {
    for (std::size_t i = 0; i < waiting; ++i) {
      std::size_t slot = home(hashes[i]);
      std::size_t way = 0;
      for (; index[slot] != kEmpty; slot = after(slot)) ++way;
      index[slot] = above(print(hashes[i]), way) | handles[i];
    }
    waiting = 0;
  };
  for (Handle handle = 0; handle < unused; ++handle) {
    if (!at(handle).has(kLive)) continue;
    hashes[waiting] = hash(at(handle));
    handles[waiting] = handle;
    __builtin_prefetch(&index[home(hashes[waiting])], 1);
    if (++waiting == kAhead) place();
  }
  place();
}

SaTable::Handle SaTable::Store::take_record() {
  if (free_head != kNone) {
    const Handle handle = free_head;
    free_head = at(handle).spi;
    return handle;
  }
  if ((unused & (kChunkRecords - 1)) == 0) {
    chunks.push_back(std::make_unique_for_overwrite<Record[]>(kChunkRecords));
  }
  return unused++;
}

SaTable::Handle SaTable::Store::insert(std::size_t slot, std::uint64_t hash, const Key& key) {
  if (is_full_with(size + 1)) {
    rebuild(index.size() + index.size() / 2);
    slot = locate(hash, key);
  }
  const Handle handle = take_record();
  index[slot] = above(print(hash), steps(home(hash), slot)) | handle;
  Record& record = at(handle);
  std::memcpy(record.daddr.data(), key.daddr, sizeof(record.daddr));
  record.spi = key.spi;
  record.word = key.word;
  record.tag = 0;
  ++size;
  return handle;
}

// Linear probing without tombstones: what stands behind the hole moves up when it may.
void SaTable::Store::remove(std::size_t slot) {
  const Handle handle = index[slot] & kHandleMask;
  std::size_t hole = slot;
  for (std::size_t next = after(slot); index[next] != kEmpty; next = after(next)) {
    std::size_t from_home = index[next] >> kWayShift & kMostWay;
    if (from_home == kMostWay) {
      from_home = steps(home(hash(at(index[next] & kHandleMask))), next);
    }
    const std::size_t closer = steps(hole, next);
    if (from_home < closer) continue;
    index[hole] = above(index[next] & kPrintBits, from_home - closer) | (index[next] & kHandleMask);
    hole = next;
  }
  index[hole] = kEmpty;

  Record& record = at(handle);
  marks.release(static_cast<std::uint16_t>(record.word >> kMarkShift));
  if (record.has(kLarval)) {
    --larvals;
    ++larval_changes;
  }
  if (is_seen(record)) --seen;
  record.word = 0;
  record.spi = free_head;
  free_head = handle;
  --size;
}

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// All but the key, the tag and the epoch.
void describe(Record& record, const Sa& sa) {
  record.saddr = sa.saddr.bytes;
  record.reqid = sa.reqid;
  record.if_id = sa.if_id;
  record.add_time_s = static_cast<std::uint32_t>(sa.add_time_s);
  record.word = (record.word & (kKeyBits | kEpochBits)) | kLive |
                (static_cast<std::uint32_t>(sa.mode) << kModeShift & kModeBits) |
                (sa.larval ? kLarval : 0U) | (sa.replay_window != 0 ? kReplay : 0U);
}

}  // namespace

SaTable::SaTable() : SaTable(random_seed()) {}

SaTable::SaTable(std::uint64_t seed, std::size_t most_sas) : store_(new Store) {
  store_->most_sas = std::min(most_sas, kMostSas);
  std::mt19937_64 random(seed);
  for (std::uint64_t& word : store_->seeds) word = random() | 1U;
  store_->index.assign(kLeastSlots, kEmpty);
}

SaTable::~SaTable() {
  delete store_;
}

SaTable::SaTable(SaTable&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}

SaTable& SaTable::operator=(SaTable&& other) noexcept {
  std::swap(store_, other.store_);
  return *this;
}

std::uint64_t SaTable::hash(const SaId& id) const {
  return store_->hash(id);
}

void SaTable::prefetch(std::span<const SaId> ids) const {
  std::array<std::uint64_t, kAheadAtOnce> hashes;
  const std::size_t count = std::min(ids.size(), hashes.size());
  for (std::size_t i = 0; i < count; ++i) {
    hashes[i] = store_->hash(ids[i]);
    __builtin_prefetch(&store_->index[store_->home(hashes[i])], 1);
  }
  for (std::size_t i = 0; i < count; ++i) store_->prefetch_record(hashes[i]);
}

void SaTable::reserve(std::size_t sas) {
  const std::size_t slots = std::min(sas, store_->most_sas) * 10 / 7;
  if (slots > store_->index.size()) store_->rebuild(slots);
}

void SaTable::upsert(const Sa& sa, bool keep_add_time, Upserted& out) {
  Store& store = *store_;
  const std::uint32_t mark = store.marks.find(sa.id.mark);
  const bool known_mark = mark != MarkNumbers::kNone;
  const Key key = Store::key(sa.id, known_mark ? mark : 0);
  if (known_mark && store.expects(key)) return update(store.expected, sa, keep_add_time, out);
  const std::uint64_t hash = store.hash(sa.id);
  const std::size_t slot = store.locate(hash, key);
  if (!known_mark || store.index[slot] == kEmpty) return add(sa, hash, slot, out);
  update(store.index[slot] & kHandleMask, sa, keep_add_time, out);
}

void SaTable::update(Handle handle, const Sa& sa, bool keep_add_time, Upserted& out) {
  Store& store = *store_;
  store.was_at(handle);
  Record& record = store.at(handle);
  const bool was_larval = record.has(kLarval);
  store.see(record);
  out.handle = handle;
  out.tag = record.tag;
  out.change = Change::same;
  if (keep_add_time && !was_larval) return;
  const bool same_time = record.add_time_s == static_cast<std::uint32_t>(sa.add_time_s);
  if (!same_time && !keep_add_time) out.change = Change::replaced;
  if (was_larval != sa.larval) out.change = was_larval ? Change::matured : Change::replaced;
  if (was_larval) --store.larvals;
  if (sa.larval) ++store.larvals;
  if (out.change != Change::same) ++store.larval_changes;  // or perhaps none: that is harmless
  describe(record, sa);
}

// slot: where the SA would be, were its mark number 0.
void SaTable::add(const Sa& sa, std::uint64_t hash, std::size_t slot, Upserted& out) {
  Store& store = *store_;
  const bool refuse = store.size >= store.most_sas || kProtoNumbers[sa.id.proto] == kNoProto;
  const std::uint32_t mark = refuse ? MarkNumbers::kNone : store.marks.use(sa.id.mark);
  if (mark == MarkNumbers::kNone) {
    ++store.refused;
    return;
  }
  const Key key = Store::key(sa.id, mark);
  if (mark != 0) slot = store.locate(hash, key);
  const Handle handle = store.insert(slot, hash, key);
  describe(store.at(handle), sa);
  store.see(store.at(handle));
  if (sa.larval) {
    ++store.larvals;
    ++store.larval_changes;
  }
  out = {handle, Change::added, 0};
}

bool SaTable::expects(const SaId& id) const {
  return id.mark == Mark{} && store_->expects(Store::key(id, 0));
}

SaTable::Handle SaTable::find(const SaId& id) const {
  const std::uint32_t mark = store_->marks.find(id.mark);
  if (mark == MarkNumbers::kNone) return kNone;
  const std::size_t slot = store_->locate(store_->hash(id), Store::key(id, mark));
  return store_->index[slot] == kEmpty ? kNone : store_->index[slot] & kHandleMask;
}

bool SaTable::erase(const SaId& id) {
  const std::uint32_t mark = store_->marks.find(id.mark);
  if (mark == MarkNumbers::kNone) return false;
  const std::size_t slot = store_->locate(store_->hash(id), Store::key(id, mark));
  if (store_->index[slot] == kEmpty) return false;
  store_->remove(slot);
  return true;
}

SaRecord SaTable::record(Handle handle) const {
  const Record& from = store_->at(handle);
  const Family family = from.has(kIpv6) ? Family::v6 : Family::v4;
  SaRecord record;
  record.id = {{family, from.daddr},
               from.spi,
               kProtos[from.word & kProtoBits],
               store_->marks.mark(static_cast<std::uint16_t>(from.word >> kMarkShift))};
  record.saddr = {family, from.saddr};
  record.reqid = from.reqid;
  record.if_id = from.if_id;
  record.add_time_s = from.add_time_s;
  record.mode = static_cast<Mode>((from.word & kModeBits) >> kModeShift);
  record.larval = from.has(kLarval);
  record.replay_detection = from.has(kReplay);
  return record;
}

std::uint32_t SaTable::tag(Handle handle) const {
  return store_->at(handle).tag;
}
void SaTable::set_tag(Handle handle, std::uint32_t tag) {
  store_->at(handle).tag = tag;
}

void SaTable::begin_dump() {
  store_->seen = 0;
  if (store_->epoch != kEpochBits) {
    store_->epoch += kEpochStep;
    return;
  }
  // The epochs are used up: what exists was seen before this one.
  store_->epoch = kEpochStep;
  for_each([this](Handle handle) { store_->at(handle).word &= ~kEpochBits; });
}

std::vector<SaTable::Handle> SaTable::unseen() const {
  std::vector<Handle> handles;
  if (store_->seen == store_->size) return handles;  // nearly always
  for_each([&](Handle handle) {
    if (!store_->is_seen(store_->at(handle))) handles.push_back(handle);
  });
  return handles;
}

std::size_t SaTable::size() const {
  return store_->size;
}
std::size_t SaTable::larvals() const {
  return store_->larvals;
}
std::uint64_t SaTable::larval_changes() const {
  return store_->larval_changes;
}
std::uint64_t SaTable::refused() const {
  return store_->refused;
}

std::size_t SaTable::memory_bytes() const {
  return sizeof(Store) + store_->chunks.capacity() * sizeof(store_->chunks[0]) +
         store_->chunks.size() * kChunkRecords * sizeof(Record) +
         store_->index.capacity() * sizeof(std::uint32_t) + store_->marks.memory_bytes();
}

SaTable::Handle SaTable::first() const {
  return next(kNone);
}

SaTable::Handle SaTable::next(Handle handle) const {
  for (++handle; handle < store_->unused; ++handle) {  // kNone + 1 is 0
    if (store_->at(handle).has(kLive)) return handle;
  }
  return kNone;
}

}  // namespace qm::xfrm
