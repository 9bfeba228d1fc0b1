"""How fast is a training step, against torch.nn.Transformer and against this machine's products?

Run `python benchmarks/step.py [SECONDS]`. Both models are stepped in turn in one process, so a
busy machine slows both alike; figures are medians and their ratios.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from eigenformer import encodings
from eigenformer.models import (
    Question,
    Seq2SeqTransformer,
    StackConfig,
    TransformerConfig,
    generate,
    tune_cpu,
)
from eigenformer.models.cpu import linear

BATCH, INPUTS, OUTPUTS = 64, 77, 18  # 5x5 eigenvalues
P1000 = encodings.get("P1000")
WORDS = len(P1000.vocabulary)
CONFIG = TransformerConfig(
    encoder=StackConfig(layers=4, width=512, heads=8),
    decoder=StackConfig(layers=1, width=512, heads=8),
)


class TorchTransformer(nn.Module):
    """The same architecture out of torch.nn.Transformer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, heads = config.encoder.width, config.encoder.heads
        self.embeddings = nn.ModuleList(nn.Embedding(WORDS, width) for _ in range(2))
        self.positions = nn.ModuleList(nn.Embedding(512, width) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.transformer = nn.Transformer(
            d_model=width,
            nhead=heads,
            num_encoder_layers=config.encoder.layers,
            num_decoder_layers=config.decoder.layers,
            dim_feedforward=4 * width,
            dropout=0.0,
            batch_first=True,
        )
        self.bias = nn.Parameter(torch.zeros(WORDS))
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(OUTPUTS))

    def forward(self, question: Question, outputs: Tensor) -> Tensor:
        embedded = []
        for side, ids in enumerate((question.ids, outputs)):
            places = torch.arange(ids.shape[1])
            x = self.embeddings[side](ids) + self.positions[side](places)
            embedded.append(self.norms[side](x))
        x = self.transformer(*embedded, tgt_mask=self.causal, tgt_is_causal=True)
        weight, bias = self.embeddings[1].weight, self.bias
        assert isinstance(weight, Tensor)
        return F.linear(x, weight, bias)


def forward_flops(config: TransformerConfig, batch: int, inputs: int, outputs: int) -> int:
    """Floating-point operations of the matrix products of a forward pass: 2 for each product.

    Causal attention counts in full; it is 0.1% of the whole.
    """
    de, d = config.encoder.width, config.decoder.width
    he, h = config.encoder.feed_forward_width, config.decoder.feed_forward_width
    encoder = inputs * (4 * de**2 + 2 * de * he) + 2 * inputs**2 * de
    decoder = outputs * (6 * d**2 + 2 * d * h) + 2 * inputs * de * d
    decoder += 2 * outputs**2 * d + 2 * outputs * inputs * d
    layers = config.encoder.layers * encoder + config.decoder.layers * decoder
    return 2 * batch * (layers + outputs * d * WORDS)


def stepper(model: nn.Module) -> Callable[[], float]:
    """A function that makes one training step on random tokens and returns its seconds."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    generator = torch.Generator().manual_seed(0)
    question = Question(torch.randint(2, WORDS, (BATCH, INPUTS), generator=generator))
    targets = torch.randint(2, WORDS, (BATCH, OUTPUTS), generator=generator)
    outputs = torch.cat([torch.zeros(BATCH, 1, dtype=torch.int64), targets[:, :-1]], 1)

    def step() -> float:
        start = time.perf_counter()
        loss = F.cross_entropy(model(question, outputs).flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start

    return step


def product(multiply: Callable[[Tensor, Tensor], Tensor], size: int) -> Callable[[], float]:
    """A function that multiplies two square float32 matrices and returns its seconds."""
    a, b = torch.randn(size, size), torch.randn(size, size)

    def run() -> float:
        with torch.no_grad():
            start = time.perf_counter()
            multiply(a, b)
            return time.perf_counter() - start

    return run


def decoding_speed(batch: int, repeats: int = 5) -> float:
    """Tokens per second of `generate`: 3x3 eigenvalues, P1000, 2/1 layers of width 128."""
    config = TransformerConfig(
        encoder=StackConfig(layers=2, width=128, heads=4),
        decoder=StackConfig(layers=1, width=128, heads=4),
        norm="pre",
        sum_coefficients=True,
    )
    model = config.build(P1000, P1000, seed=0)
    with torch.no_grad():
        model.output_bias[0] = -1e9  # never end: every row has the full length
    generator = torch.Generator().manual_seed(0)
    question = Question(torch.randint(2, WORDS, (batch, 29), generator=generator))
    length, seconds = 12, []
    for _ in range(repeats):
        start = time.perf_counter()
        assert generate(model, question, length).shape == (batch, length)
        seconds.append(time.perf_counter() - start)
    return batch * length / statistics.median(seconds)


def main(seconds: float = 60.0) -> dict[str, float]:
    """Measure for about `seconds` and print; returns the figures by name."""
    tune_cpu()
    runs = {
        "step_s": stepper(Seq2SeqTransformer(CONFIG, P1000, P1000, seed=0)),
        "torch_step_s": stepper(TorchTransformer(CONFIG)),
        "matmul_s": product(torch.mm, 2048),
        "linear_s": product(linear, 2048),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(times["step_s"]) < 3:
        for name, run in runs.items():
            times[name].append(run())
    figures = {name: statistics.median(values) for name, values in times.items()}
    step_flops = 3 * forward_flops(CONFIG, BATCH, INPUTS, OUTPUTS)
    figures["step_gflops"] = step_flops / figures["step_s"] / 1e9
    figures["matmul_gflops"] = 2 * 2048**3 / figures["matmul_s"] / 1e9
    figures["linear_gflops"] = 2 * 2048**3 / figures["linear_s"] / 1e9
    figures["step_over_matmul"] = figures["step_gflops"] / figures["matmul_gflops"]
    figures["step_over_best"] = figures["step_gflops"] / max(
        figures["matmul_gflops"], figures["linear_gflops"]
    )
    figures["torch_over_step"] = figures["torch_step_s"] / figures["step_s"]
    for batch in (512, 2000):
        figures[f"decoded_tokens_per_s_{batch}"] = decoding_speed(batch)
    for name, value in figures.items():
        print(f"{name:32s} {value:.4g}")
    return figures


if __name__ == "__main__":
    torch.set_num_threads(2)
    main(*map(float, sys.argv[1:]))
