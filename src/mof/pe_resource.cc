#include "mof/pe_resource.h"

#include <fmt/format.h>

#include <cstring>

#include "base/text.h"

namespace qm::mof {
namespace {

constexpr std::uint32_t kIsBranch = 0x80000000;  // of a resource entry's offset, or of its name
constexpr std::size_t kSectionBytes = 40;
constexpr unsigned kResourceDirectory = 2;  // among the optional header's data directories
constexpr std::string_view kMofType = "MOFDATA";

class PeReader {
 public:
  explicit PeReader(Bytes file) : file_(file) {}

  Result<std::vector<MofResource>> run() {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    if (!headers(address, size)) return fail(ErrorCode::invalid, "its PE headers are cut short");
    if (address == 0) return std::vector<MofResource>();
    if (!place(address, size, tree_)) {
      return fail(ErrorCode::invalid, "its resource section lies outside the file");
    }
    TRY(types());
    return std::move(found_);
  }

 private:
  template <class T>
  bool at(std::size_t offset, T& out) const {
    return read_at(file_, offset, out);
  }

  bool headers(std::uint32_t& address, std::uint32_t& size) {
    std::uint32_t pe = 0;
    std::uint16_t sections = 0;
    std::uint16_t optional_bytes = 0;
    std::uint16_t magic = 0;
    if (!at(0x3c, pe) || !at(pe + std::size_t{6}, sections)) return false;
    const std::size_t optional = std::size_t{pe} + 24;
    if (!at(std::size_t{pe} + 20, optional_bytes) || !at(optional, magic)) return false;
    sections_at_ = optional + optional_bytes;
    section_count_ = std::min<std::size_t>(sections, kMostPeSections);
    // PE32+ has a wider image base and stack sizes before its directories.
    const std::size_t count_at = optional + (magic == 0x20b ? 108 : 92);
    std::uint32_t directories = 0;
    if (!at(count_at, directories)) return false;
    if (directories <= kResourceDirectory) return true;
    const std::size_t entry = count_at + 4 + std::size_t{8} * kResourceDirectory;
    return at(entry, address) && at(entry + 4, size);
  }

  // The bytes that the loader would put at an address, as far as the file has them.
  bool place(std::uint32_t address, std::uint32_t size, Bytes& out) const {
    for (std::size_t i = 0; i < section_count_; ++i) {
      const std::size_t header = sections_at_ + i * kSectionBytes;
      std::uint32_t begin = 0;
      std::uint32_t raw_size = 0;
      std::uint32_t raw_at = 0;
      if (!at(header + 12, begin) || !at(header + 16, raw_size) || !at(header + 20, raw_at)) {
        return false;
      }
      if (address < begin || address - begin >= raw_size) continue;
      const std::uint32_t offset = address - begin;
      return slice(file_, std::size_t{raw_at} + offset, std::min(size, raw_size - offset), out);
    }
    return false;
  }

  struct Entry {
    std::uint32_t name = 0;
    std::uint32_t offset = 0;
  };

  Result<std::vector<Entry>> entries(std::uint32_t offset) {
    std::uint16_t named = 0;
    std::uint16_t numbered = 0;
    if (!read_at(tree_, std::size_t{offset} + 12, named) ||
        !read_at(tree_, std::size_t{offset} + 14, numbered)) {
      return fail(ErrorCode::invalid, "a list of resources lies outside its section");
    }
    std::vector<Entry> list(std::size_t{named} + numbered);
    entry_count_ += list.size();
    if (entry_count_ > kMostPeResources) {
      return fail(ErrorCode::limit, fmt::format("more than {} resources", kMostPeResources));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::size_t where = std::size_t{offset} + 16 + 8 * i;
      if (!read_at(tree_, where, list[i].name) || !read_at(tree_, where + 4, list[i].offset)) {
        return fail(ErrorCode::invalid, "a list of resources lies outside its section");
      }
    }
    return list;
  }

  std::string name_of(std::uint32_t name) const {
    if ((name & kIsBranch) == 0) return fmt::format("#{}", name);
    const std::size_t where = name & ~kIsBranch;
    std::uint16_t units = 0;
    Bytes bytes;
    if (!read_at(tree_, where, units) || !slice(tree_, where + 2, std::size_t{2} * units, bytes)) {
      return "";
    }
    std::u16string text(units, u'\0');
    if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
    return utf8(text);
  }

  // Three levels: type, name, language.
  Result<bool> types() {
    for (const Entry& type : TRY(entries(0))) {
      if ((type.offset & kIsBranch) == 0 || !same_name(name_of(type.name), kMofType)) continue;
      for (const Entry& name : TRY(entries(type.offset & ~kIsBranch))) {
        if ((name.offset & kIsBranch) == 0) continue;
        for (const Entry& language : TRY(entries(name.offset & ~kIsBranch))) {
          if ((language.offset & kIsBranch) == 0) TRY(leaf(name, language));
        }
      }
    }
    return true;
  }

  Result<bool> leaf(const Entry& name, const Entry& language) {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    MofResource resource;
    resource.name = name_of(name.name);
    resource.language = language.name;
    if (!read_at(tree_, language.offset, address) ||
        !read_at(tree_, std::size_t{language.offset} + 4, size) ||
        !place(address, size, resource.data)) {
      return fail(ErrorCode::invalid, fmt::format("resource '{}' lies outside the file",
                                                  plain_text(resource.name, 80)));
    }
    found_.push_back(std::move(resource));
    return true;
  }

  Bytes file_;
  Bytes tree_;
  std::size_t sections_at_ = 0;
  std::size_t section_count_ = 0;
  std::size_t entry_count_ = 0;
  std::vector<MofResource> found_;
};

}  // namespace

bool looks_like_pe(Bytes file) {
  std::uint16_t magic = 0;
  return read_at(file, 0, magic) && magic == 0x5a4d;  // MZ
}

Result<std::vector<MofResource>> mof_resources(Bytes file) {
  if (!looks_like_pe(file))
    return fail(ErrorCode::invalid, "no PE file: it does not begin with MZ");
  if (file.size() > kMostPeBytes) {
    return fail(ErrorCode::limit, fmt::format("more than {} MiB", kMostPeBytes >> 20U));
  }
  return PeReader(file).run();
}

}  // namespace qm::mof
