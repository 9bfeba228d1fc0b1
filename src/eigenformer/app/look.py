"""What the page looks like: theme, style sheet, the lines at its head and foot."""

from typing import Any

import gradio as gr

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Of an event: no spinner for what takes a moment, and no place in a public interface."""

HEAD = """<header class="ef-head"><h1>eigenformer</h1>
<p>Transformers that do linear algebra: ask a trained one, build one weight by weight,
compare both with LAPACK.</p></header>"""

FOOT = """<footer class="ef-foot">Everything is computed on this machine; nothing is sent anywhere
and nothing is written; of files, models alone are read.</footer>"""

WAIT = '<p class="ef-note" role="status">The models are being loaded: a few seconds.</p>'

_SYSTEM = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "DejaVu Sans Mono", "monospace")


def theme() -> gr.themes.ThemeClass:
    """Calm colours, and fonts that every machine has: Gradio's own come from outside."""
    return gr.themes.Base(
        primary_hue=gr.themes.Color(
            c50="#eef4f8", c100="#d8e6ee", c200="#b4cedd", c300="#86aec6", c400="#4f86a6",
            c500="#2c6587", c600="#1b4965", c700="#163c53", c800="#112f41", c900="#0c2230",
            c950="#081823",
        ),
        neutral_hue="slate",
        font=list(_SYSTEM),
        font_mono=list(_MONO),
        radius_size="md",
    ).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_500",
        button_primary_text_color="white",
        block_label_text_weight="500",
        body_background_fill="#fafbfc",
        body_text_color_subdued="#5b6775",
        body_text_color_subdued_dark="#a3afbd",
        block_info_text_color="#5b6775",
        block_info_text_color_dark="#a3afbd",
    )  # fmt: skip


CSS = """
.gradio-container { max-width: 1240px !important; margin: 0 auto !important;
  padding: 12px !important; width: 100% !important; }
.gradio-container .wrap, .gradio-container main { width: 100%; }
.gradio-container > footer { display: none !important; }
.gradio-container .html-container { padding: 0 !important; }
.gradio-container .main { padding: 0 8px !important; }
.block.ef-may { margin: -8px 0; min-height: 0; }
.ef-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
.ef-head h1 { font-size: 1.5rem; font-weight: 650; letter-spacing: -.01em; margin: 0; }
.ef-head p { margin: 0; color: var(--body-text-color-subdued); }
.ef-foot { color: var(--body-text-color-subdued); font-size: .85rem; }
.ef-mono textarea { font-family: var(--font-mono); font-size: .9rem; line-height: 1.45;
  white-space: pre; overflow-x: auto; }
.ef-wrong { color: #a4283a; font-weight: 500; margin: 2px 0; }
.dark .ef-wrong { color: #ff9aa5; }
.ef-note { color: var(--body-text-color-subdued); margin: 2px 0 8px; }
.ef-small { display: inline-block; margin-left: .6em; font-size: .8rem; font-weight: 400;
  color: var(--body-text-color-subdued); }
td > .ef-small { display: block; margin-left: 0; }
.ef-verdict { font-size: 1.15rem; font-weight: 600; margin: 4px 0 10px; padding-left: 12px;
  border-left: 5px solid; }
.ef-good { border-color: #2a9d8f; } .ef-bad { border-color: #d1495b; }
.ef-cards { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 12px; align-items: stretch; }
.ef-card { background: var(--background-fill-primary); border-radius: 8px; min-width: 0;
  border: 1px solid var(--border-color-primary); padding: 10px 14px 12px; flex: 1 1 auto;
  margin-bottom: 0; }
#ef-layer .ef-card, #ef-curve .ef-card { margin-bottom: 12px; }
.ef-card h3 { font-size: .92rem; font-weight: 600; margin: 0 0 8px; }
.ef-scroll { overflow-x: auto; max-width: 100%; }
table.ef-matrix { border-collapse: separate; border-spacing: 2px; font-family: var(--font-mono);
  font-size: .82rem; font-variant-numeric: tabular-nums; }
table.ef-matrix, table.ef-matrix tbody, table.ef-matrix tr, table.ef-facts, table.ef-facts thead,
table.ef-facts tbody, table.ef-facts tr { border: 0 !important; background: none !important; }
table.ef-matrix td { padding: 4px 7px; text-align: right; border-radius: 3px; border: 0;
  white-space: nowrap; --s: .78; }
.dark table.ef-matrix td { --s: .5; }
.ef-plus { background: rgb(233 160 59 / calc(var(--a) * var(--s))); }
.ef-minus { background: rgb(74 156 198 / calc(var(--a) * var(--s))); }
.ef-error { background: rgb(209 73 91 / calc(var(--a) * .6)); }
table.ef-facts { border-collapse: collapse; font-size: .86rem; min-width: 100%; }
.ef-card:has(table.ef-facts) { flex: 1 1 250px; }
.ef-card:has(table.ef-matrix):not(:has(.ef-blocks)) { flex: 0 1 auto; }
table.ef-facts th, table.ef-facts td { text-align: left; padding: 4px 10px 4px 0;
  vertical-align: top; border: 0; border-bottom: 1px solid var(--border-color-primary);
  font-weight: 400; }
table.ef-facts th { color: var(--body-text-color-subdued); }
table.ef-facts thead th { font-weight: 500; }
table.ef-facts tr:last-child > * { border-bottom: 0; }
.ef-yes { color: #1c7a6e; } .ef-no { color: #a4283a; }
.dark .ef-yes { color: #6fd0c3; } .dark .ef-no { color: #ff9aa5; }
.ef-tokens { display: flex; flex-wrap: wrap; gap: 3px; max-width: 560px; }
.ef-token { font-family: var(--font-mono); font-size: .78rem; padding: 1px 5px; border-radius: 4px;
  border: 1px solid var(--border-color-primary); }
.ef-dim { background: rgb(27 73 101 / .16); } .ef-digits { background: rgb(233 160 59 / .3); }
.ef-exp { background: rgb(42 157 143 / .22); }
.ef-blocks { display: flex; flex-wrap: wrap; gap: 14px 18px; align-items: flex-start; }
.ef-blocks figure { margin: 0; max-width: 100%; min-width: 0; }
.ef-blocks figcaption { font-family: var(--font-mono); font-size: .8rem; margin-bottom: 3px;
  color: var(--body-text-color-subdued); }
.ef-weight, .ef-attention { display: block; width: 100%; height: auto; }
.ef-weight { min-width: 150px; }
.ef-weight text { font: 9px var(--font-mono); fill: var(--body-text-color-subdued); }
.ef-weight line { stroke: var(--body-text-color-subdued); stroke-opacity: .35; stroke-width: .6; }
.ef-paper { fill: rgb(128 140 150 / .12); }
.ef-plus-ink { fill: #e08a1e; fill-opacity: var(--a); }
.ef-minus-ink { fill: #3187b8; fill-opacity: var(--a); }
.ef-look, .ef-scale { fill: #1b4965; fill-opacity: var(--a); }
.dark .ef-look, .dark .ef-scale { fill: #8fc7e8; }
.ef-attention text { font: 9px var(--font-mono); fill: var(--body-text-color-subdued); }
.ef-card figure { margin: 0 0 6px; }
.ef-card figcaption { font-family: var(--font-mono); font-size: .8rem;
  color: var(--body-text-color-subdued); }
.dark [role=tab][aria-selected=true] { color: #86aec6 !important; }
.ef-figure { width: 100%; max-width: 640px; padding: 4px; }
.dark .ef-figure { filter: invert(.92) hue-rotate(180deg); }
.ef-download { display: inline-block; margin: 0 10px 8px 0; padding: 5px 12px; border-radius: 6px;
  border: 1px solid var(--border-color-primary); text-decoration: none !important; }
.ef-more summary { cursor: pointer; font-size: .92rem; font-weight: 600; }
.ef-progress progress { display: block; width: 100%; height: 8px; accent-color: #1b4965; }
.ef-stepper { align-items: center; }
.secondary-wrap input[role=combobox] { padding-right: 34px; text-overflow: ellipsis; }
#ef-link a { text-decoration: underline; margin: 0; padding: 0; }
#ef-answer, #ef-network, #ef-layer, #ef-comparison, #ef-curve { min-height: 0; }
"""

# Gradio rewrites the selectors of its `css`, and loses those inside of a media query.
NARROW = """<style>
@media (max-width: 640px) {
  #ef-draw, #ef-undo, #ef-build-undo { padding-inline: .4em; min-width: max-content !important; }
  body .gradio-container { padding: 4px !important; }
  .gradio-container .tab-container button { padding: 0 7px; font-size: .88rem; }
  .gradio-container .column, .gradio-container .row > * { min-width: 0 !important; }
  .gradio-container .ef-tab { flex-direction: column; }
  .gradio-container .ef-stepper { display: grid !important; grid-template-columns: 1fr 1fr; }
  .gradio-container .ef-stepper > :not(button) { grid-column: 1 / 3; order: -1; }
}
</style>"""
