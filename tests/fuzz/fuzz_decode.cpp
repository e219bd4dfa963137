// Any bytes: an error, or a message that encodes to the same bytes. And any split of a stream gives the same frames.

#include <algorithm>
#include <cstdint>

#include "core/assert.hpp"
#include "net/framing.hpp"
#include "net/modern.hpp"

namespace {

using gossip::net::Bytes;
using gossip::net::FrameReader;

void check_modern(std::span<const std::byte> frame) {
  const auto decoded = gossip::net::modern::decode(frame);
  if (std::holds_alternative<gossip::net::DecodeError>(decoded)) return;
  Bytes again;
  encode(again, decoded);
  GOSSIP_ASSERT(std::ranges::equal(again, frame));
}

void check_decode(std::span<const std::byte> frame) {
  check_modern(frame);
  const auto decoded = gossip::net::decode(frame);
  if (std::holds_alternative<gossip::net::DecodeError>(decoded)) return;
  Bytes again;
  encode(again, decoded);
  GOSSIP_ASSERT(std::ranges::equal(again, frame));
}

struct Outcome {
  std::vector<Bytes> frames;
  FrameReader::Result result = FrameReader::Result::ok;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::span<const std::byte> stream, std::size_t piece) {
  Outcome outcome;
  FrameReader reader;
  while (!stream.empty() && outcome.result == FrameReader::Result::ok) {
    const std::size_t n = std::min(piece, stream.size());
    outcome.result = reader.feed(stream.first(n), [&](std::span<const std::byte> frame) {
      check_decode(frame);
      outcome.frames.emplace_back(frame.begin(), frame.end());
      return true;
    });
    stream = stream.subspan(n);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check_decode(bytes);
  const Outcome whole = read(bytes, size + 1);
  const std::size_t piece = size > 0 ? 1 + data[size - 1] % 16u : 1;
  GOSSIP_ASSERT(read(bytes, piece) == whole);
  return 0;
}
