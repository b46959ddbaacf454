// Certificates: what one says, and one of one's own. Pure but for random bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace qm::serve {

inline constexpr std::uint64_t kOwnCertificateDays = 820;  // some clients take 825 at most
inline constexpr std::size_t kMostAlternativeNames = 64;   // in a certificate of one's own

struct CertificateFacts {
  std::string fingerprint;   // SHA-256: "AB:CD:…"
  std::string names;         // its alternative names: "DNS:san1, IP Address:10.0.0.1"
  std::string until;         // "Nov 24 00:00:00 2028 GMT"
  std::int64_t until_s = 0;  // since 1970
};

// Of the first certificate in PEM text. Errors: invalid.
Result<CertificateFacts> read_certificate(std::string_view pem);

// Whether clients that ask for any of these hosts take it; what is no host's name does not count.
bool is_for(std::string_view pem, std::span<const std::string> names);

struct OwnCertificate {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS #8, not encrypted: whoever holds it wipes it
};

// Self-signed, EC P-256, for a TLS server that is called and reached so; the first name is its
// subject. Errors: io (OpenSSL would not).
Result<OwnCertificate> make_certificate(std::span<const std::string> names,
                                        std::span<const Address> addresses, std::int64_t now_s);

}  // namespace qm::serve
