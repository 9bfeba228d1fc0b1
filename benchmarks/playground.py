"""How soon does the playground answer?

Run `python benchmarks/playground.py` where Gradio, Playwright and Chromium are (`make test-app`
sets them up). It starts `eigenformer app`, opens the page, and asks the 5x5 model for 20 answers.
Printed are the seconds from the start of the program to the first answer on the page, and from a
click to the frame that shows the new answer, by the page's own clock, median and slowest; beside
them, as a yardstick for how fast the machine is at that moment, the seconds that `import torch`
alone takes.
"""

import re
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

ANSWERS = 20
# Milliseconds from the next click on Solve until an answer with this corner is drawn.
WATCH = """corner => { window.answered = new Promise(done => {
  let clicked;
  document.querySelector("#ef-solve").addEventListener(
    "click", () => { clicked = performance.now(); }, {once: true, capture: true});
  const answer = document.querySelector("#ef-answer");
  const seen = new MutationObserver(() => {
    if (!answer.querySelector(`td[title='${corner}']`)) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - clicked)));
  });
  seen.observe(answer, {subtree: true, childList: true});
}); }"""
MATRIX = "{0} 1 2 3 4; 1 5 0 2 1; 2 0 -3 1 2; 3 2 1 7 1; 4 1 2 1 -6"


def main() -> None:
    from playwright.sync_api import sync_playwright

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser is not None, "install Chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = running.new_page()
        begun = time.perf_counter()
        command = [sys.executable, "-u", "-m", "eigenformer", "app", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
                assert found is not None
                served = time.perf_counter() - begun
                page.goto(found.group())
                page.locator("#ef-answer td").first.wait_for()
                first = time.perf_counter() - begun
                later = [_ask(page, k) for k in range(11, 11 + ANSWERS)]
            finally:
                server.terminate()
        running.close()
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    print(f"`import torch` alone: {time.perf_counter() - begun:.1f} s")
    print(f"served {served:.1f} s after the start, first answer on the page after {first:.1f} s")
    print(
        f"later answers, {ANSWERS}: median {statistics.median(later):.0f} ms, "
        f"slowest {max(later):.0f} ms"
    )


def _ask(page: Any, corner: int) -> float:
    page.locator("#ef-matrix textarea").fill(MATRIX.format(corner))
    page.evaluate(WATCH, corner)
    page.locator("#ef-solve").click()
    return float(page.evaluate("window.answered"))


if __name__ == "__main__":
    main()
