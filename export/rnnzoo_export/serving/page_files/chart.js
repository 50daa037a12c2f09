/** Chooses round places for about so many ticks. */
function ticksOf(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(size => size >= rough);
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place++)
    found.push(Number((place * step).toPrecision(12)));
  return found;
}

function shape(name, attributes, parent, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent.append(made);
  return made;
}

/** The least and the greatest of numbers. */
function extentOf(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return [low, high];
}

/** What an axis shows of numbers: a little more than there is, and never nothing. */
function rangeOf(values, room = 0) {
  const [low, high] = extentOf(values);
  if (low > high) return [0, 1];
  if (low === high) return [low - 0.5, high + 0.5];
  return [low - room * (high - low), high + room * (high - low)];
}

/**
 * Draws curves with axes; it is drawn again when its width changes.
 *
 * @param chart title, xLabel, yLabel; lines: [{ points: [[x, y]], name, style, dots }]; band: [[x, low, high]],
 *   bandName, bandStyle; now: where the past ends; whole: whether x are whole numbers.
 */
function chartOf(chart) {
  const figure = make("figure", {}, make("figcaption", {}, chart.title));
  const svg = shape("svg", { role: "img", "aria-label": describeChart(chart) }, figure);
  const keys = [
    ...chart.lines.map(line => [`fill-${line.style}`, line.name]),
    ...(chart.band ? [["fill-band", chart.bandName]] : []),
  ];
  if (keys.length > 1) figure.append(legendOf(keys));
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.round(figure.clientWidth);
    if (width && width !== drawn) drawChart(svg, chart, (drawn = width));
  }).observe(figure);
  return figure;
}

function describeChart(chart) {
  const told = chart.lines.map(line => {
    const [low, high] = rangeOf(line.points.map(point => point[1]));
    return `${line.name}: ${line.points.length} values from ${short(low, 3)} to ${short(high, 3)}`;
  });
  return `${chart.title}, ${chart.xLabel}. ${told.slice(0, 8).join(". ")}`;
}

function drawChart(svg, chart, width) {
  const height = Math.min(280, Math.max(180, width * 0.5));
  const [top, bottom] = [10, height - 40];
  const points = chart.lines.flatMap(line => line.points);
  const band = chart.band ?? [];
  const [lowX, highX] = rangeOf([...points, ...band].map(point => point[0]));
  const [lowY, highY] = rangeOf(
    [...points.map(point => point[1]), ...band.flatMap(([, low, high]) => [low, high])],
    0.05,
  );
  const ticks = ticksOf(lowY, highY, 5);
  const left = 26 + 7 * Math.max(...ticks.map(tick => short(tick).length));
  const right = width - 8;
  const x = value => left + ((right - left) * (value - lowX)) / (highX - lowX);
  const y = value => bottom - ((bottom - top) * (value - lowY)) / (highY - lowY);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const tick of ticks) {
    shape("line", { x1: left, x2: right, y1: y(tick), y2: y(tick), class: "grid" }, svg);
    shape("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, svg, short(tick));
  }
  for (const tick of ticksOf(lowX, highX, Math.max(4, width / 80)).filter(
    tick => !chart.whole || Number.isInteger(tick),
  )) {
    shape("line", { x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 5, class: "axis" }, svg);
    shape(
      "text",
      { x: x(tick), y: bottom + 18, "text-anchor": "middle" },
      svg,
      chart.now === undefined || tick <= 0 ? short(tick) : `+${short(tick)}`,
    );
  }
  shape("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "axis" }, svg);
  if (chart.now !== undefined)
    shape(
      "line",
      { x1: x(chart.now), x2: x(chart.now), y1: top, y2: bottom, class: "axis", "stroke-dasharray": "3 3" },
      svg,
    );
  shape("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, svg, chart.xLabel);
  shape(
    "text",
    {
      x: 12,
      y: (top + bottom) / 2,
      "text-anchor": "middle",
      transform: `rotate(-90 12 ${(top + bottom) / 2})`,
    },
    svg,
    chart.yLabel,
  );
  if (band.length) {
    const upper = band.map(([at, , high]) => `${x(at)},${y(high)}`);
    const lower = band.map(([at, low]) => `${x(at)},${y(low)}`);
    shape(
      "polygon",
      { points: [...upper, ...lower.reverse()].join(" "), class: chart.bandStyle ?? "band" },
      svg,
    );
  }
  for (const line of chart.lines) drawLine(svg, line, x, y);
}

function drawLine(svg, line, x, y) {
  const places = line.points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  if (places.length > 1)
    shape("polyline", { points: places.join(" "), class: `curve line-${line.style}` }, svg);
  if (!line.dots && places.length > 40) return;
  for (const place of places) {
    const [cx, cy] = place.split(",");
    shape("circle", { cx, cy, r: line.dots ? 3 : 2.2, class: `dot fill-${line.style}` }, svg);
  }
}
