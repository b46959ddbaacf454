// libquickmode-mof: the MOF compiler as a C++23 library. What mofc does, programs can do with this.
//
// Parse: qm::mof::compile() reads texts, from memory (memory_reader) or from disk (disk_reader),
//   and says what is wrong in a qm::Diagnostics; qm::mof::read_bmf() reads binary MOF.
// Look: qm::mof::Model is a plain value; qm::mof::visit() walks it in the order of the text;
//   qm::mof::layout_of() says where the fields of a data block lie.
// Write: emit_header() and emit_c_stubs() for C, write_bmf() for binary MOF, emit_mof() for text,
//   dump_json() for other programs; decompile() gives text that makes the same binary again.
//
// Promise: bad input of any kind ends in diagnostics or a qm::Error, never in a crash or a hang;
// nothing throws but allocation. Threads: no state is shared; calls are independent. Limits:
// mof/limits.h and the head of each header. The version is 0: names may still change.
//
//   pkg-config --cflags --libs quickmode-mof      find_package(quickmode-mof) in CMake
#ifndef QUICKMODE_MOF_H
#define QUICKMODE_MOF_H

#include "mof/amendment.h"
#include "mof/bmf.h"
#include "mof/c_stubs.h"
#include "mof/decompile.h"
#include "mof/diff.h"
#include "mof/dump.h"
#include "mof/header.h"
#include "mof/memory_reader.h"
#include "mof/mof.h"
#include "mof/mof_text.h"
#include "mof/visit.h"

#endif
