#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

/// The golden frames of docs/wire.md, which others check their implementations against.
namespace gossip::net::vectors {

inline std::vector<std::byte> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> bytes;
  int high = -1;
  for (char c : text) {
    if (c == ' ') continue;
    if (high < 0) {
      high = digit(c);
    } else {
      bytes.push_back(static_cast<std::byte>(high << 4 | digit(c)));
      high = -1;
    }
  }
  return bytes;
}

struct Vector {
  const char* name;
  const char* hex;
};

inline constexpr std::array all = {
    Vector{"announce", "000d 01f4 04 00 0d18 68656c6c6f"},
    Vector{"announce_empty", "0008 01f4 00 00 0539"},
    Vector{"notify", "0008 01f5 0000 0d18"},
    Vector{"notification", "000d 01f6 beef 0d18 68656c6c6f"},
    Vector{"validation_good", "0008 01f7 beef 0001"},
    Vector{"validation_bad", "0008 01f7 beef 0000"},
    Vector{"pull", "000a 01f8 7f000001 1771"},
    Vector{"response", "0018 01f9 0003 7f0000011f90 c00000011e61 c0a801011f90"},
    Vector{"response_empty", "0006 01f9 0000"},
    Vector{"push", "000a 01fa 7f000001 1771"},
    Vector{"send_content", "0011 01fb 000d 01f4 04 00 0d18 68656c6c6f"},
};

/// Of the modern dialect.
inline constexpr std::array modern = {
    Vector{"hello", "000e 01fc 0001 0000 7f000001 1771"},
    Vector{"join", "000e 01fd 00 00 0000 7f000001 1771"},
    Vector{"forward_join", "000e 01fe 06 00 0000 7f000001 1771"},
    Vector{"neighbor", "000e 01ff 01 00 0000 7f000001 1771"},
    Vector{"neighbor_reply", "0008 0200 01 00 0000"},
    Vector{"disconnect", "0008 0201 00 00 0000"},
    Vector{"shuffle", "0014 0202 06 00 0000 7f000001 1771 c0a80101 1f90"},
    Vector{"shuffle_reply", "0008 0203 00 00 0000"},
    Vector{"ihave", "0018 0204 00 00 0005 10d0003a7fcf774388710ba4dbf0ad6f"},
    Vector{"graft", "0018 0205 00 00 0005 10d0003a7fcf774388710ba4dbf0ad6f"},
    Vector{"prune", "0008 0206 00 00 0000"},
    Vector{"unprune", "0008 0207 00 00 0000"},
    Vector{"rumor_call", "0008 0212 01 00 0000"},
    Vector{"rumor_answer", "0008 0213 01 00 0000"},
    Vector{"rumor_knew", "0018 0214 00 00 0000 10d0003a7fcf774388710ba4dbf0ad6f"},
    Vector{"iwant", "0018 0215 00 00 0000 10d0003a7fcf774388710ba4dbf0ad6f"},
    Vector{"idontwant", "0018 0216 00 00 0000 10d0003a7fcf774388710ba4dbf0ad6f"},
    Vector{"repair_digest", "001a 021c 01 00 0000 10d0003a7fcf774388710ba4dbf0ad6f 0003"},
    Vector{"repair_digest_empty", "0008 021c 01 00 0000"},
    Vector{"repair_want", "0018 021d 00 00 0000 10d0003a7fcf774388710ba4dbf0ad6f"},
};

}  // namespace gossip::net::vectors
