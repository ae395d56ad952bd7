"""What goes into summary.json."""

from typing import Any

import numpy as np


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
