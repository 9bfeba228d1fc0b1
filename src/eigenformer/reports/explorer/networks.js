// The shipped networks of any size, layer by layer as in the package (models/blocks.py, frames.py,
// polar_frames.py), in double precision from the same float32 weights; and constructed ones, whose
// layers are data too. Each answer comes with what was computed on the way.

const LARGE = 1e10;
const TINY = 1e-30;
const NUDGE = 1e-7;

// A list of arrays of numbers by name, from base64.
function weightsOf(model) {
  const bytes = Uint8Array.from(atob(model.weights), (c) => c.charCodeAt(0));
  const numbers = new Float32Array(bytes.buffer);
  const out = {};
  let at = 0;
  for (const [name, shape] of model.tensors) {
    const count = shape.reduce((product, side) => product * side, 1);
    const [rows, cols] = shape.length === 2 ? shape : [1, count];
    out[name] = matrix(rows, cols, Float64Array.from(numbers.subarray(at, at + count)));
    at += count;
  }
  return out;
}

const part = (weights, prefix) =>
  Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );

// sum_j weights[row, j] terms[j], for matrices or spectra alike.
function mixture(weights, row, terms) {
  const out = new Float64Array(terms[0].length);
  for (let j = 0; j < weights.cols; j++) {
    const w = weights.v[row * weights.cols + j];
    const term = terms[j];
    for (let i = 0; i < out.length; i++) out[i] += w * term[i];
  }
  return out;
}

const affine = (weights, bias, x) =>
  Float64Array.from(bias.v, (b, i) => dot(weights.v.subarray(i * weights.cols, (i + 1) * weights.cols), x) + b);

// What a layer of attention on blocks computes of norms and angles.
function gatesOf(layer, z, x, rank) {
  const size = z.map((block) => dot(block, block) / rank);
  const shrink = size.map((s) => Math.sqrt(LARGE / (s + LARGE)));
  const small = z.map((block, k) => block.map((value) => value * shrink[k]));
  const all = [...small, x].map((block) => dot(block, block) / rank);
  const own = all[all.length - 1];
  const angles = small.map((block, k) => dot(block, x) / rank / Math.sqrt(all[k] * own + 1e-24));
  const features = [...all.map((s) => Math.log(s + 1e-12) / 4), ...angles];
  const inner = affine(layer.inner, layer.inner_bias, features).map(Math.tanh);
  return { shrink, gates: affine(layer.gates, layer.gates_bias, inner).map((g) => 1 + g) };
}

// The next blocks; `product(p, q, r, head)` gives P Q^T R.
function blockLayer(layer, z, x, { shrink, gates }, product) {
  const [blocks, heads] = [layer.write.rows, layer.write.cols];
  const small = z.map((block, k) => block.map((value) => value * shrink[k]));
  const zx = [...small, x];
  const added = [];
  for (let h = 0; h < heads; h++) {
    const [p, q, r] = [0, 1, 2].map((role) => mixture(layer.read, role * heads + h, zx));
    added.push(product(p, q, r, h).map((value) => gates[h] * value));
  }
  return Array.from({ length: blocks }, (_, k) => {
    const kept = mixture(layer.keep, k, zx);
    const written = mixture(layer.write, k, added);
    return kept.map((value, i) => gates[heads + k] * (small[k][i] + value) + written[i]);
  });
}

// (sum of sigma^4)^(1/4).
function schatten(a) {
  const peak = Math.max(largest(a), 2.3e-308);
  const b = scaled(a, 1 / peak);
  return Math.max(Math.sqrt(frobenius(multiply(transpose(b), b))), 1e-30) * peak;
}

class BlockNetwork {
  constructor(weights, config) {
    this.config = config;
    this.start = weights.start.v;
    this.result = weights.result;
    this.layers = Array.from({ length: config.layers }, (_, i) => part(weights, `layers.${i}.`));
  }

  // U f(S) V^T for a [m, n] with m >= n; each layer of each pass is pushed onto `film`.
  repeated(a, film = []) {
    if (a.rows < a.cols) {
      const found = this.repeated(transpose(a), film);
      return { ...found, x: transpose(found.x) };
    }
    const inverse = this.config.computes === "inverse";
    let x = this.once(a, null, a, 0, film);
    let [best, residual] = [x, this.residual(a, x)];
    for (let pass = 1; pass < this.config.passes && !(residual < this.config.tolerance); pass++) {
      x = inverse
        ? multiply(x, this.once(multiply(transpose(x), a), x, a, pass, film))
        : this.once(x, null, a, pass, film);
      const now = this.residual(a, x);
      if (now < residual) [best, residual] = [x, now];
    }
    return { x: best, residual };
  }

  // One pass on `a`; `before` is what answers of this pass are multiplied with.
  once(a, before, whole, pass, film) {
    const inverse = this.config.computes === "inverse";
    const scale = schatten(a);
    const x = a.v.map((value) => value / scale);
    const rank = Math.min(a.rows, a.cols);
    const shaped = (v) => matrix(a.rows, a.cols, v);
    const read = (z) => shaped(mixture(this.result, 0, z).map((y) => (inverse ? y / scale : y)));
    const record = (layer, z, rest) => {
      const raw = read(z);
      const answer = before ? multiply(before, raw) : raw;
      const blocks = z.map((block) => shaped(block));
      film.push({ pass, layer, scale, blocks, whole, answer, residual: this.residual(whole, answer), ...rest });
    };
    let z = Array.from(this.start, (s) => x.map((value) => value * s));
    record(0, z, { scores: [], gates: null });
    this.layers.forEach((layer, i) => {
      const scores = [];
      const attend = (p, q, r) => {
        const [left, middle, right] = [p, q, r].map(shaped);
        scores.push(multiply(left, transpose(middle)));
        return multiply(left, multiply(transpose(middle), right)).v;
      };
      const gates = gatesOf(layer, z, x, rank);
      z = blockLayer(layer, z, x, gates, attend);
      record(i + 1, z, { scores, gates });
    });
    return read(z);
  }

  residual(a, x) {
    const product = multiply(transpose(x), this.config.computes === "inverse" ? a : x);
    const error = identityError(product);
    return Number.isNaN(error) ? Infinity : error;
  }

  // f(sigma) after each step of a film, for other sigma, with the gates that the film's matrix had.
  curves(sigma, film) {
    const inverse = this.config.computes === "inverse";
    let before = sigma.map(() => 1);
    const out = [];
    let z = null;
    let x = null;
    for (const step of film) {
      if (step.layer === 0) {
        if (out.length) before = out[out.length - 1];
        const seen = inverse || !out.length ? sigma.map((s, i) => s * before[i]) : before;
        x = seen.map((s) => s / step.scale);
        z = Array.from(this.start, (s) => x.map((value) => value * s));
      } else {
        const product = (p, q, r) => p.map((value, i) => value * q[i] * r[i]);
        z = blockLayer(this.layers[step.layer - 1], z, x, step.gates, product);
      }
      const read = mixture(this.result, 0, z);
      out.push(inverse ? read.map((y, i) => (before[i] * y) / step.scale) : read);
    }
    return out;
  }
}

class FrameNetwork {
  constructor(weights, config) {
    this.config = config;
    this.layer = part(weights, "layer.");
  }

  // {values, vectors} of a symmetric matrix; each loop is pushed onto `film`.
  decompose(a, film = [], mixing = (g) => this.mixing(g)) {
    const q = this.frame(unitScale(a), film, mixing);
    const values = diagonal(multiply(transpose(q), multiply(a, q)));
    const columns = Array.from({ length: a.rows }, (_, j) => columnOf(q, j));
    const { values: sorted, vectors } = ordered(values, columns);
    return { values: sorted, vectors };
  }

  frame(a, film, mixing) {
    const { loops, tolerance, polish } = this.config;
    const n = a.rows;
    let q = identity(n);
    for (let loop = 0; ; loop++) {
      const g = multiply(transpose(q), multiply(a, q));
      const on = diagonal(g).reduce((sum, x) => sum + Math.abs(x), 0);
      const off = Math.max(0, l1(g) - on) / on;
      const done = !(l1(g) > (1 + tolerance) * on);
      const step = { loop, q, g, residual: off, pairs: [], mixing: matrix(n, n) };
      film.push(step);
      if (loop === loops || done) return q;
      const { e, ratios } = mixing(g);
      step.mixing = e;
      step.pairs = ratios;
      const squared = dot(e.v, e.v) / 2;
      q = scaled(combined(q, multiply(q, e)), 1 / Math.sqrt(1 + squared));
      for (let i = 0; i < polish; i++)
        q = combined(scaled(q, 1.5), multiply(q, multiply(transpose(q), q)), -0.5);
    }
  }

  // The learned mixing weights E, antisymmetric, and (u, |E|) of each pair of columns.
  mixing(g) {
    const { inner, inner_bias, outer, outer_bias } = this.layer;
    const n = g.rows;
    const own = diagonal(g);
    const pairs = pairsOf(g);
    const crowds = new Float64Array(n);
    let left = 0;
    for (const { i, j, u, size } of pairs) {
      crowds[i] += u * u;
      crowds[j] += u * u;
      left += size * size;
    }
    const mean = left * (n > 1 ? 2 / (n * (n - 1)) : 1) + TINY;
    const average = own.reduce((sum, x) => sum + x, 0) / n;
    const spread = own.reduce((sum, x) => sum + (x - average) ** 2, 0);
    const far = Math.log(left / (spread + 2 * left + TINY) + 1e-8) / 8;
    return mixed(g, pairs, ({ i, j, u, size }) => {
      const crowd = crowds[i] + crowds[j] + 1e-6;
      const features = [u, (u * u) / crowd, Math.log(crowd) / 4, Math.log((size * size) / mean + 1e-4) / 4, far];
      const hidden = affine(inner, inner_bias, features).map((x) => x / (1 + Math.exp(-x)));
      return (dot(outer.v, hidden) + outer_bias.v[0]) * u;
    });
  }
}

function pairsOf(g) {
  const pairs = [];
  for (let i = 0; i < g.rows; i++)
    for (let j = i + 1; j < g.rows; j++) {
      const score = g.v[i * g.rows + j];
      const gap = g.v[i * g.rows + i] - g.v[j * g.rows + j];
      const size = Math.abs(score);
      pairs.push({ i, j, score, gap, size, u: size / (Math.abs(gap) + size + TINY) });
    }
  return pairs;
}

// E with the given size for each pair, signed so that it turns the coupling away.
function mixed(g, pairs, sizeOf) {
  const e = matrix(g.rows, g.cols);
  const ratios = pairs.map((pair) => {
    const size = sizeOf(pair);
    const signed = size * Math.sign(pair.score) * (pair.gap < 0 ? 1 : -1);
    e.v[pair.i * g.rows + pair.j] = signed;
    e.v[pair.j * g.rows + pair.i] = -signed;
    return [pair.u, size];
  });
  return { e, ratios };
}

// Jacobi's angles for all pairs at once, in the place of what the network learned.
const jacobiMixing = (g) =>
  mixed(g, pairsOf(g), ({ gap, size }) => (2 * size) / Math.max(Math.abs(gap) + Math.hypot(gap, 2 * size), 1e-300));

// A / s with a Frobenius norm of n^(1/2).
function unitScale(a) {
  const b = scaled(a, 1 / Math.max(largest(a), 2.3e-308));
  return scaled(b, 1 / Math.max(frobenius(b) / Math.sqrt(a.rows), TINY));
}

class PolarFrameNetwork {
  constructor(weights, config) {
    this.polar = new BlockNetwork(part(weights, "polar."), config.polar);
    this.frames = new FrameNetwork(part(weights, "frames."), config.frames);
  }

  // {u, s, v}; film = {polar, frames} is filled.
  decompose(a, film = { polar: [], frames: [] }) {
    if (a.rows < a.cols) {
      const { u, s, v } = this.decompose(transpose(a), film);
      return { u: v, s, v: u };
    }
    const size = Math.max(largest(a), 2.3e-308);
    const b = scaled(a, 1 / size);
    let found = this.polar.repeated(b, film.polar);
    if (found.residual > this.polar.config.tolerance) {
      // Less than full rank: the polar factor is not unique, that of a matrix nearby is one.
      const near = map(b, (x, i) => x + (Math.floor(i / b.cols) === i % b.cols ? NUDGE : 0));
      const again = this.polar.repeated(near);
      if (again.residual < found.residual) found = again;
    }
    const h = multiply(transpose(found.x), b);
    const symmetric = scaled(combined(h, transpose(h)), 0.5);
    const { values, vectors } = this.frames.decompose(symmetric, film.frames);
    film.w = found.x;
    film.h = symmetric;
    return { u: multiply(found.x, vectors), s: values.map((x) => x * size), v: vectors };
  }
}

// A constructed network: layers on named blocks, as the package compiled or laid them out.
// `state` gives each block's matrix. Heads add value (key^T query), asking tokens in columns.
function constructedLayer(layer, state) {
  const next = { ...state };
  const scores = [];
  const read = (moves) => {
    const inner = {};
    for (const [into, source, scale] of moves) {
      const term = scaled(state[source], scale);
      inner[into] = inner[into] ? combined(inner[into], term) : term;
    }
    return inner;
  };
  for (const head of layer.heads) {
    const [keys, queries] = [read(head.key), read(head.query)];
    const products = Object.keys(keys)
      .filter((name) => queries[name])
      .map((name) => multiply(transpose(keys[name]), queries[name]));
    const pattern = products.reduce((sum, product) => combined(sum, product));
    scores.push(pattern);
    for (const [into, source, scale] of head.value)
      next[into] = combined(next[into], multiply(state[source], pattern), scale);
  }
  for (const [into, source, scale] of layer.linear) next[into] = combined(next[into], state[source], scale);
  for (const name of layer.normalised) next[name] = scaled(next[name], 1 / frobenius(next[name]));
  return { state: next, scores };
}

// Newton's steps to rounding level, as construct/theory.py counts them.
function newtonSteps(condition) {
  const kappa = Math.min(condition, 2 ** 52);
  const floor = Math.min(2 ** -53 * kappa, 0.5);
  const rate = -Math.log1p(-1 / Math.max(kappa, 1) ** 2);
  return Math.ceil(Math.log2(Math.max(-Math.log(floor) / rate, 1))) + 2;
}

// Newton's network for the inverse; the singular values of `a` give the start, A^T / ||A||^2.
function constructedInverse(network, a, sigma, film = []) {
  const n = a.rows;
  const steps = newtonSteps(sigma[0] / sigma[n - 1]);
  const start = map(transpose(a), (x) => x / sigma[0] / sigma[0]);
  let state = { A: a, X: start, "A.T": matrix(n, n), I: identity(n) };
  const record = (layer, scores) =>
    film.push({ layer, state, scores, whole: a, residual: identityError(multiply(state.X, a)) });
  record(0, []);
  const { first, step, last } = network;
  [first, ...Array(steps - 1).fill(step), last].forEach((layer, i) => {
    const done = constructedLayer(layer, state);
    state = done.state;
    record(i + 1, done.scores);
  });
  return state.X;
}

// Steps of Newton and Schulz's iteration that take sigma = 1 / condition to 1.
function polarSteps(condition) {
  let steps = 0;
  for (let s = 1 / condition; 1 - s * s > 1e-15 && steps < 100; steps++) s *= (3 - s * s) / 2;
  return steps + 1;
}

// Their network for the polar factor of a [m, n], m >= n, of full rank, from A / ||A||.
function constructedPolar(network, a, sigma, film = []) {
  let state = { X: map(a, (x) => x / sigma[0]), I: identity(a.cols) };
  const steps = polarSteps(sigma[0] / sigma[sigma.length - 1]);
  const record = (layer, scores) =>
    film.push({ layer, state, scores, residual: identityError(multiply(transpose(state.X), state.X)) });
  record(0, []);
  for (let i = 0; i < steps; i++) {
    const done = constructedLayer(network.step, state);
    state = done.state;
    record(i + 1, done.scores);
  }
  return state.X;
}

// Power iteration's network: the dominant eigenvector [1, n], after `layers` layers.
function constructedVector(network, a, start, layers, film = []) {
  let state = { A: scaled(a, 1 / frobenius(a)), x: start };
  film.push({ layer: 0, state, scores: [] });
  for (let i = 0; i < layers; i++) {
    const done = constructedLayer(network.step, state);
    state = done.state;
    film.push({ layer: i + 1, state, scores: done.scores });
  }
  return state.x;
}
