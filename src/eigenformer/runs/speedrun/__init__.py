"""The race: who trains from nothing to an accuracy that is asked, in the least processor time.

In: a track and a recipe. Out: laps, and records of them, JSON files that are listed.
"""

from typing import TYPE_CHECKING

from ...core.lazy import lazy

if TYPE_CHECKING:
    from .entries import Entrant as Entrant
    from .referee import race as race
    from .standings import Lap as Lap
    from .standings import Standing as Standing
    from .standings import read_standings as read_standings
    from .standings import save_standing as save_standing
    from .tracks import TRACKS as TRACKS
    from .tracks import Track as Track
    from .tracks import track_of as track_of

lazy(__name__)
