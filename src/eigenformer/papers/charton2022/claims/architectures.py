"""C25 to C27 and C36: sizes of models, LSTM and GRU, universal transformers."""

from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import (
    Part,
    better,
    conclude,
    either,
    incomplete,
    needs_fewer,
    no_worse,
    outdoes,
    part,
)
from ...sides import FACTOR, Side, best, few_seeds, fewer, scaled, side
from .basics import scaled_dims

_RECURRENT = ("LSTM", "GRU")
_GATINGS = ("none", "gated", "ACT")


def _model_sizes(evidence: Evidence) -> Finding:
    laptop = evidence.scale == "laptop"
    narrow, wide = (32, 128) if laptop else (128, 512)

    def additions(table: str, layers: str, dim: int) -> Side:
        labels = {"encoding": "B1999", "layers": layers, "dim": dim}
        return side(evidence, f"{layers} layers, width {dim},", table, labels)

    goal = "until 95% are right within 5%"
    shallow_wins = either(
        [
            needs_fewer(
                additions("table16", "1/1", wide),
                additions("table16", "4/4", wide),
                f"{goal}, sums",
            ),
            better(
                additions("table15", "1/1", wide), additions("table15", "4/4", wide), "5%, sums"
            ),
        ]
    )
    # The depth that does best at full width is the fairest to the narrow model.
    layers = max(
        ("1/1", "2/2"),
        key=lambda depth: (
            best([additions("table15", depth, wide)]).mean
            if additions("table15", depth, wide).measured
            else -1.0
        ),
    )
    too_narrow = outdoes(
        additions("table15", layers, wide),
        additions("table15", layers, narrow),
        "5%, sums",
        shrunk=laptop,
    )
    grown = []
    for task in ("matrix-vector product", "eigenvalues"):

        def model(depth: str, dim: int, task: str = task) -> Side:
            labels = {"task": task, "layers": depth, "dim": dim}
            return side(evidence, f"{depth} layers, width {dim},", "table17", labels)

        grown += [
            needs_fewer(model("2/2", wide), model("2/2", narrow), f"{goal}, {task}"),
            _no_faster(model("4/4", wide), model("2/2", wide), f"{goal}, {task}"),
        ]
    return conclude(evidence, shallow_wins, too_narrow, *grown)


def _no_faster(deep: Side, shallow: Side, what: str) -> Part:
    """`deep` needs at least as many examples as `shallow`, but for a factor of two."""
    text = f"{deep.text} against {shallow.text} {what}"
    sides = (deep, shallow)
    if undecided := incomplete(text, sides):
        return undecided
    if fewer(deep.measured, shallow.measured):
        return part(False, "decided", text, sides)
    if all(one.at_least for found in sides for one in found.measured):
        return part(None, "learning", text, sides)
    if few_seeds(sides):
        return part(None, "seeds", text, sides)
    # A bound on the deep model's examples is enough, one on the shallow model's is not.
    near = not any(one.at_least for one in shallow.measured) and (
        min(one.value for one in deep.measured) * FACTOR
        > max(one.value for one in shallow.measured)
    )
    return part(near or None, "close", text, sides)


def _recurrent(evidence: Evidence) -> Finding:
    laptop = evidence.scale == "laptop"

    def eigenvalues(name: str, tolerance: float) -> Side:
        where: dict[str, object] = {"encoding": "P1000", "tolerance": tolerance}
        if name == "transformer" and not laptop:
            return side(evidence, name, "table06", {**where, "dims": "5x5"})
        hidden = {} if laptop else {"hidden": 1024, "layers": "4/4"}
        return side(evidence, name, "table22", {**where, "architecture": name, **hidden})

    def of(name: str, task: str, tolerance: float) -> Side:
        where: dict[str, object] = {"architecture": name, "tolerance": tolerance}
        if task == "addition":
            size = {"layers": "2/2", "task": task, "dims": scaled_dims(evidence, "3x3", "5x5")}
            if name == "transformer":
                return side(evidence, name, "table21", {**where, **size})
            if laptop:
                return side(evidence, name, "table21", {**where, **size, "hidden": 256})
            printed = {"layers": "2/2", "hidden": 1024, "embedding": 256}
            return side(evidence, name, "table21", {**where, **printed})
        return side(evidence, name, "table21", {**where, "task": task})

    parts = []
    for name in _RECURRENT:
        ours, plain = eigenvalues(name, 5), eigenvalues("transformer", 5)
        parts.append(no_worse(ours, plain, "5%, eigenvalues"))
    for name in _RECURRENT:
        plain, ours = of("transformer", "addition", 0.5), of(name, "addition", 0.5)
        parts.append(better(plain, ours, "0.5%, sums"))
    parts += [
        outdoes(
            of("transformer", "inversion", 5),
            of(name, "inversion", 5),
            "5%, inversion",
            0.5,
            shrunk=laptop,
        )
        for name in _RECURRENT
    ]
    return conclude(evidence, *parts)


def _universal(evidence: Evidence) -> Finding:
    laptop = evidence.scale == "laptop"
    dim = 128 if laptop else 512
    loops = {
        where: best(
            side(
                evidence,
                f"{where} looped ({gating})",
                "table23",
                {"looped": where, "gating": gating, "dim": dim, "tolerance": 5},
            )
            for gating in _GATINGS
        )
        for where in ("encoder", "decoder")
    }

    def values(encoding: str, gating: str | None, tolerance: float) -> Side:
        where: dict[str, object] = {
            "encoding": encoding,
            "tolerance": tolerance,
            **scaled(evidence, {"task": "eigenvalues"}, {}),
        }
        if gating is None:
            return side(
                evidence,
                "4/1 layers",
                "table24",
                {**where, "layers": "4/1", "model": "transformer baseline"},
            )
        return side(
            evidence,
            f"4 loops ({gating})",
            "table24",
            {**where, "loops": 4, "gating": gating, "model": "universal transformer"},
        )

    looped, deep = values("P1000", "none", 2), values("P1000", None, 2)
    gate = [values("FP15", gating, 5) for gating in ("gated", "none")]
    return conclude(
        evidence,
        outdoes(loops["encoder"], loops["decoder"], "5%, sums", shrunk=laptop),
        no_worse(looped, deep, "2%, eigenvalues in P1000"),
        outdoes(gate[0], gate[1], "5%, eigenvalues in FP15", 0.8, shrunk=laptop),
    )


def _universal_inversion(evidence: Evidence) -> Finding:
    plain, looped = (
        side(
            evidence,
            name,
            "table24",
            {"task": "inversion", "encoding": "P1000", "model": model, "tolerance": 5},
        )
        for name, model in (
            ("transformer", "transformer baseline"),
            ("universal transformer", "universal transformer"),
        )
    )
    return conclude(evidence, better(plain, looped, "5%"))


CLAIMS = (
    Claim(
        id="C25",
        text="Sums are learned faster by shallow models than by deep ones in B1999, and not at all "
        "below some width; products and eigenvalues are learned faster with more width, not with "
        "more depth.",
        where="appendix D.2, tables 15 to 17",
        figures="sums at width 512: 15 epochs with 1/1 layers, 63 with 4/4, and 7% at width 128; "
        "eigenvalues with 2/2 layers: 36 epochs at width 512, 102 at 256, 24 with 4/4 layers",
        limits="the paper's recipe: ours has its norms before each block, Muon, and embeddings "
        "that start from numbers, any of which may help deep models",
        studies=("table15", "table16", "table17"),
        decide=_model_sizes,
    ),
    Claim(
        id="C26",
        text="LSTM and GRU learn eigenvalues as well as transformers, sums worse, and inversion "
        "not at all.",
        where="appendix E.1, tables 21 and 22",
        figures="eigenvalues 100% within 5%; sums 98 and 100% within 2%, 34 and 0% within 0.5%",
        studies=("table21", "table22"),
        decide=_recurrent,
    ),
    Claim(
        id="C27",
        text="Universal transformers learn sums with a looped encoder and not with a looped "
        "decoder; on eigenvalues four loops match a deep model in P1000, and FP15 needs gates.",
        where="appendix E.2, tables 23 and 24",
        figures="sums 100 against 0%; P1000 100 against 100% within 2%; FP15 94 with gates, 4 "
        "without, within 5%",
        studies=("table23", "table24"),
        decide=_universal,
    ),
    Claim(
        id="C36",
        text="Universal transformers learn inversion worse than deep ones.",
        where="appendix E.2",
        figures="73 against 90% (FP15/P1000), 55 against 80% (P1000), within 5%",
        studies=("table24",),
        decide=_universal_inversion,
    ),
)
