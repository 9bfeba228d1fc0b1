"""What an example costs in training, counted operation by operation."""

from dataclasses import replace

from ...models.products import counted_flops
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
    with counted_flops() as counter:
        trainer.step(batch)
    return float(counter.get_total_flops()) / config.batch_size
