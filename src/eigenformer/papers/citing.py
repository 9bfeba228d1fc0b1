"""What to cite for a run, a model, a study, a claim, a recipe or a construction.

Always this software first; then what was made with it, and the papers that it comes from. Nothing
here imports torch but to read a run, or where kept lists are out of date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..construct.facts import construction_facts
from ..core import load_json, to_json, unknown
from ..core.places import shipped_models
from ..core.version import git_commit
from ..runs.recipes.listing import recipe_names
from .facts import claim_facts, kept_facts, study_facts
from .names import BUILT_IN, IN_CONTEXT
from .references import (
    LICENSE,
    OF_ARCHITECTURE,
    REFERENCES,
    RELEASED,
    SOFTWARE,
    TOKENS,
    Reference,
    mentioned,
)

if TYPE_CHECKING:
    from ..training import Run
    from .paper import Paper

_SCALE: Final = "laptop"
"""The scale whose verdicts are told."""
KINDS = "run, model, study, claim, recipe or construction"


def software() -> Reference:
    """This software, with its version, and its commit where that is known."""
    commit = git_commit()
    told = [f"commit {commit}" if commit else f"released {RELEASED}", LICENSE]
    return replace(SOFTWARE, version=version("eigenformer"), note=", ".join(told))


def cited(names: Sequence[str]) -> list[Reference]:
    """The entries for all of these names, each once; `InputError` for a name of nothing."""
    every = [software()]
    for name in names:
        every += [one for one in _cited(name) if one not in every]
    return every


def known_names() -> list[str]:
    """All that can be named but runs, which are in the run store."""
    kept = kept_facts()
    if kept is None:
        papers = _papers().values()
        every = [name for one in papers for name in (one.name, *one.studies, *one.claims)]
    else:
        every = [*BUILT_IN, *(fact["name"] for fact in kept["studies"])]
        every += [fact["id"] for fact in kept["claims"][_SCALE]]
    constructions = [fact["name"] for fact in construction_facts()]
    return [*every, *shipped_models(), *recipe_names(), *constructions]


def _cited(name: str) -> list[Reference]:
    if (Path(name) / "config.json").exists():
        return _of_run(Path(name))
    if name in shipped_models():
        return _of_model(name, shipped_models()[name])
    if name in BUILT_IN or (kept_facts() is None and name in _papers()):
        return _of_paper(name)
    for find, tell in (
        (_claim_fact, _of_claim),
        (_study_fact, _of_study),
        (_construction_fact, _of_construction),
    ):
        fact = find(name)
        if fact is not None:
            return tell(fact)
    if name in recipe_names():
        made = _made(f"recipe-{name}", f"The recipe {name} of eigenformer")
        return [made, *_named(OF_ARCHITECTURE.get(name, TOKENS))]
    from ..runs.store import fitting_runs

    fitting = fitting_runs(name)
    if len(fitting) == 1:
        return _of_run(fitting[0].path)
    raise unknown(KINDS, name, [*(one.path.name for one in fitting), *known_names()])


def _papers() -> "Mapping[str, Paper]":
    from .paper import papers

    return papers()


def _of_paper(name: str) -> list[Reference]:
    """Its reference, if it is not only ours."""
    found = REFERENCES.get(name) if name in BUILT_IN else _papers()[name].reference
    return [] if found is None else [found]


def _study_fact(name: str) -> dict[str, Any] | None:
    kept = kept_facts()
    if kept is not None:
        return next((fact for fact in kept["studies"] if fact["name"] == name), None)
    for paper in _papers().values():
        if name in paper.studies:
            return study_facts(paper.excerpt((name,)), paper.studies[name], ())
    return None


def _claim_fact(name: str) -> dict[str, Any] | None:
    kept = kept_facts()
    if kept is not None:
        return next((fact for fact in kept["claims"][_SCALE] if fact["id"] == name), None)
    for paper in _papers().values():
        if name in paper.claims:
            return claim_facts(paper.excerpt(()), _SCALE, [paper.claims[name]])[0]
    return None


def _construction_fact(name: str) -> dict[str, Any] | None:
    return next((fact for fact in construction_facts() if fact["name"] == name), None)


def _of_study(fact: Mapping[str, Any]) -> list[Reference]:
    name, papers = fact["name"], _of_paper(fact["from"])
    where = f"section {fact['section']}" if fact["section"][:1].isdigit() else fact["section"]
    repeats = f"repeats {where + ' of ' if where else ''}{fact['cited']}: " if papers else ""
    note = f"{repeats}eigenformer paper run {name}"
    return [_made(name, f"{fact['title']} ({name})", note), *papers]


def _of_claim(fact: Mapping[str, Any]) -> list[Reference]:
    rules = [change["rule"] for change in fact["changes"] if change["rule"]]
    found = fact["summary"] or fact["state"]
    rule = f", rule {rules[-1]}" if rules else ""
    note = (
        f"verdict at scale {fact['scale']}: {found} (eigenformer paper claims {fact['id']}{rule})"
    )
    made = _made(fact["id"], f"Claim {fact['id']}: {fact['claim']}", note)
    return [made, *_of_paper(fact["from"])]


def _of_construction(fact: Mapping[str, Any]) -> list[Reference]:
    name = fact["name"]
    note = f"constructed network {name}, after {fact['source']}"
    title = fact["summary"][:1].upper() + fact["summary"][1:]
    made = _made(f"construct-{name}", f"{title} ({name})", note)
    return [made, *mentioned(fact["source"])]


def _of_model(name: str, path: Path) -> list[Reference]:
    config, status = load_json(path / "config.json"), load_json(path / "status.json")
    made, papers = _trained(path, config, status)
    return [_made(name, f"The trained model {name} of eigenformer", made), *papers]


def _of_run(path: Path) -> list[Reference]:
    from ..training import RunFolder

    folder, name = RunFolder(path), path.resolve().name
    config = folder.config()
    made, papers = _trained(path, to_json(config), folder.status())
    papers += [one for one in _papers_of_run(config) if one not in papers]
    # Whose it is, only those who made it know.
    return [Reference(key=name, title=f"The training run {name}", note=made), *papers]


def _trained(
    path: Path, config: Mapping[str, Any], status: Mapping[str, Any]
) -> tuple[str, list[Reference]]:
    """What was trained, how far and with what, from a configuration as JSON; and its papers."""
    task, model = config["task"], config["model"]["name"]
    papers: Sequence[str]
    if "recipe" in config:
        papers, whole = TOKENS, config["examples"]
        what = f"{task['problem']['name']} {task['ensemble'].get('dims', '')}".strip()
        how = f"recipe {config['recipe']}"
    else:
        papers, whole = OF_ARCHITECTURE.get(model, ()), config["steps"] * config["batch"]
        size = ", ".join(f"{key} {task[key]}" for key in ("dim", "points") if key in task)
        what = f"{task['name']} ({size})" if size else task["name"]
        how = f"architecture {model}"
    parts = [what, how, f"{whole:,} examples", f"seed {config['seed']}", status["state"]]
    if status.get("examples", whole) < whole:
        parts[-1] += f" after {status['examples']:,}"
    file = path / "env.json"
    if file.exists():
        environment = load_json(file)
        commit = f" at commit {environment['git']}" if environment["git"] else ""
        parts.append(f"trained with eigenformer {environment['eigenformer']}{commit}")
    return ", ".join(parts), _named(papers)


def _papers_of_run(config: "Run") -> list[Reference]:
    """Of a run on prompts: those with a study that has this very run, or its construction."""
    from ..training import TrainConfig

    if isinstance(config, TrainConfig):
        return []
    entry = getattr(getattr(config, "model", None), "entry", "")
    fact = _construction_fact(entry)
    found = [] if fact is None else list(mentioned(fact["source"]))
    known = _papers()
    for paper in (known[one] for one in known if one in IN_CONTEXT or one not in BUILT_IN):
        plans = (s.planned(scale) for s in paper.studies.values() for scale in s.scales)
        if (
            paper.reference is not None
            and paper.reference not in found
            and any(run.config == config for runs in plans for run in runs)
        ):
            found.append(paper.reference)
    return found


def _named(names: Sequence[str]) -> list[Reference]:
    return [REFERENCES[name] for name in names]


def _made(key: str, title: str, note: str = "") -> Reference:
    """What this software's authors made; when is not kept."""
    return Reference(key=key, title=title, authors=SOFTWARE.authors, note=note)
