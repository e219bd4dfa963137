#include "sim/world/latency.hpp"

#include <cmath>

#include "core/assert.hpp"
#include "sim/machine/lanes.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/text_input.hpp"
#include "sim/world/real.hpp"

namespace gossip::sim {
namespace {

constexpr double most_weight = 1e12;
constexpr double longest_ms = static_cast<double>(longest_latency / millisecond);

/// A square of milliseconds, row by row; what is missing is not a number.
std::vector<double> read_matrix(const std::string& file, const std::string& marker, std::size_t& hosts) {
  std::vector<double> table;
  std::size_t rows = 0;
  each_line(file, read_text(file), ' ', [&](const TextLine& line) {
    if (rows++ == 0) hosts = line.fields.size();
    if (line.fields.size() != hosts) {
      throw InputError(line.where(), "has " + std::to_string(line.fields.size()) + " columns, but the first row has " +
                                         std::to_string(hosts));
    }
    for (const std::string_view field : line.fields) {
      const bool missing = field == "nan" || field == "NaN" || field == "-" || (!marker.empty() && field == marker);
      const auto ms = missing ? std::optional(std::nan("")) : parse_number<double>(field);
      if (ms && *ms < 0) {
        throw InputError(line.where(), '"' + std::string(field) + "\" is negative; if it says that a measurement is "
                                           "missing, /links/latency/missing names it");
      }
      if (!missing && (!ms || !(*ms <= longest_ms))) {
        throw InputError(
            line.where(),
            '"' + std::string(field) + "\" is not a number of milliseconds up to an hour; a missing one is nan or -");
      }
      table.push_back(*ms);
    }
  });
  if (rows == 0) throw InputError(file, "has no rows; expected a square table of milliseconds");
  if (rows != hosts) {
    throw InputError(file, "has " + std::to_string(rows) + " rows of " + std::to_string(hosts) +
                               " columns; expected a square table");
  }
  return table;
}

/// The mean of both directions, or the one that there is; not a number where there is none.
void make_symmetric(std::vector<double>& table, std::size_t places) {
  for (std::size_t a = 0; a < places; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      double& there = table[a * places + b];
      double& back = table[b * places + a];
      if (std::isnan(there) || std::isnan(back)) {
        there = back = std::isnan(there) ? back : there;
        continue;
      }
      there = back = there > 0 && back > 0 ? (there + back) / 2 : std::max(there, back);
    }
  }
}

/// One model of a file such as scenarios/data/regions.json.
class RegionFile {
 public:
  RegionFile(const Regions& spec) : file_(spec.path), path_('/' + spec.model), document_(read_json(spec.path)) {
    if (!document_.is_object() || !document_.contains(spec.model))
      fail("", "misses the model \"" + spec.model + "\"; the file has" + models());
    const Json& weights = member(document_[spec.model], "weights", path_);
    for (const auto& [region, weight] : weights.items()) {
      names_.push_back(region);
      weights_.push_back(number(weight, most_weight, path_ + "/weights/" + region));
    }
    if (names_.empty()) fail(path_ + "/weights", "names no region");
    read_table(member(document_[spec.model], "one_way_ms", path_));
  }

  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& table() const { return table_; }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(json_where(file_, path), what);
  }
  std::string models() const {
    std::string names;
    if (document_.is_object()) {
      for (const auto& [name, model] : document_.items()) names += " \"" + name + '"';
    }
    return names.empty() ? " none" : names;
  }
  const Json& member(const Json& object, const std::string& key, const std::string& path) const {
    if (!object.is_object() || !object.contains(key)) fail(path, "misses \"" + key + '"');
    if (!object[key].is_object()) fail(path + '/' + key, "is not an object with a member for each region");
    return object[key];
  }
  double number(const Json& value, double most, const std::string& path) const {
    if (!value.is_number() || value < 0 || value > most) {
      fail(path, value.dump() + " is not a number from 0 to " + Json(most).dump());
    }
    return value;
  }
  void read_table(const Json& rows) {
    const std::string path = path_ + "/one_way_ms";
    for (const std::string& from : names_) {
      const Json& row = member(rows, from, path);
      for (const std::string& to : names_) {
        if (!row.contains(to)) fail(path + '/' + from, "misses \"" + to + '"');
        table_.push_back(number(row[to], longest_ms, path + '/' + from + '/' + to));
      }
    }
  }

  std::string file_, path_;
  Json document_;
  std::vector<std::string> names_;
  std::vector<double> weights_, table_;
};

/// In the middle of one of 2^52 equal parts of (0, 1): never 0, never 1.
double open_unit(std::uint64_t x) { return (static_cast<double>(x >> 12) + 0.5) * 0x1p-52; }

/// LatencyModel::between where it is uniform, and its width fits 32 bits: two narrow products in place of a wide one.
GOSSIP_LANES void uniform_arrivals(std::uint64_t seed, std::uint64_t from, const std::uint32_t* to, std::uint32_t count,
                                   std::uint64_t start, std::uint64_t least, std::uint64_t width, Time* at) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t other = to[i];
    const std::uint64_t pair = mix(seed ^ (other < from ? other << 32 | from : from << 32 | other));
    const std::uint64_t drawn = ((pair >> 32) * width + ((pair & 0xffff'ffff) * width >> 32)) >> 32;
    at[i] = static_cast<Time>(start + (drawn < least ? least : drawn));
  }
}

}  // namespace

LatencyModel::LatencyModel(const LinkSpec& spec, std::uint64_t seed, const std::string& where)
    : seed_(mix(seed, 0x6c61'7465'6e63'79)),  // "latency", so that nothing else of the run shares its numbers
      floor_(spec.min_latency) {
  if (floor_ <= 0) throw InputError(where, "min_latency is not above 0");
  std::visit([&](const auto& model) { set(model); }, spec.latency);
  ceiling_ = std::max(ceiling_, floor_);
}

void LatencyModel::set(const Constant& spec) {
  kind_ = Kind::constant;
  floor_ = low_ = ceiling_ = std::max(spec.value, floor_);
}

void LatencyModel::set(const Uniform& spec) {
  GOSSIP_ASSERT(0 <= spec.min && spec.min <= spec.max && spec.max <= longest_latency);
  kind_ = Kind::uniform;
  low_ = spec.min;
  width_ = static_cast<std::uint64_t>(spec.max - spec.min) + 1;
  floor_ = std::max(floor_, spec.min);
  ceiling_ = spec.max;
}

void LatencyModel::set(const Normal& spec) {
  kind_ = Kind::normal;
  centre_ = static_cast<double>(spec.mean);
  spread_ = static_cast<double>(spec.deviation);
  // No double below 1 is further than 8.3 deviations from the mean.
  ceiling_ = std::min<Duration>(longest_latency, spec.mean + 9 * spec.deviation);
}

void LatencyModel::set(const LogNormal& spec) {
  kind_ = Kind::log_normal;
  centre_ = static_cast<double>(spec.median);
  spread_ = spec.sigma;
  const double longest = centre_ * real::exp(std::min(9 * spread_, 100.0));
  ceiling_ = longest < static_cast<double>(longest_latency) ? static_cast<Duration>(longest) : longest_latency;
}

void LatencyModel::set(const Matrix& spec) {
  std::size_t hosts = 0;
  std::vector<double> table = read_matrix(spec.path, spec.missing, hosts);
  for (double& ms : table) ms = spec.round_trip ? ms / 2 : ms;
  for (std::size_t host = 0; host < hosts; ++host) table[host * hosts + host] = 0;
  make_symmetric(table, hosts);
  if (hosts > 1 && std::ranges::count_if(table, [](double ms) { return !std::isnan(ms); }) == std::ptrdiff_t(hosts)) {
    throw InputError(spec.path, "has no measurement between two hosts: every entry is missing");
  }
  draw_missing(table, hosts);
  set_table(std::move(table), std::vector<double>(hosts, 1));
}

/// Each pair draws from all that were measured, by the seed.
void LatencyModel::draw_missing(std::vector<double>& table, std::size_t hosts) {
  std::vector<double> measured;
  for (std::size_t a = 0; a < hosts; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (!std::isnan(table[a * hosts + b])) measured.push_back(table[a * hosts + b]);
    }
  }
  for (std::size_t a = 0; a < hosts; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      double& entry = table[a * hosts + b];
      if (!std::isnan(entry)) continue;
      ++missing_;
      entry = measured[scale(mix(seed_, a * hosts + b), measured.size())];
      table[b * hosts + a] = entry;
    }
  }
}

void LatencyModel::set(const Regions& spec) {
  const RegionFile file(spec);
  double total = 0;
  for (const double weight : file.weights()) total += weight;
  if (!(total > 0)) throw InputError(json_where(spec.path, '/' + spec.model + "/weights"), "are all zero");
  set_table(file.table(), file.weights());
}

void LatencyModel::set_table(std::vector<double> ms, const std::vector<double>& weights) {
  kind_ = Kind::table;
  places_ = static_cast<std::uint32_t>(weights.size());
  make_symmetric(ms, places_);
  for (const double entry : ms) {
    table_.push_back(std::max(floor_, static_cast<Duration>(entry * static_cast<double>(millisecond) + 0.5)));
  }
  floor_ = *std::ranges::min_element(table_);
  ceiling_ = *std::ranges::max_element(table_);
  if (std::ranges::count(weights, weights[0]) == std::ranges::ssize(weights)) return;
  double total = 0;
  for (const double weight : weights) total += weight;
  double sum = 0;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    sum += weights[i];
    // Below 2^64 also where rounding makes the sum the total.
    shares_.push_back(static_cast<std::uint64_t>(std::min(sum / total, 1 - 0x1p-53) * 0x1p64));
  }
}

void LatencyModel::arrivals(PeerId from, const PeerId* to, std::uint32_t count, Time now, Time* at) const {
  if (kind_ == Kind::uniform && width_ <= 0xffff'ffff) {
    // What is drawn is above low_; what is below the floor is raised to it.
    return uniform_arrivals(seed_, index(from), reinterpret_cast<const std::uint32_t*>(to), count,
                            static_cast<std::uint64_t>(now + low_), static_cast<std::uint64_t>(floor_ - low_), width_,
                            at);
  }
  for (std::uint32_t i = 0; i < count; ++i) at[i] = now + between(from, to[i]);
}

/// The host or region of a peer.
std::uint32_t LatencyModel::place(PeerId peer) const {
  const std::uint64_t share = mix(seed_, index(peer));
  if (shares_.empty()) return static_cast<std::uint32_t>(scale(share, places_));
  return static_cast<std::uint32_t>(std::ranges::upper_bound(shares_, share) - shares_.begin());
}

Duration LatencyModel::drawn(PeerId a, PeerId b, std::uint64_t pair) const {
  if (kind_ == Kind::table) return table_[std::size_t{place(a)} * places_ + place(b)];
  const double variate = real::inverse_normal(open_unit(pair));
  const double latency =
      kind_ == Kind::normal ? centre_ + spread_ * variate : centre_ * real::exp(std::min(spread_ * variate, 100.0));
  if (!(latency < static_cast<double>(longest_latency))) return longest_latency;
  return std::max(floor_, static_cast<Duration>(latency + 0.5));
}

}  // namespace gossip::sim
