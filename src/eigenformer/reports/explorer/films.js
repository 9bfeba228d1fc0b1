// One question, answered three ways, and a film of each network: a step a layer, with the matrices
// that are there after it.

const POWER_LAYERS = 20;
const NAMES = { trained: "Trained network", constructed: "Constructed network", reference: "Reference" };

// A start without a special direction.
const startVector = (n) => matrix(1, n, Float64Array.from({ length: n }, (_, i) => Math.cos(i + 1)));

const relativeL1 = (error, a) => l1(error) / l1(a);
const rowOf = (values) => matrix(1, values.length, Float64Array.from(values));
const timesColumns = (a, values) => map(a, (x, i) => x * values[i % a.cols]);

class Explorer {
  constructor(data) {
    const built = (problem, Network) =>
      new Network(weightsOf(data.models[problem]), data.models[problem].config);
    this.facts = data.models;
    this.constructed = data.constructed;
    this.networks = {
      inverse: built("inverse", BlockNetwork),
      eigenvectors: built("eigenvectors", FrameNetwork),
      svd: built("svd", PolarFrameNetwork),
    };
  }

  // {cards, films, chart}: what the page shows of one matrix.
  ask(problem, a) {
    return this[problem](a);
  }

  inverse(a) {
    const network = this.networks.inverse;
    const { s } = jacobiSvd(a);
    const film = [];
    const trained = transpose(network.repeated(a, film).x);
    const reference = gaussInverse(a);
    const singular = !reference || s[s.length - 1] <= 2.2e-16 * a.rows * s[0];
    const condition = s[0] / s[s.length - 1];
    const built = [];
    const constructed = singular ? null : constructedInverse(this.constructed.newton, a, s, built);
    const refusal = `The matrix is singular to working precision (condition number ${short(condition)}) and has no inverse.`;
    const of = (x) => ({ parts: [["X", x]], checks: [["‖X A − I‖₁ / n", identityError(multiply(x, a))]], whole: x });
    return {
      condition,
      cards: compared({
        trained: of(trained),
        constructed: singular ? { missing: refusal } : of(constructed),
        reference: singular ? { missing: refusal } : of(reference),
      }),
      films: {
        trained: film.map((step) => blockStep(step, network.config, film, true)),
        constructed: built.map((step) => newtonStep(step, this.constructed.newton, built.length - 1)),
      },
      missing: refusal,
      residuals: {
        label: "‖X A − I‖₁ / n",
        x: "layers",
        lines: [
          line("trained", NAMES.trained, film.map((step) => step.residual)),
          line("constructed", NAMES.constructed, built.map((step) => step.residual)),
          // From layer 2 on each layer squares R = I - A X, of norm 1 - 1/condition^2 at first.
          ...(singular ? [] : [
            line("theory", "theory: (1 − 1/κ²)^(2^t)", built.map((step, t) => squared(condition, t - 1))),
          ]),
        ],
        stop: network.config.tolerance,
      },
      curve: (index) => functionChart(network, film, s, index, true),
    };
  }

  eigenvectors(a) {
    const network = this.networks.eigenvectors;
    const film = [];
    const trained = network.decompose(a, film);
    const reference = jacobiEigen(a);
    const ruled = [];
    network.decompose(a, ruled, jacobiMixing);
    const { values } = reference;
    const [low, high] = [values[values.length - 1], values[0]];
    const tied = Math.abs(low + high) <= 1e-10 * (high - low);
    const built = [];
    const vector = tied ? null : constructedVector(this.constructed.power, a, startVector(a.rows), POWER_LAYERS, built);
    const sizes = [...values].map(Math.abs).sort((x, y) => y - x);
    const ratio = sizes[1] / sizes[0];
    const of = (found) => ({
      parts: [["d", rowOf(found.values)], ["Q", found.vectors]],
      checks: [
        ["‖Q D Qᵀ − A‖₁ / ‖A‖₁", relativeL1(combined(multiply(timesColumns(found.vectors, found.values), transpose(found.vectors)), a, -1), a)],
        ["‖Qᵀ Q − I‖₁ / n", identityError(multiply(transpose(found.vectors), found.vectors))],
      ],
      whole: stacked(rowOf(found.values), found.vectors),
      values: found.values,
      bases: [found.vectors],
    });
    const refusal = "The largest eigenvalues are λ and −λ, between which power iteration cannot choose.";
    return {
      condition: sizes[0] / sizes[sizes.length - 1],
      cards: compared({
        trained: of(trained),
        constructed: tied ? { missing: refusal } : dominant(a, vector),
        reference: of(reference),
      }),
      films: {
        trained: film.map((step) => frameStep(step, film, "D = Qᵀ A Q")),
        constructed: built.map((step) => powerStep(step, reference, this.constructed.power)),
      },
      missing: refusal,
      residuals: {
        label: "off the diagonal / on it",
        x: "loops, layers",
        lines: [
          line("trained", NAMES.trained, film.map((step) => step.residual)),
          line("jacobi", "Jacobi’s angles in its place", ruled.map((step) => step.residual)),
          line("constructed", "Power iteration: ‖A v − λ v‖ / ‖A‖", built.map((step) => vectorResidual(a, step.state.x))),
          ...(tied ? [] : [line("theory", "theory: (λ₂/λ₁)^(2t)", built.map((_, t) => ratio ** (2 * t)))]),
        ],
        stop: network.config.tolerance,
      },
      curve: (index) => angleChart(film, index),
    };
  }

  svd(a) {
    const network = this.networks.svd;
    const film = { polar: [], frames: [] };
    const trained = network.decompose(a, film);
    const reference = jacobiSvd(a);
    const of = ({ u, s, v }) => ({
      parts: [["s", rowOf(s)], ["U", u], ["V", v]],
      checks: [
        ["‖U S Vᵀ − A‖₁ / ‖A‖₁", relativeL1(combined(multiply(timesColumns(u, s), transpose(v)), a, -1), a)],
        ["‖UᵀU − I‖₁ / n, ‖VᵀV − I‖₁ / n", Math.max(...[u, v].map((q) => identityError(multiply(transpose(q), q))))],
      ],
      whole: stacked(rowOf(s), stacked(u, v)),
      values: s,
      bases: [u, v],
    });
    const first = film.polar.length;
    const steps = [
      ...film.polar.map((step) => blockStep(step, network.polar.config, film.polar, false)),
      ...film.frames.map((step) => frameStep(step, film.frames, "D = Qᵀ H Q")),
    ];
    const condition = reference.s[0] / reference.s[reference.s.length - 1];
    const refusal = "The matrix is not of full rank to working precision, so its polar factor is not unique.";
    const deficient = !(condition < 1e12);
    const tall = a.rows < a.cols ? transpose(a) : a;
    const built = [];
    const w = deficient ? null : constructedPolar(this.constructed.polar, tall, reference.s, built);
    return {
      condition,
      cards: compared({
        trained: of(trained),
        constructed: deficient ? { missing: refusal } : polarCard(tall === a ? w : transpose(w), built, reference),
        reference: of(reference),
      }),
      films: {
        trained: steps,
        constructed: built.map((step) => polarStep(step, this.constructed.polar, built.length - 1)),
      },
      missing: refusal,
      residuals: {
        label: "‖WᵀW − I‖₁ / n, then off the diagonal / on it",
        x: "layers, then loops",
        lines: [
          line("trained", "Polar factor W", film.polar.map((step) => step.residual)),
          line("frames", "Frame of H = WᵀA", film.frames.map((step) => step.residual), first),
          line("constructed", "Constructed polar factor", built.map((step) => step.residual)),
          line("theory", "theory: r → r² (3 + r) / 4", polarTheory(condition, built)),
        ],
        stop: network.polar.config.tolerance,
      },
      curve: (index, watched) =>
        index < first || watched === "constructed"
          ? functionChart(network.polar, film.polar, reference.s.map((x) => x / largest(a)), Math.min(index, first - 1), false)
          : angleChart(film.frames, index - first),
    };
  }
}

const line = (kind, name, values, from = 0) => ({ kind, name, points: values.map((y, i) => [from + i, y]) });

function squared(condition, t) {
  const rest = -1 / condition ** 2;
  return Math.exp(Math.log1p(Math.max(rest, -1 + 1e-300)) * 2 ** Math.max(t, 0));
}

const stacked = (a, b) => matrix(a.rows + b.rows, a.cols, Float64Array.from([...a.v, ...b.v]));

// How far each answer is from the reference: columns of bases may differ by their sign.
function compared(cards) {
  const truth = cards.reference;
  const gaps = truth.values?.slice(1).map((x, i) => truth.values[i] - x) ?? [];
  const unique = Math.min(Infinity, ...gaps) > 1e-3 * largest({ v: truth.values ?? [] });
  for (const card of Object.values(cards)) {
    if (card.bases && !unique) {
      card.note = "Two values are nearly equal: any basis of the plane of their vectors is right.";
      continue;
    }
    if (card === truth || card.missing || truth.missing || !card.whole) continue;
    const whole = card.bases ? aligned(card, truth) : card.whole;
    card.distance = largest(combined(whole, truth.whole, -1)) / largest(truth.whole);
  }
  return cards;
}

function aligned(card, truth) {
  const signs = Array.from({ length: card.bases[0].cols }, (_, j) =>
    dot(columnOf(card.bases[0], j), columnOf(truth.bases[0], j)) < 0 ? -1 : 1,
  );
  return map(card.whole, (x, i) => (i < signs.length ? x : x * signs[i % signs.length]));
}

const rayleigh = (a, x) => dot(multiply(x, a).v, x.v) / dot(x.v, x.v);
const vectorResidual = (a, x) =>
  frobenius(combined(multiply(x, a), x, -rayleigh(a, x))) / frobenius(x) / frobenius(a);

// ||I - W^T W||_2 after each layer, as if nothing were rounded.
function polarTheory(condition, built) {
  let r = 1 - 1 / condition ** 2;
  return built.map((_, t) => (t ? (r = (r * r * (3 + r)) / 4) : r));
}

function polarCard(w, built, { u, v }) {
  const truth = multiply(u, transpose(v));
  return {
    parts: [["W", w]],
    checks: [["‖WᵀW − I‖₁ / n", built[built.length - 1].residual]],
    distance: largest(combined(w, truth, -1)) / largest(truth),
    note: "The polar factor W = U Vᵀ, which the trained network finds first, too; the package has no constructed network for the rest.",
  };
}

function dominant(a, x) {
  return {
    parts: [["λ", matrix(1, 1, Float64Array.of(rayleigh(a, x)))], ["v", transpose(x)]],
    checks: [["‖A v − λ v‖ / ‖A‖", vectorResidual(a, x)]],
    note: `The eigenvector of the eigenvalue largest in size, after ${POWER_LAYERS} layers; the package has no constructed network for all of them.`,
  };
}

// Steps of films: a title, a sentence, groups of figures.

const figure = (name, a, options = {}) => ({ name, matrix: a, ...options });

function blockStep(step, config, film, inverse) {
  const { pass, layer, blocks, scores, answer } = step;
  const passes = film[film.length - 1].pass + 1;
  const title = `${inverse ? "" : "Polar factor: "}${passes > 1 ? `pass ${pass + 1} of ${passes}, ` : ""}${layer ? `layer ${layer} of ${config.layers}` : "before the first layer"}`.replace(/^./, (c) => c.toUpperCase());
  const begin = pass
    ? `What pass ${pass} left undone is a matrix again, ${inverse ? "X A" : "W"}; the same network goes on with it.`
    : "Each block starts as a multiple of the matrix, divided by its size.";
  const says = layer
    ? `Each head adds (P Qᵀ) R to the blocks, where P, Q and R are mixtures of them: by the score of rows i and j, row i takes from row j. ${inverse ? "A mixture of the blocks is the answer so far." : "A mixture of the blocks is to become W, with A = W H."}`
    : begin;
  const shown = inverse ? transpose(answer) : answer;
  const product = inverse ? multiply(shown, step.whole) : multiply(transpose(answer), answer);
  return {
    title,
    says,
    groups: [
      ["Blocks", blocks.map((block, k) => figure(`block ${k + 1}`, block))],
      ["Scores of the heads over rows, P Qᵀ", scores.map((s, h) => figure(`head ${h + 1}`, s))],
      ["What comes out", [figure(inverse ? "X so far" : "W so far", shown), figure(inverse ? "X A, to be I" : "Wᵀ W, to be I", product, { scale: 1 })]],
    ],
  };
}

function frameStep(step, film, name) {
  const last = film[film.length - 1];
  const final = step === last;
  const n = step.q.rows;
  const angles = Array.from({ length: n }, (_, j) => {
    const cosine = Math.abs(dot(columnOf(step.q, j), columnOf(last.q, j)));
    return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
  });
  return {
    title: `Frame: ${step.loop ? `loop ${step.loop} of ${last.loop}` : "before the first loop"}`,
    says: final
      ? "The matrix is diagonal in this frame to the tolerance: its columns are the answer, sorted by their values."
      : "Pairs of columns are scored by the matrix, D = Qᵀ A Q; the network makes of each pair’s scores how far the two turn into each other, E. Then all turn at once, and are made orthonormal again.",
    groups: [
      ["The frame", [figure("Q, a column each", step.q, { scale: 1 })]],
      ["Scores of columns", [figure(name, step.g)]],
      ["Turning weights", [figure("E", step.mixing)]],
    ],
    angles,
  };
}

// What a constructed layer does, in the package's words, and with which weights.
function sentenceOf(layer) {
  const moves = [layer.linear, ...layer.heads.flatMap(({ value, key, query }) => [value, key, query])].flat();
  const weights = [...new Set([0, ...moves.map(([, , scale]) => scale)])].sort((a, b) => a - b).map((w) => minus(String(w)));
  const text = layer.says.replaceAll(".T", "ᵀ").replaceAll("^T", "ᵀ").replaceAll("-", "−");
  return `${text[0].toUpperCase()}${text.slice(1)}. Each of its weights is ${weights.slice(0, -1).join(", ")} or ${weights[weights.length - 1]}.`;
}

function newtonStep(step, network, layers) {
  const { state, scores, layer } = step;
  const own = layer === 1 ? network.first : layer === layers ? network.last : network.step;
  return {
    title: layer ? `Layer ${layer} of ${layers}` : "Before the first layer",
    says: layer
      ? sentenceOf(own)
      : "The input map places A, X₀ = Aᵀ / ‖A‖², room for Aᵀ, and I.",
    groups: [
      ["Blocks", ["A", "X", "A.T", "I"].map((name) => figure(name === "A.T" ? "Aᵀ" : name, state[name]))],
      ["Scores of the heads over columns", scores.map((s, h) => figure(`head ${h + 1}`, transpose(s)))],
      ["What comes out", [figure("X A, to be I", multiply(state.X, step.whole), { scale: 1 })]],
    ],
  };
}

function polarStep(step, network, layers) {
  const { state, scores, layer } = step;
  return {
    title: layer ? `Layer ${layer} of ${layers}` : "Before the first layer",
    says: layer ? sentenceOf(network.step) : "The input map places X = A / ‖A‖, and I.",
    groups: [
      ["Blocks", ["X", "I"].map((name) => figure(name, state[name]))],
      ["Scores of the head over columns", scores.map((s) => figure("I − XᵀX", transpose(s)))],
      ["What comes out", [figure("XᵀX, to be I", multiply(transpose(state.X), state.X), { scale: 1 })]],
    ],
  };
}

function powerStep(step, reference, network) {
  const { state, scores, layer } = step;
  const { values, vectors } = reference;
  const j = Math.abs(values[0]) > Math.abs(values[values.length - 1]) ? 0 : values.length - 1;
  const cosine = Math.abs(dot(state.x.v, columnOf(vectors, j))) / frobenius(state.x);
  return {
    title: layer ? `Layer ${layer} of ${POWER_LAYERS}` : "Before the first layer",
    says: layer
      ? `${sentenceOf(network.step)} Two steps of power iteration: x turns towards the eigenvector whose eigenvalue is largest in size.`
      : "The input map divides A by its size and places a start x.",
    groups: [
      ["Blocks", [figure("A", state.A), figure("x", state.x, { scale: 1 })]],
      ["Scores of the head over columns", scores.map((s) => figure("AᵀA", s))],
    ],
    angles: [(Math.acos(Math.min(1, cosine)) * 180) / Math.PI],
  };
}

// Charts that go with a step.

// f(sigma) after each layer, growing towards 1/sigma (or 1, of the polar factor).
function functionChart(network, film, sigma, index, inverse) {
  const scale = film[0].scale;
  // From below the smallest singular value on: elsewhere the gates have seen nothing.
  const least = Math.min(0.1, 10 ** Math.floor(Math.log10(Math.max(sigma[sigma.length - 1] / scale, 1e-12) / 2)));
  const grid = Float64Array.from({ length: 161 }, (_, i) => scale * least ** (1 - i / 160));
  const here = film.slice(0, index + 1);
  const times = (values, xs) => Array.from(values, (y, i) => [xs[i] / scale, inverse ? y * scale : y]);
  const curves = network.curves(grid, here);
  const dots = network.curves(sigma, here);
  const lines = curves.slice(0, -1).map((values) => ({ kind: "faint", points: times(values, grid) }));
  const target = { kind: "target", name: inverse ? "1 / σ" : "1", points: times(grid.map((s) => (inverse ? 1 / s : 1)), grid) };
  lines.push(target, { kind: "trained", name: "f after this layer; faint: after those before", points: times(curves[curves.length - 1], grid) });
  const newton = inverse ? newtonFunction : schulzFunction;
  lines.push({ kind: "constructed", name: "the constructed network’s after as many", points: times(newton(grid, sigma[0], index), grid) });
  return {
    title: inverse ? "The network as a function of singular values: f(σ) → 1/σ" : "The network as a function of singular values: f(σ) → 1",
    x: { label: "σ / scale", log: true, from: least, to: 1 },
    y: inverse ? { label: "f(σ) · scale", log: true, from: 0.03, to: 3 / least } : { label: "f(σ)", from: -0.25, to: 1.5, ticks: [0, 0.5, 1, 1.5] },
    lines,
    dots: times(dots[dots.length - 1], sigma).map(([x, y]) => ({ x, y })),
    dotsName: "this matrix’s singular values",
    says: `f of ${sigma.length} singular values and of a grid beside ${inverse ? "1/σ" : "1"}, after ${index} layers.`,
  };
}

function newtonFunction(sigma, most, layers) {
  return sigma.map((s) => {
    let f = s / most / most;
    for (let t = 1; t < layers; t++) f *= 2 - s * f;
    return f;
  });
}

function schulzFunction(sigma, most, layers) {
  return sigma.map((s) => {
    let f = s / most;
    for (let t = 0; t < layers; t++) f *= (3 - f * f) / 2;
    return f;
  });
}

// The angle by which each pair of columns turns beside Jacobi's.
function angleChart(film, index) {
  const degrees = (tangent) => (Math.atan(tangent) * 180) / Math.PI;
  const us = Array.from({ length: 101 }, (_, i) => i / 100);
  const jacobi = us.map((u) => [u, degrees((2 * u) / (1 - u + Math.hypot(1 - u, 2 * u)))]);
  const dots = film[Math.min(index, film.length - 1)].pairs;
  return {
    title: "The angle by which each pair turns, beside Jacobi’s",
    x: { label: "u = |coupling| / (|gap| + |coupling|)", from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1] },
    y: { label: "degrees", from: 0, to: 50, ticks: [0, 15, 30, 45] },
    lines: [{ kind: "target", name: "Jacobi’s angle, which the network was not told", points: jacobi }],
    dots: dots.map(([u, tangent]) => ({ x: u, y: degrees(tangent) })),
    dotsName: "the pairs of columns in this loop",
    says: `${dots.length} pairs of columns; each turns by the angle shown.`,
  };
}
