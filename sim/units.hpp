#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/types.hpp"

/// Numbers with units, as scenarios write them: "80ms", "1.5s", "64KiB", "10/s". Decimal input is exact: what is finer
/// than the smallest unit is an error, never rounded away.
namespace gossip::sim {

/// A century, so that sums of a few times never overflow.
inline constexpr Duration longest_duration = Duration{36'525} * 86'400 * second;

/// ns, us, ms, s, min, h. Throws InputError naming `where`.
Duration parse_duration(std::string_view text, const std::string& where);

/// B, kB, MB, GB, KiB, MiB, GiB. Throws InputError naming `where`.
std::uint64_t parse_size(std::string_view text, const std::string& where);

/// "10/s", "2.5/min": the time between two of them, rounded to the nanosecond. Throws InputError naming `where`.
Duration parse_rate(std::string_view text, const std::string& where);

/// The shortest exact spelling: "1.5s", "80ms".
std::string duration_text(Duration duration);

}  // namespace gossip::sim
