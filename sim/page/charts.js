// Charts in SVG: lines, bands and bars over one axis, with a cursor for mouse, finger and keyboard.
const numbers = new Intl.NumberFormat('en', {maximumFractionDigits: 3});
const format = {
  number: value => numbers.format(value),
  percent: value => (100 * value).toFixed(value > 0 && value < 1 ? 2 : 0) + '%',
  share: value => numbers.format(100 * value) + '%',
  ms: value => value >= 10000 ? numbers.format(value / 1000) + ' s' : numbers.format(value) + ' ms',
  seconds: value => numbers.format(value) + ' s',
  bytes: value => {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
    return value.toFixed(unit === 0 ? 0 : 1) + ' ' + units[unit];
  },
};

function element(name, attributes, parent, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}
function shape(name, attributes, parent, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// Round numbers from 0 or `low` up to `high`, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough * 0.999);
  const all = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; ++i) all.push(i * step);
  return all;
}

// A figure with title and note; data-chart names it.
function figure(name, title, note, wide) {
  const box = element('figure', {'data-chart': name, class: wide ? 'wide' : ''}, document.querySelector('main'));
  element('h2', {}, box, title);
  if (note) element('figcaption', {}, box, note);
  return box;
}

function table(parent, head, rows) {
  const made = element('table', {}, parent);
  const line = element('tr', {}, element('thead', {}, made));
  for (const cell of head) element('th', {scope: 'col', class: cell.right ? 'n' : ''}, line, cell.text);
  const body = element('tbody', {}, made);
  for (const row of rows) {
    const cells = element('tr', {}, body);
    row.forEach((cell, i) => {
      const made = element('td', {class: head[i].right ? 'n' : head[i].picture ? 'picture' : ''}, cells);
      if (head[i].picture) element('div', {class: 'share', style: `width:${100 * cell}%`}, made); else made.textContent = cell;
    });
  }
  return made;
}

// All that a chart shows, for those who would rather read it; made when it is opened.
function numbersBelow(box, head, rows) {
  const details = element('details', {}, box);
  element('summary', {}, details, 'Numbers');
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) table(element('div', {}, details), head.map(text => ({text, right: true})), rows());
  });
}

// spec: {name, title, note, wide, x: {values, label, format, width}, y: {label, format, max}, lines: [{name, values, style,
// format}], bands: [{name, low, high}], bars: bool, marks: [{at, text}], ticks: [at]}. `width`: of a bar, in units of x.
class Chart {
  constructor(spec) {
    this.spec = spec;
    this.box = figure(spec.name, spec.title, spec.note, spec.wide);
    this.svg = shape('svg', {tabindex: 0, role: 'img', 'aria-label': spec.title + '. Arrow keys read it value by value.'}, this.box);
    this.tip = element('div', {class: 'tip', role: 'status'}, this.box);
    this.legend();
    const {x, lines, bands = []} = spec;
    numbersBelow(this.box, [x.label, ...lines.map(line => line.name), ...bands.flatMap(band => [band.name + ', low', 'high'])],
                 () => x.values.map((_, i) => this.values(i)));
    this.draw();
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.box);
    this.svg.addEventListener('pointermove', event => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.leave());
    this.svg.addEventListener('blur', () => this.leave());
    this.svg.addEventListener('keydown', event => this.key(event));
  }
  legend() {
    const {lines, bands = [], marks = []} = this.spec;
    if (lines.length + bands.length + marks.length < 2) return;
    const legend = element('div', {class: 'legend'}, this.box);
    const add = (style, text) => element('i', {class: style}, element('span', {}, legend, text)).parentNode.prepend(legend.lastChild.querySelector('i'));
    for (const line of lines) add(line.style || 'one', line.name);
    for (const band of bands) add('band', band.name);
    for (const mark of marks) add('mark', this.spec.x.format(mark.at) + ': ' + mark.text);
  }
  values(i) {
    const {x, y, lines, bands = []} = this.spec;
    return [x.format(x.values[i]), ...lines.map(line => (line.format || y.format)(line.values[i])),
            ...bands.flatMap(band => [y.format(band.low[i]), y.format(band.high[i])])];
  }
  draw() {
    const width = this.svg.clientWidth, height = 230;
    if (width === 0 || width === this.drawn) return;
    this.drawn = width;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.style.height = height + 'px';
    this.svg.replaceChildren();
    this.scale(width, height);
    this.axes(width, height);
    const {x, lines, bands = [], bars, marks = [], ticks: small = []} = this.spec;
    const path = values => values.map((value, i) => (i ? 'L' : 'M') + this.x(x.values[i]).toFixed(1) + ' ' + this.y(value).toFixed(1)).join('');
    for (const band of bands) {
      const back = [...band.low].map((value, i) => 'L' + this.x(x.values[i]).toFixed(1) + ' ' + this.y(value).toFixed(1)).reverse().join('');
      shape('path', {class: 'band', d: path(band.high) + back + 'Z'}, this.svg);
    }
    if (bars) this.bars();
    else for (const line of lines) shape('path', {class: 'line ' + (line.style || 'one'), d: path(line.scaled || line.values)}, this.svg);
    for (const at of small) shape('path', {class: 'tick', d: `M${this.x(at)} ${height - 36}v6`}, this.svg);
    for (const mark of marks) {
      shape('path', {class: 'mark', d: `M${this.x(mark.at)} ${this.top}V${height - 30}`}, this.svg);
    }
    this.cursor = shape('path', {class: 'cursor', d: ''}, this.svg);
  }
  scale(width, height) {
    const {x, y, lines, bands = []} = this.spec;
    const last = x.values[x.values.length - 1] + (x.width || 0), first = x.values[0];
    this.most = y.max || Math.max(...lines.flatMap(line => line.scaled || line.values), ...bands.flatMap(band => band.high), 1e-9);
    this.left = 58;
    this.top = 8;
    this.x = value => this.left + (value - first) / (last - first || 1) * (width - this.left - 14);
    this.y = value => height - 30 - value / this.most * (height - 30 - this.top);
    this.ends = [first, last];
  }
  axes(width, height) {
    const {x, y} = this.spec;
    for (const value of ticks(0, this.most, 4)) {
      shape('path', {class: 'grid', d: `M${this.left} ${this.y(value)}H${width - 14}`}, this.svg);
      shape('text', {x: this.left - 6, y: this.y(value) + 4, 'text-anchor': 'end'}, this.svg, (y.short || y.format)(value));
    }
    shape('path', {class: 'axis', d: `M${this.left} ${height - 30}H${width - 14}`}, this.svg);
    for (const value of ticks(...this.ends, Math.max(2, width / 130))) {
      shape('text', {x: this.x(value), y: height - 14, 'text-anchor': 'middle'}, this.svg, (x.short || x.format)(value));
    }
    shape('text', {x: width - 14, y: height - 1, 'text-anchor': 'end'}, this.svg, x.label);
  }
  bars() {
    const {x, lines} = this.spec;
    lines[0].values.forEach((value, i) => {
      const left = this.x(x.values[i]), wide = Math.max(1, this.x(x.values[i] + x.width) - left - 1), top = this.y(value);
      shape('rect', {class: 'bar', x: left, y: top, width: wide, height: this.y(0) - top}, this.svg);
    });
  }
  point(event) {
    const at = event.clientX - this.svg.getBoundingClientRect().left, {values, width = 0} = this.spec.x;
    let best = 0;
    values.forEach((value, i) => {
      if (Math.abs(this.x(value + width / 2) - at) < Math.abs(this.x(values[best] + width / 2) - at)) best = i;
    });
    this.show(best);
  }
  key(event) {
    const last = this.spec.x.values.length - 1, now = this.at === undefined ? -1 : this.at;
    const to = {ArrowRight: Math.min(last, now + 1), ArrowLeft: Math.max(0, now - 1), Home: 0, End: last}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.show(to);
  }
  show(i) {
    const {x, lines, bands = []} = this.spec, values = this.values(i);
    this.at = i;
    const names = [x.label, ...lines.map(line => line.name), ...bands.flatMap(band => [band.name + ', low', 'high'])];
    this.tip.textContent = names.map((name, n) => name + ': ' + values[n]).join('\n');
    const place = this.x(x.values[i] + (x.width || 0) / 2);
    this.cursor.setAttribute('d', `M${place} ${this.top}V${this.y(0)}`);
    const room = this.box.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = Math.max(4, Math.min(room, place + 24)) + 'px';
    this.tip.style.top = this.svg.offsetTop + 14 + 'px';
  }
  leave() {
    this.at = undefined;
    this.tip.textContent = '';
    if (this.cursor) this.cursor.setAttribute('d', '');
  }
}
