"""Random matrices: where every example comes from.

In: a generator (`eigenformer.rng`), a number of matrices, whether they must be symmetric.
Out: `Matrices`, a zero-padded batch that may mix shapes; `sample` gives a plain array [B, M, N]
when there is one shape.

Laws: independent entries (`iid-*`), prescribed eigenvalues (`spectrum-*`), a given condition number
(`conditioned`), Laplacians of graphs (`graph-laplacian`), any of them together (`mixture`). To add
one, subclass `ShapedEnsemble` and `register` it. `add_noise` perturbs inputs.
"""

from .base import Ensemble as Ensemble
from .base import ShapedEnsemble as ShapedEnsemble
from .conditioned import Conditioned as Conditioned
from .dims import Dims as Dims
from .graph import GraphLaplacian as GraphLaplacian
from .iid import IidGaussian as IidGaussian
from .iid import IidLaplace as IidLaplace
from .iid import IidUniform as IidUniform
from .matrices import Matrices as Matrices
from .matrices import assemble as assemble
from .mixture import Mixture as Mixture
from .noise import add_noise as add_noise
from .spectrum import SpectrumEnsemble as SpectrumEnsemble
from .spectrum import SpectrumGaussian as SpectrumGaussian
from .spectrum import SpectrumLaplace as SpectrumLaplace
from .spectrum import SpectrumMarchenkoPastur as SpectrumMarchenkoPastur
from .spectrum import SpectrumPositive as SpectrumPositive
from .spectrum import SpectrumPositiveLaplace as SpectrumPositiveLaplace
from .spectrum import SpectrumSemicircle as SpectrumSemicircle
from .spectrum import SpectrumUniform as SpectrumUniform

get = Ensemble.registry.get
names = Ensemble.registry.names
register = Ensemble.registry.register

register("iid-uniform", IidUniform)
register("iid-gaussian", IidGaussian)
register("iid-laplace", IidLaplace)
register("spectrum-semicircle", SpectrumSemicircle)
register("spectrum-positive", SpectrumPositive)
register("spectrum-uniform", SpectrumUniform)
register("spectrum-gaussian", SpectrumGaussian)
register("spectrum-laplace", SpectrumLaplace)
register("spectrum-positive-laplace", SpectrumPositiveLaplace)
register("spectrum-marchenko-pastur", SpectrumMarchenkoPastur)
register("conditioned", Conditioned)
register("graph-laplacian", GraphLaplacian)
register("mixture", Mixture)
# Symmetric matrices of independent entries, which problems that need symmetric ones draw of it.
Ensemble.registry.alias("wigner", "iid-uniform")
