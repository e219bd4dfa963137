#include "bench/truth_bench.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench/truth/truth.hpp"
#include "sim/machine/process.hpp"

namespace gossip::bench {
namespace {

constexpr std::string_view table_begin = "<!-- table: published -->\n", table_end = "<!-- end -->";

void write_tables(const std::string& path, const std::string& tables) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  const std::size_t begin = text.find(table_begin), end = text.find(table_end, begin);
  if (begin == std::string::npos || end == std::string::npos) {
    throw std::runtime_error(path + " has no place for the tables: " + std::string(table_begin));
  }
  text.replace(begin + table_begin.size(), end - begin - table_begin.size(), tables);
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

bool run_truth_bench(const TruthOptions& options) {
  std::printf("  %-44s %9s %9s %20s %9s  %s\n", "", "published", "checked", "ours", "tolerance", "verdict");
  std::string tables;
  std::size_t missed = 0, found = 0;
  for (const truth::Block& block : truth::blocks()) {
    if (options.block != 0 && options.block != block.number) continue;
    ++found;
    const std::uint32_t runs = options.runs > 0 ? options.runs : block.runs;
    std::printf("\n%d. %s (%s; %u runs)\n", block.number, block.title, block.how, runs);
    std::fflush(stdout);
    const sim::Stopwatch watch;
    const auto rows = block.run(runs);
    for (const truth::Row& row : rows) {
      std::printf("%s", truth::text_row(row).c_str());
      missed += !row.holds();
    }
    std::printf("  %.1f s\n", watch.seconds());
    std::fflush(stdout);
    tables += truth::markdown(block, runs, rows);
  }
  if (found == 0) throw std::runtime_error("there is no block " + std::to_string(options.block));
  if (!options.document.empty()) write_tables(options.document, tables + '\n');
  std::printf("\n%s\n", missed == 0 ? "everything holds" : (std::to_string(missed) + " rows miss").c_str());
  return missed == 0;
}

}  // namespace gossip::bench
