// mofc: the MOF compiler. The commands live in src/mof/command_*.cc.
#include "mof/tool.h"

int main(int argc, char** argv) {
  return qm::mof::run_mofc(argc, argv);
}
