"""Runs of the LAWT code become models with the same greedy tokens."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lawt_reference import (
    Reference,
    random_states,
    settings,
    vocabulary,
    words_of_sample,
    write_run,
)

import eigenformer as ef
from eigenformer import problems
from eigenformer.cli import main
from eigenformer.core import InputError
from eigenformer.ensembles import Matrices
from eigenformer.zoo.lawt import import_run

SAMPLE = Path(__file__).parents[2].parent / "shared" / "lawt" / "transpose_3x3_P1000"

RUNS = {
    "the defaults": settings(),
    "stacks of different sizes": settings(
        enc_emb_dim=24, n_enc_layers=2, n_enc_heads=3, dec_emb_dim=16, n_dec_layers=2, n_dec_heads=4
    ),
    "FP15 in, P1000 out": settings(input_encoding="FP15,2,16", operation="invert_matrix"),
    "P10 in, B1999 out": settings(input_encoding="float,2,10", output_encoding="floatsymbol,2"),
    "B1999 in, P10 out": settings(input_encoding="floatsymbol,2", output_encoding="float,2,10"),
    "P100 in, FP15 out": settings(input_encoding="float,3,100", output_encoding="FP15,2,16"),
    "matrices of several sizes": settings(
        min_dimension=2, max_dimension=4, rectangular=True, n_enc_layers=2
    ),
    "few dimensions": settings(max_encoder_dimension=10, n_dec_layers=2),
}


def matrices_of(params: dict, count: int, seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    low, high = params["min_dimension"], params["max_dimension"]
    shapes = generator.integers(low, high + 1, (count, 2))
    if not params["rectangular"]:
        shapes[:, 1] = shapes[:, 0]
    return [generator.uniform(-10, 10, tuple(shape)) for shape in shapes]


def lawts_words(params: dict, solver, ids: np.ndarray) -> list[list[str]]:
    """Token ids of an imported model in LAWT's words, told by their meaning alone."""
    encoding = solver.task.decoder
    names = dict(enumerate(map(_translated(params), encoding.vocabulary)))
    letters = params["cotraining_tasks"] if params["operation"] == "cotraining" else ""
    names |= {2 + i: letter for i, letter in enumerate(letters)}
    # LAWT's words 0 and 1 are what ends and what fills up, although word 2 is called <pad>.
    known = {*names.values(), "<s>", "</s>"} - {"<pad>"}
    others = [word for word in vocabulary(params) if word not in known]
    names |= {len(encoding.vocabulary) + i: word for i, word in enumerate(others)}
    return [[names[i] for i in row if i > 1] for row in ids.tolist()]


def _translated(params: dict):
    kind = params["output_encoding"].split(",")[0]

    def translate(word: str) -> str:
        if kind == "floatsymbol" and word.lstrip("-").isdigit():
            return f"N{word}"
        if kind == "FP15" and word.startswith("FP"):
            mantissa, exponent = word[2:].split("/")
            return f"N{mantissa}e{int(exponent) + 9 if int(mantissa) else 0}"
        return word

    return translate


@pytest.mark.parametrize("name", RUNS)
def test_greedy_tokens_are_those_of_the_network_as_described(name: str, tmp_path: Path) -> None:
    params = RUNS[name]
    states = random_states(params, seed=len(name))
    solver = import_run(write_run(tmp_path / "run", params, states)).solver
    matrices = matrices_of(params, 6, seed=7)
    batch = Matrices.concatenate([Matrices.of(matrix[None]) for matrix in matrices])
    ids = solver.tokens(batch)
    reference = Reference(params, states)
    expected = []
    for matrix in matrices:
        shape = solver.problem.output_shape(*matrix.shape)
        expected.append(reference.greedy(matrix, solver.task.decoder.length(*shape) + 1))
    found = lawts_words(params, solver, ids)
    # Longer matrices of the batch let shorter ones be written on; what counts is the same.
    assert [row[: len(wanted)] for row, wanted in zip(found, expected, strict=True)] == expected
    # Otherwise it would not have been seen whether the network reads its input and its own words.
    assert len({tuple(row) for row in expected}) > 1
    assert len({word for row in expected for word in row}) > 2


def test_joint_runs_ask_with_the_letter_of_the_task(tmp_path: Path) -> None:
    params = settings(operation="cotraining", cotraining_tasks="TAE", n_enc_layers=2)
    states = random_states(params, seed=3)
    solver = import_run(write_run(tmp_path / "run", params, states)).solver
    assert solver.problem == problems.get("joint", problems=("transpose", "add", "eigenvalues"))
    reference = Reference(params, states)
    matrix = np.random.default_rng(0).uniform(-10, 10, (2, 2))
    symmetric = matrix + matrix.T
    for letter, problem, asked in (
        ("T", "transpose", matrix),
        ("A", "add", np.hstack([matrix, symmetric])),
        ("E", "eigenvalues", symmetric),
    ):
        one = solver.only(problem)
        ids = one.tokens(Matrices.of(asked[None]))
        length = one.task.decoder.length(*one.problem.output_shape(*asked.shape)) + 1
        assert lawts_words(params, one, ids) == [reference.greedy(asked, length, letter)]


def test_a_word_of_no_use_makes_an_answer_malformed_not_another_answer(tmp_path: Path) -> None:
    params = settings()
    states = random_states(params, seed=0)
    states["decoder"]["proj.bias"][vocabulary(params).index("<SPECIAL_3>")] = 1e4
    solver = import_run(write_run(tmp_path / "run", params, states)).solver
    answer = solver.solve([[1.0, 2.0], [3.0, 4.0]])
    assert not answer.valid
    ids = solver.tokens(Matrices.of(np.ones((1, 2, 2))))
    assert (ids >= len(solver.task.decoder.vocabulary)).all()
    assert solver.task.decoder.words(ids)[0]  # words of the answer can still be shown


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of LAWT is not here")
def test_the_sample_of_lawt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "import-lawt", str(SAMPLE), "--to", str(tmp_path / "model")]) == 0
    assert "P1000 in, P1000 out" in capsys.readouterr().out
    solver = ef.load(str(tmp_path / "model"))
    matrices, expected = words_of_sample(SAMPLE / "greedy.json")
    assert len(expected) == 300
    assert solver.task.decoder.words(solver.tokens(Matrices.of(matrices))) == expected


def test_the_command_line_takes_an_imported_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EIGENFORMER_RUNS", raising=False)
    params = settings(operation="eigenvectors", input_encoding="float,2,10")
    write_run(tmp_path / "dumped", params, random_states(params, seed=1))
    assert main(["models", "import-lawt", "dumped"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("note: ") == 2
    assert "ascending" in shown
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name in shown
    assert main(["evaluate", "lawt-eigenvectors", "--n", "5", "--score", "paper"]) == 0
    assert main(["models", "import-lawt", "dumped"]) == 0  # the same again, over itself


@pytest.mark.parametrize(
    ("changes", "problem", "ensemble", "dims", "scale"),
    [
        ({}, "transpose", "iid-uniform", "2x2", 10.0),
        ({"generator": "normal"}, "transpose", "iid-gaussian", "2x2", 10.0),
        ({"max_dimension": 5}, "transpose", "iid-uniform", "2-5", 10.0),
        ({"max_dimension": 5, "rectangular": True}, "transpose", "iid-uniform", "2-5x2-5", 10.0),
        ({"force_dim": True, "second_dimension": 3}, "transpose", "iid-uniform", "5x3", 10.0),
        (
            {"operation": "matrix_product", "force_dim": True, "second_dimension": 3},
            *("matmul", "iid-uniform", "3x5", 10.0),
        ),
        (
            {"operation": "eigenvalues", "force_dim": True, "rectangular": True},
            *("eigenvalues", "iid-uniform", "2x2", 10.0),
        ),
        (
            {"operation": "syminverse", "eigen_distribution": "positive2"},
            *("symmetric_inverse", "spectrum-positive-laplace", "2x2", 10.0),
        ),
        (
            {"operation": "eigenvalues", "eigen_distribution": "semicircle,laplace"},
            *("eigenvalues", "mixture", "2x2", 10.0),
        ),
        (
            {"min_input_coeff": 1, "max_input_coeff": 100},
            *("transpose", "iid-uniform", "2x2"),
            (1, 100),
        ),
    ],
)
def test_the_task_is_the_runs(changes, problem, ensemble, dims, scale, tmp_path: Path) -> None:
    params = settings(**changes)
    task = import_run(write_run(tmp_path / "run", params, random_states(params, 0))).solver.task
    assert task.problem.registry.name_of(task.problem) == problem
    assert task.ensemble.registry.name_of(task.ensemble) == ensemble
    assert (task.ensemble.dims, task.ensemble.scale) == (dims, scale)
    assert task.noise == 0.0


def test_noise_is_the_runs(tmp_path: Path) -> None:
    params = settings(noisy_input=True, sigma=0.02)
    found = import_run(write_run(tmp_path / "run", params, random_states(params, 0)))
    assert found.solver.task.noise == 0.02


def test_weights_saved_on_several_devices_have_a_prefix(tmp_path: Path) -> None:
    params = settings()
    states = random_states(params, seed=2)
    plain = import_run(write_run(tmp_path / "a", params, states)).solver
    prefixed = {
        side: {f"module.{name}": tensor for name, tensor in state.items()}
        for side, state in states.items()
    }
    other = import_run(write_run(tmp_path / "b", params, prefixed)).solver
    for a, b in zip(plain.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"share_inout_emb": False}, "share_inout_emb false"),
        ({"operation": "eigenvals"}, "did you mean 'eigenvalues'?"),
        ({"operation": "cotraining", "cotraining_tasks": "TX"}, "unknown operation .*'X'"),
        ({"operation": "cotraining", "cotraining_tasks": "T"}, "at least two different names"),
        ({"input_encoding": "FP15,3,15"}, "'FP15,3,15'; such as float,2,1000"),
        ({"input_encoding": "float,3,1000"}, "'float,3,1000', and 4 digits do not divide"),
        ({"output_encoding": "float,2"}, "'float,2'; such as"),
        ({"output_encoding": "hex,2,x"}, "'hex,2,x'; such as"),
        ({"n_enc_heads": 3}, "width 16 cannot be split into 3 heads"),
        ({"n_enc_layers": "1"}, "n_enc_layers is '1'; it should be a int"),
        ({"max_encoder_dimension": 5000}, "max_dim is 5000"),
        ({"n_enc_layers": 2}, "lacks layers.1.self_attention.out_lin.weight of the encoder"),
        ({"n_dec_layers": 1000}, "lacks layers.1.self_attention.out_lin.weight of the decoder"),
        ({"dec_emb_dim": 10**4}, r"has shape \(1328, 16\), and its settings ask for"),
        ({"max_encoder_dimension": 50}, r"embeddings.weight of the encoder has shape \(1328, 16\)"),
    ],
)
def test_settings_that_are_refused(changes, sentence, tmp_path: Path) -> None:
    states = random_states(settings(), seed=0)
    folder = write_run(tmp_path / "run", settings(**changes), states)
    with pytest.raises(InputError, match=sentence):
        import_run(folder)


def test_a_setting_that_is_missing(tmp_path: Path) -> None:
    params = settings()
    states = random_states(params, seed=0)
    del params["operation"]
    with pytest.raises(InputError, match=r"params.pkl has no operation; it is not of the LAWT"):
        import_run(write_run(tmp_path / "run", params, states))


def test_weights_that_are_refused(tmp_path: Path) -> None:
    params = settings()

    def states(change) -> dict:
        made = random_states(params, seed=0)
        change(made)
        return made

    def untie(made: dict) -> None:
        made["decoder"]["proj.weight"] = made["decoder"]["proj.weight"] + 1

    for number, (change, sentence) in enumerate(
        [
            (lambda made: made.pop("decoder"), "no weights of the decoder"),
            (
                lambda made: made["encoder"].update(extra=torch.ones(1)),
                "extra of the encoder belongs",
            ),
            (
                lambda made: made["encoder"].update({"layer_norm_emb.bias": 3}),
                "no weights of the enc",
            ),
            (untie, "proj.weight of the decoder differs from its embedding"),
        ]
    ):
        with pytest.raises(InputError, match=sentence):
            import_run(write_run(tmp_path / str(number), params, states(change)))


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is not a folder"):
        import_run(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"params.pkl does not exist"):
        import_run(tmp_path)
    folder = write_run(tmp_path / "run", settings(), random_states(settings(), 0))
    (folder / "checkpoint.pth").unlink()
    with pytest.raises(InputError, match=r"checkpoint.pth does not exist"):
        import_run(folder)
