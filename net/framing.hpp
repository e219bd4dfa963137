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
/// - A frame that is not whole is judged by its header: what will be refused anyway is skipped, not collected.
/// Cost: a feed of n frames looks at n headers and moves the bytes of at most two frames.
class FrameReader {
 public:
  enum class Result : std::uint8_t {
    ok,
    stopped,   // the consumer returned false
    bad_size,  // a size field below header_size
  };

  /// Calls `on_frame(std::span<const std::byte>) -> bool` for each frame; false stops, and the rest of the feed is lost.
  /// The frame dies with the call.
  template <class F>
  Result feed(std::span<const std::byte> bytes, F&& on_frame) {
    return take(bytes, on_frame, [](auto) { return true; });
  }

  /// Likewise, and `bytes` is what was not taken: something when stopped only. `is_possible(header) -> bool` is asked of
  /// a frame that is not whole; false: what there will be of it is skipped.
  template <class F, class H>
  Result take(std::span<const std::byte>& bytes, F&& on_frame, H&& is_possible) {
    skip(bytes);
    if (!partial_.empty()) {
      const Result result = complete(bytes, on_frame, is_possible);
      if (result != Result::ok || !partial_.empty()) return result;
    }
    while (bytes.size() >= 2) {
      const std::size_t size = size_field(bytes.data());
      if (size < header_size) return Result::bad_size;
      if (size > bytes.size()) return begin(bytes, size, is_possible);
      const auto frame = bytes.first(size);
      bytes = bytes.subspan(size);
      if (!on_frame(frame)) return Result::stopped;
    }
    keep(bytes);
    return Result::ok;
  }

  /// Bytes that wait for the rest of their frame.
  std::size_t pending() const { return partial_.size(); }
  /// Whether the rest of a frame is to come.
  bool begun() const { return !partial_.empty() || skipped_ > 0; }

 private:
  static constexpr std::size_t kept_capacity = 4096;

  static std::size_t size_field(const std::byte* bytes) {
    return static_cast<std::size_t>(bytes[0]) << 8 | static_cast<std::size_t>(bytes[1]);
  }

  void skip(std::span<const std::byte>& bytes) {
    const std::size_t n = std::min(bytes.size(), skipped_);
    skipped_ -= n;
    bytes = bytes.subspan(n);
  }

  void keep(std::span<const std::byte>& bytes) {
    partial_.assign(bytes.begin(), bytes.end());
    bytes = {};
  }

  /// `bytes` are less than the frame, of `size`, with which they begin.
  template <class H>
  Result begin(std::span<const std::byte>& bytes, std::size_t size, H& is_possible) {
    if (bytes.size() < header_size || is_possible(bytes.first(header_size))) {
      keep(bytes);
    } else {
      skipped_ = size;
      skip(bytes);
    }
    return Result::ok;
  }

  void collect(std::span<const std::byte>& bytes, std::size_t wanted) {
    const std::size_t held = partial_.size();
    const std::size_t n = std::min(bytes.size(), wanted - std::min(wanted, held));
    partial_.resize(held + n);
    std::copy_n(bytes.begin(), n, partial_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes = bytes.subspan(n);
  }

  template <class F, class H>
  Result complete(std::span<const std::byte>& bytes, F& on_frame, H& is_possible) {
    collect(bytes, 2);
    if (partial_.size() < 2) return Result::ok;
    const std::size_t size = size_field(partial_.data());
    if (size < header_size) return Result::bad_size;
    if (partial_.size() < header_size) {
      collect(bytes, header_size);
      if (partial_.size() < header_size) return Result::ok;
      if (size > header_size && !is_possible(std::span<const std::byte>(partial_))) {
        partial_.clear();
        skipped_ = size - header_size;
        skip(bytes);
        return Result::ok;
      }
    }
    collect(bytes, size);
    if (partial_.size() < size) return Result::ok;
    const bool more = on_frame(std::span<const std::byte>(partial_));
    // One long frame must not make every connection that ever had one hold 64 KiB.
    if (partial_.capacity() > kept_capacity) partial_ = {};
    partial_.clear();
    return more ? Result::ok : Result::stopped;
  }

  std::vector<std::byte> partial_;
  std::size_t skipped_ = 0;  // bytes still to be
};

}  // namespace gossip::net
