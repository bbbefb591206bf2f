"""Sphinx settings; `make docs` fails on any warning."""

import importlib
import pkgutil

from sphinx.pycode import ModuleAnalyzer

import ranvier

project = "ranvier"
author = "The ranvier developers"
copyright = "The ranvier developers, Apache-2.0"
version = release = ranvier.__version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "ranvier"
html_static_path = ["_static"]
html_css_files = ["ranvier.css"]
html_copy_source = False
html_show_sphinx = False
autodoc_typehints = "none"
autodoc_default_options = {"no-value": True}
autodoc_member_order = "groupwise"
default_role = "code"
highlight_language = "none"
autosummary_generate = False
numpydoc_show_class_members = False
nitpicky = False


def describe_constants(_app):
    """Give each part the texts of the constants that it takes from its modules.

    Autodoc finds a function or a class wherever it was written, but the text below a constant only in the
    module that holds it; the reference shows parts.
    """
    for part in pkgutil.iter_modules(ranvier.__path__, "ranvier."):
        if not part.ispkg:
            continue
        package = importlib.import_module(part.name)
        texts = ModuleAnalyzer.for_module(part.name).find_attr_docs()
        for module in pkgutil.iter_modules(package.__path__, part.name + "."):
            for (scope, name), text in ModuleAnalyzer.for_module(module.name).find_attr_docs().items():
                held = getattr(importlib.import_module(module.name), name, None) if not scope else None
                if name in package.__all__ and held is getattr(package, name):
                    texts.setdefault(("", name), text)


def leave_out_the_text_of_modules(_app, what, _name, _thing, _options, lines):
    """Each page of the reference begins with its own sentence."""
    if what == "module":
        lines.clear()


def setup(app):
    app.connect("autodoc-process-docstring", leave_out_the_text_of_modules)
    app.connect("builder-inited", describe_constants)
