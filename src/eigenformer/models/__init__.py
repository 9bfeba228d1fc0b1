"""Networks that answer questions about matrices, and how to decode with them.

In: a `Question`, B matrices as token ids (0 = <eos>, which also starts the decoder; 1 = <pad>) or
as numbers. Out: a loss (`Model.loss`; of a `TokenModel` over the decisions that writing an answer
takes), or the answer (`Model.answer`). A model is described by a `ModelConfig`, a frozen dataclass
registered under a name, whose `build` makes the `nn.Module`. Nothing here knows about problems,
optimizers or files.
"""

from .at_once import AtOnce as AtOnce
from .base import Choices as Choices
from .base import Model as Model
from .base import ModelConfig as ModelConfig
from .base import StackedConfig as StackedConfig
from .base import TokenModel as TokenModel
from .bilinear import BilinearConfig as BilinearConfig
from .blocks import BlockModel as BlockModel
from .blocks import BlocksConfig as BlocksConfig
from .cpu import tune_cpu as tune_cpu
from .direct import DirectConfig as DirectConfig
from .direct import DirectTransformer as DirectTransformer
from .frames import FrameModel as FrameModel
from .frames import FramesConfig as FramesConfig
from .grid import GridConfig as GridConfig
from .grid import GridTransformer as GridTransformer
from .hooked import Hook as Hook
from .hooked import Hooks as Hooks
from .initialise import initialise as initialise
from .initialise import start_vectors as start_vectors
from .lawt import LawtConfig as LawtConfig
from .lawt import LawtTransformer as LawtTransformer
from .layers import DecoderLayer as DecoderLayer
from .layers import EncoderLayer as EncoderLayer
from .layers import Memory as Memory
from .layout import Places as Places
from .layout import Positions as Positions
from .layout import TokenLayout as TokenLayout
from .numeric import NumericConfig as NumericConfig
from .numeric import NumericModel as NumericModel
from .polar_frames import PolarFramesConfig as PolarFramesConfig
from .products import Products as Products
from .products import Sizes as Sizes
from .question import Numbers as Numbers
from .question import Question as Question
from .recurrent import RecurrentConfig as RecurrentConfig
from .recurrent import RecurrentSeq2Seq as RecurrentSeq2Seq
from .seq2seq import Seq2Seq as Seq2Seq
from .seq2seq import generate as generate
from .stack import StackConfig as StackConfig
from .transformer import Seq2SeqTransformer as Seq2SeqTransformer
from .transformer import TransformerConfig as TransformerConfig
from .transformer import parameter_count as parameter_count
from .universal import UniversalConfig as UniversalConfig
from .universal import UniversalTransformer as UniversalTransformer

get = ModelConfig.registry.get
item = ModelConfig.registry.item
names = ModelConfig.registry.names
register = ModelConfig.registry.register
