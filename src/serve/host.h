// Which Host headers a loopback listener answers. Pure.
//
// A web page anywhere may make a browser ask 127.0.0.1 under the page's own name (DNS rebinding)
// and then read the answer; so a request must name this host as a local client would.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace qm::serve {

// host: "NAME", "NAME:PORT", "127.0.0.1:5985", "[::1]". True for localhost, loopback addresses and
// own_names, without case and with or without a final dot.
bool is_local_host(std::string_view host, std::span<const std::string> own_names);

bool is_loopback(const Address& address);  // 127.0.0.0/8, ::1

// "127.0.0.1:5985", "[::1]:0"; the address must be loopback: what is served needs a login
// elsewhere. Errors: invalid; denied (not loopback).
Result<Endpoint> parse_listener(std::string_view text);

}  // namespace qm::serve
