#include "net/classic.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/net/vectors.hpp"

namespace gossip::net {
namespace {

using vectors::from_hex;

constexpr Endpoint self{0x7f000001, 6001};

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text(std::span<const std::byte> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

template <class T>
T expect(std::string_view hex) {
  static std::vector<std::byte> frame;  // what is decoded points into it
  frame = from_hex(hex);
  const Decoded decoded = decode(frame);
  EXPECT_TRUE(std::holds_alternative<T>(decoded)) << hex;
  return std::get<T>(decoded);
}

DecodeError error(std::string_view hex) { return expect<DecodeError>(hex); }

/// In an allocation of its own size, so that a sanitizer sees any read past its end.
void expect_error_or_same_bytes(const std::vector<std::byte>& source) {
  const std::vector<std::byte> frame(source.begin(), source.end());
  const Decoded decoded = decode(frame);
  if (std::holds_alternative<DecodeError>(decoded)) return;
  Bytes again;
  encode(again, decoded);
  EXPECT_EQ(again, frame);
}

TEST(Classic, GoldenVectorsDecodeAndEncodeToTheSameBytes) {
  for (const auto& vector : vectors::all) {
    const auto frame = from_hex(vector.hex);
    const Decoded decoded = decode(frame);
    ASSERT_FALSE(std::holds_alternative<DecodeError>(decoded)) << vector.name;
    Bytes again;
    encode(again, decoded);
    EXPECT_EQ(again, frame) << vector.name;
  }
}

TEST(Classic, FieldsOfTheApi) {
  const auto announce = expect<Announce>("000d 01f4 04 00 0d18 68656c6c6f");
  EXPECT_EQ(announce.ttl, 4);
  EXPECT_EQ(announce.data_type, 3352);
  EXPECT_EQ(text(announce.data), "hello");
  EXPECT_EQ(expect<Notify>("0008 01f5 0000 0d18").data_type, 3352);
  const auto notification = expect<Notification>("000d 01f6 beef 0d18 68656c6c6f");
  EXPECT_EQ(notification.message_id, 0xbeef);
  EXPECT_EQ(notification.data_type, 3352);
  EXPECT_EQ(text(notification.data), "hello");
  EXPECT_TRUE(expect<Validation>("0008 01f7 beef 0001").valid);
  EXPECT_EQ(expect<Validation>("0008 01f7 beef 0001").message_id, 0xbeef);
  EXPECT_FALSE(expect<Validation>("0008 01f7 beef fffe").valid) << "V is the lowest bit";
  EXPECT_TRUE(expect<Announce>("0008 01f4 00 00 0539").data.empty()) << "empty data is allowed";
}

TEST(Classic, FieldsOfP2p) {
  EXPECT_EQ(expect<Pull>("000a 01f8 7f000001 1771").sender, self);
  EXPECT_EQ(expect<Push>("000a 01fa 7f000001 1771").sender, self);
  const auto response = expect<Response>("0018 01f9 0003 7f0000011f90 c00000011e61 c0a801011f90");
  ASSERT_EQ(response.count(), 3u);
  EXPECT_EQ(response[0], (Endpoint{0x7f000001, 8080}));
  EXPECT_EQ(response[1], (Endpoint{0xc0000001, 7777}));
  EXPECT_EQ(response[2], (Endpoint{0xc0a80101, 8080}));
  const auto content = expect<SendContent>("0011 01fb 000d 01f4 04 00 0d18 68656c6c6f");
  EXPECT_EQ(content.announce.ttl, 4);
  EXPECT_EQ(content.announce.data_type, 3352);
  EXPECT_EQ(text(content.announce.data), "hello");
}

TEST(Classic, EncodesWhatTheTestPeerOfTheSeedSends) {
  Bytes out;
  encode(out, SendContent{{4, 0, 3352, bytes("hello")}});
  EXPECT_EQ(out, from_hex("0011 01fb 000d 01f4 0400 0d18 68656c6c6f"));
  encode(out, Push{self});
  EXPECT_EQ(out.size(), 17u + push_size) << "encoding appends";
  out.clear();
  const std::array peers{Endpoint{0x7f000001, 8080}, Endpoint{0xc0000001, 7777}, Endpoint{0xc0a80101, 8080}};
  encode_response(out, peers);
  EXPECT_EQ(out, from_hex("0018 01f9 0003 7f0000011f90 c00000011e61 c0a801011f90"));
}

TEST(Classic, ErrorsAreNamed) {
  EXPECT_EQ(error(""), DecodeError::truncated);
  EXPECT_EQ(error("000401"), DecodeError::truncated);
  EXPECT_EQ(error("000a 01f8 7f000001 17"), DecodeError::truncated);
  EXPECT_EQ(error("000a 01f8 7f000001 1771 00"), DecodeError::trailing);
  EXPECT_EQ(error("0000 01f8"), DecodeError::trailing) << "a size that lies";
  EXPECT_EQ(error("0004 01fc"), DecodeError::unknown_type);
  EXPECT_EQ(error("0004 01f4"), DecodeError::wrong_size);
  EXPECT_EQ(error("0009 01f5 0000 0d18 00"), DecodeError::wrong_size);
  EXPECT_EQ(error("0007 01f6 0000 00"), DecodeError::wrong_size);
  EXPECT_EQ(error("0006 01f7 0000"), DecodeError::wrong_size);
  EXPECT_EQ(error("0009 01f8 7f000001 17"), DecodeError::wrong_size);
  EXPECT_EQ(error("000b 01fa 7f000001 1771 00"), DecodeError::wrong_size);
  EXPECT_EQ(error("0005 01f9 00"), DecodeError::wrong_size);
  EXPECT_EQ(error("000c 01f9 0002 7f0000011f90"), DecodeError::wrong_size) << "count above what is there";
  EXPECT_EQ(error("0012 01f9 0001 7f0000011f90 7f0000011f91"), DecodeError::wrong_size) << "count below it";
  EXPECT_EQ(error("0006 01fb 0002"), DecodeError::wrong_size) << "content without a header";
  EXPECT_EQ(error("0011 01fb 000c 01f4 0400 0d18 68656c6c6f"), DecodeError::wrong_size) << "inner size lies";
  EXPECT_EQ(error("0008 01fb 0004 01f4"), DecodeError::wrong_size);
  EXPECT_EQ(error("000c 01fb 0008 01f5 0000 0d18"), DecodeError::unknown_content);
}

TEST(Classic, EveryTruncation) {
  for (const auto& vector : vectors::all) {
    const auto frame = from_hex(vector.hex);
    for (std::size_t n = 0; n < frame.size(); ++n) {
      const std::vector<std::byte> cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(n));
      const Decoded decoded = decode(cut);
      EXPECT_EQ(std::get<DecodeError>(decoded), DecodeError::truncated) << vector.name << " cut to " << n;
    }
  }
}

TEST(Classic, EverySingleByteCorruption) {
  for (const auto& vector : vectors::all) {
    const auto golden = from_hex(vector.hex);
    for (std::size_t at = 0; at < golden.size(); ++at) {
      for (int change = 1; change < 256; ++change) {
        auto frame = golden;
        frame[at] ^= static_cast<std::byte>(change);
        expect_error_or_same_bytes(frame);
      }
    }
  }
}

TEST(Classic, SizesAreThoseOfTheFrames) {
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1024}, max_send_content_data}) {
    const std::vector<std::byte> data(n);
    Bytes out;
    encode(out, SendContent{{0, 0, 1, data}});
    EXPECT_EQ(out.size(), send_content_size(n));
    out.clear();
    encode(out, Announce{0, 0, 1, data});
    EXPECT_EQ(out.size(), announce_size(n));
    out.clear();
    encode(out, Notification{0, 1, data});
    EXPECT_EQ(out.size(), notification_size(n));
  }
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, max_response_peers}) {
    Bytes out;
    encode_response(out, std::vector<Endpoint>(n, self));
    EXPECT_EQ(out.size(), response_size(n));
    EXPECT_EQ(std::get<Response>(decode(out)).count(), n);
  }
  static_assert(send_content_size(5) == 17 && response_size(3) == 24);
}

TEST(ClassicDeathTest, WhatDoesNotFitAFrameIsABug) {
  const std::vector<std::byte> data(max_send_content_data + 1);
  Bytes out;
  EXPECT_DEATH(encode(out, SendContent{{0, 0, 1, data}}), "max_frame");
}

}  // namespace
}  // namespace gossip::net
