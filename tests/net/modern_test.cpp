#include "net/modern.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/net/vectors.hpp"

namespace gossip::net::modern {
namespace {

using vectors::from_hex;

constexpr Endpoint self{0x7f000001, 6001};

const MessageId hello_id = MessageHasher()(3352, std::as_bytes(std::span("hello", 5)));

Message message(std::string_view hex) {
  static std::vector<std::byte> frame;  // what is decoded points into it
  frame = from_hex(hex);
  return std::get<Message>(decode(frame));
}
DecodeError error(std::string_view hex) { return std::get<DecodeError>(decode(from_hex(hex))); }

TEST(Modern, GoldenVectorsDecodeAndEncodeToTheSameBytes) {
  for (const auto& vector : vectors::modern) {
    const auto frame = from_hex(vector.hex);
    const Decoded decoded = decode(frame);
    ASSERT_FALSE(std::holds_alternative<DecodeError>(decoded)) << vector.name;
    Bytes again;
    encode(again, decoded);
    EXPECT_EQ(again, frame) << vector.name;
  }
}

TEST(Modern, EveryTypeHasAVectorAndTheClassicDialectDoesNotKnowIt) {
  std::set<Type> found;
  for (const auto& vector : vectors::modern) {
    const auto frame = from_hex(vector.hex);
    EXPECT_EQ(std::get<DecodeError>(net::decode(frame)), DecodeError::unknown_type) << vector.name;
    const Type type{static_cast<std::uint16_t>(type_of(frame))};
    if (body_of(type)) found.insert(type);
  }
  EXPECT_EQ(found.size(), std::size(layouts));
  for (const auto& vector : vectors::all) EXPECT_EQ(error(vector.hex), DecodeError::unknown_type) << vector.name;
}

TEST(Modern, Fields) {
  const auto frame = from_hex(vectors::modern[0].hex);
  const Hello hello = std::get<Hello>(decode(frame));
  EXPECT_EQ(hello.version, 1);
  EXPECT_EQ(hello.sender, self);
  EXPECT_EQ(message("000e 01fe 06 00 0000 7f000001 1771").ttl, 6);
  EXPECT_EQ(message("000e 01fe 06 00 0000 7f000001 1771").address(), self);
  const Message shuffle = message("0014 0202 06 00 0000 7f000001 1771 c0a80101 1f90");
  EXPECT_EQ(shuffle.type, Type::shuffle);
  ASSERT_EQ(shuffle.count(), 2u);
  EXPECT_EQ(shuffle.address(0), self);
  EXPECT_EQ(shuffle.address(1), (Endpoint{0xc0a80101, 8080}));
  const Message ihave = message("0018 0204 00 00 0105 10d0003a7fcf774388710ba4dbf0ad6f");
  EXPECT_EQ(ihave.hops, 0x105);
  EXPECT_EQ(ihave.id(), hello_id);
  const Message digest = message("001a 021c 01 00 0000 10d0003a7fcf774388710ba4dbf0ad6f 0103");
  ASSERT_EQ(digest.count(), 1u);
  EXPECT_EQ(digest.aged_id(0), (AgedId{hello_id, 0x103}));
}

TEST(Modern, EncodesFromItsParts) {
  Bytes out;
  encode(out, Message{Type::forward_join, 6}, self);
  EXPECT_EQ(out, from_hex("000e 01fe 06 00 0000 7f000001 1771"));
  out.clear();
  encode(out, Message{Type::shuffle, 6}, std::array{self, Endpoint{0xc0a80101, 8080}});
  EXPECT_EQ(out, from_hex("0014 0202 06 00 0000 7f000001 1771 c0a80101 1f90"));
  EXPECT_EQ(out.size(), frame_size(Type::shuffle, 2));
  out.clear();
  encode(out, Message{Type::graft, 0, 0, 5}, hello_id);
  EXPECT_EQ(out, from_hex("0018 0205 00 00 0005 10d0003a7fcf774388710ba4dbf0ad6f"));
  out.clear();
  encode(out, Message{Type::repair_digest, 1}, std::array{AgedId{hello_id, 3}});
  EXPECT_EQ(out, from_hex("001a 021c 01 00 0000 10d0003a7fcf774388710ba4dbf0ad6f 0003"));
}

TEST(Modern, ErrorsAreNamed) {
  EXPECT_EQ(error("0008 02"), DecodeError::truncated);
  EXPECT_EQ(error("0008 0206 00 00 00"), DecodeError::truncated);
  EXPECT_EQ(error("0008 0206 00 00 0000 00"), DecodeError::trailing);
  EXPECT_EQ(error("0008 03ff 00 00 0000"), DecodeError::unknown_type);
  EXPECT_EQ(error("0004 0206"), DecodeError::wrong_size);
  EXPECT_EQ(error("0009 0206 00 00 0000 00"), DecodeError::wrong_size);
  EXPECT_EQ(error("000d 01fd 00 00 0000 7f000001 17"), DecodeError::wrong_size);
  EXPECT_EQ(error("0012 0202 06 00 0000 7f000001 1771 c0a80101"), DecodeError::wrong_size) << "part of an address";
  EXPECT_EQ(error("000c 01fc 0001 0000 7f000001"), DecodeError::wrong_size);
}

TEST(Modern, EverySingleByteCorruptionIsAnErrorOrTheSameBytes) {
  for (const auto& vector : vectors::modern) {
    const auto golden = from_hex(vector.hex);
    for (std::size_t at = 0; at < golden.size(); ++at) {
      for (int change = 1; change < 256; ++change) {
        auto frame = golden;
        frame[at] ^= static_cast<std::byte>(change);
        const Decoded decoded = decode(frame);
        if (std::holds_alternative<DecodeError>(decoded)) continue;
        Bytes again;
        encode(again, decoded);
        EXPECT_EQ(again, frame) << vector.name;
      }
    }
  }
}

}  // namespace
}  // namespace gossip::net::modern
