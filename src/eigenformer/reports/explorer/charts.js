// Line charts in SVG, drawn at the width that there is, so that letters keep their size.

const HEIGHT = 280;
const MARGIN = { left: 58, right: 14, top: 14, bottom: 44 };

function axis({ from, to, log, ticks }, low, high) {
  const f = log ? Math.log10 : (x) => x;
  const place = (x) => low + ((f(x) - f(from)) / (f(to) - f(from) || 1)) * (high - low);
  if (ticks) return { place, ticks: ticks.map((x) => [x, minus(String(x))]) };
  if (log) {
    const [first, last] = [Math.ceil(f(from) - 1e-9), Math.floor(f(to) + 1e-9)];
    const every = Math.max(1, Math.ceil((last - first) / 6));
    const powers = [];
    for (let n = last; n >= first; n -= every) powers.push(n);
    return { place, ticks: powers.map((n) => [10 ** n, power(n)]) };
  }
  const rough = (to - from) / 6;
  const step = [1, 2, 5, 10, 20, 50, 100].find((s) => s >= rough) ?? 200;
  const marks = [];
  for (let x = Math.ceil(from / step) * step; x <= to + 1e-9; x += step) marks.push([x, String(x)]);
  return { place, ticks: marks };
}

// {x, y, lines: [{kind, name, points}], dots, marker, stop, says} as SVG of `width` pixels.
function chart({ x, y, lines, dots = [], dotsName = "", marker, stop, says, id }, width) {
  const [left, right] = [MARGIN.left, width - MARGIN.right];
  const [top, bottom] = [MARGIN.top, HEIGHT - MARGIN.bottom];
  const across = axis(x, left, right);
  const up = axis(y, bottom, top);
  const clamp = (value, { from, log }) => (log ? Math.max(value, from * 1e-3) : value);
  const at = ([a, b]) => `${across.place(a).toFixed(1)} ${up.place(clamp(b, y)).toFixed(1)}`;
  const path = (points) => {
    let pen = "M";
    return points
      .map((point) => {
        const known = Number.isFinite(point[1]) && (!y.log || point[1] > 0);
        const piece = known ? `${pen}${at(point)}` : "";
        pen = known ? "L" : "M";
        return piece;
      })
      .join("");
  };
  const out = [`<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${says}">`];
  out.push(`<clipPath id="clip-${id}"><rect x="${left}" y="${top - 3}" width="${right - left + 3}" height="${bottom - top + 6}"/></clipPath>`);
  for (const [value, text] of up.ticks) {
    const h = up.place(value).toFixed(1);
    out.push(`<line class="grid" x1="${left}" x2="${right}" y1="${h}" y2="${h}"/><text x="${left - 8}" y="${Number(h) + 4}" text-anchor="end">${text}</text>`);
  }
  for (const [value, text] of across.ticks)
    out.push(`<text x="${across.place(value).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${text}</text>`);
  out.push(`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`);
  out.push(`<text x="${(left + right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${x.label}</text>`);
  out.push(`<g clip-path="url(#clip-${id})">`);
  if (stop) out.push(`<line class="stop" x1="${left}" x2="${right}" y1="${up.place(stop)}" y2="${up.place(stop)}"/>`);
  for (const { kind, points } of lines) out.push(`<path class="line ${kind}" d="${path(points)}"/>`);
  if (marker !== undefined) {
    const m = across.place(marker).toFixed(1);
    out.push(`<line class="marker" x1="${m}" x2="${m}" y1="${top}" y2="${bottom}"/>`);
    for (const { kind, points } of lines) {
      const found = points.find(([a]) => a === marker);
      if (found && found[1] > 0 && kind !== "theory" && Number.isFinite(found[1]))
        out.push(`<circle class="${kind}" cx="${m}" cy="${up.place(clamp(found[1], y)).toFixed(1)}" r="4.5"/>`);
    }
  }
  for (const dot of dots)
    if (!y.log || dot.y > 0)
      out.push(`<circle class="own" cx="${across.place(Math.max(dot.x, x.from)).toFixed(1)}" cy="${up.place(clamp(dot.y, y)).toFixed(1)}" r="4.5"><title>${short(dot.x)}: ${short(dot.y)}</title></circle>`);
  out.push("</g></svg>");
  const keys = lines.filter(({ name }) => name).map(({ kind, name }) => `<li><i class="key ${kind}"></i>${name}</li>`);
  if (stop) keys.push(`<li><i class="key stop"></i>where the trained network stops</li>`);
  if (dots.length) keys.push(`<li><i class="key own"></i>${dotsName}</li>`);
  return out.join("") + `<ul class="keys">${keys.join("")}</ul>`;
}

// The residual after each layer on a logarithmic axis.
function residualChart({ label, x, lines, stop }, marker) {
  const all = lines.flatMap(({ points }) => points.map(([, y]) => y)).filter((y) => y > 0 && Number.isFinite(y));
  const least = Math.max(1e-17, Math.min(...all, stop));
  const most = Math.min(1e6, Math.max(...all, 1));
  const steps = Math.max(...lines.map(({ points }) => (points.length ? points[points.length - 1][0] : 0)));
  return {
    id: "residual",
    x: { label: x, from: 0, to: Math.max(1, steps) },
    y: { label, log: true, from: 10 ** Math.floor(Math.log10(least)), to: 10 ** Math.ceil(Math.log10(most)) },
    lines,
    marker,
    stop,
    says: `Residual after each layer on a logarithmic axis, from ${short(most)} down to ${short(least)}.`,
  };
}
