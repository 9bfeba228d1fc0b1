"""What `mkdocs build` does beside its configuration.

- Pages of the API reference: one a room, with the names that its `__init__.py` re-exports, and the
  names of `eigenformer` itself. They hold nothing that could grow old, so they are not kept.
- Entries of the navigation whose page does not exist (one that a command makes) are left out.
"""

import ast
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "eigenformer"
ROOMS = (
    "core",
    "ensembles",
    "problems",
    "encodings",
    "models",
    "evaluation",
    "training",
    "construct",
    "incontext",
    "runs",
    "explanation",
    "zoo",
    "circuits",
    "papers",
)
"""The rooms that `import eigenformer` offers, in the order in which they build on each other."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = _existing(config.nav, Path(config.docs_dir))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, text in reference().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def reference() -> dict[str, str]:
    """The pages of the API reference, by name."""
    face = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    names = [(module, name) for module, name in public(face) if name not in ROOMS]
    pages = {"index": _page("eigenformer", names, "import eigenformer as ef")}
    for room in ROOMS:
        source = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
        names = [
            (f"{room}.{module}", name)
            for module, name in public(source)
            if _defines(PACKAGE / room / module.replace(".", "/"), name)
        ]
        pages[room] = _page(f"eigenformer.{room}", names, ast.get_docstring(ast.parse(source)))
    return pages


def public(source: str) -> list[tuple[str, str]]:
    """(module, name) for each explicit re-export, `from .module import X as X`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            exported = [alias.name for alias in node.names if alias.asname == alias.name]
            found += [(node.module or "", name) for name in exported]
    return found


def _defines(module: Path, name: str) -> bool:
    """Whether a statement of its own defines `name`: `A, B = 0, 1` has no docstring for each."""
    path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return True
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.asname == name for alias in node.names):
            return True
    return False


def _page(title: str, names: list[tuple[str, str]], text: str | None) -> str:
    blocks = [f"# {title}", text or ""]
    blocks += [f"::: eigenformer.{'.'.join(filter(None, (m, name)))}" for m, name in names]
    return "\n\n".join(blocks) + "\n"


def _existing(nav: Any, folder: Path) -> Any:
    """The navigation without pages that are missing, and with those of the reference."""
    kept = []
    for entry in nav:
        ((title, target),) = entry.items()
        if target == "reference":
            pages = [{"eigenformer": "reference/index.md"}]
            kept.append({title: pages + [{room: f"reference/{room}.md"} for room in ROOMS]})
        elif isinstance(target, list):
            kept.append({title: _existing(target, folder)})
        elif (folder / target).exists():
            kept.append(entry)
    return kept
