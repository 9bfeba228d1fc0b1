"""Small transformers trained on prompts (a_1, y_1, ..., a_n, y_n, a), and what they have learned.

In: a `Task` (a law of prompts), an `Architecture`, a `RunConfig`. Out: runs, which `training`
makes; algorithms with all their iterates on the same batches; and measures that compare the two.

    task = Regression(dim=10, points=10, covariates=Uniform())
    eigenformer.training.train(RunConfig(task=task, model=LinearAttention()), "runs/one-layer")
    model = load_run("runs/one-layer").model()

Studies of papers are built on this room in `papers`.
"""

from .algorithms import ConjugateGradient as ConjugateGradient
from .algorithms import DampedNewton as DampedNewton
from .algorithms import GDPlusPlus as GDPlusPlus
from .algorithms import GradientDescent as GradientDescent
from .algorithms import GraphAlgorithm as GraphAlgorithm
from .algorithms import LeastSquares as LeastSquares
from .algorithms import Newton as Newton
from .algorithms import OnlineGradientDescent as OnlineGradientDescent
from .algorithms import PowerIteration as PowerIteration
from .algorithms import RegressionAlgorithm as RegressionAlgorithm
from .algorithms import Richardson as Richardson
from .algorithms import Ridge as Ridge
from .algorithms import best_rate as best_rate
from .algorithms import best_ridge as best_ridge
from .batches import Batch as Batch
from .batches import Completions as Completions
from .batches import Components as Components
from .batches import Graphs as Graphs
from .batches import Prompts as Prompts
from .batches import Sequences as Sequences
from .evaluate import PromptResult as PromptResult
from .evaluate import evaluate_prompts as evaluate_prompts
from .measures import LABELS as LABELS
from .measures import Alignment as Alignment
from .measures import Intervention as Intervention
from .measures import Mechanism as Mechanism
from .measures import ReadOuts as ReadOuts
from .measures import alignment as alignment
from .measures import best_match as best_match
from .measures import changed as changed
from .measures import distance_from_identity as distance_from_identity
from .measures import fit_readouts as fit_readouts
from .measures import gd_plus_plus as gd_plus_plus
from .measures import gradient as gradient
from .measures import gradient_noise as gradient_noise
from .measures import hessian_eigenvalues as hessian_eigenvalues
from .measures import induced_weights as induced_weights
from .measures import intervene as intervene
from .measures import kurtosis as kurtosis
from .measures import layer_distance as layer_distance
from .measures import loss_by_layer as loss_by_layer
from .measures import loss_by_step as loss_by_step
from .measures import measure_prompts as measure_prompts
from .measures import mechanism as mechanism
from .measures import model_errors as model_errors
from .measures import prefix as prefix
from .measures import prefix_errors as prefix_errors
from .measures import pruned as pruned
from .measures import response as response
from .measures import robust_condition as robust_condition
from .measures import sensitivities as sensitivities
from .measures import similarity as similarity
from .measures import update_spectrum as update_spectrum
from .measures import whitened as whitened
from .models import ARCHITECTURES as ARCHITECTURES
from .models import Architecture as Architecture
from .models import BlockAttention as BlockAttention
from .models import BlockAttentionModel as BlockAttentionModel
from .models import Constructed as Constructed
from .models import ConstructedModel as ConstructedModel
from .models import FromRichardson as FromRichardson
from .models import GraphTransformer as GraphTransformer
from .models import GraphTransformerModel as GraphTransformerModel
from .models import InContextModel as InContextModel
from .models import LinearAttention as LinearAttention
from .models import LinearAttentionModel as LinearAttentionModel
from .models import OneLayer as OneLayer
from .models import OneLayerModel as OneLayerModel
from .models import PrincipalAttention as PrincipalAttention
from .models import PrincipalAttentionModel as PrincipalAttentionModel
from .models import Transformer as Transformer
from .models import TransformerModel as TransformerModel
from .models import from_construction as from_construction
from .models import gpt as gpt
from .run import Curriculum as Curriculum
from .run import Evaluation as Evaluation
from .run import InContextFolder as InContextFolder
from .run import Optimizer as Optimizer
from .run import RunConfig as RunConfig
from .run import load_run as load_run
from .tasks import COVARIATES as COVARIATES
from .tasks import TASKS as TASKS
from .tasks import Completion as Completion
from .tasks import Conditioned as Conditioned
from .tasks import Covariates as Covariates
from .tasks import Gaussian as Gaussian
from .tasks import GraphTask as GraphTask
from .tasks import HeavyTailed as HeavyTailed
from .tasks import Logistic as Logistic
from .tasks import Patterns as Patterns
from .tasks import Principal as Principal
from .tasks import Regression as Regression
from .tasks import Task as Task
from .tasks import Uniform as Uniform
