"""What a start has to say, as arrays that go along in the state of a chain, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .contract import Begun

PREFIX = "start"


def pack(begun: Begun) -> dict[str, np.ndarray]:
    """Return numbers and notes of a start as arrays, named as those of a chain's state are."""
    if not (begun.numbers or begun.notes):
        return {}
    names = "\n".join(begun.numbers)
    return {
        f"{PREFIX}_0": np.frombuffer(names.encode(), np.uint8),
        f"{PREFIX}_1": np.array(list(begun.numbers.values()), float),
        f"{PREFIX}_2": np.frombuffer("\n".join(begun.notes).encode(), np.uint8),
    }


def unpack(state: Mapping[str, np.ndarray], label: str) -> dict[str, Any]:
    """Return what `pack` put into a state as attributes ``start/<label>/<name>``."""
    if f"{PREFIX}_0" not in state:
        return {}
    names, numbers, notes = (np.asarray(state[f"{PREFIX}_{i}"]) for i in range(3))
    keys = names.astype(np.uint8).tobytes().decode().split("\n")
    found = {f"{PREFIX}/{label}/{k}": float(v) for k, v in zip(keys, numbers, strict=True)}
    return found | {f"{PREFIX}/{label}/notes": notes.astype(np.uint8).tobytes().decode()}
