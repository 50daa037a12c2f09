"""Settings of Sphinx for these pages; `.ci/docs` builds them, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# The source beside these pages is documented, not an installed copy of another version.
sys.path[:0] = [str(path) for path in (DOCS / "extensions", ROOT, ROOT / "tuning", ROOT / "export")]

from public_names import EXTERNAL_TYPES  # noqa: E402 - found on the path set above

from rnnzoo.version import __version__  # noqa: E402

project = "rnnzoo"
author = "The rnnzoo maintainers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstrings",
    "public_names",
    "commands",
]
exclude_patterns = ["examples", "extensions", "pictures"]
smartquotes = False  # options and code are full of straight ones
nitpicky = True
nitpick_ignore_regex = EXTERNAL_TYPES

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Reference", "References"]

html_theme = "furo"
html_title = f"rnnzoo {version}"
html_show_sphinx = False
html_copy_source = False
# A page opened from disk may not read other files, so that search shows titles without excerpts.
html_show_search_summary = False
