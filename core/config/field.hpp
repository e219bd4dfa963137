#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

#include "core/types.hpp"

/// Parameters as data. Whoever reads, checks, writes or explains a parameter does it from the same table: scenario
/// reader, JSON Schema, INI file, flags, documentation, the header of a recording.
namespace gossip {

enum class Unit : std::uint8_t {
  count,     // a whole number
  size,      // bytes
  duration,  // nanoseconds
  peer,      // a peer's number
  flag,      // yes or no
  choice,    // one of some names
  share,     // a real number from 0 to 1
  number,    // a real number
};

/// Of a parameter that is left out: it follows from others, as Field::derived says.
inline constexpr std::uint32_t automatic = 0xffff'ffff;

/// A value as any parameter can hold it: real for share and number, whole for all others (a choice: its position).
using Value = std::variant<std::int64_t, double>;

/// What may be said. `open`: the bound itself is not allowed.
struct Range {
  Value least, most;
  bool open_least = false, open_most = false;
};

constexpr Range whole(std::int64_t least, std::int64_t most) { return {least, most}; }
inline constexpr Range any_value{std::int64_t{0}, std::int64_t{0}};  // of flags, choices and peers

/// One parameter of a configuration struct.
struct Field {
  std::string_view name;
  Unit unit;
  Range range;
  std::span<const std::string_view> choices;  // Unit::choice: by position
  std::string_view help;                      // one line
  std::string_view source;                    // where the default comes from
  std::string_view derived;                   // how an automatic value follows; empty: the default is a constant
  Value (*get)(const void* config);
  void (*set)(void* config, Value value);

  constexpr bool is_real() const { return unit == Unit::share || unit == Unit::number; }
};

/// Two parameters whose values do not go together: "`retry_min` is above `retry_max`". A configuration that has such
/// relations says which are broken in `each_conflict(f)`; the names are those of its fields.
struct Conflict {
  std::string_view field, problem, other;
  std::string_view why = {};
};

/// A table of parameters and the struct that they are in.
struct Fields {
  std::span<const Field> table;
  void* config;
};

namespace detail {

template <class T>
struct Member;
template <class C, class T>
struct Member<T C::*> {
  using Class = C;
  using Type = T;
};

template <class T>
constexpr Unit unit_of() {
  if constexpr (std::same_as<T, bool>) return Unit::flag;
  if constexpr (std::same_as<T, PeerId>) return Unit::peer;
  if constexpr (std::is_enum_v<T>) return Unit::choice;
  if constexpr (std::same_as<T, Duration>) return Unit::duration;
  if constexpr (std::floating_point<T>) return Unit::number;
  return Unit::count;
}

}  // namespace detail

struct Words {
  std::string_view help, source = {}, derived = {};
};

/// `field<&SamplingConfig::degree>("degree", whole(1, 1000), {"…", "the seed's default"})`. The unit follows from the
/// member's type: an int64 is a duration. Where it does not, give it.
template <auto member>
constexpr Field field(std::string_view name, Range range, Words words,
                      Unit unit = detail::unit_of<typename detail::Member<decltype(member)>::Type>()) {
  using Class = typename detail::Member<decltype(member)>::Class;
  using Type = typename detail::Member<decltype(member)>::Type;
  return {name,
          unit,
          range,
          {},
          words.help,
          words.source,
          words.derived,
          [](const void* config) -> Value {
            const Type value = static_cast<const Class*>(config)->*member;
            if constexpr (std::floating_point<Type>) {
              return static_cast<double>(value);
            } else {
              return static_cast<std::int64_t>(value);
            }
          },
          [](void* config, Value value) {
            if constexpr (std::floating_point<Type>) {
              static_cast<Class*>(config)->*member = std::get<double>(value);
            } else {
              static_cast<Class*>(config)->*member = static_cast<Type>(std::get<std::int64_t>(value));
            }
          }};
}

/// A choice between names; value i is names[i].
template <auto member>
constexpr Field choice(std::string_view name, std::span<const std::string_view> names, Words words) {
  Field made = field<member>(name, any_value, words, Unit::choice);
  made.choices = names;
  return made;
}

}  // namespace gossip
