"""Standard weights: those of the constructed network, fit for torch, the same after a reload."""

import numpy as np
import pytest
import torch
from constructed_examples import everything, newton
from torch import nn
from torch.nn import functional

import eigenformer.construct.algorithms  # noqa: F401  fills the catalogue
from eigenformer.construct import CATALOGUE, Network
from eigenformer.construct.standard import load_standard, save_standard, standard
from eigenformer.core import InputError, rng

SPECS = {
    "newton": lambda: newton(steps=12),
    "everything": everything,
    "relu scores": lambda: everything("relu"),
}


def inputs(spec, batch=50, seed=0):
    draw = rng(seed).standard_normal
    values = [draw((batch, *port.shape)) for port in spec.inputs]
    if spec.name.startswith("newton"):
        size = np.linalg.norm(values[0], 2, axis=(1, 2))[:, None, None]
        values[1] = values[0].transpose(0, 2, 1) / size**2
    return values


@pytest.mark.parametrize("name", SPECS)
def test_outputs_are_those_of_the_constructed_network(name):
    network = Network(SPECS[name]())
    made = standard(network)
    given = inputs(network.spec)
    expected = network(*given)
    assert made.depth == network.depth
    torch.testing.assert_close(made(*given), expected, rtol=1e-12, atol=1e-12)
    one = made(*[value[0] for value in given])
    torch.testing.assert_close(one, expected[0], rtol=1e-12, atol=1e-12)


def test_shorter_inputs():
    network = Network(everything())
    a, v = inputs(network.spec)
    expected = network(a[:, :3], v)
    torch.testing.assert_close(standard(network)(a[:, :3], v), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_reload_gives_the_same_bits(name, dtype, tmp_path):
    network = Network(SPECS[name](), dtype=dtype)
    path = tmp_path / "network.safetensors"
    save_standard(network, path)
    again = load_standard(path)
    given = inputs(network.spec)
    made = standard(network)
    assert again.header == made.header
    output = again(*given)
    assert output.dtype == dtype
    assert torch.equal(output, made(*given))
    save_standard(again, tmp_path / "twice.safetensors")
    assert (tmp_path / "twice.safetensors").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", SPECS)
def test_torch_takes_the_weights(name):
    made = standard(Network(SPECS[name]()))
    header, state = made.header, made.state_dict()
    for number, (heads, hidden) in enumerate(zip(header.heads, header.hidden, strict=True)):
        assert header.embedding % heads == 0
        prefix = f"layers.{number}."
        own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        attention = nn.MultiheadAttention(header.embedding, heads, dtype=torch.float64)
        part = "self_attn."
        attention.load_state_dict(
            {k.removeprefix(part): v for k, v in own.items() if k.startswith(part)}, strict=True
        )
        if hidden:
            linear = nn.Linear(header.embedding, hidden, dtype=torch.float64)
            linear.load_state_dict({k: own[f"linear1.{k}"] for k in ("weight", "bias")})


def test_projections_are_those_of_torch():
    """With softmax in place, torch's own attention reads the same queries, keys and values."""
    made = standard(Network(everything()))
    layer = made.layers[0]
    module, heads = layer.self_attn, layer.heads
    width = made.header.embedding
    x = torch.from_numpy(rng(1).standard_normal((2, 5, width)))
    expected, weights = functional.multi_head_attention_forward(
        *[x.transpose(0, 1)] * 3,
        width,
        heads,
        module.in_proj_weight,
        module.in_proj_bias,
        None,
        None,
        False,
        0.0,
        module.out_proj.weight,
        module.out_proj.bias,
        average_attn_weights=False,
    )
    # By hand, head after head, from rows of the packed projection.
    size = width // heads
    mixed, linear = [], []
    for head in range(heads):
        q, k, v = (
            x @ module.in_proj_weight[rows : rows + size].T
            + module.in_proj_bias[rows : rows + size]
            for rows in (head * size + role * width for role in range(3))
        )
        scores = q @ k.mT
        torch.testing.assert_close(torch.softmax(scores / size**0.5, -1), weights[:, head])
        mixed.append(torch.softmax(scores / size**0.5, -1) @ v)
        linear.append(scores[:, :, :-1] @ v[:, :-1])
    out = torch.cat(mixed, -1) @ module.out_proj.weight.T + module.out_proj.bias
    torch.testing.assert_close(out, expected.transpose(0, 1))
    # And without softmax and the masked last token it is what our layer adds.
    out = torch.cat(linear, -1) @ module.out_proj.weight.T + module.out_proj.bias
    torch.testing.assert_close(layer(x), x + out / 5, rtol=1e-12, atol=1e-12)


def test_biases_come_from_the_row_of_ones():
    made = standard(Network(everything()))
    row = sum(made.header.sizes[:-1])
    for layer in made.layers:
        assert (layer.self_attn.in_proj_weight[:, row] == 0).all()
        assert layer.linear1 is None or (layer.linear1.weight[:, row] == 0).all()
    assert any((layer.self_attn.in_proj_bias != 0).any() for layer in made.layers)
    assert any(layer.linear1 is not None and layer.linear1.bias.any() for layer in made.layers)


def test_shared_layers_are_kept_once():
    made = standard(Network(newton(steps=30)))
    assert len(made.layers) == 2
    assert made.header.order == (0, *[1] * 30)


def test_what_the_input_map_computes_is_not_in_the_file(tmp_path):
    from dataclasses import replace

    spec = newton()

    def start(a):
        size = torch.linalg.matrix_norm(torch.as_tensor(a), 2)[..., None, None]
        return a, torch.as_tensor(a).mT / size**2

    network = Network(replace(spec, prepare=start))
    a, x = inputs(spec)
    path = tmp_path / "network.safetensors"
    save_standard(network, path)
    bare = load_standard(path)
    with pytest.raises(InputError, match="give A, X0"):
        bare(a)
    expected = standard(network)(a)
    torch.testing.assert_close(bare(a, x), expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(load_standard(path, prepare=start)(a), expected)


def test_bad_files_are_refused(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(InputError, match="must end in"):
        save_standard(Network(newton()), tmp_path / "network.pt")
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(b"no")
    with pytest.raises(InputError, match="damaged"):
        load_standard(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="no constructed network"):
        load_standard(path)
    with pytest.raises(InputError, match="exact"):
        standard(Network(everything(), exact=True))


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_every_algorithm_can_be_exported(name, tmp_path):
    entry = CATALOGUE.get(name)
    network = entry.build()
    if network.depth > 200:
        pytest.skip("many layers, all alike")
    given = entry.draw(rng(0), 5)
    expected = network(*given)
    if network.exact:
        with pytest.raises(InputError, match="exact"):
            standard(network)
        return
    save_standard(network, tmp_path / "network.safetensors")
    again = load_standard(tmp_path / "network.safetensors", prepare=network.spec.prepare)
    # Interpolated functions with slopes up to 1e8 amplify rounding: the dense network differs too.
    allowed = 1e-8 if entry.kind == "approximation" else 1e-12
    scale = float(expected.abs().max())
    torch.testing.assert_close(again(*given), expected, rtol=0, atol=allowed * scale)
