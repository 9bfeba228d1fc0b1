"""Records of runs and studies to reports, run folders to figures.

In: tables, studies, their records and verdicts (`papers`); run folders; constructed networks. Out:
chapters, which `report` puts together to a document of plain blocks, written as Markdown with
figures or as one HTML page that asks nothing of anyone; PNG files (matplotlib, extra `[plot]`).
"""

from .blocks import Document as Document
from .convergence import plot_convergence as plot_convergence
from .drawing import write_figure as write_figure
from .learning_curve import learning_curve as learning_curve
from .markdown import write_markdown as write_markdown
from .page import write_page as write_page
from .report import report as report
from .studies import studies_chapter as studies_chapter
from .tables import tables_chapter as tables_chapter
from .terminal import show_chapter as show_chapter
