"""What an example costs in training, counted operation by operation."""

from dataclasses import replace

from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ...models.recurrent import fused_flops
from ...training import TrainConfig, Trainer


def flops_per_example(config: TrainConfig) -> float:
    """Floating-point operations a training example: one step's, over the batch size.

    Counted are the matrix products of forward pass, backward pass and optimizer (Muon's are a good
    part of a small batch), two operations a multiplication and addition, by
    `torch.utils.flop_counter.FlopCounterMode`. Attention counts whole, the masked half too.
    """
    config = replace(config, precision="float32", compile=False)
    trainer = Trainer(config)
    batch = next(trainer.batches())
    # The counter knows the products of attention written out, not the CPU's fused attention.
    with (
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False, custom_mapping=fused_flops()) as counter,
    ):
        trainer.step(batch)
    return float(counter.get_total_flops()) / config.batch_size
