#pragma once

#include "sim/engine/engine.hpp"
#include "sim/report/report.hpp"

/// A run as one page that a browser shows without any network.
namespace gossip::sim {

/// Asks a run for what its page shows. Deliveries are recorded of all messages, or of some at equal distances where that
/// would be more than some millions.
void observe_for_page(const Experiment& experiment, EngineOptions& options);

/// What the page shows and the report has not got, from a run that was observed so. Lists have a bounded length whatever
/// the scenario: a few hundred peers are drawn, curves have a hundred points.
///
///     coverage   {messages, ms: […], p5: […], p25, p50, p75, p95}    over messages: share of the peers after so long
///     latency    {share: […], ms: […]}                               of the deliveries, those that came within
///     peers      {duplicates: H, received: H, sent_bytes: H}         H = {from, width, counts: […], mean, max}
///     timeline   {seconds: […], deliveries: […], up: […], marks: [{at, text}], announcements: […]}
///     replays    [{message, origin, at_ms, peers, delivered, last_ms, peer: […], from: […], ms: […], hops: […], links: […], coverage}]
///                of the peers drawn: number, position of who it has it from, when, over how many links
OrderedJson pictures(Engine& engine, const Experiment& experiment);

/// The whole page.
std::string page_html(const OrderedJson& report, const OrderedJson& pictures);

}  // namespace gossip::sim
