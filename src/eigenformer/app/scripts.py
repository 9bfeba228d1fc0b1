"""What the page does in the browser itself, where Gradio has no event for it.

What a server wants to put into a text comes as an offer, as JSON: `text`; `seen`, what the box held
when it was made, for an offer that is void once somebody has typed; `usual`, what need not be kept.
Whatever was in the box goes to a list that Undo takes it back from. So nothing typed is ever lost,
however slow the server. A counter beside the box is the sign that an answer is due.
"""

import json
from time import monotonic_ns
from typing import Any

from .examples import EXAMPLES

START = """<script>
window.ef = {past: {}, restoring: location.search.includes("s="),
  keep(box, text) { (this.past[box] ??= []).push(text); },
  back(box) { return (this.past[box] ??= []).pop(); },
  some(box) { return {__type__: "update", interactive: (this.past[box] ??= []).length > 0}; },
  // Back and Forward of the browser: what the address then says is restored, without a reload.
  remember(html) {
    const found = /[?]s=([A-Za-z0-9_-]+)" data-kind="(\\w+)"/.exec(html || "");
    if (!found) return;
    const [, text, kind] = found, url = new URL(location);
    const typing = kind === "typing", now = history.state || {};
    if (url.searchParams.get("s") === text) {
      this.restoring = false;
      if (!typing) history.replaceState({...now, typing: false}, "");
      return;
    }
    if (this.restoring) return;
    const first = !url.searchParams.has("s");
    url.searchParams.set("s", text);
    if (first || (typing && now.typing)) history.replaceState({typing}, "", url);
    else history.pushState({typing}, "", url);
  }};
window.addEventListener("popstate", () => {
  window.ef.restoring = true;
  document.getElementById("ef-restore")?.click();
});
for (const kind of ["keydown", "pointerdown"])
  window.addEventListener(kind, () => { window.ef.restoring = false; }, true);
// Gradio's lists open at any key but Escape and Enter. Left by Tab they stayed open, and failed
// once their choices became fewer.
window.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && event.target.ariaExpanded !== null) event.stopPropagation();
}, true);
window.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const shown = ["ef-solve", "ef-compile", "ef-compare"].map((id) => document.getElementById(id))
    .find((button) => button && button.offsetParent !== null);
  if (shown) { event.preventDefault(); shown.click(); }
});
</script>"""

WHERE = "() => [location.search]"
REMEMBER = "(html) => { window.ef.remember(html); return []; }"


def offer(text: str | None, **more: Any) -> str:
    """An offer of a text; of None, only the sign that an answer is due."""
    # No two offers are equal, or the second would be no news to the browser.
    return json.dumps({"text": text, "id": monotonic_ns(), **more})


def take(box: str) -> str:
    """(offer, text, due) -> (text, due, undo)."""
    return f"""(offer, text, due) => {{
  const given = JSON.parse(offer || "{{}}");
  const void_ = given.seen !== undefined && given.seen !== text;
  if (given.text == null || given.text === text || void_)
    return [text, given.quiet ? due : due + 1, window.ef.some("{box}")];
  if (text !== given.usual && text.trim()) window.ef.keep("{box}", text);
  return [given.text, given.quiet ? due : due + 1, window.ef.some("{box}")];
}}"""


def undo(box: str) -> str:
    """(text, due) -> (text, due, undo)."""
    return f"""(text, due) => {{
  const before = window.ef.back("{box}");
  return [before ?? text, due + 1, window.ef.some("{box}")];
}}"""


def begin(box: str) -> str:
    """(example, text) -> (text, undo): an example's program, unless it is there already."""
    return f"""(name, text) => {{
  const found = {json.dumps(EXAMPLES)}[name];
  if (found === undefined || found === text) return [text, window.ef.some("{box}")];
  if (text.trim()) window.ef.keep("{box}", text);
  return [found, window.ef.some("{box}")];
}}"""


CALLED = f"""(text) => {{
  const found = Object.entries({json.dumps(EXAMPLES)}).find(([, program]) => program === text);
  return [found ? found[0] : null];
}}"""
"""(text) -> (example): which one a program is, if it is one."""

COPY = """(theirs, ours) => {
  if (ours.trim() && ours !== theirs) window.ef.keep("own", ours);
  return [theirs, window.ef.some("own")];
}"""
"""(their text, ours) -> (their text, undo)."""

PLAY = """(playing) => {
  const next = !playing;
  return [next, {__type__: "update", active: next}, next ? "Pause" : "Play"];
}"""
"""(playing) -> (playing, timer, button)."""

STEP = """(layer, depth, moved) => {
  const next = layer + 1 <= depth ? layer + 1 : 0, on = next < depth;
  return [next, moved + 1, on, {__type__: "update", active: on}, on ? "Pause" : "Play"];
}"""
"""(layer, depth, moved) -> (layer, moved, playing, timer, button): after the last the first."""
