// A binary MOF as the text that makes it again. Pure.
//
// Promise: compile() and write_bmf() of the text give the file back, byte for byte; what MOF has no
// words for stands as pragmas at the end (bmf_patch.h), which decompile() finds by compiling its
// own text. A file whose names no text can hold comes as patches alone, its text left out by #if 0.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "mof/bmf.h"
#include "mof/model.h"

namespace qm::mof {

struct Decompiled {
  std::string text;
  std::size_t unread_bytes = 0;  // BmfContent
  std::size_t pragma_lines = 0;  // of bmf_… pragmas: what the text alone does not carry
};
Result<Decompiled> decompile(Bytes file);

// The file of the model: image, patches, compression, tail. Wants a model without errors.
Result<std::string> write_bmf(const Model& model);

}  // namespace qm::mof
