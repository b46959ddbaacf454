// A model as text: for programs (docs/mofc.md has the schema) and for people. Pure.
#pragma once

#include <string>

#include "mof/model.h"

namespace qm::mof {

std::string dump_json(const Model& model);
std::string dump_text(const Model& model);  // classes with their data blocks, instances

}  // namespace qm::mof
