"""How Sphinx builds the handbook: `tox run -e docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from syncredis import __version__

project = "syncredis"
author = "The syncredis developers"
project_copyright = "2026, The syncredis developers"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "tasklist"]

# Docstrings mark names with single backticks: those that are documented become links, all others stay code.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_type_aliases = {name: name for name in ("KeyT", "EncodableT", "Reply")}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# A name such as `Redis` or `Lock` stands for the blocking class and for its async twin; either is a good place to go.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"syncredis {version}"
# Code has lines of up to a hundred columns.
html_static_path = ["style"]
html_css_files = ["handbook.css"]
html_show_sphinx = False
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"

_written: dict[str, list[str]] = {}


def _keep(_app: Any, what: str, name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """Before napoleon: keep what an attribute's docstring says, if it is one paragraph; drop Python's own words for tuples."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()
    elif what in ("attribute", "data", "property") and "\n\n" not in "\n".join(lines).strip():
        _written[name] = list(lines)


def _restore(_app: Any, _what: str, name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """After napoleon, which takes what stands before a colon for a type: have it read as it was written."""
    if name in _written:
        lines[:] = _written.pop(name)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _keep, priority=400)
    app.connect("autodoc-process-docstring", _restore, priority=600)
