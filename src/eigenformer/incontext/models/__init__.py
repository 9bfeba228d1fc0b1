"""Small transformers over prompts: a configuration (`Architecture`) builds a module for a task."""

from .attention import attend as attend
from .base import ARCHITECTURES as ARCHITECTURES
from .base import Architecture as Architecture
from .base import InContextModel as InContextModel
from .block_attention import BlockAttention as BlockAttention
from .block_attention import BlockAttentionModel as BlockAttentionModel
from .constructed import Constructed as Constructed
from .constructed import ConstructedModel as ConstructedModel
from .constructed import from_construction as from_construction
from .forms import Form as Form
from .from_richardson import FromRichardson as FromRichardson
from .graph_transformer import GraphTransformer as GraphTransformer
from .graph_transformer import GraphTransformerModel as GraphTransformerModel
from .linear_attention import LinearAttention as LinearAttention
from .linear_attention import LinearAttentionModel as LinearAttentionModel
from .one_layer import OneLayer as OneLayer
from .one_layer import OneLayerModel as OneLayerModel
from .principal_attention import PrincipalAttention as PrincipalAttention
from .principal_attention import PrincipalAttentionModel as PrincipalAttentionModel
from .transformer import Transformer as Transformer
from .transformer import TransformerModel as TransformerModel
from .transformer import gpt as gpt
