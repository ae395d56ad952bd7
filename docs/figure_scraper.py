"""Figures that an example holds but pyplot does not know, for the gallery."""

from matplotlib import pyplot
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

SEEN = "__seen_figures__"


def scrape(block, block_vars, gallery_conf):
    """Save the figures among the variables of an example that were not saved yet."""
    variables = block_vars["example_globals"]
    seen = variables.setdefault(SEEN, [])
    known = [pyplot.figure(number) for number in pyplot.get_fignums()]  # saved by another scraper
    paths = []
    for figure in list(variables.values()):
        if not isinstance(figure, Figure) or any(figure is other for other in seen):
            continue
        seen.append(figure)
        if not any(figure is other for other in known):
            path = next(block_vars["image_path_iterator"])
            figure.savefig(path, dpi=120)
            paths.append(path)
    return figure_rst(paths, gallery_conf["src_dir"])
