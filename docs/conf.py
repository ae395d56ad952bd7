"""Settings of the documentation site: `sphinx-build -W -b html docs docs/_build/html`."""

import os
import re
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))  # for figure_scraper

import eae_sindy

project = "eae-sindy"
author = "The eae-sindy developers"
version = release = eae_sindy.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery", "sg_execution_times.rst"]
root_doc = "index"

# Markdown, as a plain forge shows it too.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]

# Docstrings. Members of a page are listed by the templates, not by numpydoc.
autosummary_generate = True
autodoc_typehints = "none"
default_role = "code"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "image_scrapers": ("figure_scraper.scrape", "matplotlib"),  # the second closes what it saves
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": None,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "abort_on_example_error": True,
    "min_reported_time": 0,
}

html_theme = "pydata_sphinx_theme"
html_title = "eae-sindy"
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
project_copyright = author

# Every public name of the package has a page of its own; the pages of modules link to it.
autosummary_context = {"face": [name for name in eae_sindy.__all__ if not name.startswith("_")]}
templates_path = ["_templates"]


def _escape(app, what, name, obj, options, lines):
    """Let docstrings use | and * as mathematics does; in reStructuredText they are markup."""
    for i, line in enumerate(lines):
        parts = re.split(r"(``.*?``|`.*?`)", line)
        parts[::2] = [re.sub(r"(?<!\\)([|*])", r"\\\1", part) for part in parts[::2]]
        lines[i] = "".join(parts)


def _skip(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples: their docstring is "Alias for field number"."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app):
    app.connect("autodoc-process-docstring", _escape, priority=100)  # before numpydoc's
    app.connect("autodoc-skip-member", _skip)
