#include "sim/units.hpp"

#include <array>
#include <optional>
#include <span>

#include "sim/input_error.hpp"

namespace gossip::sim {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array time_units{Unit{"ns", 1},     Unit{"us", microsecond},     Unit{"ms", millisecond},
                                Unit{"s", second}, Unit{"min", 60ull * second}, Unit{"h", 3'600ull * second}};
constexpr std::array size_units{Unit{"B", 1},
                                Unit{"kB", 1'000},
                                Unit{"MB", 1'000'000},
                                Unit{"GB", 1'000'000'000},
                                Unit{"KiB", 1ull << 10},
                                Unit{"MiB", 1ull << 20},
                                Unit{"GiB", 1ull << 30}};

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

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

[[noreturn]] void fail(const std::string& where, std::string_view text, const std::string& what) {
  throw InputError(where, '"' + std::string(text) + "\" " + what);
}

struct Measure {
  std::string_view what, example, least;
  std::span<const Unit> units;
  std::uint64_t limit;
};

std::string expectation(const Measure& measure) {
  std::string text = "is not a " + std::string(measure.what) + "; write a number and a unit as in " +
                     std::string(measure.example) + ", with one of";
  for (const Unit& unit : measure.units) text += ' ' + std::string(unit.name);
  return text;
}

std::uint64_t parse(const Measure& measure, std::string_view text, const std::string& where) {
  const auto number = parse_decimal(text);
  const Unit* unit = number ? find_unit(measure.units, number->rest) : nullptr;
  if (!unit) fail(where, text, expectation(measure));
  const Wide scaled = Wide{number->digits} * unit->factor;
  if (scaled % number->scale != 0) fail(where, text, "is finer than a " + std::string(measure.least));
  const Wide value = scaled / number->scale;
  if (value > measure.limit) fail(where, text, "is too long or too large");
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Duration parse_duration(std::string_view text, const std::string& where) {
  const Measure measure{"duration", "\"80ms\"", "nanosecond", time_units, std::uint64_t{longest_duration}};
  return static_cast<Duration>(parse(measure, text, where));
}

std::uint64_t parse_size(std::string_view text, const std::string& where) {
  return parse({"size", "\"64KiB\"", "byte", size_units, std::uint64_t{1} << 50}, text, where);
}

Duration parse_rate(std::string_view text, const std::string& where) {
  const auto number = parse_decimal(text);
  const bool slash = number && number->rest.starts_with('/');
  const Unit* unit = slash ? find_unit(time_units, number->rest.substr(1)) : nullptr;
  if (!unit) fail(where, text, "is not a rate; write it as in \"10/s\" or \"2.5/min\"");
  if (number->digits == 0) fail(where, text, "never happens; leave the entry out instead");
  const Wide interval = (Wide{unit->factor} * number->scale + number->digits / 2) / number->digits;
  if (interval == 0) fail(where, text, "is more than one a nanosecond");
  if (interval > Wide{std::uint64_t{longest_duration}}) fail(where, text, "is less than one a century");
  return static_cast<Duration>(interval);
}

std::string duration_text(Duration duration) {
  if (duration < 0) return '-' + duration_text(-duration);
  const auto value = static_cast<std::uint64_t>(duration);
  const Unit* unit = &time_units[0];
  for (const Unit& candidate : std::span(time_units).first(4)) {
    if (value >= candidate.factor) unit = &candidate;
  }
  std::string text = std::to_string(value / unit->factor);
  if (value % unit->factor != 0) {
    // The remainder below one unit, with the unit's leading zeros and without trailing ones.
    std::string decimals = std::to_string(unit->factor + value % unit->factor).substr(1);
    text += '.' + decimals.substr(0, decimals.find_last_not_of('0') + 1);
  }
  return text + std::string(unit->name);
}

}  // namespace gossip::sim
