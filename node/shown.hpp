#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gossip::node {

/// Text of somebody else's as part of one line of ours, or nothing where it is no UTF-8.
///
/// What could pass for another line, move the cursor or turn the order of what is read (controls, line and paragraph
/// separators, the bidirectional marks of UAX #9) is written as `\n`, `\t`, `\u{202e}`; a backslash is doubled, so that
/// nobody can write these themselves.
std::optional<std::string> shown(std::string_view text);

}  // namespace gossip::node
