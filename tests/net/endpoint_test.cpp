#include "net/endpoint.hpp"

#include <gtest/gtest.h>

namespace gossip::net {
namespace {

HostPort good(std::string_view text) {
  const auto result = parse_host_port(text);
  EXPECT_TRUE(std::holds_alternative<HostPort>(result)) << text;
  return std::holds_alternative<HostPort>(result) ? std::get<HostPort>(result) : HostPort{};
}

AddressError bad(std::string_view text) {
  const auto result = parse_host_port(text);
  EXPECT_TRUE(std::holds_alternative<AddressError>(result)) << text;
  return std::holds_alternative<AddressError>(result) ? std::get<AddressError>(result) : AddressError{99};
}

TEST(Endpoint, TextAndBack) {
  const Endpoint endpoint{0x7f000001, 6001};
  EXPECT_EQ(to_string(endpoint), "127.0.0.1:6001");
  EXPECT_EQ(parse_endpoint("127.0.0.1:6001"), endpoint);
  EXPECT_EQ(parse_endpoint("255.254.253.252:65535"), (Endpoint{0xfffefdfc, 65535}));
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", ":1", "127.0.0:1", "127.0.0.0.1:1", "256.0.0.1:1", "1.2.3.4:65536", "1.2.3.4:-1",
        "1.2.3.4:+1", "1.2.3.4: 1", "01.2.3.4:1", "1.2.3.4:1 ", "1..3.4:1", "a.b.c.d:1"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
}

TEST(Endpoint, WhereNobodyListens) {
  EXPECT_TRUE((Endpoint{0x7f000001, 1}).is_listening());
  EXPECT_TRUE((Endpoint{0xdfffffff, 1}).is_listening()) << "223.255.255.255";
  EXPECT_FALSE((Endpoint{0, 1}).is_listening());
  EXPECT_FALSE((Endpoint{0x7f000001, 0}).is_listening());
  EXPECT_FALSE((Endpoint{0xe0000001, 1}).is_listening()) << "224.0.0.1";
  EXPECT_FALSE((Endpoint{0xefffffff, 1}).is_listening()) << "239.255.255.255";
  EXPECT_FALSE((Endpoint{0xffffffff, 1}).is_listening());
}

TEST(Endpoint, OrderIsByAddressThenPort) {
  EXPECT_LT((Endpoint{1, 9}), (Endpoint{2, 1}));
  EXPECT_LT((Endpoint{1, 1}), (Endpoint{1, 9}));
}

TEST(HostPort, ThreeForms) {
  EXPECT_EQ(good("1.2.3.4:5"), (HostPort{"1.2.3.4", 5, HostKind::v4}));
  EXPECT_EQ(good("1.2.3.4:5").endpoint(), (Endpoint{0x01020304, 5}));
  EXPECT_EQ(good("example.org:80"), (HostPort{"example.org", 80, HostKind::name}));
  EXPECT_EQ(good("example.org:80").endpoint(), std::nullopt);
  for (const char* text : {"[::1]:5", "[::]:0", "[2001:db8::8:800:200c:417a]:1", "[::ffff:1.2.3.4]:1", "[::1.2.3.4]:1",
                           "[fe80::1%eth0]:1", "[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:1.2.3.4]:9"}) {
    EXPECT_EQ(good(text).kind, HostKind::v6) << text;
    EXPECT_EQ(to_string(good(text)), text);
  }
}

TEST(HostPort, ErrorsAreNamed) {
  EXPECT_EQ(bad(""), AddressError::empty);
  EXPECT_EQ(bad("localhost"), AddressError::no_port);
  EXPECT_EQ(bad("[::1]"), AddressError::no_port);
  EXPECT_EQ(bad("localhost:"), AddressError::bad_port);
  EXPECT_EQ(bad("localhost:70000"), AddressError::bad_port);
  EXPECT_EQ(bad("localhost:1x"), AddressError::bad_port);
  EXPECT_EQ(bad("[::1:5"), AddressError::unclosed_bracket);
  for (const char* text : {":5", "1.2.3:5", "1.2.3.400:5", "::1:5", "[::1]x5", "[1:2]:5", "[::1::2]:5", "[12345::]:5",
                           "[g::]:5", "[1:2:3:4:5:6:7:8:9]:5", "[1.2.3.4]:5", "a b:5", "-a:5", "a..b:5"}) {
    EXPECT_EQ(bad(text), AddressError::bad_host) << text;
  }
}

}  // namespace
}  // namespace gossip::net
