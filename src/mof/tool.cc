#include "mof/tool.h"

namespace qm::mof {

int run_mofc(int /*argc*/, char** /*argv*/) {
  return 64;
}

}  // namespace qm::mof
