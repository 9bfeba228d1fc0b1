"""Keep what lists and `train --help` say, so that they need no torch: `make docs`, or this alone.

What is kept holds as long as its sources do not change; the commands compute it otherwise.
"""

import eigenformer.construct.facts as constructions
import eigenformer.papers.facts as papers
import eigenformer.runs.recipes.listing as recipes

for room in (constructions, recipes, papers):
    room.keep_facts()
    print(f"kept {room.FILE}")
