"""What is cited: this software, and the papers, as BibTeX and as sentences.

Nothing here imports torch. A `Paper` has its entry; CITATION.cff says the same of the software and
of the papers that it names, which a test compares.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An entry of a bibliography."""

    key: str
    title: str
    authors: tuple[str, ...] = ()
    """"Family, Given"; a name without a comma is an institution's."""
    year: int | None = None
    kind: Literal["article", "inproceedings", "misc", "software"] = "misc"
    venue: str = ""
    """Journal or proceedings; "" where only the preprint was found."""
    arxiv: str = ""
    """Its number, such as 2112.01898."""
    version: str = ""
    note: str = ""

    @property
    def bibtex(self) -> str:
        """As BibTeX, in UTF-8."""
        where = "journal" if self.kind == "article" else "booktitle"
        fields = {
            "title": f"{{{_escaped(self.title)}}}",
            "author": " and ".join(a if "," in a else f"{{{a}}}" for a in self.authors),
            where: _escaped(self.venue),
            "year": "" if self.year is None else str(self.year),
            "version": _escaped(self.version),
            "eprint": self.arxiv,
            "archiveprefix": "arXiv" if self.arxiv else "",
            "note": _escaped(self.note),
        }
        lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def sentence(self) -> str:
        """In plain words, for a text."""
        names = [" ".join(reversed(name.split(", "))) for name in self.authors]
        parts = (
            " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names),
            f"“{self.title}”",
            f"version {self.version}" if self.version else "",
            self.venue,
            "" if self.year is None else str(self.year),
            f"arXiv:{self.arxiv}" if self.arxiv else "",
            self.note,
        )
        return ", ".join(part for part in parts if part) + "."


LICENSE = "Apache-2.0"
RELEASED = "2026-11-22"
SOFTWARE = Reference(
    key="eigenformer",
    title="eigenformer: transformers that do linear algebra, learned or constructed",
    authors=("The eigenformer authors",),
    year=int(RELEASED[:4]),
    kind="software",
)
"""Without its version, which is the installed one's: see `citing`."""

_REFERENCES = (
    Reference(
        key="charton2022",
        title="Linear algebra with transformers",
        authors=("Charton, François",),
        year=2022,
        kind="article",
        venue="Transactions on Machine Learning Research",
        arxiv="2112.01898",
    ),
    Reference(
        key="giannou2024",
        title="How well can transformers emulate in-context Newton's method?",
        authors=(
            "Giannou, Angeliki",
            "Yang, Liu",
            "Wang, Tianhao",
            "Papailiopoulos, Dimitris",
            "Lee, Jason D.",
        ),
        year=2024,
        arxiv="2403.03183",
    ),
    Reference(
        key="fu2024",
        title="Transformers learn to achieve second-order convergence rates for in-context linear "
        "regression",
        authors=("Fu, Deqing", "Chen, Tian-Qi", "Jia, Robin", "Sharan, Vatsal"),
        year=2024,
        kind="inproceedings",
        venue="Advances in Neural Information Processing Systems (NeurIPS)",
        arxiv="2310.17086",
    ),
    Reference(
        key="vonoswald2023",
        title="Transformers learn in-context by gradient descent",
        authors=(
            "von Oswald, Johannes",
            "Niklasson, Eyvind",
            "Randazzo, Ettore",
            "Sacramento, João",
            "Mordvintsev, Alexander",
            "Zhmoginov, Andrey",
            "Vladymyrov, Max",
        ),
        year=2023,
        kind="inproceedings",
        venue="International Conference on Machine Learning (ICML)",
        arxiv="2212.07677",
    ),
    Reference(
        key="ahn2023",
        title="Transformers learn to implement preconditioned gradient descent for in-context "
        "learning",
        authors=("Ahn, Kwangjun", "Cheng, Xiang", "Daneshmand, Hadi", "Sra, Suvrit"),
        year=2023,
        kind="inproceedings",
        venue="Advances in Neural Information Processing Systems (NeurIPS)",
        arxiv="2306.00297",
    ),
    Reference(
        key="ahn2024",
        title="Linear attention is (maybe) all you need (to understand transformer optimization)",
        authors=(
            "Ahn, Kwangjun",
            "Cheng, Xiang",
            "Song, Minhak",
            "Yun, Chulhee",
            "Jadbabaie, Ali",
            "Sra, Suvrit",
        ),
        year=2024,
        arxiv="2310.01082",
    ),
    Reference(
        key="vladymyrov2024",
        title="Linear transformers are versatile in-context learners",
        authors=("Vladymyrov, Max", "von Oswald, Johannes", "Sandler, Mark", "Ge, Rong"),
        year=2024,
        kind="inproceedings",
        venue="Advances in Neural Information Processing Systems (NeurIPS)",
        arxiv="2402.14180",
    ),
    Reference(
        key="gatmiry2024",
        title="Can looped transformers learn to implement multi-step gradient descent for "
        "in-context learning?",
        authors=(
            "Gatmiry, Khashayar",
            "Saunshi, Nikunj",
            "Reddi, Sashank J.",
            "Jegelka, Stefanie",
            "Kumar, Sanjiv",
        ),
        year=2024,
        kind="inproceedings",
        venue="International Conference on Machine Learning (ICML)",
        arxiv="2410.08292",
    ),
    Reference(
        key="cheng2025",
        title="Graph transformers dream of electric flow",
        authors=("Cheng, Xiang", "Carin, Lawrence", "Sra, Suvrit"),
        year=2025,
        kind="inproceedings",
        venue="International Conference on Learning Representations (ICLR)",
        arxiv="2410.16699",
    ),
    Reference(
        key="li2024",
        title="Learning on transformers is provable low-rank and sparse: a one-layer analysis",
        authors=("Li, Hongkang", "Wang, Meng", "Zhang, Shuai", "Liu, Sijia", "Chen, Pin-Yu"),
        year=2024,
        kind="inproceedings",
        venue="IEEE Sensor Array and Multichannel Signal Processing Workshop (SAM)",
        arxiv="2406.17167",
    ),
    Reference(
        key="lutz2025",
        title="Linear transformers implicitly discover unified numerical algorithms",
        authors=(
            "Lutz, Patrick",
            "Gangrade, Aditya",
            "Daneshmand, Hadi",
            "Saligrama, Venkatesh",
        ),
        year=2025,
        kind="inproceedings",
        venue="Advances in Neural Information Processing Systems (NeurIPS)",
        arxiv="2509.19702",
    ),
    Reference(
        key="zhang2025",
        title="Training dynamics of in-context learning in linear attention",
        authors=("Zhang, Yedi", "Singh, Aaditya K.", "Latham, Peter E.", "Saxe, Andrew M."),
        year=2025,
        kind="inproceedings",
        venue="Proceedings of the 42nd International Conference on Machine Learning (ICML)",
        arxiv="2501.16265",
    ),
    Reference(
        key="wu2026",
        title="Looped transformers with layer normalization provably learn the power method",
        authors=("Wu, Lyumin", "Zhang, Chenyang", "Cao, Yuan"),
        year=2026,
        arxiv="2606.00605",
    ),
)
REFERENCES = {one.key: one for one in _REFERENCES}
"""By the name of the paper."""

TOKENS = ("charton2022",)
"""Whose problems, test sets and scores the runs on matrices have, by every recipe."""
OF_ARCHITECTURE = {
    "block-attention": ("lutz2025",),
    "constructed": (),
    "from-richardson": ("cheng2025",),
    "graph-transformer": ("cheng2025",),
    "linear-attention": ("vonoswald2023", "ahn2023"),
    "one-layer": ("li2024",),
    "principal-attention": ("wu2026",),
    "transformer": ("giannou2024", "fu2024"),
}
"""By architecture of models of prompts, whose it is; that of a construction is its source's."""


def mentioned(text: str) -> Sequence[Reference]:
    """The papers that a text names, by number or as "Fu et al. 2024", in our order."""
    return [one for one in _REFERENCES if one.arxiv in text or _named(one).search(text)]


def _named(one: Reference) -> re.Pattern[str]:
    family = re.escape(one.authors[0].partition(",")[0])
    return re.compile(rf"\b{family}\b[^;()]*? \(?{one.year}\b")


def _escaped(text: str) -> str:
    return re.sub(r"([&%$#_])", r"\\\1", text)
