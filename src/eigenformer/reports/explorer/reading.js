// What a visitor types, pastes or follows a link to, as a matrix; and back.

const LEAST_SIDE = 2;
const LARGEST_SIDE = 10;

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

class ReadingError extends Error {}

// A number as people write it; `where` names it in the error.
function readNumber(text, where) {
  const plain = text.trim().replace(/[−–]/g, "-");
  const fraction = plain.match(/^([-+]?\d+)\/(\d+)$/);
  const value = fraction ? Number(fraction[1]) / Number(fraction[2]) : plain === "" ? NaN : Number(plain);
  if (!/^[-+]?[\d./eE+-]+$/.test(plain) || Number.isNaN(value))
    throw new ReadingError(`${where} is “${text.trim().slice(0, 20)}”; write a number such as -2.5.`);
  if (value !== 0 && !(Math.abs(value) < 1e100 && Math.abs(value) > 1e-100))
    throw new ReadingError(`${where} is ${text.trim().slice(0, 20)}; this page takes 0 and sizes from 1e-100 to 1e100.`);
  return value;
}

// Rows after semicolons or in lines; numbers after blanks, commas or tabs; brackets as in Python.
function readMatrix(text) {
  const plain = text.replace(/\]\s*,?\s*\[/g, ";").replace(/[[\](){}]/g, "");
  const lines = plain.split(/[;\n\r]+/).map((line) => line.trim()).filter(Boolean);
  if (!lines.length) throw new ReadingError("There is no number; write a matrix such as 1 2; 3 4.");
  const rows = lines.map((line, i) => {
    const words = line.replace(/,\s*$/, "").split(/\s*,\s*|\s+/);
    return words.map((word, j) => readNumber(word, `Row ${i + 1}, column ${j + 1}`));
  });
  const uneven = rows.findIndex((row) => row.length !== rows[0].length);
  if (uneven > 0)
    throw new ReadingError(
      `Row ${uneven + 1} has ${counted(rows[uneven].length, "number")} and row 1 has ${rows[0].length}; give all rows as many.`,
    );
  for (const [side, count] of [["row", rows.length], ["column", rows[0].length]])
    if (count < LEAST_SIDE || count > LARGEST_SIDE)
      throw new ReadingError(`The matrix has ${counted(count, side)}; this page takes ${LEAST_SIDE} to ${LARGEST_SIDE}.`);
  return fromRows(rows);
}

// Why a problem cannot be asked about a matrix, or nothing.
function objection(problem, a) {
  if (problem !== "svd" && a.rows !== a.cols)
    return `The matrix is ${a.rows} × ${a.cols}; ${problem === "inverse" ? "an inverse needs" : "eigenvectors need"} as many rows as columns.`;
  if (!largest(a)) return "The matrix is zero; change a number.";
  return "";
}

const written = (a) => toRows(a).map((row) => row.join(",")).join(";");

function readLink(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const state = {};
  if (["inverse", "eigenvectors", "svd"].includes(fields.get("problem"))) state.problem = fields.get("problem");
  if (["trained", "constructed"].includes(fields.get("network"))) state.network = fields.get("network");
  if (/^\d{1,3}$/.test(fields.get("step") ?? "")) state.step = Number(fields.get("step"));
  if (fields.get("matrix")) state.matrix = readMatrix(fields.get("matrix"));
  return state;
}

const link = ({ problem, network, step, matrix: a }) =>
  `#problem=${problem}&network=${network}&step=${step}&matrix=${written(a)}`;

// Uniform in [-10, 10], two decimals; of condition about 1,000 where it is to be hard.
function randomMatrix(rows, cols, symmetric, hard) {
  const round = (x) => Math.round(100 * x) / 100;
  let a = map(matrix(rows, cols), () => round(20 * Math.random() - 10));
  if (symmetric) a = map(a, (x, i) => a.v[Math.min(i, (i % cols) * cols + Math.floor(i / cols))]);
  if (!hard) return a;
  const { u, s, v } = jacobiSvd(a);
  const k = s.length;
  const sizes = s.map((_, i) => s[0] * 1000 ** (-i / (k - 1)));
  let signs = sizes;
  if (symmetric) signs = sizes.map((x, i) => x * Math.sign(dot(columnOf(u, i), columnOf(v, i))));
  const right = symmetric ? u : v;
  const product = multiply(map(u, (x, i) => x * signs[i % k]), transpose(right));
  const decimals = map(product, (x) => Math.round(1e4 * x) / 1e4);
  return symmetric ? map(decimals, (x, i) => decimals.v[Math.min(i, (i % cols) * cols + Math.floor(i / cols))]) : decimals;
}
