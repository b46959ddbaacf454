// The classes that are served now: those of the build, and those that came from outside since:
// files, providers' binary MOFs, mofcomp.
//
// Promise: current() is always a whole Repository that passed the compiler's checks; what does not
// fit with the classes that are there is refused and changes nothing. A class from outside never
// replaces one of the build, nor what the build says about its counters. Threads: one; a Repository
// may be read by any. Limits: kMost… below, Repository's, and the binary MOF reader's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mof/model.h"
#include "wmi/repository.h"

namespace qm::wmi {

inline constexpr std::size_t kMostAdditions = 256;            // from outside, at a time
inline constexpr std::size_t kMostAdditionBytes = 1U << 20U;  // of one binary MOF
inline constexpr std::size_t kMostOutsideClasses = 1'024;
inline constexpr std::size_t kMostOutsideInstances = 16'384;

// Who brought a class.
enum class Bringer : std::uint8_t { file, provider, compiler };

struct Added {
  std::vector<std::string> added;
  std::vector<std::string> replaced;   // by a newer definition, of mofcomp's classes only
  std::vector<std::string> unchanged;  // already there, with the same blocks
};

class Catalog {
 public:
  explicit Catalog(std::shared_ptr<const Repository> built_in,
                   std::size_t most_additions = kMostAdditions);

  // Whether a provider serves this class now: its blocks must then stay as they are.
  using InUse = std::function<bool(const GUID&)>;
  void ask_use_of(InUse in_use) { in_use_ = std::move(in_use); }

  const std::shared_ptr<const Repository>& current() const { return current_; }
  std::uint64_t changes() const { return changes_; }  // grows when current() becomes another

  // The classes and instances of a binary MOF; `where` is for messages. Errors: invalid (no binary
  // MOF, or classes with errors), state (another class of that name or GUID is there, or
  // __CLASSFLAGS asks for what is not so), limit.
  Result<Added> add(Bringer bringer, std::string_view where, Bytes binary_mof);

  // Of those that mofcomp added. Errors: not_found; denied, when it is somebody else's; state, when
  // it is in use.
  Result<void> remove(std::string_view class_name);

  // Forgets what providers brought and none of them serves: a class goes with its driver.
  void keep_provided();

 private:
  struct Addition {
    Bringer bringer;
    std::string where;
    mof::Model model;
  };
  struct Owner {
    const mof::Class* definition = nullptr;
    const Addition* addition = nullptr;  // nullptr: the build
  };
  bool used(const mof::Class& one) const;
  Owner owner_of(std::string_view class_name) const;
  Result<bool> is_new(const mof::Class& one, Bringer bringer, Added& told) const;
  Result<void> adopt(std::vector<Addition> additions);

  std::shared_ptr<const Repository> built_in_;
  std::shared_ptr<const Repository> current_;
  std::size_t most_additions_;
  InUse in_use_;
  std::vector<Addition> additions_;
  std::uint64_t changes_ = 0;
};

}  // namespace qm::wmi
