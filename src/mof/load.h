// A model from whatever form it lies in: MOF text, binary MOF, a driver that holds one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "mof/mof.h"

namespace qm::mof {

// The binary MOF within these bytes of a file: all of them, or the driver's resource of that name
// ("" = the only one). Error `not_found` when there is none, saying which names there are.
Result<std::string> bmf_within(std::string bytes, const std::string& resource);

// Texts from the disk; a binary MOF, or a driver that holds one, as the text that it stands for. So
// that what is wrong with it has a place.
FileReader reader_of_any_form(const std::string& resource);

// The files as one compilation; a single file may be binary MOF or hold it. What is wrong goes to
// diagnostics, whatever the form.
Model load_model(const std::vector<std::string>& paths, const Options& options,
                 const std::string& resource, Diagnostics& diagnostics);

}  // namespace qm::mof
