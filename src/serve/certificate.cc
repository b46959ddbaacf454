#include "serve/certificate.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/text.h"

namespace qm::serve {
namespace {

constexpr std::size_t kMostSubjectBytes = 64;  // RFC 5280, ub-common-name
constexpr std::size_t kMostNamesText = 1'024;  // of a certificate's names, shown
constexpr std::int64_t kBackdated_s = 3'600;   // clocks differ
constexpr std::int64_t kDay_s = 86'400;
constexpr long kVersion3 = 2;

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* one) const {
    kFree(one);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

Error openssl_failed(std::string_view what) {
  return {ErrorCode::io, fmt::format("OpenSSL: {} failed", what)};
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio, &bytes);
  return length > 0 ? std::string(bytes, static_cast<std::size_t>(length)) : std::string();
}

std::string names_of(const X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (at < 0) return "none";
  const Bio bio(BIO_new(BIO_s_mem()));
  X509V3_EXT_print(bio.get(), X509_get_ext(certificate, at), 0, 0);
  return plain_text(text_of(bio.get()), kMostNamesText);
}

bool extend(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

std::string alternative_names(std::span<const std::string> names,
                              std::span<const Address> addresses) {
  std::string out;
  std::size_t count = 0;
  const auto add = [&](std::string_view kind, std::string_view value) {
    if (count++ >= kMostAlternativeNames) return;
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", kind, value);
  };
  for (const std::string& name : names) {
    if (is_host_name(name)) add("DNS", name);
  }
  for (const Address& address : addresses) add("IP", address.text());
  return out;
}

bool fill(X509* certificate, EVP_PKEY* key, std::span<const std::string> names,
          std::span<const Address> addresses, std::int64_t now_s) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = (serial[0] & 0x7fU) | 0x40U;  // positive, and of this length
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return false;
  }
  const std::int64_t until_s = now_s + std::int64_t{kOwnCertificateDays} * kDay_s;
  const std::string subject =
      names.empty() ? "quickmode" : plain_text(names.front(), kMostSubjectBytes);
  X509_NAME* const name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, kVersion3) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), now_s - kBackdated_s) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until_s) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(subject.data()),
                                    static_cast<int>(subject.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         extend(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         extend(certificate, NID_key_usage, "critical,digitalSignature") &&
         extend(certificate, NID_ext_key_usage, "serverAuth") &&
         extend(certificate, NID_subject_key_identifier, "hash") &&
         extend(certificate, NID_subject_alt_name, alternative_names(names, addresses)) &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  std::tm until{};
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &bytes) != 1 ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until) != 1) {
    return fail(ErrorCode::invalid, "this is no certificate in PEM (\"-----BEGIN CERTIFICATE\")");
  }
  CertificateFacts facts;
  for (unsigned i = 0; i < bytes; ++i) {
    facts.fingerprint += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  }
  facts.names = names_of(certificate.get());
  facts.until_s = timegm(&until);
  const Bio text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), X509_get0_notAfter(certificate.get()));
  facts.until = text_of(text.get());
  return facts;
}

bool is_for(std::string_view pem, std::span<const std::string> names) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return certificate && std::ranges::all_of(names, [&](const std::string& name) {
           return !is_host_name(name) ||
                  X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr) == 1;
         });
}

Result<OwnCertificate> make_certificate(std::span<const std::string> names,
                                        std::span<const Address> addresses, std::int64_t now_s) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (!key || !certificate || !fill(certificate.get(), key.get(), names, addresses, now_s)) {
    return std::unexpected(openssl_failed("making a certificate"));
  }
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return std::unexpected(openssl_failed("writing a certificate"));
  }
  return OwnCertificate{text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace qm::serve
