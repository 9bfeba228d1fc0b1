"""The package's description: README.md, of which an index page shows neither files nor pictures."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Description(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": description(text)}


def description(readme: str) -> str:
    """Without pictures, and with the texts of links to files in place of the links."""
    text = re.sub(r"^!\[.*\n|^\|.*\n\|---.*\n\|.*<img.*\n", "", readme, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", text)
    return re.sub(r"\n{3,}", "\n\n", text)
