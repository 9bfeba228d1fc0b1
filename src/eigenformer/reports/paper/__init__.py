"""The report on a paper: its tables beside ours, figures, cost and verdicts on claims.

In: tables, records, verdicts (`papers`). Out: Markdown with figures, or one HTML page
that asks nothing of anyone. `build` makes a tree of plain data, which both writers write.
"""

from .build import build as build
from .markdown import write_markdown as write_markdown
from .page import write_page as write_page
from .tree import Report as Report
