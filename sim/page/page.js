// The page: what the report and the pictures say, in figures.
const {report, pictures, miss_help: missHelp} = JSON.parse(document.getElementById('data').textContent);

function head() {
  document.title = report.scenario + ': gossip-sim';
  document.querySelector('h1').textContent = report.scenario;
  const facts = document.getElementById('facts');
  if (pictures.question) element('p', {}, facts, pictures.question);
  if (report.interrupted) element('p', {class: 'warn'}, facts, 'Interrupted: everything here is partial.');
  const ms = format.ms, tiles = [
    ['peers', format.number(report.peers)], ['messages', format.number(report.messages)],
    ['coverage of those up', format.percent(report.coverage_of_up)], ['coverage of all', format.percent(report.coverage)],
    ['latency p50', ms(report.latency_ms.p50)], ['latency p99', ms(report.latency_ms.p99)],
    ['last delivery after', ms(report.latency_ms.max)], ['duplicates a delivery', report.redundancy.toFixed(2)],
    ['traffic a delivery', format.bytes(report.bytes_per_delivery)], ['simulated', format.seconds(report.simulated_seconds)],
  ];
  const list = element('dl', {class: 'tiles'}, facts);
  for (const [name, value] of tiles) {
    const tile = element('div', {}, list);
    element('dt', {}, tile, name);
    element('dd', {}, tile, value);
  }
  element('p', {class: 'soft'}, facts, `Seed ${report.seed}, trace ${report.trace_hash}`);
}

function coverage() {
  const {coverage: curve} = pictures, of = curve.messages === 1 ? 'one message' : format.number(curve.messages) + ' messages';
  return new Chart({
    name: 'coverage', title: 'Coverage over time', wide: true,
    note: `Share of the peers that have a message, so long after its announcement: over ${of}`,
    x: {values: curve.ms, label: 'after', format: format.ms}, y: {format: format.percent, short: format.share, max: 1},
    lines: [{name: 'median message', values: curve.p50}],
    bands: [{name: '5% to 95% of the messages', low: curve.p5, high: curve.p95}, {name: '25% to 75%', low: curve.p25, high: curve.p75}],
  });
}
function latency() {
  return new Chart({
    name: 'latency', title: 'Latency of deliveries', note: 'Share of the deliveries that came within this time',
    x: {values: pictures.latency.ms, label: 'within', format: format.ms}, y: {format: format.percent, short: format.share, max: 1},
    lines: [{name: 'deliveries', values: pictures.latency.share}],
  });
}
function distribution(name, title, note, what, data, unit) {
  const from = data.counts.map((_, i) => data.from + i * data.width);
  const range = value => data.width === 1 ? unit(value) : unit(value) + ' to ' + unit(value + data.width - 1);
  return new Chart({
    name, title, note: `${note}; mean ${unit(data.mean)}, most ${unit(data.max)}`, bars: true,
    x: {values: from, label: what, format: range, short: unit, width: data.width}, y: {format: format.number},
    lines: [{name: 'peers', values: data.counts}],
  });
}
function traffic() {
  const box = figure('traffic', 'Traffic by kind of frame', 'As sent, with headers');
  const kinds = Object.entries(report.traffic), all = kinds.reduce((sum, [, kind]) => sum + kind.bytes, 0) || 1;
  table(box, [{text: 'kind'}, {text: 'frames', right: true}, {text: 'bytes', right: true}, {text: 'share of the bytes', picture: true}],
        kinds.map(([name, kind]) => [name, format.number(kind.frames), format.bytes(kind.bytes), kind.bytes / all]));
}
function misses() {
  const missed = Object.entries(report.misses), all = report.peers * report.messages;
  const box = figure('misses', 'Who did not get a message, and why',
                     missed.length ? `Of ${format.number(all)} deliveries that there could be` : 'Every peer got every message.');
  if (missed.length === 0) return;
  table(box, [{text: 'reason'}, {text: 'peers', right: true}, {text: 'share', right: true}, {text: 'meaning'}],
        missed.map(([name, count]) => [name, format.number(count), format.percent(count / all), missHelp[name]]));
}
function timeline() {
  const {seconds, deliveries, up, marks, announcements} = pictures.timeline, most = Math.max(...deliveries, 1), peers = report.peers;
  const changes = up.some(count => count !== peers);
  const lines = [{name: 'deliveries', values: deliveries, format: format.number}];
  // The other scale is said in words: all peers up is the top.
  if (changes) lines.push({name: `peers up (top: all ${format.number(peers)})`, values: up, scaled: up.map(count => count / peers * most), style: 'two', format: format.number});
  return new Chart({
    name: 'timeline', title: 'The run', wide: true, note: 'Deliveries in each hundredth of the simulated time; ticks are announcements',
    x: {values: seconds, label: 'simulated time', format: format.seconds}, y: {format: format.number, max: most}, lines, marks, ticks: announcements,
  });
}

head();
const charts = {
  coverage: coverage(), timeline: timeline(), latency: latency(),
  duplicates: distribution('duplicates', 'Redundancy per peer', 'Copies of what a peer had', 'duplicates', pictures.peers.duplicates, format.number),
  received: distribution('received', 'Frames received per peer', 'Of any kind', 'frames', pictures.peers.received, format.number),
  load: distribution('load', 'Load per peer', 'Bytes that a peer sent', 'sent', pictures.peers.sent_bytes, format.bytes),
};
traffic();
misses();
if (pictures.replays.length > 0) charts.replay = new Replay(pictures.replays);
window.gossip = {report, pictures, charts};

document.getElementById('theme').addEventListener('click', () => {
  const root = document.documentElement, dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const now = root.dataset.theme || (dark ? 'dark' : 'light');
  root.dataset.theme = now === 'dark' ? 'light' : 'dark';
  if (charts.replay) charts.replay.draw();
});
