// The page: what is asked, what is shown, what a visitor does.

const $ = (id) => document.getElementById(id);
const PLAY_MS = 420;
// An answer with a larger residual is marked as wrong.
const SMALL = 0.05;

const explorer = new Explorer(JSON.parse($("data").textContent));
const FIRST = [[4, -2, 1, 7], [3, 6, -5, 2], [-8, 1, 9, 4], [2, -3, 5, -6]];
const LAST = Infinity;
const view = { problem: "inverse", network: "trained", step: LAST, matrix: fromRows(FIRST) };
let found = null;
let timer = null;

const film = () => found?.films[view.network] ?? [];
const clampStep = () => (view.step = Math.max(0, Math.min(view.step, film().length - 1)));

// Asking.

function ask({ editor = true } = {}) {
  stop();
  const reason = objection(view.problem, view.matrix);
  complain(reason);
  if (editor) showEditor();
  colourEditor();
  found = reason ? null : explorer.ask(view.problem, view.matrix);
  $("condition").textContent = found ? `condition number ${short(found.condition)}` : "";
  const { rows, cols } = view.matrix;
  const small = Math.max(rows, cols) <= 4;
  $("ask").classList.toggle("small", small);
  if (!small && matchMedia("(min-width: 900px)").matches) $("paste-box").open = true;
  $("trained-prose").textContent = TRAINED_PROSE[view.problem];
  $("told").textContent = explorer.facts[view.problem].told;
  $("answers").innerHTML = found ? answerCards(found.cards) : "";
  reachable();
  showInside();
}

// What scrolls sideways can be reached with the keyboard, and nothing else that is only read.
function reachable() {
  for (const box of document.querySelectorAll(".answer .scroll"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
}

const TRAINED_PROSE = {
  inverse: "Attention without softmax on a few blocks, each as large as the matrix. Only scalars were learned: how blocks are mixed, and how strong each head is. On the way its residual may rise again: only what the last layers give was asked to be right.",
  eigenvectors: "Tokens are the columns of a frame, which attend to each other through the matrix. What was learned is by how much two columns turn into each other, given their scores: one layer, repeated.",
  svd: "Attention on blocks finds the polar factor W of A = W H; then a frame makes H diagonal, H = V S Vᵀ, and U = W V.",
};

function complain(sentence) {
  $("wrong").textContent = sentence;
}

function take(a, note = "") {
  view.matrix = a;
  if (view.problem === "eigenvectors" && a.rows === a.cols && !isSymmetric(a)) {
    view.matrix = scaled(combined(a, transpose(a)), 0.5);
    note = "Eigenvectors are those of symmetric matrices here, so (A + Aᵀ) / 2 was taken.";
  }
  $("note").textContent = note;
  ask();
}

function answerCards(cards) {
  return Object.entries(cards)
    .map(([name, card]) => {
      const head = `<h3 class="${name}-ink">${NAMES[name]}</h3>`;
      if (card.missing) return `<article class="card answer ${name}">${head}<p class="note">${card.missing}</p></article>`;
      const tables = card.parts.map(([title, a]) => numberTable(title, a, NAMES[name].toLowerCase())).join("");
      const worst = Math.max(...card.checks.map(([, value]) => value));
      const good = worst < SMALL;
      const limit = `${100 * SMALL}%`;
      const word = good ? `The residual is below ${limit}.` : `The residual is above ${limit}: do not believe it.`;
      const checks = card.checks.map(([label, value]) => `<div><dt>${label}</dt><dd>${short(value)}</dd></div>`).join("");
      const beside = card.distance === undefined ? "" : `<div><dt>differs from the reference by</dt><dd>${short(card.distance)}</dd></div>`;
      return `<article class="card answer ${name}">${head}${sourceOf(name)}<div class="tables">${tables}</div><dl>${checks}${beside}</dl><p class="verdict ${good ? "good" : "bad"}">${good ? "✓" : "✗"} ${word}</p>${card.note ? `<p class="note">${card.note}</p>` : ""}</article>`;
    })
    .join("");
}

function sourceOf(name) {
  const { parameters, examples } = explorer.facts[view.problem];
  const count = examples >= 1e6 ? `${Number((examples / 1e6).toPrecision(2))} million` : examples.toLocaleString("en");
  const texts = {
    trained: `${parameters.toLocaleString("en")} weights, learned from ${count} matrices`,
    constructed: {
      inverse: "Newton’s iteration, a step a layer",
      eigenvectors: "Power iteration, two steps a layer",
      svd: "Newton and Schulz’s iteration, a step a layer",
    }[view.problem],
    reference: { inverse: "Gauss elimination", eigenvectors: "Jacobi’s rotations", svd: "One-sided Jacobi rotations" }[view.problem],
  };
  return `<p class="source">${texts[name]}</p>`;
}

// The editor.

function showEditor() {
  const { matrix: a, problem } = view;
  $("rows").value = a.rows;
  $("columns").value = a.cols;
  $("columns-field").hidden = problem !== "svd";
  const box = $("editor");
  box.style.setProperty("--cols", a.cols);
  box.innerHTML = Array.from(
    a.v,
    (x, i) => `<input inputmode="decimal" autocomplete="off" aria-label="row ${Math.floor(i / a.cols) + 1}, column ${(i % a.cols) + 1}" value="${Number(x.toPrecision(6))}">`,
  ).join("");
}

function colourEditor() {
  const most = largest(view.matrix);
  [...$("editor").children].forEach((input, i) => {
    const x = view.matrix.v[i];
    input.className = x < 0 ? "minus" : "plus";
    input.style.setProperty("--a", share(x, most).toFixed(3));
  });
}

function edited(input) {
  const { matrix: a, problem } = view;
  const index = [...$("editor").children].indexOf(input);
  const [i, j] = [Math.floor(index / a.cols), index % a.cols];
  try {
    const value = readNumber(input.value, `Row ${i + 1}, column ${j + 1}`);
    const next = matrix(a.rows, a.cols, a.v.slice());
    next.v[index] = value;
    if (problem === "eigenvectors" && i !== j) {
      next.v[j * a.cols + i] = value;
      $("editor").children[j * a.cols + i].value = input.value;
    }
    input.removeAttribute("aria-invalid");
    view.matrix = next;
    $("note").textContent = "";
    ask({ editor: false });
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    input.setAttribute("aria-invalid", "true");
    complain(error.message);
  }
}

function takeText(text, from) {
  try {
    const a = readMatrix(text);
    if (view.problem !== "svd" && a.rows !== a.cols) throw new ReadingError(objection(view.problem, a));
    take(a);
    return true;
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    complain(error.message);
    from.focus();
    return false;
  }
}

function moveInEditor(event) {
  const input = event.target;
  const cells = [...$("editor").children];
  const index = cells.indexOf(input);
  const { rows, cols } = view.matrix;
  const [start, end] = [input.selectionStart === 0, input.selectionEnd === input.value.length];
  const whole = start && end;
  const column = index % cols;
  const target = {
    ArrowUp: index - cols,
    ArrowDown: index + cols,
    Enter: index + cols,
    ArrowLeft: (start || whole) && column > 0 ? index - 1 : -1,
    ArrowRight: (end || whole) && column < cols - 1 ? index + 1 : -1,
  }[event.key];
  if (target === undefined || target < 0 || target >= rows * cols) return;
  event.preventDefault();
  cells[target].focus();
  cells[target].select();
}

// Looking inside.

const heats = new Map();

function showInside() {
  clampStep();
  const steps = film();
  const some = steps.length > 0;
  for (const id of ["play", "back", "on", "step"]) $(id).disabled = !some;
  $("stage").hidden = !some;
  $("facts").textContent = factsOf();
  if (!some) {
    $("step-title").textContent = "Nothing to look into";
    $("says").textContent = found ? found.missing : "";
    for (const id of ["residual", "curve"]) showChart(id, null);
    if (found) drawCharts();
    return keepLink();
  }
  $("step").max = steps.length - 1;
  $("step").value = view.step;
  const step = steps[view.step];
  $("step").setAttribute("aria-valuetext", step.title);
  $("step-title").textContent = step.title;
  $("says").textContent = step.says;
  $("back").disabled = view.step === 0;
  $("on").disabled = view.step === steps.length - 1;
  showStage(step);
  drawCharts();
  keepLink();
}

function factsOf() {
  if (view.network === "constructed") return "no weight of it was trained";
  const { name, parameters } = explorer.facts[view.problem];
  return `${name}: ${parameters.toLocaleString("en")} weights for all sizes`;
}

// Figures stay where they are from step to step, so that colours can change smoothly.
function showStage(step) {
  const stage = $("stage");
  const shape = step.groups.map(([title, figures]) => `${title}:${figures.map((f) => f.name)}`).join("|") + (step.angles?.length ?? "");
  if (stage.dataset.shape !== shape) {
    stage.dataset.shape = shape;
    stage.textContent = "";
    heats.clear();
    for (const [title, figures] of step.groups) {
      const group = document.createElement("div");
      group.className = "group";
      group.innerHTML = `<h3></h3><div class="heats"></div>`;
      group.firstChild.textContent = title;
      if (!figures.length) group.lastChild.innerHTML = `<p class="note">None before the first layer.</p>`;
      for (const one of figures) {
        const element = heatFigure(one.name);
        heats.set(`${title}/${one.name}`, element);
        group.lastChild.append(element);
      }
      stage.append(group);
    }
    if (step.angles) {
      const group = document.createElement("div");
      group.className = "group";
      group.innerHTML = `<h3>${step.angles.length > 1 ? "Angle of each column to where it ends" : "Angle of x to the eigenvector"}</h3><div class="dials"></div>`;
      stage.append(group);
    }
  }
  for (const [title, figures] of step.groups)
    for (const one of figures) paintHeat(heats.get(`${title}/${one.name}`), one);
  if (step.angles) stage.querySelector(".dials").innerHTML = dials(step.angles);
}

function drawCharts() {
  showChart("residual", residualChart(found.residuals, film().length ? view.step : undefined));
  $("residual-label").textContent = found.residuals.label;
  const trained = found.films.trained.length - 1;
  const curve = found.curve(Math.min(view.step, trained), view.network);
  showChart("curve", { ...curve, id: "curve" });
  $("curve-title").textContent = curve.title;
  $("curve-label").textContent = curve.y.label;
}

function showChart(id, spec) {
  const box = $(`${id}-chart`);
  box.innerHTML = spec ? chart(spec, Math.max(260, Math.floor(box.clientWidth || 320))) : "";
}

function stop() {
  clearInterval(timer);
  timer = null;
  const button = $("play");
  button.setAttribute("aria-pressed", "false");
  button.innerHTML = `<span aria-hidden="true">▶</span> Play`;
}

function play() {
  if (timer) return stop();
  if (view.step >= film().length - 1) view.step = 0;
  timer = setInterval(() => {
    if (view.step >= film().length - 1) return stop();
    go(view.step + 1);
  }, PLAY_MS);
  const button = $("play");
  button.setAttribute("aria-pressed", "true");
  button.innerHTML = `<span aria-hidden="true">❚❚</span> Pause`;
  go(view.step);
}

function go(step) {
  view.step = step;
  showInside();
}

// The address keeps what is shown; where a browser forbids that for files, nothing is lost.
let kept = "";
function keepLink() {
  if (timer) return;
  kept = link(view);
  try {
    history.replaceState(null, "", kept);
  } catch {
    kept = "";
  }
}

// Shows what the address says, if it says something new.
function follow() {
  if (!location.hash.includes("=") || location.hash === kept) return false;
  let reason = "";
  try {
    Object.assign(view, readLink(location.hash));
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    reason = `The link cannot be read: ${error.message}`;
  }
  show();
  if (reason) complain(reason);
  return true;
}

function show() {
  for (const name of ["problem", "network"])
    document.querySelector(`input[name=${name}][value=${view[name]}]`).checked = true;
  const step = view.step;
  take(view.matrix);
  go(step);
}

function chooseProblem(problem) {
  view.problem = problem;
  view.step = LAST;
  const { matrix: a } = view;
  if (problem !== "svd" && a.rows !== a.cols) {
    const n = Math.min(a.rows, a.cols);
    view.matrix = fromRows(toRows(a).slice(0, n).map((row) => row.slice(0, n)));
  }
  show();
}

function draw(rows, cols, hard = false) {
  view.step = LAST;
  take(randomMatrix(rows, cols, view.problem === "eigenvectors", hard));
}

function start() {
  for (const id of ["rows", "columns"])
    for (let n = LEAST_SIDE; n <= LARGEST_SIDE; n++) $(id).add(new Option(n, n));
  const side = (id) => Number($(id).value);
  const square = () => view.problem !== "svd";
  $("rows").addEventListener("change", () => draw(side("rows"), square() ? side("rows") : side("columns")));
  $("columns").addEventListener("change", () => draw(side("rows"), side("columns")));
  $("random").addEventListener("click", () => draw(view.matrix.rows, view.matrix.cols));
  $("hard").addEventListener("click", () => draw(view.matrix.rows, view.matrix.cols, true));
  $("read").addEventListener("click", () => takeText($("paste").value, $("paste")));
  $("editor").addEventListener("input", (event) => edited(event.target));
  $("editor").addEventListener("keydown", moveInEditor);
  $("editor").addEventListener("focusin", (event) => event.target.select());
  $("editor").addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (!/[\s,;]/.test(text.trim())) return;
    event.preventDefault();
    takeText(text, event.target);
  });
  for (const input of document.querySelectorAll("input[name=problem]"))
    input.addEventListener("change", () => chooseProblem(input.value));
  for (const input of document.querySelectorAll("input[name=network]"))
    input.addEventListener("change", () => {
      stop();
      view.network = input.value;
      go(LAST);
    });
  $("play").addEventListener("click", play);
  $("back").addEventListener("click", () => (stop(), go(view.step - 1)));
  $("on").addEventListener("click", () => (stop(), go(view.step + 1)));
  $("step").addEventListener("input", () => (stop(), go(Number($("step").value))));
  addEventListener("hashchange", follow);
  addEventListener("resize", () => {
    reachable();
    if (found) drawCharts();
  });
  const weights = Object.values(explorer.facts).reduce((sum, { parameters }) => sum + parameters, 0);
  $("count").textContent = weights.toLocaleString("en");
  follow() || show();
}

start();
// For tests and curious people.
window.eigenformer = { explorer, fromRows, toRows, readMatrix, view, answeredAt: performance.now() };
