#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

/// Numbers for people, the same in every output on the terminal.
namespace gossip::sim {

/// 1234567 as 1,234,567.
std::string grouped_text(std::uint64_t number);
std::string fixed_text(double value, int digits);
/// 12 KiB
std::string bytes_text(double count);
/// 9.125 ms, 80.3 ms, 12.01 s
std::string milliseconds_text(double ms);

/// Columns as wide as their widest cell, two blanks between them; the first row is the head.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

}  // namespace gossip::sim
