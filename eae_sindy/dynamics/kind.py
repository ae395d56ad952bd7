"""A kind of dynamics, its names, and what is measured on the way to it."""

from dataclasses import dataclass, field, replace

from .amplitudes import Backbone, Growth

LIMIT_CYCLE = "limit cycle"
TRANSIENT = "transient to a cycle"
DECAY = "decay to a fixed point"
CONSERVATIVE = "conservative oscillation"
ONE_ORBIT = "limit cycle or conservative"
QUASI_PERIODIC = "quasi-periodic"
CHAOTIC = "chaotic"
EXCITABLE = "excitable"
NOISE = "noise"
CANNOT_TELL = "cannot tell"
KINDS = (
    *(LIMIT_CYCLE, TRANSIENT, DECAY, CONSERVATIVE, ONE_ORBIT, QUASI_PERIODIC, CHAOTIC),
    *(EXCITABLE, NOISE, CANNOT_TELL),
)


@dataclass(frozen=True)
class Yardsticks:
    """What was measured on the way; None where it was not, or means nothing.

    Attributes
    ----------
    noise : float
        Share of the variance that is independent from frame to frame.
    period, period_spread : float
        Median length of a cycle, and the standard deviation over it. Of settled cycles where there
        are such, otherwise of all.
    decay_rate, frequency : float
        Of a decay at its end: −d log A/dt, and radians per unit of time.
    backbone : Backbone
        Frequency and damping of a decay, frequency of a conservative oscillation, by amplitude.
    growth : Growth
        Of amplitudes, over all trajectories.
    frequencies : (float, float)
        Of a torus, in radians per unit of time.
    exponent, exponent_interval : float, (float, float)
        The largest Lyapunov exponent; noise and few data make it too small.
    excursions : int
        Of an excitable system.
    """

    noise: float | None = None
    period: float | None = None
    period_spread: float | None = None
    decay_rate: float | None = None
    frequency: float | None = None
    backbone: Backbone | None = None
    growth: Growth | None = None
    frequencies: tuple[float, float] | None = None
    exponent: float | None = None
    exponent_interval: tuple[float, float] | None = None
    excursions: int | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of dynamics, and why.

    Attributes
    ----------
    name : str
        One of `KINDS`.
    reason : str
        One sentence with the numbers that decided.
    confidence : {"clear", "likely", "none"}
        "clear" where the test passed by a margin, "none" with "cannot tell".
    yardsticks : Yardsticks
    """

    name: str
    reason: str
    confidence: str = "clear"
    yardsticks: Yardsticks = field(default_factory=Yardsticks)

    def but(self, **measured: object) -> "Kind":
        """Return the same with more measured."""
        return replace(self, yardsticks=replace(self.yardsticks, **measured))  # type: ignore[arg-type]


def unknown(why: str) -> Kind:
    """Return the kind of what cannot be told, and why."""
    return Kind(CANNOT_TELL, why, "none")
