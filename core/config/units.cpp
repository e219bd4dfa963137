#include "core/config/units.hpp"

#include <array>
#include <span>

namespace gossip {
namespace {

struct UnitName {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array time_units{UnitName{"ns", 1},     UnitName{"us", microsecond},  UnitName{"ms", millisecond},
                                UnitName{"s", second}, UnitName{"min", 60 * second}, UnitName{"h", 3'600 * second}};
constexpr std::array size_units{
    UnitName{"B", 1},          UnitName{"kB", 1'000},     UnitName{"MB", 1'000'000}, UnitName{"GB", 1'000'000'000},
    UnitName{"KiB", 1u << 10}, UnitName{"MiB", 1u << 20}, UnitName{"GiB", 1u << 30}};

constexpr std::array bit_units{UnitName{"bit/s", 1}, UnitName{"kbit/s", 1'000}, UnitName{"Mbit/s", 1'000'000},
                               UnitName{"Gbit/s", 1'000'000'000}};

__extension__ typedef unsigned __int128 Wide;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// digits · 10^-decimals, then whatever follows the number.
struct Decimal {
  std::uint64_t digits = 0;
  std::uint64_t scale = 1;  // 10^decimals
  std::string_view rest;
};

/// Nothing when there is no number, or one of more than 18 digits.
std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  std::size_t at = 0;
  std::size_t digits = 0;
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    if (++digits > 18) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
    if (point) number.scale *= 10;
  }
  if (digits == 0 || !is_digit(text[0]) || !is_digit(text[at - 1])) return std::nullopt;
  number.rest = text.substr(at);
  return number;
}

const UnitName* find_unit(std::span<const UnitName> units, std::string_view name) {
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const UnitName& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

struct Measure {
  std::string_view what, example, least;
  std::span<const UnitName> units;
  std::uint64_t limit;
};

template <class T>
Parsed<T> parse(const Measure& measure, std::string_view text) {
  const auto number = parse_decimal(text);
  const UnitName* unit = number ? find_unit(measure.units, number->rest) : nullptr;
  if (unit == nullptr) {
    std::string problem = "is not a " + std::string(measure.what) + "; write a number and a unit as in \"" +
                          std::string(measure.example) + "\", with one of";
    for (const UnitName& known : measure.units) problem.append(" ").append(known.name);
    return {{}, problem};
  }
  const Wide scaled = Wide{number->digits} * unit->factor;
  if (scaled % number->scale != 0) return {{}, "is finer than a " + std::string(measure.least)};
  const Wide value = scaled / number->scale;
  if (value > measure.limit) return {{}, "is too long or too large"};
  return {static_cast<T>(value), {}};
}

/// In the largest of the units that are not above it.
std::string with_unit(std::uint64_t value, std::span<const UnitName> units) {
  const UnitName* unit = &units[0];
  for (const UnitName& candidate : units) {
    if (value >= candidate.factor) unit = &candidate;
  }
  std::string text = std::to_string(value / unit->factor);
  if (value % unit->factor != 0) {
    // The remainder below one unit, with the unit's leading zeros and without trailing ones.
    std::string decimals = std::to_string(unit->factor + value % unit->factor).substr(1);
    text += '.' + decimals.substr(0, decimals.find_last_not_of('0') + 1);
  }
  return text.append(unit->name);
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  return parse<Duration>({"duration", "80ms", "nanosecond", time_units, std::uint64_t{longest_duration}}, text);
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  return parse<std::uint64_t>({"size", "64KiB", "byte", size_units, largest_size}, text);
}

Parsed<std::uint64_t> parse_bandwidth(std::string_view text) {
  constexpr std::uint64_t fastest = 1'000'000'000'000;
  return parse<std::uint64_t>({"bandwidth", "38Mbit/s", "bit a second", bit_units, fastest}, text);
}

Parsed<Duration> parse_rate(std::string_view text) {
  const auto number = parse_decimal(text);
  const bool slash = number && number->rest.starts_with('/');
  const UnitName* unit = slash ? find_unit(time_units, number->rest.substr(1)) : nullptr;
  if (unit == nullptr) return {{}, "is not a rate; write it as in \"10/s\" or \"2.5/min\""};
  if (number->digits == 0) return {{}, "never happens; leave the entry out instead"};
  const Wide interval = (Wide{unit->factor} * number->scale + number->digits / 2) / number->digits;
  if (interval == 0) return {{}, "is more than one a nanosecond"};
  if (interval > Wide{std::uint64_t{longest_duration}}) return {{}, "is less than one a century"};
  return {static_cast<Duration>(interval), {}};
}

std::string duration_text(Duration duration) {
  if (duration < 0) return '-' + duration_text(-duration);
  if (duration == 0) return "0s";
  const auto value = static_cast<std::uint64_t>(duration);
  // Minutes and hours have no decimals of their own: only where they are whole.
  for (const UnitName& unit : {time_units[5], time_units[4]}) {
    if (value > 0 && value % unit.factor == 0) return std::to_string(value / unit.factor).append(unit.name);
  }
  return with_unit(value, std::span(time_units).first(4));
}

std::string size_text(std::uint64_t bytes) {
  for (std::size_t i = size_units.size(); i-- > 4;) {
    if (bytes > 0 && bytes % size_units[i].factor == 0) {
      return std::to_string(bytes / size_units[i].factor).append(size_units[i].name);
    }
  }
  return std::to_string(bytes) + 'B';
}

}  // namespace gossip
