// Matrices {rows, cols, v} with the coefficients row by row in double precision, and what is known
// of them without a network: Gauss elimination, Jacobi's rotations.

const matrix = (rows, cols, v = new Float64Array(rows * cols)) => ({ rows, cols, v });

const fromRows = (rows) => matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));

const toRows = (a) =>
  Array.from({ length: a.rows }, (_, i) => Array.from(a.v.slice(i * a.cols, (i + 1) * a.cols)));

const map = (a, f) => matrix(a.rows, a.cols, a.v.map(f));

const scaled = (a, s) => map(a, (x) => x * s);

const combined = (a, b, s = 1) => map(a, (x, i) => x + s * b.v[i]);

function identity(n) {
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) out.v[i * n + i] = 1;
  return out;
}

function transpose(a) {
  const out = matrix(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) out.v[j * a.rows + i] = a.v[i * a.cols + j];
  return out;
}

function multiply(a, b) {
  const out = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.cols; k++) {
      const x = a.v[i * a.cols + k];
      for (let j = 0; j < b.cols; j++) out.v[i * b.cols + j] += x * b.v[k * b.cols + j];
    }
  return out;
}

const columnOf = (a, j) => Float64Array.from({ length: a.rows }, (_, i) => a.v[i * a.cols + j]);

const diagonal = (a) =>
  Float64Array.from({ length: Math.min(a.rows, a.cols) }, (_, i) => a.v[i * a.cols + i]);

const withColumns = (columns) =>
  transpose(matrix(columns.length, columns[0].length, Float64Array.from(columns.flatMap((c) => [...c]))));

const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
const l1 = (a) => a.v.reduce((sum, x) => sum + Math.abs(x), 0);
const frobenius = (a) => Math.sqrt(dot(a.v, a.v));
const largest = (a) => a.v.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const isSymmetric = (a) =>
  a.rows === a.cols && transpose(a).v.every((x, i) => x === a.v[i]);

// ||A - I|| / n, summed over all coefficients.
const identityError = (a) => l1(combined(a, identity(a.rows), -1)) / a.rows;

// The inverse by Gauss elimination with pivots, or null where a pivot is zero.
function gaussInverse(a) {
  const n = a.rows;
  const left = toRows(a);
  const right = toRows(identity(n));
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(left[i][k]) > Math.abs(left[pivot][k])) pivot = i;
    if (left[pivot][k] === 0) return null;
    for (const side of [left, right]) [side[k], side[pivot]] = [side[pivot], side[k]];
    const over = 1 / left[k][k];
    for (const side of [left, right]) side[k] = side[k].map((x) => x * over);
    for (let i = 0; i < n; i++) {
      if (i === k || left[i][k] === 0) continue;
      const factor = left[i][k];
      for (const side of [left, right])
        for (let j = 0; j < n; j++) side[i][j] -= factor * side[k][j];
    }
  }
  return fromRows(right);
}

// tan of the angle that makes [[p, g], [g, q]] diagonal.
function jacobiTangent(p, q, g) {
  if (g === 0) return 0;
  const ratio = (q - p) / (2 * g);
  return (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
}

// Turns items i and j, vectors or numbers, by the angle of `tangent`.
function rotate(items, i, j, tangent) {
  const c = 1 / Math.hypot(1, tangent);
  const s = c * tangent;
  const [x, y] = [items[i], items[j]];
  const mix = (f, g) => (typeof x === "number" ? f * x + g * y : x.map((value, k) => f * value + g * y[k]));
  [items[i], items[j]] = [mix(c, -s), mix(s, c)];
}

// {values, vectors} of a symmetric matrix, values descending: Jacobi's cyclic rotations.
function jacobiEigen(a) {
  const n = a.rows;
  const rows = toRows(a).map((row) => Float64Array.from(row));
  const vectors = toRows(identity(n)).map((row) => Float64Array.from(row));
  const size = frobenius(a);
  for (let sweep = 0; sweep < 30; sweep++) {
    let turned = false;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        if (Math.abs(rows[i][j]) <= 1e-18 * size) continue;
        turned = true;
        const t = jacobiTangent(rows[i][i], rows[j][j], rows[i][j]);
        rotate(rows, i, j, t);
        for (const row of rows) rotate(row, i, j, t);
        rotate(vectors, i, j, t);
      }
    if (!turned) break;
  }
  return ordered(Float64Array.from(rows, (row, i) => row[i]), vectors);
}

function ordered(values, ...bases) {
  const order = [...values.keys()].sort((i, j) => values[j] - values[i]);
  const [vectors, others] = bases.map((basis) => withColumns(order.map((i) => basis[i])));
  return { values: Float64Array.from(order, (i) => values[i]), vectors, others };
}

// {u, s, v} of any matrix, s descending: one-sided Jacobi rotations (Hestenes).
function jacobiSvd(a) {
  if (a.rows < a.cols) {
    const { u, s, v } = jacobiSvd(transpose(a));
    return { u: v, s, v: u };
  }
  const n = a.cols;
  const left = Array.from({ length: n }, (_, j) => columnOf(a, j));
  const right = toRows(identity(n)).map((row) => Float64Array.from(row));
  for (let sweep = 0; sweep < 40; sweep++) {
    let turned = false;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [p, q, g] = [dot(left[i], left[i]), dot(left[j], left[j]), dot(left[i], left[j])];
        if (Math.abs(g) <= 1e-16 * Math.sqrt(p * q)) continue;
        turned = true;
        const t = jacobiTangent(p, q, g);
        rotate(left, i, j, t);
        rotate(right, i, j, t);
      }
    if (!turned) break;
  }
  const sizes = Float64Array.from(left, (x) => Math.sqrt(dot(x, x)));
  const { values, vectors, others } = ordered(sizes, left, right);
  return { u: unitColumns(vectors, values), s: values, v: others };
}

// Columns of length 1; those that are zero to working precision are completed by Gram and Schmidt.
function unitColumns(a, sizes) {
  const columns = [];
  for (let j = 0; j < a.cols; j++) {
    let column = columnOf(a, j);
    if (sizes[j] > 1e-14 * sizes[0]) column = column.map((x) => x / sizes[j]);
    else
      for (let k = 0; k < a.rows; k++) {
        column = new Float64Array(a.rows);
        column[k] = 1;
        for (let twice = 0; twice < 2; twice++)
          for (const other of columns) {
            const part = dot(column, other);
            column = column.map((x, i) => x - part * other[i]);
          }
        const length = Math.sqrt(dot(column, column));
        if (length < 0.1) continue;
        column = column.map((x) => x / length);
        break;
      }
    columns.push(column);
  }
  return withColumns(columns);
}
