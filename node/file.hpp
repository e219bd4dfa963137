#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace gossip::node {

/// Calls `take` with one piece after the other until it says false; `-` is the standard input. What went wrong, or
/// nothing.
std::string read_file(const std::string& path, const std::function<bool(std::string_view piece)>& take);
/// False: errno says why.
bool write_all(int file, std::span<const std::byte> bytes);

}  // namespace gossip::node
