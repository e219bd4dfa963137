#include "net/message_id.hpp"

#include <openssl/evp.h>

#include "core/assert.hpp"

namespace gossip::net {
namespace {

EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

void MessageHasher::Free::operator()(void* context) const { EVP_MD_CTX_free(as_context(context)); }

MessageHasher::MessageHasher() : context_(EVP_MD_CTX_new()) {
  GOSSIP_ASSERT(context_ && EVP_DigestInit_ex2(as_context(context_.get()), EVP_sha256(), nullptr) == 1);
}

MessageId MessageHasher::operator()(std::uint16_t data_type, std::span<const std::byte> data) {
  EVP_MD_CTX* context = as_context(context_.get());
  const unsigned char type[2] = {static_cast<unsigned char>(data_type >> 8), static_cast<unsigned char>(data_type)};
  unsigned char digest[EVP_MAX_MD_SIZE];
  // Without a digest named, the one of the constructor is used again, and not looked up.
  const bool hashed = EVP_DigestInit_ex2(context, nullptr, nullptr) == 1 && EVP_DigestUpdate(context, type, 2) == 1 &&
                      EVP_DigestUpdate(context, data.data(), data.size()) == 1 &&
                      EVP_DigestFinal_ex(context, digest, nullptr) == 1;
  GOSSIP_ASSERT(hashed);
  MessageId id;
  std::memcpy(id.data(), digest, id.size());
  return id;
}

}  // namespace gossip::net
