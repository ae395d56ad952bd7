"""Figures of results, as matplotlib Figures; nothing here touches pyplot's state.

The only room that imports matplotlib.
"""

from .of_answers import answers
from .of_chains import chains
from .of_comparison import comparison
from .of_forecast import forecast
from .of_members import correlations, overview
from .of_normal_form import normal_form
from .of_sweep import sweep
from .style import png, save

__all__ = [
    "answers",
    "chains",
    "comparison",
    "correlations",
    "forecast",
    "normal_form",
    "overview",
    "png",
    "save",
    "sweep",
]
