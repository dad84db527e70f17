"""Sphinx: ``sphinx-build -W -n -b html docs docs/_build/html``."""

from flask_myprofile import __version__

project = "Flask-MyProfile"
author = "the authors of Flask-MyProfile"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
# types stand in the signatures; as links they would need other projects' inventories, and so the network
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False

html_theme = "furo"
html_title = f"Flask-MyProfile {__version__}"
html_static_path = ["_static"]
html_copy_source = False
