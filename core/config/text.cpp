#include "core/config/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace gossip {
namespace {

/// Levenshtein's distance, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string real_text(double value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

std::string choices_text(const Field& field, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < field.choices.size(); ++i) {
    if (i > 0) text += i + 1 == field.choices.size() ? last : ", ";
    text += field.choices[i];
  }
  return text;
}

template <class T>
Parsed<Value> parse_plain(std::string_view text, const char* what) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return {{}, "is too large"};
  if (error != std::errc{} || end != text.data() + text.size()) return {{}, std::string("is not a ") + what};
  if (value != value) return {{}, std::string("is not a ") + what};  // NaN, which no range refuses
  return {Value{value}, {}};
}

Parsed<Value> parse_unchecked(const Field& field, std::string_view text) {
  const auto whole = [](const auto& parsed) -> Parsed<Value> {
    if (!parsed.value) return {{}, parsed.problem};
    return {Value{static_cast<std::int64_t>(*parsed.value)}, {}};
  };
  switch (field.unit) {
    case Unit::size:
      return whole(parse_size(text));
    case Unit::duration:
      return whole(parse_duration(text));
    case Unit::flag:
      if (text == "true" || text == "false") return {Value{std::int64_t{text == "true"}}, {}};
      return {{}, "is neither true nor false"};
    case Unit::choice: {
      const auto found = std::ranges::find(field.choices, text);
      if (found != field.choices.end()) return {Value{std::int64_t{found - field.choices.begin()}}, {}};
      return {{}, "is not a choice; " + suggest(text, {field.choices.begin(), field.choices.end()})};
    }
    case Unit::share:
    case Unit::number:
      return parse_plain<double>(text, "number");
    default:
      return parse_plain<std::int64_t>(text, "whole number");
  }
}

}  // namespace

std::optional<std::string> check(const Field& field, const Value& value) {
  const Range& range = field.range;
  if (range.least == range.most) return std::nullopt;  // any_value: what a type can hold, or a choice
  if (range.open_least && value <= range.least) return "is not above " + text_of(field, range.least);
  if (range.open_most && value >= range.most) return "is not below " + text_of(field, range.most);
  if (value < range.least) return "is below " + text_of(field, range.least) + ", the least allowed";
  if (value > range.most) return "is above " + text_of(field, range.most) + ", the most allowed";
  return std::nullopt;
}

Parsed<Value> parse(const Field& field, std::string_view text) {
  if (!field.derived.empty() && text.empty()) return {Value{std::int64_t{automatic}}, {}};
  Parsed<Value> parsed = parse_unchecked(field, text);
  if (!parsed.value) return parsed;
  if (const auto problem = check(field, *parsed.value)) return {{}, *problem};
  return parsed;
}

std::string text_of(const Field& field, const Value& value) {
  if (field.is_real()) return real_text(std::get<double>(value));
  const std::int64_t whole = std::get<std::int64_t>(value);
  if (!field.derived.empty() && whole == automatic) return {};
  switch (field.unit) {
    case Unit::size:
      return size_text(static_cast<std::uint64_t>(whole));
    case Unit::duration:
      return duration_text(whole);
    case Unit::flag:
      return whole != 0 ? "true" : "false";
    case Unit::choice:
      return std::string(field.choices[static_cast<std::size_t>(whole)]);
    default:
      return std::to_string(whole);
  }
}

std::string range_text(const Field& field) {
  if (field.unit == Unit::choice) return choices_text(field, " or ");
  if (field.unit == Unit::flag) return "true or false";
  const Range& range = field.range;
  if (range.least == range.most) return "any";
  return (range.open_least ? "above " : "") + text_of(field, range.least) + (range.open_most ? " to below " : " to ") +
         text_of(field, range.most);
}

std::string_view nearest(std::string_view wrong, const std::vector<std::string_view>& known) {
  return *std::ranges::min_element(known, {}, [&](std::string_view name) { return edit_distance(wrong, name); });
}

std::string suggest(std::string_view wrong, const std::vector<std::string_view>& known) {
  if (!known.empty()) {
    const std::string_view best = nearest(wrong, known);
    if (edit_distance(wrong, best) <= 1 + best.size() / 3) return "did you mean \"" + std::string(best) + "\"?";
  }
  std::string text = "known here:";
  for (const std::string_view name : known) text.append(text.back() == ':' ? " " : ", ").append(name);
  return text;
}

}  // namespace gossip
