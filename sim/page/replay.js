// Some peers in rings by the links that a message travelled to them, the origin in the middle; and the message spreading.
class Replay {
  constructor(replays) {
    this.replays = replays;
    const whole = replays[0].peer.length === replays[0].peers;
    this.box = figure('replay', 'The overlay, and one message spreading',
                      (whole ? 'All peers' : `${replays[0].peer.length} of ${format.number(replays[0].peers)} peers, and the way on which each had the message`) +
                          '; a ring for each link travelled. Hollow: it never came.', true);
    this.controls();
    this.canvas = element('canvas', {tabindex: 0, role: 'img', 'aria-label': 'Peers in rings by hops. Space plays and pauses; arrow keys move through time.'}, this.box);
    this.tip = element('div', {class: 'tip', role: 'status'}, this.box);
    this.canvas.addEventListener('pointermove', event => this.point(event));
    this.canvas.addEventListener('pointerleave', () => this.tip.textContent = '');
    this.canvas.addEventListener('keydown', event => this.key(event));
    numbersBelow(this.box, ['after', 'peer', 'from', 'links'], () => this.rows());
    this.choose(0);
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.box);
  }
  controls() {
    const row = element('div', {class: 'controls'}, this.box);
    this.button = element('button', {type: 'button', id: 'play'}, row, 'Play');
    this.slider = element('input', {type: 'range', id: 'scrub', min: 0, max: 1000, step: 1, 'aria-label': 'Time'}, row);
    this.output = element('output', {for: 'scrub'}, row);
    const which = element('select', {'aria-label': 'Which message'}, row);
    this.replays.forEach((replay, i) => element('option', {value: i}, which, `message ${replay.message} (${replay.why})`));
    const others = element('label', {}, row);
    this.links = element('input', {type: 'checkbox'}, others);
    others.append(' other links');
    this.button.addEventListener('click', () => this.playing ? this.pause() : this.play());
    this.slider.addEventListener('input', () => { this.pause(); this.seek(this.slider.value / 1000); });
    which.addEventListener('change', () => this.choose(+which.value));
    this.links.addEventListener('change', () => this.draw());
  }
  choose(i) {
    this.pause();
    this.replay = this.replays[i];
    this.end = Math.max(this.replay.last_ms, 1e-6);  // of all peers, as the curve
    this.layout();
    this.seek(1);
  }
  // Depth by the way drawn; each branch has as much of the circle as it has leaves.
  layout() {
    const {peer, from, ms} = this.replay, count = peer.length;
    const children = Array.from({length: count}, () => []), depth = new Array(count).fill(0), order = [];
    from.forEach((parent, i) => { if (parent >= 0) children[parent].push(i); });
    const roots = peer.map((_, i) => i).filter(i => from[i] < 0 && ms[i] !== null);
    for (const stack = [...roots].reverse(); stack.length > 0;) {
      const i = stack.pop();
      if (order.length >= count) break;
      order.push(i);
      for (const child of children[i]) { depth[child] = depth[i] + 1; stack.push(child); }
    }
    const leaves = new Array(count).fill(0), start = new Array(count).fill(0);
    for (const i of [...order].reverse()) leaves[i] = children[i].reduce((sum, child) => sum + leaves[child], 0) || 1;
    const all = roots.reduce((sum, i) => sum + leaves[i], 0) || 1;
    let next = 0;
    for (const i of roots) { start[i] = next; next += leaves[i]; }
    for (const i of order) {
      let place = start[i];
      for (const child of children[i]) { start[child] = place; place += leaves[child]; }
    }
    this.rings = Math.max(1, ...depth);
    const angle = peer.map((_, i) => (start[i] + leaves[i] / 2) / all * 2 * Math.PI - Math.PI / 2);
    const lost = peer.map((_, i) => i).filter(i => ms[i] === null);
    lost.forEach((i, n) => { depth[i] = this.rings + 1; angle[i] = (n + 0.5) / lost.length * 2 * Math.PI; });
    if (lost.length > 0) ++this.rings;
    this.nodes = peer.map((_, i) => ({r: depth[i] / this.rings, angle: angle[i]}));
    this.neverRing = lost.length > 0;
  }
  play() {
    if (this.share >= 1) this.seek(0);
    this.playing = true;
    this.button.textContent = 'Pause';
    clearInterval(this.timer);
    let last = performance.now();
    // Not by frames of the screen: a test has none.
    this.timer = setInterval(() => {
      const now = performance.now();
      this.seek(Math.min(1, this.share + (now - last) / 7000));
      last = now;
      if (this.share >= 1) this.pause();
    }, 16);
  }
  pause() {
    this.playing = false;
    clearInterval(this.timer);
    this.button.textContent = 'Play';
  }
  seek(share) {
    this.share = share;
    this.slider.value = Math.round(1000 * share);
    const curve = this.replay.coverage, at = Math.min(curve.length - 1, Math.floor(share * (curve.length - 1) + 1e-9));
    this.output.textContent = `${format.ms(share * this.end)}: ${format.percent(curve[at])} of the peers`;
    this.slider.setAttribute('aria-valuetext', this.output.textContent);
    this.draw();
  }
  key(event) {
    const steps = {ArrowRight: 0.01, ArrowLeft: -0.01, PageUp: 0.1, PageDown: -0.1};
    if (event.key === ' ') this.playing ? this.pause() : this.play();
    else if (event.key in steps) { this.pause(); this.seek(Math.min(1, Math.max(0, this.share + steps[event.key]))); }
    else return;
    event.preventDefault();
  }
  at(i) {
    const node = this.nodes[i];
    return [this.centre[0] + this.radius * node.r * Math.cos(node.angle), this.centre[1] + this.radius * node.r * Math.sin(node.angle)];
  }
  draw() {
    const width = this.canvas.clientWidth, height = Math.min(width, 620), pixels = window.devicePixelRatio || 1;
    if (width === 0 || !this.nodes) return;
    this.canvas.style.height = height + 'px';
    this.canvas.width = width * pixels;
    this.canvas.height = height * pixels;
    this.centre = [width / 2, height / 2];
    this.radius = Math.min(width, height) / 2 - 14;
    const pen = this.canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue('--' + name).trim();
    pen.scale(pixels, pixels);
    this.drawRings(pen, colour);
    if (this.links.checked) this.drawLinks(pen, colour);
    this.drawSpread(pen, colour);
  }
  drawRings(pen, colour) {
    pen.strokeStyle = colour('grid');
    pen.fillStyle = colour('soft');
    pen.font = '11px system-ui, sans-serif';
    const every = Math.ceil(this.rings / 12);
    for (let ring = every; ring <= this.rings; ring += every) {
      pen.beginPath();
      pen.arc(...this.centre, this.radius * ring / this.rings, 0, 2 * Math.PI);
      pen.stroke();
      const never = this.neverRing && ring === this.rings;
      pen.fillText(never ? 'never' : ring, this.centre[0] + 3, this.centre[1] - this.radius * ring / this.rings + 11);
    }
  }
  drawLinks(pen, colour) {
    pen.strokeStyle = colour('line');
    pen.beginPath();
    for (let i = 0; i < this.replay.links.length; i += 2) {
      pen.moveTo(...this.at(this.replay.links[i]));
      pen.lineTo(...this.at(this.replay.links[i + 1]));
    }
    pen.stroke();
  }
  drawSpread(pen, colour) {
    const {from, ms} = this.replay, now = this.share * this.end, size = ms.length > 300 ? 2.5 : 4;
    const one = colour('one'), two = colour('two');
    pen.strokeStyle = one;
    pen.globalAlpha = 0.45;
    pen.beginPath();
    const moving = [];
    ms.forEach((time, i) => {
      if (from[i] < 0 || time === null) return;
      const sent = ms[from[i]] || 0;
      if (now < sent) return;
      const done = now >= time ? 1 : (now - sent) / (time - sent || 1), [ax, ay] = this.at(from[i]), [bx, by] = this.at(i);
      pen.moveTo(ax, ay);
      pen.lineTo(ax + (bx - ax) * done, ay + (by - ay) * done);
      if (done < 1) moving.push([ax + (bx - ax) * done, ay + (by - ay) * done]);
    });
    pen.stroke();
    pen.globalAlpha = 1;
    ms.forEach((time, i) => {
      pen.beginPath();
      pen.arc(...this.at(i), i === 0 ? size + 3 : size, 0, 2 * Math.PI);
      pen.fillStyle = time !== null && time <= now ? (i === 0 ? two : one) : colour('panel');
      pen.strokeStyle = time === null ? colour('warn') : time <= now ? pen.fillStyle : colour('soft');
      pen.fill();
      pen.stroke();
    });
    pen.fillStyle = two;
    for (const place of moving) {
      pen.beginPath();
      pen.arc(...place, 2, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  point(event) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, distance = 144;
    this.nodes.forEach((_, i) => {
      const [a, b] = this.at(i), away = (a - x) ** 2 + (b - y) ** 2;
      if (away < distance) [best, distance] = [i, away];
    });
    this.tip.textContent = best < 0 ? '' : this.describe(best);
    this.tip.style.left = Math.max(4, Math.min(this.box.clientWidth - this.tip.offsetWidth - 8, x + 24)) + 'px';
    this.tip.style.top = this.canvas.offsetTop + y + 14 + 'px';
  }
  describe(i) {
    const {peer, from, ms, hops} = this.replay;
    if (ms[i] === null) return `peer ${peer[i]}: it never came`;
    if (from[i] < 0) return `peer ${peer[i]}: announced it`;
    return `peer ${peer[i]}: after ${format.ms(ms[i])}, ${hops[i]} links, from peer ${peer[from[i]]}`;
  }
  rows() {
    const {peer, from, ms, hops} = this.replay;
    return peer.map((_, i) => i).filter(i => ms[i] !== null).sort((a, b) => ms[a] - ms[b])
        .map(i => [format.ms(ms[i]), peer[i], from[i] < 0 ? '' : peer[from[i]], hops[i]]);
  }
}
