"""The time that a start may take, and what it says on its way."""

import time

from ....progress import Progress

UNITS = 100  # of progress: hundredths of the time


class Clock:
    """Counts the seconds of a start, and knows the best that was found.

    Only time in which this thread computes counts: beside other work a start takes longer, and
    does not find less.

    Parameters
    ----------
    seconds : float
        That the whole start may take.
    spent : float
        Of them, those that are over already.
    """

    def __init__(self, seconds: float, spent: float = 0.0) -> None:
        self.seconds, self.begun = seconds, time.thread_time() - spent
        self.best = float("nan")

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return time.thread_time() - self.begun

    def over(self, share: float) -> bool:
        """Whether a share of the time is over."""
        return self.spent >= share * self.seconds

    def say(self, stage: str) -> Progress:
        """Return how far the start is."""
        done = min(UNITS - 1, int(UNITS * self.spent / self.seconds))
        left = max(0.0, self.seconds - self.spent)
        values = {"validation error": self.best, "seconds left at most": left}
        return Progress(f"start: {stage}", done, UNITS, values)
