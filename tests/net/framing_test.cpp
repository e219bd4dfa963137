#include "net/framing.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "tests/net/vectors.hpp"

namespace gossip::net {
namespace {

using Frames = std::vector<std::vector<std::byte>>;
using Result = FrameReader::Result;

Result feed(FrameReader& reader, std::span<const std::byte> bytes, Frames& frames) {
  return reader.feed(bytes, [&](std::span<const std::byte> frame) {
    frames.emplace_back(frame.begin(), frame.end());
    return true;
  });
}

struct Stream {
  std::vector<std::byte> bytes;
  Frames frames;
};

Stream golden_stream() {
  Stream stream;
  for (const auto& vector : vectors::all) {
    stream.frames.push_back(vectors::from_hex(vector.hex));
    stream.bytes.insert(stream.bytes.end(), stream.frames.back().begin(), stream.frames.back().end());
  }
  return stream;
}

TEST(FrameReader, SplitAtEveryByte) {
  const Stream stream = golden_stream();
  for (std::size_t split = 0; split <= stream.bytes.size(); ++split) {
    FrameReader reader;
    Frames frames;
    EXPECT_EQ(feed(reader, std::span(stream.bytes).first(split), frames), Result::ok);
    EXPECT_EQ(feed(reader, std::span(stream.bytes).subspan(split), frames), Result::ok);
    EXPECT_EQ(frames, stream.frames) << "split at " << split;
    EXPECT_EQ(reader.pending(), 0u);
  }
}

TEST(FrameReader, ByteByByteAndInPiecesOfEverySize) {
  const Stream stream = golden_stream();
  for (std::size_t piece = 1; piece <= stream.bytes.size(); ++piece) {
    FrameReader reader;
    Frames frames;
    for (std::size_t at = 0; at < stream.bytes.size(); at += piece) {
      const std::size_t n = std::min(piece, stream.bytes.size() - at);
      EXPECT_EQ(feed(reader, std::span(stream.bytes).subspan(at, n), frames), Result::ok);
    }
    EXPECT_EQ(frames, stream.frames) << "pieces of " << piece;
  }
}

TEST(FrameReader, LargestFramesInRandomPieces) {
  Random random(1);
  Stream stream;
  for (int i = 0; i < 40; ++i) {
    const std::vector<std::byte> data(random.below(2) == 0 ? max_announce_data : random.below(100));
    Bytes frame;
    encode(frame, Announce{1, 0, static_cast<std::uint16_t>(i), data});
    stream.bytes.insert(stream.bytes.end(), frame.begin(), frame.end());
    stream.frames.push_back(std::move(frame));
  }
  FrameReader reader;
  Frames frames;
  for (std::span<const std::byte> rest = stream.bytes; !rest.empty();) {
    const std::size_t n = std::min<std::size_t>(rest.size(), 1 + random.below(100'000));
    ASSERT_EQ(feed(reader, rest.first(n), frames), Result::ok);
    EXPECT_LT(reader.pending(), max_frame + 1);
    rest = rest.subspan(n);
  }
  EXPECT_EQ(frames, stream.frames);
}

TEST(FrameReader, SizesBelowAHeaderEndTheStream) {
  for (unsigned size = 0; size < header_size; ++size) {
    const std::array bad{std::byte{0}, static_cast<std::byte>(size), std::byte{1}, std::byte{0xf8}};
    FrameReader whole, split;
    Frames frames;
    EXPECT_EQ(feed(whole, bad, frames), Result::bad_size);
    EXPECT_EQ(feed(split, std::span(bad).first(1), frames), Result::ok);
    EXPECT_EQ(feed(split, std::span(bad).subspan(1), frames), Result::bad_size);
    EXPECT_TRUE(frames.empty());
  }
}

TEST(FrameReader, WhatComesBeforeABadSizeIsYielded) {
  Stream stream = golden_stream();
  stream.bytes.insert(stream.bytes.end(), 4, std::byte{0});
  FrameReader reader;
  Frames frames;
  EXPECT_EQ(feed(reader, stream.bytes, frames), Result::bad_size);
  EXPECT_EQ(frames, stream.frames);
}

TEST(FrameReader, WhatIsRefusedByItsHeaderIsSkippedAndNotHeld) {
  const Stream stream = golden_stream();
  for (std::size_t at = 0; at < stream.bytes.size(); ++at) {
    FrameReader reader;
    Frames frames;
    std::size_t refused = 0;
    const auto take = [&](std::span<const std::byte> piece) {
      const auto on_frame = [&](std::span<const std::byte> frame) {
        frames.emplace_back(frame.begin(), frame.end());
        return true;
      };
      EXPECT_EQ(reader.take(piece, on_frame, [&](auto header) { return ++refused, header.size() != header_size; }),
                Result::ok);
      EXPECT_TRUE(piece.empty());
      EXPECT_LT(reader.pending(), header_size);
    };
    take(std::span(stream.bytes).first(at));
    take(std::span(stream.bytes).subspan(at));
    EXPECT_FALSE(reader.begun());
    EXPECT_EQ(frames.size() + refused, stream.frames.size()) << "split at " << at;
  }
}

TEST(FrameReader, WhatTheConsumerStopsAtIsLeft) {
  const Stream stream = golden_stream();
  FrameReader reader;
  Frames frames;
  std::span<const std::byte> rest = stream.bytes;
  const auto one = [&](std::span<const std::byte> frame) {
    frames.emplace_back(frame.begin(), frame.end());
    return false;
  };
  while (!rest.empty()) EXPECT_EQ(reader.take(rest, one, [](auto) { return true; }), Result::stopped);
  EXPECT_EQ(frames, stream.frames);
}

TEST(FrameReader, TheConsumerCanStop) {
  const Stream stream = golden_stream();
  FrameReader reader;
  int seen = 0;
  EXPECT_EQ(reader.feed(stream.bytes, [&](auto) { return ++seen < 3; }), Result::stopped);
  EXPECT_EQ(seen, 3);
}

}  // namespace
}  // namespace gossip::net
