// A source of made-up generations, for tests: providers without sockets and pages.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "wmi/repository.h"
#include "wmi/source.h"

namespace qm::wmi {

// Builds one instance's block by property name.
class BlockBuilder {
 public:
  explicit BlockBuilder(const ClassEntry& the_class)
      : the_class_(the_class), block_(the_class.layout.bytes), qualities_(the_class.data_items()) {}

  template <class T>
  BlockBuilder& set(std::string_view property, T value) {
    std::memcpy(block_.data() + item(property).offset, &value, sizeof value);
    return *this;
  }
  BlockBuilder& text(std::string_view property, std::string_view value);
  BlockBuilder& quality(std::string_view property, qm_quality quality, qm_reason reason) {
    qualities_.at(item(property).data_id - 1) = {static_cast<std::uint8_t>(quality),
                                                 static_cast<std::uint8_t>(reason)};
    return *this;
  }
  const std::vector<std::byte>& block() const { return block_; }
  const std::vector<provider::ItemQuality>& qualities() const { return qualities_; }

 private:
  const ItemPlan& item(std::string_view property) const {
    const PropertyEntry* entry = the_class_.property(property);
    QM_ASSERT(entry != nullptr && entry->origin == Origin::data);
    return entry->plan;
  }
  const ClassEntry& the_class_;
  std::vector<std::byte> block_;
  std::vector<provider::ItemQuality> qualities_;
};

inline BlockBuilder& BlockBuilder::text(std::string_view property, std::string_view value) {
  const std::u16string units = utf16(value);
  const auto bytes = static_cast<std::uint16_t>(units.size() * 2);
  const ItemPlan& plan = item(property);
  QM_ASSERT(bytes + 2U <= plan.element_bytes);
  set(property, bytes);
  std::memcpy(block_.data() + plan.offset + 2, units.data(), bytes);
  return *this;
}

struct MadeInstance {
  std::string name;
  std::string caption;
  bool active = true;
  std::vector<std::byte> block;
  std::vector<provider::ItemQuality> qualities;
};

// As a page's records: blocks do not lie end to end.
inline constexpr std::size_t kBlockPadding = 8;

class FakeSource final : public Source {
 public:
  std::uint64_t add(const ClassEntry& the_class, std::string driver, pid_t pid) {
    provider::Registration registration;
    registration.id = ++last_id_;
    registration.driver = std::move(driver);
    registration.pid = pid;
    registration.info.guid = the_class.guid.value_or(GUID{});
    registration.info.block_bytes = the_class.layout.bytes;
    registration.info.data_items = the_class.data_items();
    registrations_.push_back(std::move(registration));
    return last_id_;
  }
  void remove(std::uint64_t id) {
    std::erase_if(registrations_, [id](const auto& one) { return one.id == id; });
  }
  void publish(std::uint64_t id, qm_times times, std::vector<MadeInstance> instances) {
    Published& published = published_[id];
    ++published.number;
    const bool same_names = std::ranges::equal(published.instances, instances, {},
                                               &MadeInstance::name, &MadeInstance::name);
    if (!same_names || published.names_since == 0) published.names_since = published.number;
    published.times = times;
    published.instances = std::move(instances);
  }
  void fail_reads(std::uint64_t id, std::optional<Error> error) {
    published_[id].error = std::move(error);
  }

  std::span<const provider::Registration> registrations() override { return registrations_; }
  std::uint64_t generation(const provider::Registration& of) override {
    return published_[of.id].number;
  }
  Result<provider::Generation> read(const provider::Registration& of) override;

  unsigned reads = 0;

 private:
  struct Published {
    std::uint64_t number = 0;
    std::uint64_t names_since = 0;
    qm_times times{};
    std::vector<MadeInstance> instances;
    std::optional<Error> error;
  };
  std::vector<provider::Registration> registrations_;
  std::map<std::uint64_t, Published> published_;
  std::uint64_t last_id_ = 0;
};

inline Result<provider::Generation> FakeSource::read(const provider::Registration& of) {
  ++reads;
  const Published& published = published_[of.id];
  if (published.error) return std::unexpected(*published.error);
  provider::Generation generation;
  generation.number = published.number;
  generation.names_since = published.names_since;
  generation.times = published.times;
  std::size_t bytes = 0;  // as a page's reader has it: no more than that
  for (const MadeInstance& made : published.instances) bytes += made.block.size() + kBlockPadding;
  generation.storage.reserve(bytes);
  for (const MadeInstance& made : published.instances) {
    generation.storage.insert(generation.storage.end(), made.block.begin(), made.block.end());
    generation.storage.resize(generation.storage.size() + kBlockPadding);
    generation.quality_storage.insert(generation.quality_storage.end(), made.qualities.begin(),
                                      made.qualities.end());
  }
  std::span<const std::byte> blocks = generation.storage;
  std::span<const provider::ItemQuality> qualities = generation.quality_storage;
  for (const MadeInstance& made : published.instances) {
    generation.instances.push_back({made.name, made.caption, made.active,
                                    blocks.first(made.block.size()),
                                    qualities.first(made.qualities.size())});
    blocks = blocks.subspan(made.block.size() + kBlockPadding);
    qualities = qualities.subspan(made.qualities.size());
  }
  return generation;
}

}  // namespace qm::wmi
