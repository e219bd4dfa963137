#include "sim/engine/engine.hpp"
#include "sim/engine/trace_hash.hpp"
#include "sim/scenario/input_error.hpp"

/// How time goes on: window after window, on as many threads as are worth while.
namespace gossip::sim {
namespace {

/// How often the bound on what is under way is looked at, at the least.
constexpr Duration check_interval = millisecond;
constexpr std::uint64_t events_a_window = 16'384;
constexpr std::uint64_t events_between_reports = 100'000;

}  // namespace

void Engine::run() {
  Time checked = 0;
  while (!stopped_) {
    const Time first = earliest();
    if (first == never || first >= end()) break;
    const Duration length = window();
    const Time until = std::min(end(), (first / length + 1) * length);
    run_window(until);
    if (until / check_interval != checked) {
      checked = until / check_interval;
      check_in_flight(until);
      report_progress(until);
    }
  }
  now_ = 0;
  for (const Block& block : blocks_) now_ = std::max(now_, block.last_event);
  if (experiment_.scenario.duration > 0 && !stopped_) now_ = experiment_.scenario.duration;
  mark_unfinished();
}

/// At most the lookahead, and less where much happens: what blocks emit for each other in a window should fit the
/// caches. One block alone needs no lookahead.
Duration Engine::window() {
  if (blocks_.size() == 1) return std::max(transport_.floor(), check_interval);
  if (window_events_ > 4 * events_a_window && window_ > 1) window_ /= 2;
  if (window_events_ < events_a_window) window_ = std::min(2 * window_, transport_.floor());
  return window_;
}

Time Engine::earliest() const {
  Time earliest = never;
  for (const Block& block : blocks_) earliest = std::min(earliest, block.calendar.earliest());
  return earliest;
}

std::uint64_t Engine::events() const {
  std::uint64_t events = 0;
  for (const Block& block : blocks_) events += block.ledger.events;
  return events;
}

/// On one thread where there is little to do: waking the others would take longer.
template <class Task>
void Engine::each_block(Task&& task) {
  if (window_events_ < options_.events_worth_threads) {
    for (Block& block : blocks_) task(block);
  } else {
    team_.each(static_cast<std::uint32_t>(blocks_.size()), [&](std::uint32_t i) { task(blocks_[i]); });
  }
}

void Engine::run_window(Time until) {
  const std::uint64_t before = events();
  each_block([&](Block& block) { run_block(block, until); });
  stopped_ = asked_to_stop();
  if (blocks_.size() > 1) each_block([&](Block& block) { collect(block); });
  window_events_ = events() - before;
}

/// What the others emitted for this block.
void Engine::collect(Block& to) {
  for (Block& from : blocks_) {
    Outbox& outbox = from.outboxes[to.first / block_size_];
    const std::uint32_t* item = outbox.items.data();
    for (Event& event : outbox.events) {
      if (event.is_frame() && carries_list(event.frame().kind)) {
        event.number = index(to.lists.add(std::span(item + 1, *item)).value());
        item += 1 + *item;
      }
      to.calendar.push(event);
    }
    outbox.events.clear();
    outbox.items.clear();
  }
}

void Engine::check_in_flight(Time at) const {
  std::uint64_t in_flight = 0;
  for (const Block& block : blocks_) in_flight += block.calendar.size();
  if (in_flight <= most_in_flight_) return;
  throw RunError(experiment_.scenario.file,
                 "more than " + std::to_string(most_in_flight_) + " frames and events are under way after " +
                     duration_text(at) +
                     ": messages circulate without an end, since /protocol/broadcast/seen_ttl is shorter than their "
                     "way, or far more is announced than these peers can pass on");
}

void Engine::report_progress(Time at) {
  if (!options_.progress || events() - reported_events_ < events_between_reports) return;
  reported_events_ = events();
  std::uint64_t deliveries = 0;
  for (const Block& block : blocks_) deliveries += block.ledger.latency.count();
  options_.progress(at, deliveries);
}

/// What is still under way when time runs out did not arrive for that reason.
void Engine::mark_unfinished() {
  for (Block& block : blocks_) {
    block.calendar.for_each([&](const Event& event) {
      if (event.is_frame()) block.ledger.trace -= trace_hash(block.lists, event);
      if (event.kind == static_cast<EventKind>(FrameKind::announce)) status(event.message(), event.dst) |= in_flight;
      if (event.kind == EventKind::lost) status(event.message(), event.dst) |= copy_lost;
    });
    for (std::uint32_t i = block.first; i < block.last && class_.config.of<Intake>().validation; ++i) {
      if (up(PeerId{i})) mark_waiting(block, PeerId{i}, in_flight);
    }
  }
}

}  // namespace gossip::sim
