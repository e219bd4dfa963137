#include "sim/engine/engine.hpp"
#include "sim/engine/trace_hash.hpp"
#include "sim/scenario/input_error.hpp"

/// How a run begins, goes on and ends.
namespace gossip::sim {
namespace {

/// How often the bound on what is under way is looked at, at the least.
constexpr Duration check_interval = millisecond;
constexpr std::uint64_t events_between_reports = 100'000;

}  // namespace

void Engine::run() {
  started_ = true;
  stopped_ = !windows_.run(end(), *this);
  now_ = windows_.last_event();
  if (ranks_.size() > 1) now_ = std::ranges::max(ranks_.all(now_));
  if (experiment_.scenario.duration > 0 && !stopped_) now_ = experiment_.scenario.duration;
  mark_unfinished();
}

void Engine::go_on(Time until, const Totals& totals) {
  if (until / check_interval == checked_) return;
  checked_ = until / check_interval;
  if (totals.under_way > most_in_flight_) {
    throw RunError(experiment_.scenario.file,
                   "more than " + std::to_string(most_in_flight_) + " frames and events are under way after " +
                       duration_text(until) +
                       ": messages circulate without an end, since /protocol/broadcast/seen_ttl is shorter than their "
                       "way, or far more is announced than these peers can pass on");
  }
  if (experiment_.scenario.duration == 0) check_rounds(until);
  report_progress(until, totals.events);
}

/// What is forgotten while copies of it wait in a queue is new again, and could go round for ever. Of several ranks each
/// looks at its own peers.
void Engine::check_rounds(Time at) const {
  std::uint64_t again = others_.redelivered;
  for (const Block& block : windows_.blocks()) again += block.ledger.redelivered;
  const std::uint64_t restarts = experiment_.scenario.faults.size();  // after which a peer may have everything anew
  if (again <= (1 + restarts) * peers_ * experiment_.plan.messages.size()) return;
  const Duration seen_ttl = class_.config.of<Intake>().seen_ttl;
  throw RunError(experiment_.scenario.file,
                 "until " + duration_text(at) + " peers had messages that they had forgotten " + std::to_string(again) +
                     " times anew: frames wait for longer than /protocol/broadcast/seen_ttl (" +
                     duration_text(seen_ttl) + "), so that messages could go round for ever; give a \"duration\"");
}

void Engine::report_progress(Time at, std::uint64_t events) {
  if (!options_.progress || events - reported_events_ < events_between_reports) return;
  reported_events_ = events;
  std::uint64_t deliveries = others_.latency.count();
  for (const Block& block : windows_.blocks()) deliveries += block.ledger.latency.count();
  options_.progress(at, deliveries);
}

/// What is still under way when time runs out did not arrive for that reason.
void Engine::mark_unfinished() {
  for (Block& block : windows_.blocks()) {
    block.calendar.for_each([&](const Event& event) {
      if (event.is_frame()) block.ledger.trace -= trace_hash(block.lists, event);
      if (event.kind == static_cast<EventKind>(FrameKind::announce)) status(event.message(), event.dst) |= in_flight;
      if (event.kind == EventKind::lost) status(event.message(), event.dst) |= copy_lost;
    });
    for (std::uint32_t i = block.peers.first; i < block.peers.last && class_.config.of<Intake>().validation; ++i) {
      if (up(PeerId{i})) mark_waiting(block, PeerId{i}, in_flight);
    }
  }
}

}  // namespace gossip::sim
