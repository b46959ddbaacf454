// mofc: the MOF compiler. The commands live in src/mofc/command_*.cc.
#include "mofc/tool.h"

int main(int argc, char** argv) {
  return qm::mofc::run_mofc(argc, argv);
}
