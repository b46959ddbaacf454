// For tests and fuzzers: a page in ordinary memory, with a writer.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "provider/page.h"
#include "provider/page_layout.h"
#include "provider/page_writer.h"

namespace qm::provider {

inline constexpr GUID kTestGuid = {0xfeed, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};

inline qm_class_info test_class(std::uint32_t capacity, std::uint32_t flags = QM_REG_LIST) {
  return {kTestGuid, flags, 144, 18, capacity, nullptr, 0};
}

inline ClassInfo as_registered(const qm_class_info& info) {
  return {info.guid, info.flags, info.block_bytes, info.data_items, info.most_instances, {}};
}

class TestPage {
 public:
  explicit TestPage(const qm_class_info& info) : info_(as_registered(info)) {
    qm_page_layout layout{};
    qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout);
    words_.resize(layout.page_bytes / sizeof(std::uint64_t));
    qm_page_writer_open(&writer_, &info, words_.data());
  }
  TestPage(const TestPage&) = delete;
  TestPage& operator=(const TestPage&) = delete;
  ~TestPage() { qm_page_writer_close(&writer_); }

  qm_page_writer* writer() { return &writer_; }
  const ClassInfo& info() const { return info_; }
  Bytes bytes() const { return std::as_bytes(std::span(words_)); }
  std::span<std::byte> scribble() { return std::as_writable_bytes(std::span(words_)); }

  void begin(std::uint64_t boot_ns = 0) {
    const qm_times times = {boot_ns, 0};
    qm_page_begin(&writer_, &times);
  }
  int put(const std::string& name, std::uint64_t value = 0, qm_instance** out = nullptr) {
    qm_instance* instance = nullptr;
    const int done = qm_page_put(&writer_, name.c_str(), &instance);
    if (done != 0) return done;
    std::memcpy(qm_block(instance), &value, sizeof value);
    if (out != nullptr) *out = instance;
    return 0;
  }
  void publish() { qm_page_publish(&writer_); }

 private:
  ClassInfo info_;
  std::vector<std::uint64_t> words_;
  qm_page_writer writer_{};
};

// The first word of an instance's block.
inline std::uint64_t first_word(const InstanceData& instance) {
  std::uint64_t value = 0;
  read_at(instance.block, 0, value);
  return value;
}

}  // namespace qm::provider
