#include "sim/report/run.hpp"

#include "sim/engine/engine.hpp"
#include "sim/machine/process.hpp"

namespace gossip::sim {
namespace {

void add_messages(Engine& engine, const Experiment& experiment, Result& result) {
  MissFinder finder(result.peers);
  const auto neighbours = [&](PeerId peer, bool also_down) { return engine.neighbours(peer, also_down); };
  result.messages.resize(experiment.plan.messages.size());
  for (std::uint32_t i = 0; i < result.messages.size(); ++i) {
    const PlannedMessage& planned = experiment.plan.messages[i];
    const MessageTally& tally = result.sum.messages[i];
    MessageResult& message = result.messages[i];
    // A run that was interrupted has not come to all of them.
    const bool published =
        planned.origin != no_peer && (engine.statuses(MessageRef{i})[index(planned.origin)] & delivered);
    message = {planned.at,
               published ? planned.origin : no_peer,
               tally.first_receipts + published,
               tally.duplicates,
               tally.frames,
               tally.last_delivery,
               {}};
    if (!published) {
      const bool full = planned.origin != no_peer && (engine.statuses(MessageRef{i})[index(planned.origin)] & refused);
      const Miss why = planned.origin == no_peer ? Miss::not_published : full ? Miss::memory_full : Miss::time_ran_out;
      message.misses.counts[static_cast<std::size_t>(why)] = result.peers;
    } else if (message.deliveries < result.peers) {
      message.misses =
          finder.find(engine.statuses(MessageRef{i}), experiment.timeline, planned.at, tally.last_activity, neighbours);
      if (experiment.scenario.everyone_linked()) {
        std::swap(message.misses.of(Miss::not_connected), message.misses.of(Miss::not_chosen));
      }
    }
    result.deliveries += message.deliveries;
    result.payload_messages += message.frames;
    result.payload_bytes += message.frames * frame_bytes(FrameKind::announce, planned.size);
    result.misses.were_down += message.misses.were_down;
    for (std::size_t why = 0; why < miss_count; ++why) result.misses.counts[why] += message.misses.counts[why];
  }
}

void add_peers(Engine& engine, const Experiment& experiment, Result& result) {
  result.departures = experiment.timeline.departures(result.simulated);
  result.degrees.resize(result.peers);
  result.up.resize(result.peers);
  double availability = 0;
  for (std::uint32_t i = 0; i < result.peers; ++i) {
    availability += experiment.timeline.availability(PeerId{i}, result.simulated);
    result.up[i] = engine.up(PeerId{i});
    result.degrees[i] = static_cast<std::uint32_t>(engine.neighbours(PeerId{i}).size());
  }
  result.availability = availability / result.peers;
}

void add_classes(const Engine& engine, const Experiment& experiment, Result& result) {
  if (experiment.classes.empty()) return;
  result.classes.push_back({"others", 0, 0, {}});
  for (const ClassSpec& spec : experiment.scenario.classes) result.classes.push_back({spec.name, 0, 0, {}});
  for (std::size_t i = 0; i < result.classes.size(); ++i) result.classes[i].latency = result.sum.class_latency[i];
  for (std::uint32_t i = 0; i < result.peers; ++i) {
    ClassResult& of_class = result.classes[experiment.classes.number(PeerId{i})];
    ++of_class.peers;
    for (std::uint32_t m = 0; m < result.messages.size(); ++m) {
      of_class.deliveries += engine.statuses(MessageRef{m})[i] & delivered;
    }
  }
}

}  // namespace

Result run(const Experiment& experiment, const EngineOptions& options, Ranks& ranks,
           const std::function<void(Engine&)>& at_end) {
  const Stopwatch setup;
  Engine engine(experiment, options, ranks);
  const double setup_seconds = setup.seconds();
  const Stopwatch running;
  engine.run();
  const double run_seconds = running.seconds();
  std::uint64_t bytes = 0;
  for (const std::uint64_t of_rank : ranks.all(peak_rss_bytes())) bytes += of_rank;
  engine.gather();
  Result result;
  result.interrupted = engine.interrupted();
  if (ranks.first()) {
    result = result_of(engine, experiment);
    if (at_end) at_end(engine);
  }
  result.setup_seconds = setup_seconds;
  result.run_seconds = run_seconds;
  result.peak_rss_bytes = bytes;
  return result;
}

Result result_of(Engine& engine, const Experiment& experiment) {
  Result result;
  result.names = experiment.graph.names;
  result.peers = experiment.scenario.peers;
  result.interrupted = engine.interrupted();
  result.simulated = engine.now();
  result.sum = engine.ledger();
  add_messages(engine, experiment, result);
  add_classes(engine, experiment, result);
  add_peers(engine, experiment, result);
  return result;
}

}  // namespace gossip::sim
