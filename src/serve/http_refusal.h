// Which status says what Beast found wrong with a request. Pure.
#pragma once

#include <boost/system/error_code.hpp>
#include <optional>

#include "serve/target.h"

namespace qm::serve {

// None: the connection itself is broken.
std::optional<Refusal> refusal_of(boost::system::error_code ec);

}  // namespace qm::serve
