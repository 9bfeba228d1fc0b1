// Matrices and numbers as the page shows them.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (n) => `10${n < 0 ? "⁻" : ""}${[...String(Math.abs(n))].map((d) => SUPERSCRIPTS[d]).join("")}`;
const minus = (text) => text.replace("-", "−");

// A number in few characters.
function short(x, digits = 3) {
  if (Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e-3 && size < 1e5) return minus(String(Number(x.toPrecision(digits))));
  const [mantissa, exponent] = x.toExponential(1).split("e");
  return minus(`${mantissa} × ${power(Number(exponent))}`);
}

// A number of a table whose largest is `most`, all to one place.
function cellText(x, most, side) {
  if (!Number.isFinite(x)) return short(x);
  const room = side <= 4 ? 4 : side <= 6 || most < 1 ? 3 : 2;
  const whole = Math.max(1, Math.floor(Math.log10(most || 1)) + 1);
  const text = x.toFixed(Math.max(0, room - whole));
  const plain = Number(text) === 0 ? text.replace("-", "") : text;
  return minus(side > 6 ? plain.replace(/^(-?)0\./, "$1.") : plain);
}

// The power of ten that makes the largest coefficient readable.
function commonPower(most) {
  const exponent = most > 0 && Number.isFinite(most) ? Math.floor(Math.log10(most)) : 0;
  return exponent < -1 || exponent > 3 ? exponent : 0;
}

const finiteLargest = (a) => a.v.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

const share = (x, most) => (most > 0 && Number.isFinite(x) ? Math.min(1, Math.abs(x) / most) : 0);

// A matrix as a table of coloured numbers, under its name; `whose` names it to a screen reader.
function numberTable(name, a, whose) {
  const most = finiteLargest(a);
  const exponent = commonPower(most);
  const unit = 10 ** exponent;
  const side = Math.max(a.rows, a.cols);
  const rows = toRows(a).map((row) => {
    const cells = row.map(
      (x) =>
        `<td class="${x < 0 ? "minus" : "plus"}" style="--a:${share(x, most).toFixed(3)}" title="${x}">${cellText(x / unit, most / unit, side)}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const factor = exponent ? ` <span>× ${power(exponent)}</span>` : "";
  return `<figure class="numbers"><figcaption><b>${name}</b>${factor}</figcaption><div class="scroll" role="group" aria-label="${name} of the ${whose}, ${a.rows} by ${a.cols}"><table${side > 6 ? ` class="many"` : ""}>${rows.join("")}</table></div></figure>`;
}

// A matrix as a picture: an element that is painted again for each step.
function heatFigure(name) {
  const element = document.createElement("figure");
  element.className = "heat";
  element.innerHTML = `<figcaption><b></b> <span></span></figcaption><svg role="img"></svg>`;
  element.querySelector("b").textContent = name;
  return element;
}

function paintHeat(element, { name, matrix: a, scale }) {
  const svg = element.querySelector("svg");
  const most = scale ?? finiteLargest(a);
  const shape = `0 0 ${a.cols} ${a.rows}`;
  if (svg.getAttribute("viewBox") !== shape) {
    svg.setAttribute("viewBox", shape);
    svg.style.setProperty("--cols", a.cols);
    const cells = Array.from(a.v, (_, i) => {
      const [x, y] = [(i % a.cols) + 0.03, Math.floor(i / a.cols) + 0.03];
      return `<rect x="${x}" y="${y}" width=".94" height=".94" rx=".06"><title></title></rect>`;
    });
    svg.innerHTML = `<rect class="paper" width="${a.cols}" height="${a.rows}"/>${cells.join("")}`;
  }
  element.querySelector("span").textContent = `± ${short(most, 2)}`;
  svg.setAttribute("aria-label", `${name}, ${a.rows} by ${a.cols}, largest ${short(finiteLargest(a), 2)}`);
  svg.querySelectorAll("rect:not(.paper)").forEach((cell, i) => {
    const x = a.v[i];
    cell.setAttribute("class", x < 0 ? "minus" : "plus");
    cell.style.fillOpacity = share(x, most).toFixed(3);
    cell.firstChild.textContent = `row ${Math.floor(i / a.cols) + 1}, column ${(i % a.cols) + 1}: ${short(x, 6)}`;
  });
}

// Angles to where columns end, as needles that fall to 0.
function dials(angles) {
  return angles
    .map((angle, j) => {
      const radians = (angle * Math.PI) / 180;
      const [x, y] = [6 + 32 * Math.cos(radians), 38 - 32 * Math.sin(radians)];
      return `<div class="dial"><svg viewBox="0 0 44 44" aria-hidden="true"><path class="quarter" d="M38 38A32 32 0 0 0 6 6V38Z"/><line x1="6" y1="38" x2="${x.toFixed(2)}" y2="${y.toFixed(2)}"/></svg><span>${angles.length > 1 ? `${j + 1}: ` : ""}${angle < 0.05 ? angle < 1e-4 ? "0°" : "<0.1°" : `${angle.toFixed(1)}°`}</span></div>`;
    })
    .join("");
}
