// CIM-XML (DSP0200, DSP0201): a request's header and body in, an answer's out. Pure.
//
// Promise: every request gets an answer: an HTTP status with a CIMError where it breaks the
// protocol, an ERROR element where an operation has no result. Nothing is written anywhere: what
// would change a class or an instance is CIM_ERR_NOT_SUPPORTED. What can be enumerated, and how,
// stands in docs/cim-xml.md. Threads: one. Limits: kMost… below, call.h's, xml/reader.h's,
// wmi/enumerations.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/output.h"
#include "cimxml/call.h"
#include "wmi/enumerations.h"
#include "wmi/snapshot.h"

namespace qm::cimxml {

inline constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20U;
inline constexpr std::size_t kMostForms = 1'024;      // that are kept for the next request
inline constexpr std::uint64_t kMostPulled = 10'000;  // objects of one pull

struct Reply {
  unsigned status = 200;
  std::string_view content_type = "application/xml; charset=\"utf-8\"";
  Pieces body;
  std::vector<std::pair<std::string_view, std::string>> fields;  // CIMOperation, CIMError
};

class Engine;

class Responder {
 public:
  // A snapshot of these classes; of all when there are none.
  using Take = std::function<std::shared_ptr<const wmi::Snapshot>(
      std::span<const wmi::ClassEntry* const> classes)>;

  // enumerations must outlive it. host: what paths are called by.
  Responder(std::shared_ptr<const wmi::Repository> repository, Take take,
            wmi::Enumerations& enumerations, std::string host,
            std::size_t most_bytes = kMostAnswerBytes);
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  // From here on these classes.
  void use(std::shared_ptr<const wmi::Repository> repository);

  Reply answer(const Ask& ask, std::uint64_t now_ms);

 private:
  std::unique_ptr<Engine> engine_;
  xml::Reader reader_;
};

}  // namespace qm::cimxml
