#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/types.hpp"

namespace gossip {

/// The timers of one part of a peer, by name: `enum class Timer { shuffle, retry, count_ }`. Part of its state; what
/// goes outward is the earliest. A timer fires once: `due` takes it out.
template <class Name>
class Timers {
 public:
  void clear() { at_.fill(never); }
  void set(Name name, Time at) { at_[place(name)] = at; }
  void stop(Name name) { at_[place(name)] = never; }
  bool running(Name name) const { return at_[place(name)] != never; }
  bool due(Name name, Time now) {
    if (at_[place(name)] > now) return false;
    stop(name);
    return true;
  }
  Time deadline() const { return *std::min_element(at_.begin(), at_.end()); }

 private:
  static constexpr std::size_t place(Name name) { return static_cast<std::size_t>(name); }
  std::array<Time, static_cast<std::size_t>(Name::count_)> at_;
};

}  // namespace gossip
