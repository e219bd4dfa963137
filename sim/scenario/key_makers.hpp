#pragma once

#include "sim/scenario/keys.hpp"
#include "sim/scenario/scenario.hpp"

/// What the tables of keys.cpp are written with.
namespace gossip::sim::keys {

using Keys = std::vector<Key>;

inline constexpr std::int64_t most_peers = 0xffff'fffe;
inline constexpr Range any_peer = whole(0, most_peers), some_peers = whole(1, most_peers);
inline constexpr Range link_time = whole(0, longest_latency), some_time = whole(1, longest_latency);

// Ways from the struct around to the member's.

template <auto member>
using ClassOf = typename gossip::detail::Member<decltype(member)>::Class;

template <auto member>
auto* at(void* object) {
  return &(static_cast<ClassOf<member>*>(object)->*member);
}
/// An alternative of a variant; the member becomes that one if it is another.
template <auto member, class T>
void* become(void* object) {
  auto& spec = *at<member>(object);
  if (!std::holds_alternative<T>(spec)) spec.template emplace<T>();
  return &std::get<T>(spec);
}

// Keys that may be left out, and keys that may not. `absent` says what holds then, where that is no constant.

inline Key key(const Field& field) { return {field.name, field.help, field, field.source, field.derived}; }
inline Key key(std::string_view name, Key::Shape shape, std::string_view help, std::string_view absent = {}) {
  return {name, help, std::move(shape), {}, absent};
}
template <auto member>
Key may(std::string_view name, Range range, Words words) {
  return key(field<member>(name, range, words));
}
template <auto member>
Key share(std::string_view name, std::string_view help) {
  return key(field<member>(name, {0.0, 1.0}, {help}, Unit::share));
}
inline Key left_out(Key key, std::string_view absent) {
  key.absent = absent;
  return key;
}
inline Key needed(Key key) {
  key.required = true;
  return key;
}
template <auto member>
Key need(std::string_view name, Range range, std::string_view help) {
  return needed(may<member>(name, range, {help}));
}
template <auto member>
Key need_file(std::string_view help) {
  return needed(key("file", FileName{at<member>}, help));
}

Key classes();  // class_keys.cpp

}  // namespace gossip::sim::keys
