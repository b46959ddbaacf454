// The certificate and key that TLS listeners use, and how they are renewed.
//
// TLS 1.2 and 1.3, with forward secrecy and authenticated encryption only; no renegotiation, no
// session is resumed (so that no ticket key lives long). Threads: one; connections hold the context
// they began with. Limits: kMostPemBytes.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/address.h"
#include "login/private_file.h"
#include "serve/certificate.h"

namespace qm::serve {

inline constexpr std::size_t kMostPemBytes = 262'144;        // a certificate with its chain, a key
inline constexpr std::chrono::seconds kCertificateLook{60};  // how often files are looked at
inline constexpr std::int64_t kSoonExpires_s = std::int64_t{30} * 86'400;

struct TlsFiles {
  std::string certificate;  // PEM, the chain behind it
  std::string key;          // PEM, not encrypted
};

class Tls {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;
  // Errors: not_found, denied, invalid (not PEM, encrypted, key and certificate do not fit).
  static Result<std::unique_ptr<Tls>> open(TlsFiles files);

  const Context& context() const { return context_; }
  const CertificateFacts& facts() const { return facts_; }
  // Takes the files anew when they have changed, or always. True: another certificate. An error
  // leaves the old ones in use and is told once per change.
  Result<bool> renew(bool always = false);

 private:
  explicit Tls(TlsFiles files) : files_(std::move(files)) {}
  Result<void> load();

  TlsFiles files_;
  Context context_;
  CertificateFacts facts_;
  login::FileStamp certificate_stamp_;
  login::FileStamp key_stamp_;
};

// STATE_DIR/tls/certificate.pem and key.pem; made when they are not there or expire soon. say gets
// what whoever administers clients must know.
Result<TlsFiles> own_certificate(const std::string& state_dir, std::span<const std::string> names,
                                 std::span<const Address> addresses, std::int64_t now_s,
                                 const std::function<void(const std::string&)>& say);

}  // namespace qm::serve
