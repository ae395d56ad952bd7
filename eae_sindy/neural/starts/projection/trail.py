"""How far a search has come: kept as it goes on, so that an interrupted one is taken up again."""

import json
from collections.abc import Mapping

import numpy as np

from ..contract import Memory

RANDOM, SPENT, NUMBER = "random", "spent", "number"


class Trail:
    """The best that each stage of a search has found, in memory and, if wanted, in a file.

    What was kept before is taken up: random numbers go on from where they were, and so do the
    seconds of computing.

    Parameters
    ----------
    memory : Memory, optional
        Where it is kept. Without one an interrupted search begins anew.
    rng : numpy.random.Generator, optional
        That of the search.
    """

    def __init__(
        self, memory: Memory | None = None, rng: np.random.Generator | None = None
    ) -> None:
        self.memory, self.rng = memory, rng
        self.found = {} if memory is None else dict(memory.read())
        if rng is not None and RANDOM in self.found:
            rng.bit_generator.state = json.loads(self.found[RANDOM].astype(np.uint8).tobytes())

    @property
    def spent(self) -> float:
        """Seconds of computing before the interruption."""
        return float(self.found.get(SPENT, 0.0))

    def at(self, stage: str) -> tuple[int, Mapping[str, np.ndarray]]:
        """Return the part of a stage to go on with, and its best so far: 0 and nothing at first."""
        prefix = f"{stage} "
        best = {k.removeprefix(prefix): v for k, v in self.found.items() if k.startswith(prefix)}
        return int(best.pop(NUMBER, 0)), best

    def due(self) -> bool:
        """Whether it is time to keep what a long part has found so far."""
        return self.memory is not None and self.memory.due()

    def keep(self, stage: str, number: int, spent: float, **best: np.ndarray | float) -> None:
        """Keep the best so far of a stage, which would go on with its part of that number."""
        if self.memory is None:
            return
        named = {f"{stage} {k}": np.asarray(v) for k, v in {NUMBER: number, **best}.items()}
        self.found |= named | {SPENT: np.asarray(spent)}
        if self.rng is not None:
            state = json.dumps(self.rng.bit_generator.state).encode()
            self.found[RANDOM] = np.frombuffer(state, np.uint8)
        self.memory.write(self.found)
