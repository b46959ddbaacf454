#include "provider/page_linux.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "provider/page_view.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010  // linux/fcntl.h; Linux 5.1, in glibc's header since 2.31
#endif

namespace qm::provider {
namespace {

Result<std::size_t> size_of(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return std::unexpected(system_error("fstat", errno));
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

Result<void> check_memfd(int fd) {
  // First of all, since it asks no file system: a stranger's FUSE file could keep fstat waiting.
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0) {
    return fail(ErrorCode::invalid,
                "the descriptor is not a memfd: make it by memfd_create with MFD_ALLOW_SEALING");
  }
  constexpr std::pair<int, const char*> kNeeded[] = {{F_SEAL_SHRINK, "F_SEAL_SHRINK"},
                                                     {F_SEAL_GROW, "F_SEAL_GROW"},
                                                     {F_SEAL_FUTURE_WRITE, "F_SEAL_FUTURE_WRITE"},
                                                     {F_SEAL_SEAL, "F_SEAL_SEAL"}};
  for (const auto& [seal, name] : kNeeded) {
    // F_SEAL_WRITE forbids more than F_SEAL_FUTURE_WRITE does.
    const bool write_sealed = seal == F_SEAL_FUTURE_WRITE && (seals & F_SEAL_WRITE) != 0;
    if ((seals & seal) == 0 && !write_sealed) {
      return fail(ErrorCode::denied,
                  fmt::format("the memfd lacks the seal {}: add it by fcntl F_ADD_SEALS", name));
    }
  }
  // Memory of huge pages can run out at a read, which is SIGBUS for the reader.
  struct statfs filesystem{};
  if (fstatfs(fd, &filesystem) != 0) return std::unexpected(system_error("fstatfs", errno));
  if (filesystem.f_type != TMPFS_MAGIC) {
    return fail(ErrorCode::invalid, "the memfd is of huge pages: make it without MFD_HUGETLB");
  }
  return {};
}

Result<std::vector<std::byte>> read_memfd(int fd, std::size_t bytes) {
  TRY(check_memfd(fd));
  const std::size_t size = TRY(size_of(fd));
  if (size != bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("the memfd has {} bytes, {} were announced", size, bytes));
  }
  std::vector<std::byte> out(bytes);
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = pread(fd, out.data() + done, bytes - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::unexpected(system_error("reading the memfd", got < 0 ? errno : EIO));
    done += static_cast<std::size_t>(got);
  }
  return out;
}

struct PageReader::Mapping {
  Mapping(void* mapped, std::size_t mapped_bytes, PageView over)
      : memory(mapped), bytes(mapped_bytes), view(std::move(over)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(memory, bytes); }

  void* memory;
  std::size_t bytes;
  PageView view;
};

PageReader::PageReader(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
PageReader::PageReader(PageReader&&) noexcept = default;
PageReader& PageReader::operator=(PageReader&&) noexcept = default;
PageReader::~PageReader() = default;

Result<PageReader> PageReader::open(int memfd, const ClassInfo& info) {
  TRY(check_memfd(memfd));
  qm_page_layout layout{};
  if (!qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout)) {
    return fail(ErrorCode::invalid, "block, item or instance count out of range");
  }
  const std::size_t size = TRY(size_of(memfd));
  if (size != layout.page_bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("the memfd has {} bytes; this class with {} instances makes {}", size,
                            info.most_instances, layout.page_bytes));
  }
  void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, memfd, 0);
  if (memory == MAP_FAILED) return std::unexpected(system_error("mapping the page", errno));
  auto view = PageView::open({static_cast<const std::byte*>(memory), size}, info);
  if (!view) {
    munmap(memory, size);
    return std::unexpected(std::move(view).error());
  }
  return PageReader(std::make_unique<Mapping>(memory, size, std::move(*view)));
}

std::uint64_t PageReader::generation() const {
  return mapping_->view.generation();
}
Result<Generation> PageReader::read() const {
  return mapping_->view.read();
}
Result<BlockStamp> PageReader::read_block(std::uint32_t index, std::span<std::byte> block,
                                          std::span<ItemQuality> qualities) const {
  return mapping_->view.read_block(index, block, qualities);
}

}  // namespace qm::provider
