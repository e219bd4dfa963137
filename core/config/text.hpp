#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/field.hpp"
#include "core/config/units.hpp"

/// Fields as text: what a person writes, and what is shown to one.
namespace gossip {

/// Whether a value may be had, or what is wrong with it: "is above 10, the most allowed".
std::optional<std::string> check(const Field& field, const Value& value);

/// From text, as in an INI file or a flag. The problem is the end of a sentence that begins with the text. Of a field
/// with a derived value, empty text is `automatic`.
Parsed<Value> parse(const Field& field, std::string_view text);

/// Text that parses to the value; empty for `automatic`.
std::string text_of(const Field& field, const Value& value);

/// What may be written, for documentation: "1 to 1000", "forward or drop".
std::string range_text(const Field& field);

/// `did you mean "degree"?` when one is near, otherwise the whole choice: "known here: a, b".
std::string suggest(std::string_view wrong, const std::vector<std::string_view>& known);
/// The one with the fewest changes of a letter; `known` is not empty.
std::string_view nearest(std::string_view wrong, const std::vector<std::string_view>& known);

}  // namespace gossip
