#include "login/verified.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace qm::login {

// Keyed once: a digest is then two passes of SHA-256.
struct Verified::Mac {
  EVP_MAC* kind = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(kind);
  Mac() = default;
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;
  ~Mac() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(kind);
  }
};

Verified::Verified(std::size_t most) : most_(most), mac_(std::make_unique<Mac>()) {
  std::array<unsigned char, 32> key{};
  std::string hash = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
      OSSL_PARAM_construct_end()};
  // An OpenSSL without HMAC or random bytes can do nothing of what this program is for.
  QM_ASSERT(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  QM_ASSERT(EVP_MAC_init(mac_->context, key.data(), key.size(), parameters.data()) == 1);
  OPENSSL_cleanse(key.data(), key.size());
}

Verified::~Verified() = default;

Verified::Digest Verified::digest(std::string_view authorization) const {
  Digest digest{};
  std::size_t bytes = 0;
  // Without a key: the same key again.
  QM_ASSERT(EVP_MAC_init(mac_->context, nullptr, 0, nullptr) == 1 &&
            EVP_MAC_update(mac_->context,
                           reinterpret_cast<const unsigned char*>(authorization.data()),
                           authorization.size()) == 1 &&
            EVP_MAC_final(mac_->context, digest.data(), &bytes, digest.size()) == 1);
  return digest;
}

const Identity* Verified::find(const Digest& digest, std::uint64_t now_ns) const {
  const auto found = entries_.find(digest);
  if (found == entries_.end() || found->second.until_ns <= now_ns) return nullptr;
  return &found->second.identity;
}

void Verified::add(const Digest& digest, Identity identity, std::uint64_t now_ns) {
  if (!entries_.contains(digest) && entries_.size() >= most_) {
    entries_.erase(std::ranges::min_element(
        entries_, {}, [](const auto& entry) { return entry.second.until_ns; }));
  }
  entries_.insert_or_assign(digest, Entry{std::move(identity), now_ns + kVerifiedLifetime_ns});
}

}  // namespace qm::login
