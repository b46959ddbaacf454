// The client's end of a TLS connection: bytes in, bytes out. No system calls but OpenSSL's own
// reading of certificates.
//
// Promise: nothing is said to a peer whose certificate does not hold for the host that was named:
// chain, time, name or address (RFC 9525). TLS 1.2 at least.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::cli {

class TlsClient {
 public:
  // host: a name, or an address without brackets. ca_file: whom to trust, in PEM; "": whom the
  // system trusts. Errors: invalid.
  static Result<std::unique_ptr<TlsClient>> make(const std::string& host,
                                                 const std::string& ca_file);
  virtual ~TlsClient() = default;

  virtual void feed(std::string_view received) = 0;
  virtual std::string to_send() = 0;  // what the peer must get, "" nothing
  // True once it is done; until then send, receive and feed. Errors: denied, the certificate does
  // not hold; invalid.
  virtual Result<bool> handshake() = 0;
  virtual Result<void> write(std::string_view text) = 0;  // after the handshake
  virtual Result<std::string> read() = 0;                 // what has come so far
};

}  // namespace qm::cli
