#pragma once

#include <cstring>

#include "core/assert.hpp"
#include "net/classic.hpp"

/// How numbers lie in the frames of both dialects: big-endian. For the codecs only.
namespace gossip::net {

using View = std::span<const std::byte>;

inline std::uint8_t get8(View bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
inline std::uint16_t get16(View bytes, std::size_t at) {
  return static_cast<std::uint16_t>(get8(bytes, at) << 8 | get8(bytes, at + 1));
}
inline std::uint32_t get32(View bytes, std::size_t at) {
  return std::uint32_t{get16(bytes, at)} << 16 | get16(bytes, at + 2);
}
inline Endpoint get_endpoint(View bytes, std::size_t at) { return {get32(bytes, at), get16(bytes, at + 4)}; }

/// Writes one frame of a known size at the end of a vector.
class Writer {
 public:
  template <class Type>  // of either dialect
  Writer(Bytes& out, Type type, std::size_t size) {
    GOSSIP_ASSERT(size <= max_frame);
    const std::size_t begin = out.size();
    out.resize(begin + size);
    at_ = out.data() + begin;
    put16(static_cast<std::uint16_t>(size));
    put16(static_cast<std::uint16_t>(type));
  }
  void put8(std::uint8_t value) { *at_++ = std::byte{value}; }
  void put16(std::uint16_t value) {
    put8(static_cast<std::uint8_t>(value >> 8));
    put8(static_cast<std::uint8_t>(value));
  }
  void put(Endpoint endpoint) {
    put16(static_cast<std::uint16_t>(endpoint.ip >> 16));
    put16(static_cast<std::uint16_t>(endpoint.ip));
    put16(endpoint.port);
  }
  void put(View bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

 private:
  std::byte* at_;
};

}  // namespace gossip::net
