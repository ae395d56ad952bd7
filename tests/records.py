"""Results made by hand, every number of them known: no fits, no integration, no TensorFlow.

Numbers are skewed, so that a mean is no median, and the smallest is neither.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from eae_sindy.discovery.candidates import Candidate
from eae_sindy.discovery.chosen_dynamics import Answers
from eae_sindy.discovery.coefficient_table import Coefficient, Correlation
from eae_sindy.discovery.decoded_orbits import Forecast
from eae_sindy.discovery.equations import Equations
from eae_sindy.discovery.measurement import Row
from eae_sindy.discovery.mending import Flaws
from eae_sindy.discovery.modes import Modes
from eae_sindy.discovery.normal_forms import NormalForms
from eae_sindy.discovery.resampling import Spread
from eae_sindy.discovery.result import Discovery, Reconstruction
from eae_sindy.discovery.selection import Trial
from eae_sindy.dynamics.cycles import CLASSES, Orbits
from eae_sindy.dynamics.kind import Kind, Yardsticks
from eae_sindy.dynamics.library import standard, with_constant
from eae_sindy.dynamics.symmetry import Equivalence
from eae_sindy.ensemble.diagnostics import Diagnostics, Layer, Mixing
from eae_sindy.recipes import CRITERIA, recipe
from tests import planted

LIBRARY = standard(2, 3, sine=False)
WITH_ONE = with_constant(LIBRARY)
REFERENCE = 7.0  # the data's own period
TIME = np.arange(0, 140, 0.5)


def orbits(cycles=36, fixed=2, divergent=1, other=1, first=6.9):
    """Orbits of so many members of each class; periods of cycles rise like a square."""
    counts = {"cycle": cycles, "fixed_point": fixed, "divergent": divergent, "other": other}
    kind = np.repeat([CLASSES.index(name) for name in counts], list(counts.values()))
    rise = (np.arange(len(kind)) / max(cycles - 1, 1)) ** 2
    holds = kind == 0
    period = np.where(holds, first + 0.3 * rise, np.nan)
    growth = np.where(kind <= 1, -0.8 + 0.4 * rise, np.nan)
    return Orbits(REFERENCE, kind, period, 0.9 + 0.2 * rise, growth)


def spread(growth=((-0.8, -0.4), (-0.7, -0.5)), period=(6.95, 7.05), each=20, lost=10, member=24):
    """Replicates, `each` of every mode that hold the cycle, and `lost` of the first at rest.

    `growth` and `period` are their intervals: half of the replicates stand at either end. The
    first replicate of mode k is of member k · `member`. A period of None: too few hold the cycle.
    """
    modes = len(growth)
    picked = np.concatenate([np.repeat(member * np.arange(modes), each), np.zeros(lost, int)])
    kind = np.repeat([0, 1], [modes * each, lost])
    ends = np.tile([0, 1], len(picked))[: len(picked)]
    rates = np.array([growth[m // member][e] for m, e in zip(picked, ends, strict=True)])
    values = np.random.default_rng(1).normal(size=(len(picked), len(WITH_ONE), 2))
    times = np.array(period or (np.nan, np.nan))[ends]
    found = Orbits(REFERENCE, kind, np.where(kind == 0, times, np.nan), np.ones(len(picked)),
                   np.where(kind == 0, rates, 9.0))  # fmt: skip
    return _Plain(picked, values, found, 10.0, period)


class _Plain(Spread):
    """A spread whose intervals are the least and the largest: no bootstrap's widening."""

    def __init__(self, picked, values, found, blocks, ends):
        own, decoder = np.ones(len(picked), bool), np.zeros(len(picked), int)
        super().__init__(picked, own, decoder, values, found, blocks)
        object.__setattr__(self, "ends", ends)

    def interval(self, values, of):
        return np.array([np.min(values, axis=0), np.max(values, axis=0)])

    @property
    def period(self):
        return None if self.ends is None else np.array(self.ends)


def trial(error=0.01, terms="polynomial", neutral=()):
    """A candidate of polynomial terms, unless named otherwise, and its error."""
    chosen = np.array([name != "1" for name in WITH_ONE.terms])
    return Trial(Candidate(terms, "train", 0.0, chosen, neutral=neutral), error, 9.0, 18.0)


def forecast(field=0.024, reconstruction=0.020, members=5):
    """Errors of which the median member has `field`, and its reconstruction `reconstruction`."""
    time = np.array([0.0, 5.0, 10.0])
    skew = np.linspace(-0.4, 0.4, members) + 0.3 * np.linspace(-1, 1, members) ** 2
    along = np.array([0.5, 1.0, 1.5])  # of each member's mean

    def errors(middle):
        return middle * (1 + skew - np.median(skew))[:, None] * along

    return Forecast(time, errors(field), 0.8 * field * along, errors(reconstruction))


def modes(sizes=(24, 16)):
    """Modes of so many members."""
    label = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum([0, *sizes[:-1]])
    return Modes(label, np.array(sizes) / sum(sizes), first, np.zeros((3, 2)))


def answers(**changes):
    """Two modes that differ by z1 <-> z2, chosen by running; replace what a test is about."""
    found = changes.pop("modes", modes())
    values = np.random.default_rng(0).normal(size=(len(found.label), len(WITH_ONE), 2))
    values[:, ~trial().candidate.chosen] = 0
    equations = Equations(WITH_ONE, np.arange(len(found.label)), found.label, found.representative,
                          found.weight, values, "none")  # fmt: skip
    swap = Equivalence((0, 1), "permutation", "z1 <-> z2", 1e-4, 0.4)
    tried = [trial(0.01), trial(0.02, "linear")]
    made = Answers(equations, found, [list(tried) for _ in found.weight], [swap], orbits(),
                   spread(), forecast(), [None] * len(found.weight), [], 2.0)  # fmt: skip
    return replace(made, **changes)


def row(name="POD-2, Eq. 16", **changes):
    """A row of a comparison."""
    made = Row(name, 2, 1, 18.0, 0.05, 0.06, 0.07, 7.01, (6.9, 7.1), 1.0, 0.5, "a note")
    return made._replace(**changes)


BASELINES = (row(), row("POD-2, STLSQ(0.1)", forecast=0.5, seconds=0.75))


def mixing(quantity="loss", **changes):
    """Chains that mix well on a quantity."""
    return Mixing(quantity, 1.005, 900.0, 800.0, 12.0, 0.3)._replace(**changes)


def normal_form(**changes):
    """Four coefficients in which two decoders agree, of a cycle half as large as the data's."""
    joint = np.array([[0.1, 0.9, -0.2, 0.0], [0.2, 1.0, -0.1, 0.1]])
    made = NormalForms(
        names=("mu", "omega", "a", "b"), joint=joint, median=joint.mean(axis=0),
        decoders=np.array([0, 1]), medians=np.stack([joint.mean(axis=0)] * 2),
        intervals=np.stack([joint] * 2), disagree=[], compared=True, cycle=True, amplitude=0.5,
        frames="late", share=1.0, notes=[], reason="",
    )  # fmt: skip
    return replace(made, **changes)


def layer(name="kernel 1", ratio=1.0, interval=(0.99, 1.01)):
    """A layer whose kinetic temperature is the set one."""
    return Layer(name, ratio, interval)


def diagnostics(**changes):
    """What chains with nothing wrong say about themselves."""
    made = Diagnostics(
        settled_from=(0, 0), temperatures=(1e-4, 1e-4),
        mixing=(mixing(), mixing("field error", r_hat=1.002, ess_tail=950.0)),
        layers=(layer(), layer("bias 1", 1.004)), configurational_temperature=1.05,
        batch_noise=0.0, step=0.25, drift=1.5,
    )  # fmt: skip
    return replace(made, **changes)


class Members(SimpleNamespace):
    """What verdicts, summary and page ask of an ensemble: chains, settings, frames."""

    def __len__(self):
        return sum(map(len, self.chains))

    @property
    def encoder_sizes(self):
        return np.array([30, 10])

    @property
    def chain_of(self):
        return np.repeat(np.arange(len(self.chains)), [len(c) for c in self.chains])


class Draws(SimpleNamespace):
    """A chain, as long as its loss."""

    def __len__(self):
        return len(self.loss)


def ensemble(draws=(500, 500), decoders=(0, 1), attributes=None, **settings):
    """Chains of so many draws with these decoders, on frames that turn with the reference period.

    The kinetic temperature of a weight is twice the set one in kernels, and the set one in biases.
    """
    turn = 2 * np.pi * TIME[:, None] / REFERENCE - np.array([0, np.pi / 2])
    field = planted.ensemble(TIME, np.cos(turn), -2 * np.pi / REFERENCE * np.sin(turn))
    chosen = recipe("paper-quick").but(**{"chains": len(draws), "draws": max(draws)} | settings)
    t = chosen.temperature
    chains = [Draws(loss=np.ones(n), decoder_index=d,
                    kinetic_temperature=np.tile([2 * t, t], (n, 1)))
              for n, d in zip(draws, decoders, strict=True)]  # fmt: skip
    return Members(chains=chains, settings=chosen, library=LIBRARY, frames=field.frames,
                   attributes=attributes or {}, shape=(2,), mask=None)  # fmt: skip


def discovery(**changes):
    """Forty members of two chains in two modes: all that a report can hold is there."""
    values = np.random.default_rng(2).normal(size=(40, len(LIBRARY), 2))
    table = [
        Coefficient(f"z{k + 1}'", term, 0.05 * j + k, 0.05 * j + k + 0.25, (k - 0.5, k + j + 0.5),
                    j > 6)
        for k in range(2) for j, term in enumerate(LIBRARY.terms)
    ]  # fmt: skip
    labels = tuple(f"{c.term} in {c.equation}" for c in table if c.significant)
    matrix = np.eye(len(labels)) + 0.5 * (1 - np.eye(len(labels)))
    made = Discovery(
        ensemble=ensemble(draws=(20, 20)), criteria=CRITERIA, frames="train", sparse=None,
        settled=86, members=2 * np.arange(40),
        values=values, condition=np.linspace(1, 4, 40) ** 3, errors=np.ones((40, 3)), table=table,
        correlation=Correlation(labels, matrix), orbits=orbits(30, 6, 3, 1, first=6.7),
        answers=answers(), reconstruction=Reconstruction(0.0201, 0.0302, 0.0403, 0.0104),
        baselines=list(BASELINES), diagnostics=diagnostics(), dropped=3,
        flaws=Flaws(0, 0, []), trials={"train": 0.9, "all": 0.8},
        kind=Kind("limit cycle", "amplitudes stay", "clear", Yardsticks(period=7.0)),
    )  # fmt: skip
    return replace(made, **changes)
