#include "sim/topology/draft.hpp"

#include <algorithm>
#include <tuple>

#include "core/config/text.hpp"
#include "core/config/units.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/text_input.hpp"
#include "sim/topology/build.hpp"

namespace gossip::sim {
namespace {

constexpr Duration no_latency = -1;

struct NamedUnit {
  Duration length;
  const char* name;
};

NamedUnit named(GraphFile::Unit unit) {
  switch (unit) {
    case GraphFile::Unit::ns:
      return {1, "nanoseconds"};
    case GraphFile::Unit::us:
      return {microsecond, "microseconds"};
    case GraphFile::Unit::s:
      return {second, "seconds"};
    case GraphFile::Unit::ms:
    case GraphFile::Unit::in_value:
      break;
  }
  return {millisecond, "milliseconds"};
}

void set_latency(Graph& graph, std::uint32_t a, std::uint32_t b, Duration latency) {
  const auto row = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a]);
  const auto end = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a + 1ull]);
  const auto slot = std::lower_bound(row, end, PeerId{b});
  graph.latency[static_cast<std::size_t>(slot - graph.targets.begin())] = latency;
}

}  // namespace

std::uint32_t GraphDraft::declare(const std::string& name, const std::string& where) {
  if (numbers_.contains(name)) throw InputError(where, "the node \"" + name + "\" stands twice");
  return node(name);
}

std::uint32_t GraphDraft::node(const std::string& name) {
  const auto [place, added] = numbers_.emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (added) {
    if (names_.size() + 1 >= index(no_peer)) throw InputError(file(), "has more peers than there can be");
    names_.push_back(name);
  }
  return place->second;
}

std::optional<std::uint32_t> GraphDraft::find(const std::string& name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

void GraphDraft::link(std::uint32_t a, std::uint32_t b, Direction direction, std::optional<std::string_view> latency,
                      std::size_t number) {
  const Duration time = latency ? read_latency(*latency, where(number)) : no_latency;
  if (a == b) {
    if (spec_.self_loops == GraphFile::SelfLoops::drop) return;
    throw InputError(where(number), "links \"" + names_[a] +
                                        "\" to itself (a self loop); /topology/self_loops \"drop\" leaves such links out");
  }
  links_.push_back({a, b, static_cast<std::uint32_t>(number), direction, time});
}

/// A number of the unit that the scenario says, or a text with its unit.
Duration GraphDraft::read_latency(std::string_view text, const std::string& where) const {
  std::string plain;
  for (const char c : text) {
    if (c != ' ' && c != '\t') plain += c;
  }
  const bool unsaid = spec_.unit == GraphFile::Unit::in_value && !spec_.latency.empty();
  const auto [unit, name] = named(spec_.unit);
  std::optional<Duration> time;
  if (parse_number<double>(plain)) {
    if (unsaid) {
      throw InputError(where, "the latency \"" + std::string(text) +
                                  "\" has no unit; say \"ns\", \"us\", \"ms\" or \"s\" in /topology/unit");
    }
    time = parse_time(plain, unit, longest_latency);
  } else {
    time = parse_duration(plain).value;
    if (time && *time > longest_latency) time.reset();
  }
  if (!time) {
    throw InputError(where, "the latency \"" + std::string(text) + "\" is not a number of " + name +
                                " from 0 to an hour");
  }
  return spec_.round_trip ? *time / 2 : *time;
}

/// Where all names are whole numbers, peers are numbered in their order.
void GraphDraft::number_nodes() {
  std::vector<std::pair<std::int64_t, std::uint32_t>> order;
  for (std::uint32_t i = 0; i < names_.size(); ++i) {
    const auto id = parse_number<std::int64_t>(names_[i]);
    if (!id || std::to_string(*id) != names_[i]) return;
    order.emplace_back(*id, i);
  }
  std::ranges::sort(order);
  std::vector<std::uint32_t> place(order.size());
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    place[order[i].second] = i;
    names.push_back(std::move(names_[order[i].second]));
  }
  names_ = std::move(names);
  for (Link& link : links_) {
    link.a = place[link.a];
    link.b = place[link.b];
  }
}

/// All links between two nodes.
void GraphDraft::check_group(const Link* first, const Link* last) const {
  const auto between = [&] {
    return "between \"" + names_[first->a] + "\" and \"" + names_[first->b] + '"';
  };
  const auto forward = std::count_if(first, last, [&](const Link& link) { return link.a == first->a; });
  const auto backward = last - first - forward;
  const bool plain = std::any_of(first, last, [](const Link& link) { return link.direction == Direction::none; });
  const bool once = plain ? last - first == 1 : forward <= 1 && backward <= 1;
  if (!once && spec_.parallel == GraphFile::Parallel::error) {
    throw InputError(where(last[-1].number), "is a second link " + between() +
                                                 " (parallel links); /topology/parallel \"fastest\" takes the shorter "
                                                 "latency of them");
  }
  if (plain) return;
  const bool directed = first->direction == Direction::forward;
  const bool one_way = directed && (forward == 0 || backward == 0);
  if (one_way && spec_.directed == GraphFile::Directed::error) {
    throw InputError(where(first->number), "leads one way only, from \"" + names_[first->a] + "\" to \"" +
                                               names_[first->b] +
                                               "\" (a directed link), and links here have both; /topology/directed "
                                               "\"both_ways\" takes it as one");
  }
  const bool differ = std::any_of(first, last, [&](const Link& link) { return link.latency != first->latency; });
  const bool allowed = spec_.parallel == GraphFile::Parallel::fastest ||
                       (directed && spec_.directed == GraphFile::Directed::both_ways);
  if (differ && !allowed) {
    throw InputError(where(last[-1].number), "has another latency than its other direction " + between() +
                                                 "; /topology/parallel \"fastest\" takes the shorter one");
  }
}

/// One of each pair stays: that of the shortest latency.
void GraphDraft::merge() {
  std::ranges::sort(links_, {}, [](const Link& link) {
    return std::tuple(std::min(link.a, link.b), std::max(link.a, link.b), link.number);
  });
  std::vector<Link> merged;
  for (std::size_t i = 0; i < links_.size();) {
    std::size_t end = i;
    const auto pair = std::minmax(links_[i].a, links_[i].b);
    Link kept = links_[i];
    for (; end < links_.size() && std::minmax(links_[end].a, links_[end].b) == pair; ++end) {
      const Duration other = links_[end].latency;
      if (kept.latency == no_latency || (other != no_latency && other < kept.latency)) kept.latency = other;
    }
    check_group(&links_[i], &links_[i] + (end - i));
    merged.push_back(kept);
    i = end;
  }
  links_ = std::move(merged);
}

void GraphDraft::check_latencies() const {
  if (spec_.latency.empty() || attribute_.empty()) return;
  for (const Link& link : links_) {
    if (link.latency != no_latency) return;
  }
  std::string names;
  for (const std::string& name : seen_) names += (names.empty() ? "" : ", ") + name;
  throw InputError(file(), "no link has the attribute or column \"" + attribute_ + "\" that /topology/latency names; " +
                               (names.empty() ? "links have none" : "links have " + names));
}

Graph GraphDraft::finish(bool by_number) {
  if (names_.empty()) throw InputError(file(), "has 0 peers");
  if (by_number) number_nodes();
  merge();
  check_latencies();
  Graph graph = from_links(static_cast<std::uint32_t>(names_.size()), [&](auto add) {
    for (const Link& link : links_) add(link.a, link.b);
  });
  for (const Link& link : links_) {
    if (link.latency == no_latency) continue;
    if (graph.latency.empty()) graph.latency.assign(graph.targets.size(), no_latency);
    set_latency(graph, link.a, link.b, link.latency);
    set_latency(graph, link.b, link.a, link.latency);
  }
  graph.names = NodeNames(names_);
  return graph;
}

}  // namespace gossip::sim
