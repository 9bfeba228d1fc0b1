"""Networks from token ids to token ids, and how to decode with them.

In: int64 ids [B, L] (0 = <eos>, which also starts the decoder; 1 = <pad>). Out: logits over the
output vocabulary, or, through `generate`, the ids of the greedy answer. A model is described by a
`ModelConfig`, a frozen dataclass registered under a name, whose `build` makes the `nn.Module`.
Nothing here knows about matrices, problems, optimizers or files.
"""

from .base import EncodingLike as EncodingLike
from .base import ModelConfig as ModelConfig
from .base import Seq2Seq as Seq2Seq
from .base import TokenNumbersLike as TokenNumbersLike
from .cpu import tune_cpu as tune_cpu
from .decoding import generate as generate
from .transformer import Seq2SeqTransformer as Seq2SeqTransformer
from .transformer import StackConfig as StackConfig
from .transformer import TransformerConfig as TransformerConfig
from .transformer import parameter_count as parameter_count

get = ModelConfig.registry.get
names = ModelConfig.registry.names
register = ModelConfig.registry.register
