// The request target of a stranger, through parsing and routing, to an answer.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "serve/answers.h"
#include "serve/host.h"
#include "serve/query.h"

namespace {

using namespace qm::serve;

const std::shared_ptr<const qm::wmi::Repository>& repository() {
  static const auto made = qm::wmi::Repository::built_in().value();
  return made;
}

void answer(const Query& query) {
  qm::wmi::Snapshot snapshot;
  snapshot.repository = repository();
  std::uint64_t malformed = 0;
  switch (query.what) {
    case Query::What::one_class:
      class_answer(*query.classes.front());
      break;
    case Query::What::class_mof:
      class_mof_answer(*query.classes.front());
      break;
    case Query::What::instances:
    case Query::What::snapshot:
      QM_ASSERT(instances_answer(query, snapshot, true, malformed));
      break;
    case Query::What::classes:
    case Query::What::health:
    case Query::What::wql:      // fuzz_wql
    case Query::What::history:  // they ask for what serve has kept
    case Query::What::start:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  is_local_host(raw, {});
  const auto target = parse_target(raw);
  if (!target) {
    refusal_answer(target.error());
    return 0;
  }
  const auto query = parse_query(*target, *repository());
  if (query) {
    answer(*query);
  } else {
    QM_ASSERT(query.error().status >= 400);
    refusal_answer(query.error());
  }
  return 0;
}
