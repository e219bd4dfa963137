#include "compare.hpp"

#include <algorithm>
#include <numeric>

#include "sim/report/run.hpp"

namespace gossip::sim::swarm {
namespace {

/// Collects what is not as it should be.
class Differences {
 public:
  template <class A, class B>
  void same(const std::string& what, const A& is, const B& should) {
    if (is == should) return;
    add(what + " is " + std::to_string(is) + ", should be " + std::to_string(should));
  }
  void add(const std::string& what) {
    if (all_.size() < most) all_.push_back(what);
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  static constexpr std::size_t most = 20;
  std::vector<std::string> all_;
};

std::string text(const naive::Receipt& receipt) {
  return "at " + std::to_string(receipt.time) + " peer " + std::to_string(receipt.peer) + " has message " +
         std::to_string(receipt.message) + " from " + std::to_string(static_cast<std::int32_t>(receipt.from)) +
         " after " + std::to_string(receipt.hops) + " hops";
}

void compare_receipts(const Ledger& ledger, const naive::Outcome& outcome, Differences& found) {
  std::vector<naive::Receipt> receipts;
  for (const Delivery& delivery : ledger.deliveries) {
    receipts.push_back(
        {delivery.time, index(delivery.peer), index(delivery.message), index(delivery.from), delivery.hops});
  }
  std::ranges::sort(receipts);
  found.same("the number of deliveries", receipts.size(), outcome.receipts.size());
  const auto [is, should] = std::ranges::mismatch(receipts, outcome.receipts);
  if (is != receipts.end()) found.add("the first delivery that differs: " + text(*is));
  if (should != outcome.receipts.end()) found.add("the first that should be: " + text(*should));
}

std::string list(const std::vector<PeerId>& peers) {
  std::string text;
  for (const PeerId peer : peers) text += ' ' + std::to_string(index(peer));
  return text;
}

void compare_neighbours(Engine& engine, const std::vector<std::vector<PeerId>>& should, Differences& found) {
  for (std::uint32_t i = 0; i < engine.peers(); ++i) {
    const auto row = engine.neighbours(PeerId{i});
    const std::vector<PeerId> is(row.begin(), row.end());
    if (is != should[i]) {
      found.add("peer " + std::to_string(i) + " has the neighbours" + list(is) + ", should have" + list(should[i]));
    }
  }
}

}  // namespace

std::vector<std::string> differences(Engine& engine, const naive::Outcome& outcome) {
  Differences found;
  const Ledger ledger = engine.ledger();
  compare_receipts(ledger, outcome, found);
  for (std::uint32_t i = 0; i < ledger.messages.size(); ++i) {
    const std::string message = " of message " + std::to_string(i);
    found.same("the number of frames" + message, ledger.messages[i].frames, outcome.announces[i]);
    found.same("the last delivery" + message, ledger.messages[i].last_delivery, outcome.last_receipt[i]);
  }
  found.same("the number of control frames", ledger.control_messages, outcome.control);
  for (std::size_t i = 0; i < reason_count; ++i) {
    found.same("drops for " + std::string(reasons[i].name), ledger.drops[i], outcome.drops[i]);
  }
  const std::uint64_t transport[] = {outcome.lost, outcome.cut, outcome.down, outcome.not_connected};
  for (std::size_t i = 0; i < transport_drop_count; ++i) {
    found.same("drops for " + std::string(transport_drops[i].name), ledger.transport_drops[i], transport[i]);
  }
  found.same("connections", ledger.connections, outcome.connections);
  found.same("redelivered", ledger.redelivered, outcome.redelivered);
  found.same("the end", engine.now(), outcome.ended);
  compare_neighbours(engine, outcome.neighbours, found);
  return found.take();
}

std::vector<std::string> differences(const Result& a, const Result& b) {
  Differences found;
  found.same("the trace", a.sum.trace, b.sum.trace);
  found.same("the number of events", a.sum.events, b.sum.events);
  found.same("control bytes", a.sum.control_bytes, b.sum.control_bytes);
  found.same("payload bytes", a.payload_bytes, b.payload_bytes);
  for (std::size_t i = 0; i < a.messages.size(); ++i) {
    const std::string message = " of message " + std::to_string(i);
    found.same("the number of duplicates" + message, a.messages[i].duplicates, b.messages[i].duplicates);
    for (std::size_t why = 0; why < miss_count; ++why) {
      found.same("misses for " + std::string(miss_names[why].name) + message, a.messages[i].misses.counts[why],
                 b.messages[i].misses.counts[why]);
    }
  }
  return found.take();
}

std::vector<std::string> unbalanced(const Result& result, const naive::Outcome& outcome) {
  Differences found;
  std::uint64_t deliveries = 0, missed = 0, frames = 0;
  for (std::size_t i = 0; i < result.messages.size(); ++i) {
    const MessageResult& message = result.messages[i];
    const auto misses = std::reduce(message.misses.counts.begin(), message.misses.counts.end(), std::uint64_t{0});
    found.same("deliveries and misses of message " + std::to_string(i), message.deliveries + misses,
               std::uint64_t{result.peers});
    deliveries += message.deliveries;
    missed += misses;
    frames += message.frames;
  }
  found.same("all deliveries", result.deliveries, deliveries);
  found.same("deliveries and misses", deliveries + missed, std::uint64_t{result.peers} * result.messages.size());
  const auto& drops = result.sum.transport_drops;
  found.same("frames sent", frames + result.sum.control_messages,
             outcome.arrived + outcome.under_way + std::reduce(drops.begin(), drops.end(), std::uint64_t{0}));
  return found.take();
}

}  // namespace gossip::sim::swarm
