// How many lines are said, and text of others in them.

#include "node/log.hpp"

#include <gtest/gtest.h>

#include "node/shown.hpp"

namespace gossip::node::test {
namespace {

TEST(LogLimit, TenOfAKindASecondAndHowManyMore) {
  LogLimit limit;
  std::uint64_t said = 0, more = 0;
  const auto tell = [&](const LogLimit::More& held) {
    more += held.lines;
    EXPECT_EQ(held.level, 3);
    EXPECT_EQ(held.last.substr(0, 15), "closing module ");
  };
  const auto line = [&](int i, Time now) {
    said += limit.admit("closing module 127.0.0.1:" + std::to_string(i) + ": a verdict", 3, now, tell);
  };
  for (int i = 0; i < 72'199; ++i) line(i, i * (16 * second / 72'199));
  EXPECT_EQ(said, 160u);
  EXPECT_TRUE(limit.admit("another kind", 2, 0, tell));
  limit.settle(100 * second, tell);
  EXPECT_EQ(said + more, 72'199u) << "each line is said or counted";
  limit.settle(200 * second, tell);
  EXPECT_EQ(said + more, 72'199u) << "once";
}

TEST(Shown, TextCannotForgeALine) {
  EXPECT_EQ(shown("plain, grün, 漢字, 😀"), "plain, grün, 漢字, 😀");
  EXPECT_EQ(shown("a\n1337 forged"), "a\\n1337 forged");
  EXPECT_EQ(shown("a\\nb"), "a\\\\nb") << "the escape cannot be written by hand";
  EXPECT_EQ(shown("\x1b[2J\r\t\x7f"), "\\u{1b}[2J\\u{d}\\t\\u{7f}");
  EXPECT_EQ(shown("\u202egpj.exe\u2028\u0085\u200b"), "\\u{202e}gpj.exe\\u{2028}\\u{85}\\u{200b}");
  for (const char* wrong :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80", "a\xe2\x82"}) {
    EXPECT_EQ(shown(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(shown(std::string_view("\0", 1)), "\\u{0}");
}

}  // namespace
}  // namespace gossip::node::test
