"""What tests of pages in a browser share."""

from dataclasses import dataclass, field
from typing import Any

# Font sizes in pixels of all elements with text of their own, and the contrast with their ground.
MEASURE = """() => {
  const channel = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => {
    const [r, g, b] = rgb(text).map(c => channel(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
  };
  const sizes = [], contrasts = [];
  for (const one of document.body.querySelectorAll("*")) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(one);
    sizes.push(parseFloat(style.fontSize));
    const [a, b] = [light(style.color), light(ground(one))].sort((x, y) => y - x);
    contrasts.push((a + 0.05) / (b + 0.05));
  }
  return [sizes, contrasts];
}"""


@dataclass
class Visit:
    """A page as it was opened, and what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
