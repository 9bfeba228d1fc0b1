"""`eigenformer cite NAME ...`: what to cite, as BibTeX."""

import tyro

from .parse import parse


def main(args: list[str]) -> int:
    return parse(cite, args, prog="cite")


def cite(names: tyro.conf.Positional[tuple[str, ...]] = (), text: bool = False) -> int:
    """Print what to cite: this software, what was made with it, the papers that it comes from.

    Args:
        names: runs, shipped models, tables or studies, papers, claims, recipes, constructions; this
            software alone if none is named.
        text: print sentences instead of BibTeX.
    """
    from ..papers.citing import cited

    found = cited(names)
    print(
        "\n".join(one.sentence for one in found) if text else "\n\n".join(o.bibtex for o in found)
    )
    return 0
