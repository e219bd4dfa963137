#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/types.hpp"
#include "node/settings.hpp"

namespace gossip::node {

/// How many lines of one kind are said.
///
/// Rules
/// - A line's kind is its text without the words that hold a digit (addresses, ports, sizes, names of messages), so that
///   it need not be named where the line is written, and nobody who causes lines can make up kinds.
/// - Of each kind, `most_a_second` lines are said in a second that begins with its first; then what was held back is
///   said in one line: how many more there were.
/// - There are `most_kinds` places; kinds that fall on the same place share it.
class LogLimit {
 public:
  static constexpr std::uint32_t most_a_second = 10;
  static constexpr std::size_t most_kinds = 256;

  struct More {
    std::uint64_t lines = 0;  // held back
    int level = 0;
    std::string last;  // of them
  };

  /// Whether the line is to be said. `tell(const More&)` before that for what was held back of its kind until now.
  template <class F>
  bool admit(std::string_view text, int level, Time now, F&& tell) {
    Place& place = places_[hash(text) % most_kinds];
    if (now - place.since >= second) {
      settle(place, tell);
      place.since = now;
      place.said = 0;
    }
    if (place.said < most_a_second) return ++place.said, true;
    ++place.more.lines;
    place.more.level = level;
    place.more.last = text;
    return false;
  }

  /// What was held back until now, of all kinds whose second is over.
  template <class F>
  void settle(Time now, F&& tell) {
    for (Place& place : places_) {
      if (now - place.since >= second) settle(place, tell);
    }
  }

 private:
  struct Place {
    Time since = -second;
    std::uint32_t said = 0;
    More more;
  };

  static std::uint64_t hash(std::string_view text);
  template <class F>
  static void settle(Place& place, F& tell) {
    if (place.more.lines > 0) tell(place.more);
    place.more = {};
  }

  std::array<Place, most_kinds> places_;
};

/// One line an event, on stderr: stdout belongs to what a tool answers. From info up, each kind is limited.
void set_up_log(LogLevel level, LogFormat format);
/// Says what was held back; to be called now and then, and at the end with `all`.
void settle_log(bool all = false);

}  // namespace gossip::node
