#include "sim/world/trace.hpp"

#include <algorithm>
#include <tuple>

#include "core/config/units.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/text_input.hpp"

namespace gossip::sim {
namespace {

struct Row {
  std::uint32_t peer;
  Interval interval;
  std::size_t line;
};

Time read_time(const TextLine& line, std::size_t column, const char* name) {
  const auto time = parse_time(line.fields[column], second, longest_duration);
  if (time) return *time;
  throw InputError(line.where(), std::string(name) + " \"" + std::string(line.fields[column]) +
                                     "\" is not a number of seconds from 0 to a century");
}

Row read_row(const TextLine& line, std::uint32_t peers, const NodeNames& names) {
  if (line.fields.size() != 3) {
    throw InputError(line.where(),
                     "has " + std::to_string(line.fields.size()) + " columns; expected peer,up_seconds,down_seconds");
  }
  const auto peer =
      names.empty() ? parse_number<std::uint32_t>(line.fields[0]) : names.find(line.fields[0], peers);
  if (!peer && !names.empty()) {
    throw InputError(line.where(), "the peer \"" + std::string(line.fields[0]) +
                                       "\" is no node of the topology's file, which has " + names.some(peers));
  }
  if (!peer) throw InputError(line.where(), "the peer \"" + std::string(line.fields[0]) + "\" is not a whole number");
  if (*peer >= peers) {
    throw InputError(line.where(),
                     "peer " + std::to_string(*peer) + " is not below the number of peers, " + std::to_string(peers));
  }
  const Time up = read_time(line, 1, "up_seconds");
  const Time down = line.fields[2].empty() ? never : read_time(line, 2, "down_seconds");
  if (down <= up) throw InputError(line.where(), "goes down before it comes up, or at the same time");
  return {*peer, {up, down}, line.number};
}

}  // namespace

Trace read_trace(const std::string& file, std::uint32_t peers, const NodeNames& names) {
  std::vector<Row> rows;
  each_line(file, read_text(file), ',', [&](const TextLine& line) {
    const bool header = rows.empty() && line.fields[0] == "peer";
    if (!header) rows.push_back(read_row(line, peers, names));
  });
  if (rows.empty()) throw InputError(file, "has no rows; expected peer,up_seconds,down_seconds");
  std::ranges::sort(rows, {}, [](const Row& row) { return std::tuple(row.peer, row.interval.up, row.line); });
  Trace trace(peers);
  std::size_t last_line = 0;
  for (const Row& row : rows) {
    std::vector<Interval>& intervals = trace[row.peer];
    if (!intervals.empty() && row.interval.up < intervals.back().down) {
      throw InputError(file + ": line " + std::to_string(row.line),
                       "peer " + std::to_string(row.peer) + " comes up while line " + std::to_string(last_line) +
                           " has it up already");
    }
    intervals.push_back(row.interval);
    last_line = row.line;
  }
  return trace;
}

}  // namespace gossip::sim
