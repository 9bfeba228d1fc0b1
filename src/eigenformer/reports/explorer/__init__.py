"""One page that opens the shipped networks of any size in a browser, without Python or a network.

In: shipped models and constructed networks (`zoo`, `construct`). Out: an HTML file with their
weights, and plain JavaScript that runs them (`*.js`, tested against the package).
"""

from .export import export_page as export_page
