"""A traced program, repeated, as a graph of atoms: the first pass of the compiler."""

from dataclasses import dataclass

from .expression import Expression, in_order
from .graph import Atom, Form, Graph
from .program import Traced, shape_of
from .scalar import DIAGONAL

LONG_CHAIN, SHARED_CHAIN = 27, 6
"""Factors of a chain that may be associated anew: as written, and through what is used twice."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Normal:
    """Every result of the last repetition, as a combination of atoms."""

    traced: Traced
    graph: Graph
    results: dict[str, Form]
    fed: dict[str, Form]
    """What each fed symbol ends as."""

    def __str__(self) -> str:
        lines = [f"normal form of {self.traced.name}: {len(self.graph.atoms)} atoms"]
        for atom in self.graph.landmarks:
            rows, columns = atom.shape
            what = atom.body if atom.kind == "group" else " ".join(map(str, atom.factors))
            lines.append(f"  {atom} [{rows}x{columns}] = {what}")
        return "\n".join(lines + [f"  {name} = {form}" for name, form in self.results.items()])


def normalise(traced: Traced) -> Normal:
    """Unroll the repetitions of a program into one graph."""
    graph = Graph(traced.symmetric)
    shapes = traced.shapes
    bound = {name: Form.of(graph.symbol(name, shape)) for name, shape in shapes.items()}
    nodes, places = _interned(traced)
    results: dict[str, Form] = {}
    for step in range(1, traced.repeat + 1):
        forms = _once(graph, nodes, bound)
        results = {name: forms[place] for name, place in places.items()}
        fed = {}
        for name, result in traced.feed.items():
            form = results[result]
            group = graph.group(form, f"{name}#{step}", barrier=True)
            graph.landmarks.append(group)
            graph.near[form.atom or group] = graph.near[group] = name
            fed[name] = Form.of(group) if step < traced.repeat else form
        bound = {**bound, **fed}
    return Normal(
        traced=traced,
        graph=graph,
        results=results,
        fed={name: bound[name] for name in traced.feed},
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Node:
    """A node of the program after equal ones were made one."""

    expression: Expression
    arguments: tuple[int, ...]
    uses: int


def _interned(traced: Traced) -> tuple[tuple[_Node, ...], dict[str, int]]:
    """Hash-consing of the program as it was written: nodes with their uses; results' places."""
    found: dict[tuple[object, ...], int] = {}
    place: dict[int, int] = {}
    kept: list[tuple[Expression, tuple[int, ...]]] = []
    for node in in_order(*traced.results.values()):
        arguments = tuple(place[id(argument)] for argument in node.arguments)
        key = (node.kind, node.shape, arguments, node.name, node.factor, node.scalar)
        if key not in found:
            found[key] = len(kept)
            kept.append((node, arguments))
        place[id(node)] = found[key]
    results = {name: place[id(node)] for name, node in traced.results.items()}
    uses = [0] * len(kept)
    for used in results.values():
        uses[_core(kept, used)] += 1
    for node, arguments in kept:
        if node.kind not in ("symbol", "identity", "scaled", "transposed"):
            for argument in arguments:
                uses[_core(kept, argument)] += 1
    return tuple(_Node(*made, used) for made, used in zip(kept, uses, strict=True)), results


def _core(kept: list[tuple[Expression, tuple[int, ...]]], place: int) -> int:
    """The node below factors and transposes."""
    while kept[place][0].kind in ("scaled", "transposed"):
        place = kept[place][1][0]
    return place


def _once(graph: Graph, nodes: tuple[_Node, ...], bound: dict[str, Form]) -> list[Form]:
    """One repetition: what each node is for symbols bound to combinations."""
    forms: list[Form] = []
    uses = [0] * len(nodes)
    for i, item in enumerate(nodes):
        node = item.expression
        wrapper = node.kind in ("scaled", "transposed")
        uses[i] = uses[item.arguments[0]] if wrapper else item.uses
        given = [forms[argument] for argument in item.arguments]
        if node.kind == "product":
            shared = (uses[argument] > 1 for argument in item.arguments)
            limits = tuple(SHARED_CHAIN if many else LONG_CHAIN for many in shared)
            form = graph.multiply(given[0], given[1], (limits[0], limits[1]))
            if len(form.terms) == 1 and form.terms[0][0].kind == "product":
                _note(graph, form.terms[0][0], item.uses > 1)
        elif node.kind == "sum":
            form = given[0] + given[1]
            if item.uses > 1 and len(form.terms) > 1:
                group = graph.group(form)
                _note(graph, group, True)
                form = Form.of(group)
        else:
            form = _simple(graph, node, given, bound)
        forms.append(form)
    return forms


def _simple(graph: Graph, node: Expression, given: list[Form], bound: dict[str, Form]) -> Form:
    if node.kind == "symbol":
        return bound[node.name]
    if node.kind == "identity":
        return Form.of(graph.identity(shape_of(node)[0]))
    if node.kind == "scaled":
        return given[0] * node.factor
    if node.kind == "transposed":
        return graph.transpose_form(given[0])
    if node.kind == "stored":
        group = graph.group(given[0], barrier=True)
        graph.landmarks.append(group)
        return Form.of(group)
    whole = [Form.of(graph.group(form)) if len(form.terms) > 1 else form for form in given]
    if node.kind == "hadamard":
        return Form.of(graph.hadamard(*whole))
    scalar = DIAGONAL if node.kind == "diagonal" else node.scalar
    assert scalar is not None
    return Form.of(graph.function(scalar, whole[0]))


def _note(graph: Graph, atom: Atom, shared: bool) -> None:
    graph.landmarks.append(atom)
    if atom.kind == "product":
        graph.written.add(atom)
    if shared:
        graph.shared.add(atom)
