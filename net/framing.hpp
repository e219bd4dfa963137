#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/classic.hpp"

namespace gossip::net {

/// Cuts a stream of bytes into frames, however the stream arrives.
///
/// Rules
/// - A frame that lies whole in what is fed is yielded where it is, without a copy. Only what straddles two feeds is
///   put together here, so that a connection between frames holds no memory, and never more than one frame.
/// - A size below that of a header is the end: nobody knows where the next frame begins.
/// Cost: a feed of n frames looks at n headers and moves the bytes of at most two frames.
class FrameReader {
 public:
  enum class Result : std::uint8_t {
    ok,
    stopped,   // the consumer returned false; the rest of the feed is lost
    bad_size,  // a size field below header_size
  };

  /// Calls `on_frame(std::span<const std::byte>) -> bool` for each frame; false stops. The frame dies with the call.
  template <class F>
  Result feed(std::span<const std::byte> bytes, F&& on_frame) {
    if (!partial_.empty()) {
      const Result result = complete(bytes, on_frame);
      if (result != Result::ok || !partial_.empty()) return result;
    }
    while (bytes.size() >= 2) {
      const std::size_t size = size_field(bytes.data());
      if (size < header_size) return Result::bad_size;
      if (size > bytes.size()) break;
      if (!on_frame(bytes.first(size))) return Result::stopped;
      bytes = bytes.subspan(size);
    }
    partial_.assign(bytes.begin(), bytes.end());
    return Result::ok;
  }

  /// Bytes that wait for the rest of their frame.
  std::size_t pending() const { return partial_.size(); }

 private:
  static constexpr std::size_t kept_capacity = 4096;

  static std::size_t size_field(const std::byte* bytes) {
    return static_cast<std::size_t>(bytes[0]) << 8 | static_cast<std::size_t>(bytes[1]);
  }

  void take(std::span<const std::byte>& bytes, std::size_t wanted) {
    const std::size_t held = partial_.size();
    const std::size_t n = std::min(bytes.size(), wanted - std::min(wanted, held));
    partial_.resize(held + n);
    std::copy_n(bytes.begin(), n, partial_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes = bytes.subspan(n);
  }

  template <class F>
  Result complete(std::span<const std::byte>& bytes, F&& on_frame) {
    take(bytes, 2);
    if (partial_.size() < 2) return Result::ok;
    const std::size_t size = size_field(partial_.data());
    if (size < header_size) return Result::bad_size;
    take(bytes, size);
    if (partial_.size() < size) return Result::ok;
    const bool more = on_frame(std::span<const std::byte>(partial_));
    // One long frame must not make every connection that ever had one hold 64 KiB.
    if (partial_.capacity() > kept_capacity) partial_ = {};
    partial_.clear();
    return more ? Result::ok : Result::stopped;
  }

  std::vector<std::byte> partial_;
};

}  // namespace gossip::net
