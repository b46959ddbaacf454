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
#include "login/access.h"
#include "serve/target.h"

namespace qm::serve {

// host: "NAME", "NAME:PORT", "127.0.0.1:5985", "[::1]". True for localhost, loopback addresses and
// own_names, without case and with or without a final dot.
bool is_local_host(std::string_view host, std::span<const std::string> own_names);

// What a request says of whom it asks and which page made it; "" where a field is absent.
struct Naming {
  std::size_t hosts = 0;       // how many Host fields
  bool http11 = true;          // or later
  std::string_view host;       // the first of them
  std::string_view authority;  // of an absolute target
  std::string_view origin;
  bool get = true;
};

// 400, 421 (another host's name), 403 (another host's page posts). Names are checked where nobody
// has to log in; over TLS any is fine, but a page may post to its own host alone. The query socket
// is no browser's.
Asked<void> check_names(const Naming& naming, login::Door door,
                        std::span<const std::string> own_names);

bool is_loopback(const Address& address);  // 127.0.0.0/8, ::1

inline constexpr std::uint16_t kTlsPort = 5986;  // WinRM's

struct Listener : Endpoint {
  bool tls = false;
  std::string url() const;  // "http://127.0.0.1:5985"
};

// "127.0.0.1:5985", "[::1]:0", "https://0.0.0.0:443"; port 5986 is TLS's by itself. Plain ones must
// be loopback: what is served needs a login elsewhere. Errors: invalid; denied (not loopback).
Result<Listener> parse_listener(std::string_view text);

}  // namespace qm::serve
