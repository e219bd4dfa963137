#include "net/message_id.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <unordered_set>

#include "tests/net/vectors.hpp"

namespace gossip::net {
namespace {

MessageId id(std::uint16_t type, std::string_view text) {
  return MessageHasher()(type, std::as_bytes(std::span(text)));
}

MessageId from_hex(std::string_view hex) {
  const auto bytes = vectors::from_hex(hex);
  MessageId id;
  std::copy_n(bytes.begin(), id.size(), id.begin());
  return id;
}

// The expected values are `printf '\x0d\x18hello' | sha256sum | cut -c1-32`, and likewise.
TEST(MessageId, IsTheBeginningOfSha256) {
  EXPECT_EQ(id(3352, "hello"), from_hex("10d0003a7fcf774388710ba4dbf0ad6f"));
  EXPECT_EQ(id(0, ""), from_hex("96a296d224f285c67bee93c30f8a3091"));
}

TEST(MessageId, DependsOnTypeAndData) {
  EXPECT_NE(id(3352, "hello"), id(3353, "hello"));
  EXPECT_NE(id(3352, "hello"), id(3352, "hellp"));
  EXPECT_NE(id(0x0d18, "a"), id(0x0d,
                                "\x18"
                                "a"));
}

TEST(MessageId, AHasherCanBeUsedAgain) {
  MessageHasher hasher;
  const std::string_view text = "hello";
  const MessageId first = hasher(1, std::as_bytes(std::span(text)));
  hasher(2, {});
  EXPECT_EQ(hasher(1, std::as_bytes(std::span(text))), first);
}

TEST(MessageId, TheSaltChangesTheBucket) {
  const MessageId some = id(1, "x");
  EXPECT_NE(MessageIdHash{1}(some), MessageIdHash{2}(some));
  std::unordered_set<MessageId, MessageIdHash> ids(8, MessageIdHash{7});
  EXPECT_TRUE(ids.insert(some).second);
  EXPECT_FALSE(ids.insert(some).second);
}

}  // namespace
}  // namespace gossip::net
