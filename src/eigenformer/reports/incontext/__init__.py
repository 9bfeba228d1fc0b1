"""The report on studies of in-context papers: figures, numbers beside references, verdicts.

In: studies, their records, verdicts (`papers.incontext_study`). Out: Markdown with figures, or
one HTML page that asks nothing of anyone. `build` makes a tree of plain data, which both writers
write.
"""

from .build import Report as Report
from .build import build as build
from .markdown import write_markdown as write_markdown
from .page import write_page as write_page
