"""What a trained model does: losses by layer, likeness to algorithms, weights, loss landscape."""

from .alignment import Alignment as Alignment
from .alignment import alignment as alignment
from .alignment import response as response
from .alignment import sensitivities as sensitivities
from .landscape import gradient as gradient
from .landscape import gradient_noise as gradient_noise
from .landscape import hessian_eigenvalues as hessian_eigenvalues
from .landscape import kurtosis as kurtosis
from .landscape import robust_condition as robust_condition
from .losses import loss_by_layer as loss_by_layer
from .losses import loss_by_step as loss_by_step
from .losses import measure_prompts as measure_prompts
from .probes import ReadOuts as ReadOuts
from .probes import fit_readouts as fit_readouts
from .similarity import best_match as best_match
from .similarity import induced_weights as induced_weights
from .similarity import model_errors as model_errors
from .similarity import prefix as prefix
from .similarity import prefix_errors as prefix_errors
from .similarity import similarity as similarity
from .weights import distance_from_identity as distance_from_identity
from .weights import layer_distance as layer_distance
from .weights import pruned as pruned
from .weights import update_spectrum as update_spectrum
from .weights import whitened as whitened
