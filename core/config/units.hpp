#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "core/types.hpp"

/// Numbers with units, as people write them in scenarios, configuration files and flags: "80ms", "1.5s", "64KiB",
/// "10/s". Decimal input is exact: what is finer than the smallest unit is an error, never rounded away.
namespace gossip {

/// A century, so that sums of a few times never overflow.
inline constexpr Duration longest_duration = Duration{36'525} * 86'400 * second;
inline constexpr std::uint64_t largest_size = std::uint64_t{1} << 50;

/// A value, or what is wrong with the text, as the end of a sentence that begins with it.
template <class T>
struct Parsed {
  std::optional<T> value;
  std::string problem;
};

/// The whole text as a number of type T, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// ns, us, ms, s, min, h; at most `longest_duration`.
Parsed<Duration> parse_duration(std::string_view text);
/// B, kB, MB, GB, KiB, MiB, GiB; at most `largest_size`.
Parsed<std::uint64_t> parse_size(std::string_view text);
/// "10/s", "2.5/min": the time between two of them, rounded to the nanosecond.
Parsed<Duration> parse_rate(std::string_view text);

/// Bits a second, as in "38Mbit/s".
Parsed<std::uint64_t> parse_bandwidth(std::string_view text);

/// The shortest exact spelling: "1.5s", "80ms", "2min"; "64KiB".
std::string duration_text(Duration duration);
std::string size_text(std::uint64_t bytes);

/// What a regular expression for such text is, for JSON Schema.
inline constexpr const char* duration_pattern = "^[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|min|h)$";
inline constexpr const char* size_pattern = "^[0-9]+(\\.[0-9]+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$";
inline constexpr const char* bandwidth_pattern = "^[0-9]+(\\.[0-9]+)? ?(bit|kbit|Mbit|Gbit)/s$";
inline constexpr const char* rate_pattern = "^[0-9]+(\\.[0-9]+)?/(ns|us|ms|s|min|h)$";

}  // namespace gossip
