"""For every claim that runs of tables decide, results that make it hold, fail, or stay open."""

from collections.abc import Callable
from typing import Any

from fake_records import Fake, Scenario

Labels = dict[str, Any]
NEVER = 2.0
"""Part of a run after which an accuracy comes that never comes."""


def score(rule: Callable[[Labels], float]) -> Scenario:
    """The same accuracy at every tolerance; training seeds differ by a fifth of a point."""
    return lambda labels: Fake(accuracy=min(rule(labels) + 0.002 * labels.get("seed", 0), 1.0))


def speed(rule: Callable[[Labels], float], accuracy: float = 0.99) -> Scenario:
    """Nothing is right before a part of the run is over."""
    return lambda labels: Fake(accuracy=accuracy, reached=rule(labels))


def flat(value: float) -> Scenario:
    return score(lambda labels: value)


def if_(key: str, values: Any, yes: float, no: float) -> Callable[[Labels], float]:
    wanted = values if isinstance(values, tuple) else (values,)
    return lambda labels: yes if labels.get(key) in wanted else no


def noise(equal: float) -> Scenario:
    """Sums of noisy matrices: the accuracy where noise equals tolerance; eigenvalues are 99%."""

    def fake(labels: Labels) -> Fake:
        if labels["task"] == "eigenvalues":
            return Fake(accuracy=0.99)
        level = labels["noise"]
        by_tolerance = {
            t: equal if t == level else float(t > level)
            for t in (0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001)
        }
        return Fake(accuracy=by_tolerance)

    return fake


def spectra(training: dict[str, tuple[float, dict[str, float]]]) -> Scenario:
    """Table 12: by training set the accuracy on most test sets, and on others by name."""

    def fake(labels: Labels) -> Fake:
        usual, others = training.get(labels["train_distribution"], (0.5, {}))
        return Fake(accuracy=usual, tests=others)

    return fake


WIGNER = {f"wigner-{ratio}": 0.97 for ratio in ("0.3", "1", "1.2")}
OWN = {"wigner-1": 0.97}
POSITIVE = {"positive-0.6": 0.97, "positive-1": 0.97}
NOT_POSITIVE = {"positive-0.6": 0.1, "positive-1": 0.1}
BASELINE = (0.2, OWN)


def norms(eigenvalues: float, addition: float = 0.9) -> Scenario:
    """Examples of squared L2, of those of L1."""

    def fake(labels: Labels) -> Fake:
        ratio = eigenvalues if "eigenvalues" in labels["panel"] else addition
        return Fake(accuracy=0.9, reached={"l1": 0.8, "l2": 0.8, "l2_squared": 0.8 * ratio})

    return fake


def losses(loss: Callable[[float], float], accuracy: float = 0.9) -> Scenario:
    return lambda labels: Fake(accuracy=accuracy, loss=loss)


def step(share: float) -> float:
    return 2.0 - 1e-3 * share if share < 0.6 else 0.5 - 1e-3 * share


def sizes(narrow: float, deep: float) -> Scenario:
    """Part of the run that narrow, and that deep models take."""

    def fake(labels: Labels) -> Fake:
        if labels["dim"] == 32:
            return Fake(accuracy=0.1 if narrow > 0.5 else 0.99, reached=narrow)
        if labels["layers"] == "4/4" and labels["table"] != "table17":
            return Fake(accuracy=0.1 if deep > 0.5 else 0.99, reached=deep)
        return Fake(accuracy=0.99, reached=0.3)

    return fake


def recurrent(eigenvalues: float, addition: float, inversion: float) -> Scenario:
    def rule(labels: Labels) -> float:
        if labels["architecture"] == "transformer":
            return 0.9
        given = {"addition": addition, "inversion": inversion}
        return given.get(labels.get("task", ""), eigenvalues)

    return score(rule)


def universal(encoder: float, decoder: float, loops: float, ungated: float) -> Scenario:
    def rule(labels: Labels) -> float:
        if labels["table"] == "table23":
            return {"encoder": encoder, "decoder": decoder}.get(labels["looped"], 0.5)
        if labels["encoding"] == "FP15" and labels["gating"] == "none":
            return ungated
        return loops if labels["loops"] == 4 else 0.95

    return score(rule)


def joint(basic: float, hard: float) -> Scenario:
    given = {
        **dict.fromkeys(("transpose", "add", "matvec", "matmul"), basic),
        **dict.fromkeys(("eigenvalues", "eigenvectors", "inverse"), hard),
    }
    return lambda labels: Fake(problems=given)


def alike(depths: float, vectors: float) -> Scenario:
    """Part of the run, and accuracy on eigenvectors, of the deep decoder."""

    def fake(labels: Labels) -> Fake:
        if labels["layers"] == "1/4":
            return Fake(accuracy=vectors if labels["table"] == "table08" else 0.99, reached=depths)
        return Fake(accuracy=0.99, reached=0.3)

    return fake


def by_table(**tables: Scenario) -> Scenario:
    return lambda labels: tables.get(labels["table"], tables["other"])(labels)


mixed = if_("encoding", "FP15/P1000", 0.9, 0.5)
plain = if_("encoding", "FP15/P1000", 0.5, 0.9)
looped = if_("model", "universal transformer", 0.6, 0.9)

SCENARIOS: dict[str, tuple[Scenario, Scenario]] = {
    # Holds and fails, by models that have ended learning, three seeds each.
    "C01": (flat(0.97), score(if_("table", "table09", 0.2, 0.97))),
    "C02": (flat(0.999), score(if_("encoding", "B1999", 0.5, 0.999))),
    "C03": (score(if_("variable", True, 0.6, 0.99)), score(if_("variable", True, 0.99, 0.6))),
    "C04": (speed(if_("layers", "1/1", 0.9, 0.2), 0.999),
            speed(if_("layers", "1/6", 0.9, 0.2), 0.999)),
    "C05": (score(if_("encoding", ("P10", "P1000"), 0.99, 0.4)),
            score(if_("encoding", ("P10", "P1000"), 0.6, 0.95))),
    "C06": (score(if_("encoding", "P1000", 0.9, 0.4)), score(if_("encoding", "P1000", 0.4, 0.9))),
    "C07": (score(lambda a: 0.5 if (a.get("dims"), a["encoding"]) == ("3x3", "FP15") else 0.999),
            score(if_("encoding", "B1999", 0.5, 0.999))),
    "C08": (score(if_("dims", "4x4", 0.3, 0.95)), score(if_("dims", "4x4", 0.3, 0.5))),
    "C09": (speed(if_("layers", "1/6", 0.2, 0.9)), speed(if_("layers", "1/6", 0.9, 0.2))),
    "C10": (score(mixed), score(plain)),
    "C13": (flat(0.5), lambda a: Fake(valid=0.9, early_valid=0.8)),
    "C14": (speed(if_("heads", "8/8", 0.2, 0.9)), speed(if_("heads", "8/8", 0.9, 0.2))),
    "C15": (speed(if_("task", "SVD", 0.9, 0.3)), speed(if_("task", "SVD", 0.3, 0.9))),
    "C16": (noise(0.4), noise(0.95)),
    "C17": (flat(0.5), score(lambda a: 0.9 - 0.4 * (a["dim"] == 64 and a["noise"] == 0.05))),
    "C18": (spectra({"Wigner A=10": BASELINE}), spectra({"Wigner A=10": (0.96, OWN)})),
    "C19": (spectra({"Wigner A=10": BASELINE, "Wigner A in [1,100]": (0.6, WIGNER | NOT_POSITIVE)}),
            spectra({"Wigner A=10": BASELINE,
                     "Wigner A in [1,100]": (0.6, OWN | NOT_POSITIVE)})),
    "C20": (spectra({"Wigner A=10": BASELINE, "Laplace": (0.96, {}),
                     "Gaussian+Uniform+Laplace": (0.97, {})}),
            spectra({"Wigner A=10": BASELINE, "Laplace": (0.96, NOT_POSITIVE),
                     "Gaussian+Uniform+Laplace": (0.97, {})})),
    "C21": (spectra({"Wigner A=10": BASELINE, "Wigner+Positive": (0.2, OWN | POSITIVE)}),
            spectra({"Wigner A=10": BASELINE, "Wigner+Positive": (0.3, OWN | POSITIVE)})),
    "C22": (speed(if_("encoding", "P10000", 0.9, 0.3)), score(if_("encoding", "P100", 0.3, 0.97))),
    "C23": (norms(0.2), norms(0.95)),
    "C24": (losses(step), losses(lambda share: 2.0 - share)),
    "C25": (sizes(NEVER, NEVER), sizes(0.3, 0.05)),
    "C26": (recurrent(0.9, 0.5, 0.05), recurrent(0.5, 0.5, 0.05)),
    "C27": (universal(0.98, 0.1, 0.95, 0.2), universal(0.6, 0.1, 0.95, 0.2)),
    "C28": (speed(if_("after", "3x3", 0.2, 0.9)), speed(if_("after", "3x3", 0.9, 0.2))),
    "C29": (joint(0.99, 0.1), joint(0.6, 0.1)),
    "C31": (score(lambda a: 0.2 if a["encoding"] == "FP15" and a["class"] != "Wigner" else 0.97),
            flat(0.6)),
    "C34": (alike(0.3, 0.98), alike(0.9, 0.98)),
    "C36": (score(looped), score(if_("model", "universal transformer", 0.9, 0.6))),
}  # fmt: skip
EASY: dict[str, Scenario] = {
    # What is to fail succeeds too, so that it does not show at this size.
    "C03": flat(0.999),
    "C05": flat(0.99),
    "C08": score(if_("dims", "4x4", 0.99, 0.5)),
    "C18": spectra({"Wigner A=10": (0.96, OWN)}),
    "C27": universal(0.98, 0.95, 0.95, 0.2),
    "C29": joint(0.99, 0.95),
    "C31": flat(0.97),
}


def still_learning(accuracy: float) -> Scenario:
    """Models of which nothing is learned to the end, in whatever is asked of them."""
    given = joint(accuracy, accuracy)({}).problems
    return lambda labels: Fake(
        accuracy=accuracy,
        problems=given,
        reached=0.99,
        valid=0.5 + accuracy / 2,
        early_valid=accuracy,
    )
