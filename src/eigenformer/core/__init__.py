"""What every room uses and what knows nothing of matrices: random streams, registries, files.

In: plain Python values. Out: generators, configs as JSON, weights as safetensors.
"""

from .checks import COUNT as COUNT
from .checks import at_least as at_least
from .checks import check_tolerances as check_tolerances
from .checks import file_name as file_name
from .checks import fraction as fraction
from .checks import positive as positive
from .errors import InputError as InputError
from .errors import system_error as system_error
from .errors import unknown as unknown
from .registry import Registry as Registry
from .rng import rng as rng
from .serialize import content_hash as content_hash
from .serialize import from_json as from_json
from .serialize import load_json as load_json
from .serialize import save_json as save_json
from .serialize import to_json as to_json
