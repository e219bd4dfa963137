#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/classic.hpp"

/// The protocol as a grammar: bytes of chance become frames, right and wrong ones.
///
/// Every field comes from a small set, so that moves collide: the same data from several sides, the address of somebody
/// who is there, the id of a question that was asked.
namespace gossip::fuzz {

/// What is left of an input, as choices. When it has ended every choice is 0.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  /// One byte's worth: n ≤ 256.
  std::size_t below(std::size_t n) {
    if (rest_.empty()) return 0;
    const std::size_t chosen = rest_[0] % n;
    rest_ = rest_.subspan(1);
    return chosen;
  }
  bool one_in(std::size_t n) { return below(n) == n - 1; }
  template <class T>
  T of(std::initializer_list<T> set) {
    return set.begin()[below(set.size())];
  }
  template <class Set>
  auto of(const Set& set) {
    return set[below(set.size())];
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// What the choices are made from.
struct World {
  std::vector<net::Endpoint> addresses;  // not empty
  std::vector<std::uint16_t> asked;      // message ids that this module was asked about
  std::uint32_t burst = 0;               // counts, where data is to be new each time
};

inline constexpr std::array<std::uint16_t, 3> data_types = {1, 2, 3};

/// Bodies of all sizes that can be announced, small ones mostly, and one that only modules can say.
inline std::vector<std::byte> body(Choices& choices) {
  static constexpr std::array<std::size_t, 16> sizes = {
      0, 1, 2, 20, 0, 1, 2, 20, 0, 1, 2, 20, 1400, 20'000, net::max_send_content_data, net::max_announce_data};
  const std::size_t size = choices.of(sizes);
  return std::vector<std::byte>(size, static_cast<std::byte>(size));
}

inline net::Announce announce_of(Choices& choices, std::span<const std::byte> data) {
  return {.ttl = choices.of<std::uint8_t>({0, 1, 2, 255}),
          .reserved = choices.one_in(8) ? std::uint8_t{7} : std::uint8_t{0},
          .data_type = choices.of(data_types),
          .data = data};
}

inline net::Bytes peer_frame(Choices& choices, const World& world) {
  net::Bytes out;
  switch (choices.below(8)) {
    case 0:
      encode(out, net::Pull{choices.of(world.addresses)});
      break;
    case 1:
      encode(out, net::Push{choices.of(world.addresses)});
      break;
    case 2: {
      std::vector<net::Endpoint> peers(choices.one_in(16) ? 300 : choices.below(8));
      for (net::Endpoint& peer : peers) peer = choices.of(world.addresses);
      net::encode_response(out, peers);
      break;
    }
    default: {
      std::vector<std::byte> data = body(choices);
      data.resize(std::min(data.size(), net::max_send_content_data));
      encode(out, net::SendContent{announce_of(choices, data)});
    }
  }
  return out;
}

inline net::Bytes module_frame(Choices& choices, const World& world) {
  net::Bytes out;
  const std::size_t what = choices.below(32);
  if (what < 14 && !world.asked.empty()) {
    encode(out, net::Validation{.message_id = choices.of(world.asked), .valid = choices.below(3) != 0});
  } else if (what < 20) {
    encode(out, net::Notify{.data_type = choices.of(data_types)});
  } else if (what == 20) {  // nobody asked that, perhaps
    encode(out, net::Validation{.message_id = static_cast<std::uint16_t>(choices.below(256)), .valid = true});
  } else {
    const std::vector<std::byte> data = body(choices);
    encode(out, announce_of(choices, data));
  }
  return out;
}

inline void set_u16(net::Bytes& frame, std::size_t at, std::size_t value) {
  if (at + 2 > frame.size()) return;
  frame[at] = static_cast<std::byte>(value >> 8);
  frame[at + 1] = static_cast<std::byte>(value);
}

/// One thing about it becomes wrong; what the other side makes of the bytes that follow is part of the game.
inline void damage(Choices& choices, net::Bytes& frame) {
  const std::size_t size = frame.size();
  switch (choices.below(10)) {
    case 0:  // more is promised than comes
      return set_u16(frame, 0, std::min(size + 1 + choices.below(64), net::max_frame));
    case 1:
      return set_u16(frame, 0, size - std::min(size, 1 + choices.below(8)));
    case 2:
      return set_u16(frame, 0, choices.below(9));
    case 3:
      return set_u16(frame, 0, net::max_frame);
    case 4:  // any type there is, and their neighbours
      return set_u16(frame, 2, 499 + choices.below(10));
    case 5:
      return set_u16(frame, 2, choices.below(256) * 257);
    case 6:  // the count of a RESPONSE, the size within a SEND_CONTENT
      return set_u16(frame, 4, choices.below(256) * 255);
    case 7:  // the type within a SEND_CONTENT
      return set_u16(frame, 6, 498 + choices.below(12));
    case 8:  // cut off, but the size is right
      frame.resize(size - std::min(size - net::header_size, 1 + choices.below(16)));
      return set_u16(frame, 0, frame.size());
    default:
      frame[choices.below(std::min<std::size_t>(size, 256))] ^= static_cast<std::byte>(1 + choices.below(255));
  }
}

inline net::Bytes some_frame(Choices& choices, const World& world, bool module) {
  const bool wrong_port = choices.one_in(32);
  return module != wrong_port ? module_frame(choices, world) : peer_frame(choices, world);
}

/// New data each time: what a burst consists of.
inline net::Bytes fresh_frame(World& world, bool module, std::uint16_t type, std::size_t size) {
  std::vector<std::byte> data(std::max<std::size_t>(size, 4), std::byte{0xee});
  const std::uint32_t number = ++world.burst;
  for (std::size_t i = 0; i < 4; ++i) data[i] = static_cast<std::byte>(number >> (8 * i));
  net::Bytes out;
  const net::Announce announce{.data_type = type, .data = data};
  if (module) {
    encode(out, announce);
  } else {
    encode(out, net::SendContent{announce});
  }
  return out;
}

/// A reloadable key and a text for it, as a person might write it: not always one that is valid.
struct KeyText {
  std::string key, value;
};
inline KeyText reload_of(Choices& choices) {
  static const std::array<KeyText, 16> all = {{{"p2p_connections", "2"},
                                               {"p2p_per_address", "1"},
                                               {"api_connections", "2"},
                                               {"api_subscriptions", "1"},
                                               {"peer_queue", "64KiB"},
                                               {"module_queue", "64KiB"},
                                               {"backpressure", "0ms"},
                                               {"module_stall", "100ms"},
                                               {"peer_stall", "100ms"},
                                               {"response_timeout", "10ms"},
                                               {"idle_timeout", "100ms"},
                                               {"identify_timeout", "1h"},
                                               {"validation_deadline", "100ms"},
                                               {"on_silence", "drop"},
                                               {"relay", "subscribed"},
                                               {"validation_deadline", "1h"}}};
  return choices.of(all);
}

}  // namespace gossip::fuzz
