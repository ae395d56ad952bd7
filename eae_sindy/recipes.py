"""Every number of the papers' experiments, once, beside the section it comes from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from .errors import EaeSindyError


def _require(ok: bool, complaint: str) -> None:
    if not ok:
        raise EaeSindyError(complaint)


MOST = 2**31  # of whatever is counted: TensorFlow counts in 32 bits
MOST_SEED = 2**63  # what a file holds
MOST_TERMS = 10_000  # candidate terms: a matrix of so many rows is the largest worth factoring
MOST_GRID = 2**14  # points a side of a simulation: one frame of more takes gigabytes
MOST_FRAMES = 2**40  # of a simulation
MOST_PLANTED = 10**5  # frames a trajectory of a planted system, which is made in memory
MOST_POINTS = 4096  # of a planted system
# What a setting takes, by the type of its default; np.int64 is Integral, np.float32 is Real.
TAKES: Mapping[type, tuple[type, str]] = {
    bool: (object, "true or false"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "text"),
}


class _Settings:
    """What the frozen settings below share: a change makes a new, validated object."""

    positive: ClassVar[tuple[str, ...]] = ()  # those that must be more than zero

    def __post_init__(self) -> None:
        """Check that every setting is of its type: 1.5 updates are none, nor are NaN and 10^20."""
        for f in fields(self):  # type: ignore[arg-type]
            default: Any = f.default
            value, several = getattr(self, f.name), isinstance(default, tuple)
            name = f"--{f.name.replace('_', '-')}"
            for one in value if isinstance(value, tuple) else (value,):
                first = (*default, 0)[0] if several else default  # no values: whole numbers
                self._check(f.name, name, one, type(first))
            _require(isinstance(value, tuple) == several, f"{name} must be one value, or a tuple")

    def _check(self, field: str, name: str, value: Any, kind: type) -> None:
        """Check one value of a setting whose default is of type `kind`."""
        takes, said = TAKES[kind]
        flag = type(value).__name__ in ("bool", "bool_")
        _require(isinstance(value, takes) and flag == (kind is bool), f"{name} must be {said}")
        if kind is float and field in self.positive:
            _require(
                value > 0 and math.isfinite(value),
                f"{name} must be positive and finite, not {value}",
            )
        elif kind is float:
            _require(math.isfinite(value), f"{name} must be a finite number, not {value}")
        elif kind is int:
            most = MOST_SEED if field == "seed" else MOST
            _require(value < most, f"{name} must be less than {most}")

    def but(self, **changes: Any) -> Self:
        """Return a copy with some values changed; a value of None changes nothing."""
        known = {f.name for f in fields(self)}  # type: ignore[arg-type]
        for name in changes:
            _require(name in known, f"unknown setting {name!r}: choose from {sorted(known)}")
        changed = {k: v for k, v in changes.items() if v is not None}
        return replace(self, **changed)  # type: ignore[type-var]


@dataclass(frozen=True)
class ReactionDiffusion(_Settings):
    """The λ–ω system as Champion et al. (2019), SI, set it up; A.5.1 takes their data over."""

    grid: int = 100
    length: float = 20.0
    diffusivity: tuple[float, float] = (0.1, 0.1)
    beta: float = 1.0
    arms: int = 1
    end: float = 500.0
    step: float = 0.05
    substeps: int = 1
    window: float = 0.01
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting, and what they mean together."""
        super().__post_init__()
        _require(len(self.diffusivity) == 2, "--diffusivity must be given for u and v")
        _require(self.grid >= 4, "--grid must be at least 4 points a side")
        _require(self.grid <= MOST_GRID, f"--grid must be at most {MOST_GRID:,} points a side")
        _require(self.length > 0, "--length must be positive")
        _require(min(self.diffusivity) >= 0, "--diffusivity must not be negative")
        _require(self.step > 0, "--step must be positive")
        _require(self.end >= self.step, "--end must be at least one --step")
        _require(self.end / MOST_FRAMES < self.step, "--step is too short for so late an --end")
        _require(self.substeps >= 1, "--substeps must be at least 1")
        _require(self.window >= 0, "--window must not be negative")
        _require(self.noise >= 0, "--noise must not be negative")
        _require(self.seed >= 0, "--seed must not be negative")


@dataclass(frozen=True)
class Planted(_Settings):
    """What the systems of `snapshots.generators` share; their truth is known.

    Noise is white and Gaussian, of a standard deviation that is this share of the root mean square
    fluctuation of what it is added to: the field, and where there is one the rate.
    """

    positive: ClassVar[tuple[str, ...]] = ("end", "step")

    end: float = 100.0  # of every trajectory; the first frame is at 0
    step: float = 0.1  # between frames
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting, and that there are frames."""
        super().__post_init__()
        _require(self.noise >= 0, "--noise must not be negative")
        _require(self.seed >= 0, "--seed must not be negative")
        _require(self.end >= 10 * self.step, "--end must be at least ten times --step")
        _require(
            self.end <= MOST_PLANTED * self.step,
            f"--end and --step make more than {MOST_PLANTED:,} frames a trajectory: take a "
            "longer --step",
        )
        for f in fields(self):
            if f.name in ("points", "trajectories", "delays", "grid"):
                value = getattr(self, f.name)
                _require(
                    1 <= value <= MOST_POINTS,
                    f"--{f.name} must be between 1 and {MOST_POINTS:,}, not {value}",
                )


@dataclass(frozen=True)
class DelayOscillator(Planted):
    """A decaying oscillation r cos φ in delay coordinates, ṙ = −damping(r) r, φ̇ = frequency(r)."""

    positive: ClassVar[tuple[str, ...]] = (
        *Planted.positive,
        "delay",
        "damping",
        "damping_curve",
        "frequency",
    )

    delays: int = 32
    delay: float = 0.2  # between the coordinates
    starts: tuple[float, ...] = (1.5, 1.2, 0.9)  # amplitudes at t = 0
    damping: float = 0.03  # damping(r) = damping + damping_curve r²
    damping_curve: float = 0.02
    frequency: float = 2.0  # frequency(r) = frequency + frequency_curve r²
    frequency_curve: float = -0.15

    def damping_at(self, r: Any) -> Any:
        """Return −ṙ/r at an amplitude."""
        return self.damping + self.damping_curve * r**2

    def frequency_at(self, r: Any) -> Any:
        """Return φ̇ in radians per unit of time at an amplitude."""
        return self.frequency + self.frequency_curve * r**2


@dataclass(frozen=True)
class PendulumFilm(Planted):
    """A pendulum θ̈ = −frequency² sin θ without friction, filmed: a grey bob on a black square."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "frequency", "bob")

    grid: int = 24  # pixels a side of [−1.5, 1.5]²; the bob is one from the pivot
    bob: float = 0.25  # standard deviation of its grey
    frequency: float = 1.0  # of small swings, in radians
    starts: tuple[float, ...] = (0.6, 1.0, 1.8, 2.2, 1.4)  # angles at which it is let go
    end: float = 60.0


@dataclass(frozen=True)
class Lorenz(Planted):
    """The system of Lorenz (1963), lifted; its largest exponent is 0.906 (Sprott 2003)."""

    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8 / 3
    points: int = 128
    trajectories: int = 10
    settle: float = 5.0  # time before the first frame
    end: float = 20.0
    step: float = 0.02


@dataclass(frozen=True)
class CubicLorenz(Lorenz):
    """The same, lifted as by Champion et al. (2019): Legendre polynomials times z and z³."""


@dataclass(frozen=True)
class ShortCycles(Planted):
    """Many short noisy sequences of one limit cycle, ẇ = (growth + i frequency) w − growth|w|²w."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "growth", "frequency")

    growth: float = 0.3
    frequency: float = 1.0
    points: int = 64
    trajectories: int = 30
    inner: float = 0.3  # |w| at the start is drawn between these
    outer: float = 1.6
    end: float = 24.75  # a hundred frames, four periods
    step: float = 0.25
    noise: float = 0.05


@dataclass(frozen=True)
class Torus(Planted):
    """Two rotations whose frequencies have no common measure, lifted."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "first", "second", "share")

    first: float = 1.0
    second: float = (1 + math.sqrt(5)) / 2
    share: float = 0.7  # size of the second over that of the first
    points: int = 64
    end: float = 300.0


@dataclass(frozen=True)
class VanDerPol(Planted):
    """The oscillator ẍ = mu (1 − x²) ẋ − x of Van der Pol (1926), lifted."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "mu")

    mu: float = 3.0
    points: int = 64
    starts: tuple[float, ...] = (0.1, 3.5)  # of x, at rest
    step: float = 0.05


@dataclass(frozen=True)
class TravellingWave(Planted):
    """A pulse exp((cos(x − speed·t) − 1)/width²) that goes round a periodic domain of length 2π."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "speed", "width")

    speed: float = 1.0
    width: float = 0.4
    points: int = 64


@dataclass(frozen=True)
class PureNoise(Planted):
    """Independent normal numbers at every point and time: there is nothing to find."""

    points: int = 64


@dataclass(frozen=True)
class Hopf(Planted):
    """From near rest to a cycle: ẇ = (growth + i frequency) w − (growth + i shear)|w|²w, lifted."""

    positive: ClassVar[tuple[str, ...]] = (*Planted.positive, "growth", "frequency", "start")

    growth: float = 0.1
    frequency: float = 1.2
    shear: float = 0.2  # the cycle turns at frequency − shear
    start: float = 0.05  # |w| at t = 0
    points: int = 64


PLANTED: Mapping[str, type[Planted]] = {
    "delay-oscillator": DelayOscillator,
    "pendulum-film": PendulumFilm,
    "lorenz": Lorenz,
    "lorenz-cubic": CubicLorenz,
    "short-cycles": ShortCycles,
    "torus": Torus,
    "van-der-pol": VanDerPol,
    "travelling-wave": TravellingWave,
    "noise": PureNoise,
    "hopf": Hopf,
}

SAMPLERS = ("nose-hoover", "langevin")
STARTS = ("random", "projection")
AUTO = "auto"  # in place of a name: chosen by what frames say
DIFFERENTIATIONS = ("auto", "finite-difference", "smoothing-spline", "savitzky-golay", "spectral")
DECODER_UPDATES = ("adam", "exact")
WITHIN = 2.0  # times the first weights' validation error: what members may have at most
SCHEDULES = ("fixed", "linear", "geometric", "steps")
PLATEAUS = 5  # of the schedule "steps", at temperatures in geometric progression


@dataclass(frozen=True)
class Fit(_Settings):
    """Settings of Algorithms 1 and 2; as they stand they are A.5.1 (reaction–diffusion)."""

    positive: ClassVar = (*("mass", "step", "thermostat_time", "learning_rate", "start_seconds"),)

    # Network (A.5.1): encoder N → 256 ELU → 2, decoder mirrored.
    latents: int = 2
    hidden: tuple[int, ...] = (256,)
    activation: str = "elu"  # auto is chosen on validation frames: see docs/method.md
    # Rank of the POD basis in which the networks live. Ours; exact, see docs/method.md.
    rank: int = 32
    full_space: bool = False
    # Candidate terms (A.5.1): polynomials to degree 3 without the constant, and sines.
    degree: int = 3
    sine: bool = True
    constant: bool = False
    # Objective (Eq. 14), on frames in the units of the file, or in units of their own: see
    # docs/method.md.
    field_weight: float = 1.0
    rate_weight: float = 20.0
    dimensionless: bool = False
    # How weights begin; the paper draws them at random.
    start: str = "random"
    start_seconds: float = 60.0  # of computing, at most, of a start that searches
    # Sampler (A.5.1). The chain length is A.5.2's; A.5.1 names none.
    sampler: str = "nose-hoover"
    temperature: float = 1e-4  # 0 chooses one for each decoder: see docs/method.md
    mass: tuple[float, ...] = (1e-6,)  # one for all, or one for each layer of the encoder
    step: float = 1e-5
    step_share: float = 0.0  # of the largest stable step; 0 is `step` as it stands
    chain_length: int = 30
    thermostat_time: float = 100.0  # in steps; the papers name none, see docs/method.md
    resample_every: int = 5
    # Ours, see docs/method.md: frames that the sampler sees; a Gaussian about the first weights,
    # whose standard deviation is this share of their root mean square in each tensor; and stiff
    # directions that are sampled as softly as the others. 0 is all frames, none and none.
    frames: int = 0
    confinement: float = 0.0
    directions: int = 0
    # Algorithm 1 (A.5.1): 100 decoder updates by Adam, 200 encoders to each.
    updates: int = 100
    encoders: int = 200
    learning_rate: float = 1e-3
    tolerance: float = 0.0
    decoder_update: str = "adam"
    # Temperature during training (A.6.2 suggests schedules; A.5 keeps it fixed).
    schedule: str = "fixed"
    start_temperature: float = 0.0  # 0 is `temperature`
    batch: int = 0  # 0 is full batch: A.6.1 asks for the largest that fits
    # Algorithm 2 (A.5.1): members collected with the decoder fixed.
    draws: int = 5000
    # Chains in all, and how many of them share a decoder. The paper runs one.
    chains: int = 1
    chains_per_decoder: int = 1
    # Ours: how rates are made that are not given, and whether frames that hold noise are smoothed.
    differentiate: str = "auto"
    smooth: bool = False
    # Split (A.5.1): 4,000, 1,000 and 1,000 of 10,000 frames, as fractions.
    test: float = 0.1
    train: float = 4 / 9
    validation: float = 1 / 9
    # Ours, instead of the fraction to test on: see `snapshots.split`.
    test_time: float = 0.0
    test_trajectories: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting, and what they mean together."""
        super().__post_init__()
        self._check_confinement()
        for name in (
            *("latents", "rank", "degree", "chain_length", "updates", "encoders", "draws"),
            *("chains", "chains_per_decoder"),
        ):
            least = 0 if name == "updates" else 1
            _require(
                getattr(self, name) >= least,
                f"--{name.replace('_', '-')} must be at least {least}, not {getattr(self, name)}",
            )
        for name in (
            *("field_weight", "rate_weight", "tolerance", "batch", "resample_every", "seed"),
            *("start_temperature", "step_share", "temperature", "confinement"),
            *("frames", "directions", "test_time"),
        ):
            _require(getattr(self, name) >= 0, f"--{name.replace('_', '-')} must not be negative")
        # Degrees beyond it would make the count itself take for ever.
        count = math.comb(self.latents + min(self.degree, 100), min(self.degree, 100))
        _require(
            self.degree <= 100 and count <= MOST_TERMS,
            f"--degree {self.degree} makes more than {MOST_TERMS:,} terms of {self.latents} "
            "latents: take a lower one",
        )
        for name, known in (
            *(("sampler", SAMPLERS), ("schedule", SCHEDULES)),
            *(("start", STARTS), ("decoder_update", DECODER_UPDATES)),
            ("differentiate", DIFFERENTIATIONS),
        ):
            _require(
                getattr(self, name) in known,
                f"unknown {name.replace('_', ' ')} {getattr(self, name)!r}: "
                f"choose from {', '.join(known)}",
            )
        _require(
            len(self.mass) in (1, len(self.hidden) + 1),
            f"--mass is given {len(self.mass)} times: give it once, or once for each of the "
            f"{len(self.hidden) + 1} layers of the encoder",
        )
        _require(
            self.chains % self.chains_per_decoder == 0,
            f"--chains {self.chains} is no multiple of --chains-per-decoder "
            f"{self.chains_per_decoder}",
        )
        _require(
            self.field_weight + self.rate_weight > 0,
            "--field-weight and --rate-weight are both 0: nothing would be fitted",
        )
        _require(
            len(self.hidden) >= 1 and min(self.hidden) >= 1,
            "--hidden needs at least one layer of at least one unit",
        )
        _require(
            self.start != "projection" or (len(self.hidden) == 1 and not self.full_space),
            "--start projection needs one hidden layer in POD coordinates: give --hidden once and "
            "leave out --full-space, or take --start random",
        )
        _require(
            self.activation != AUTO or not self.full_space,
            "--activation auto is for POD coordinates: leave --full-space out, or name one",
        )
        _require(
            not (self.dimensionless and self.full_space),
            "--dimensionless is for POD coordinates: leave --full-space out",
        )
        _require(0 < self.test < 1, "the test fraction must lie between 0 and 1")
        _require(
            self.train > 0 and self.validation >= 0 and self.train + self.validation <= 1,
            "the training and validation fractions must be positive and add up to at most 1",
        )

    def _check_confinement(self) -> None:
        """Check what a sampler with a confinement asks for."""
        _require(
            self.temperature > 0 or self.confinement > 0,
            "--temperature auto needs a --confinement: give one, or a temperature",
        )
        _require(
            not self.confinement
            or (self.dimensionless and self.step_share > 0 and self.schedule == "fixed"),
            "--confinement is for --dimensionless fits with a --step-share and a fixed --schedule: "
            "give all, or leave it out",
        )
        _require(
            not self.directions or (self.confinement > 0 and len(self.mass) == 1),
            "--directions needs a --confinement and one --mass for all weights",
        )
        _require(
            not (self.frames and self.full_space),
            "--frames is for POD coordinates: leave --full-space out",
        )

    def temperatures(self, chosen: float | None = None) -> list[float]:
        """Return T at each decoder update; members are collected at `temperature`.

        Where that is 0 it is the one that was `chosen`.
        """
        end, n = self.temperature or chosen or 0.0, self.updates
        start = self.start_temperature or end
        ramp = [u / (n - 1) if n > 1 else 1.0 for u in range(n)]
        if self.schedule == "fixed":
            return [end] * n
        if self.schedule == "linear":
            return [start + (end - start) * x for x in ramp]
        if self.schedule == "steps":
            ramp = [min(u * PLATEAUS // n, PLATEAUS - 1) / (PLATEAUS - 1) for u in range(n)]
        return [start * (end / start) ** x for x in ramp]


# Ours: a start that searches, decoders solved for, and numbers without units.
_STANDARD = Fit(
    start="projection",
    start_seconds=50.0,
    # The terms that this start has inside its loss. Latents in which cubic equations hold have
    # sparse ones too; of degree 5 the start makes latents that need it.
    degree=3,
    sine=False,
    constant=True,
    decoder_update="exact",
    dimensionless=True,
    activation=AUTO,
    field_weight=1.0,
    rate_weight=1.0,
    temperature=0.0,
    step_share=0.15,
    chain_length=5,
    # A quarter of a turn of most directions, which the chart makes turn alike: after a half they
    # would be where they were, but for the sign, whatever the velocities.
    resample_every=7,
    smooth=True,
    frames=500,
    confinement=0.01,
    directions=64,
    updates=6,
    encoders=200,
    draws=1000,
    chains=4,
)

RECIPES: Mapping[str, Fit] = {
    "standard": _STANDARD,
    # The same on a quarter of the frames, with a shorter search and fewer draws: for a first look.
    "quick": _STANDARD.but(
        train=1 / 9, start_seconds=20.0, updates=3, encoders=100, draws=500, chains=1
    ),
    # The example of Champion et al. (2019) that has three latents, whose equations are quadratic.
    "lorenz": _STANDARD.but(latents=3, degree=2),
    # A.5.1, with what it leaves open settled as docs/method.md says.
    "reaction-diffusion": Fit(),
    # A.5.1 on a quarter of the frames and of the steps.
    "paper-quick": Fit(train=1 / 9, updates=60, encoders=100, draws=500),
}
DEFAULT = "standard"


def recipe(name: str) -> Fit:
    """Return the named set of settings. Raises `EaeSindyError` for an unknown name."""
    if name not in RECIPES:
        raise EaeSindyError(f"unknown recipe {name!r}: choose from {', '.join(RECIPES)}")
    return RECIPES[name]


@dataclass(frozen=True)
class Training(_Settings):
    """Settings of the autoencoders trained by Adam that the entropic autoencoder is held against.

    The defaults are those of the SINDy autoencoder on reaction–diffusion data (Champion et al.
    2019), every one as in the example of their published code. Plain and variational autoencoders
    take only `learning_rate`, `batch` and the number of epochs from here: their networks are those
    of `Fit`.

    Not as published: the terms are those of the fit that is compared, while theirs have a constant
    besides. And they train on 8,000 frames, 8 batches an epoch: with fewer frames an epoch has
    fewer batches.
    """

    hidden: tuple[int, ...] = (256,)
    activation: str = "sigmoid"
    # The loss: means over points (or latents) and frames, and over the entries of Ξ.
    field_weight: float = 1.0
    rate_weight: float = 0.5  # of ẋ: theirs is called SINDy loss in x
    latent_rate_weight: float = 0.01  # of ż: theirs is called SINDy loss in z
    sparsity: float = 0.1  # of |Ξ|
    coefficient: float = 1.0  # what all of Ξ starts at
    # Sequential thresholding, then refinement: without the last term, and with a fixed mask.
    threshold: float = 0.1
    threshold_every: int = 500  # epochs
    epochs: int = 3001
    refinement: int = 1001
    # Adam.
    learning_rate: float = 1e-3
    batch: int = 1000

    def __post_init__(self) -> None:
        """Check every setting, and what they mean together."""
        super().__post_init__()
        for name in ("epochs", "threshold_every", "batch"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1")
        for name in (
            *("field_weight", "rate_weight", "latent_rate_weight", "sparsity"),
            *("threshold", "refinement"),
        ):
            _require(getattr(self, name) >= 0, f"{name} must not be negative")
        _require(self.learning_rate > 0, "learning_rate must be positive")
        _require(
            len(self.hidden) >= 1 and min(self.hidden) >= 1,
            "hidden needs at least one layer of at least one unit",
        )


# A tenth of the epochs, and so of the time.
_TENTH = Training(epochs=301, threshold_every=50, refinement=101)
# By the names of `RECIPES`.
TRAININGS: Mapping[str, Training] = {
    "standard": Training(),
    "quick": _TENTH,
    "lorenz": Training(),
    "reaction-diffusion": Training(),
    "paper-quick": _TENTH,
}

IMAGE_MODELS = ("eae", "vae", "ae")


@dataclass(frozen=True)
class ImageFit(_Settings):
    """Settings of the three models on one set of images; as they stand they are A.5.2 on MNIST.

    A dense network where `filters` is empty, a convolutional one (A.5.3) where it is not.
    """

    positive: ClassVar = (*("temperature", "mass", "step", "thermostat_time", "learning_rate"),)

    # Networks (A.5.2): encoder pixels → 256 → 128 → 128 → 64, decoder 64 → 64 → pixels; the last
    # layers are linear.
    latents: int = 64
    hidden: tuple[int, ...] = (256, 128, 128)
    decoder_hidden: tuple[int, ...] = (64,)
    activation: str = "relu"
    # Of an encoder with convolutions (A.5.3): filters of each layer, with strides of two. Its
    # decoder is that of A.5.3 as well, see `neural.networks.convolutional`.
    filters: tuple[int, ...] = ()
    # Sampler (A.5.2). The paper is silent on fresh velocities: none. Its thermostat's time constant
    # is not named either: see docs/method.md.
    temperature: float = 1e-8
    mass: tuple[float, ...] = (1e-6,)
    step: float = 1e-5
    chain_length: int = 30
    thermostat_time: float = 100.0
    resample_every: int = 0
    # Epochs of a plain autoencoder by which weights begin; the paper's are drawn at random.
    start_epochs: int = 0
    # Algorithm 1: two epochs of encoders to an update; 0 images to a batch are all of them.
    updates: int = 250
    encoders: int = 3126
    batch: int = 32
    # Algorithm 2: encoders in a row with the decoder fixed, of which each `every`-th is kept.
    draws: int = 1000
    every: int = 10
    # Adam, of the decoder and of the models that it trains; epochs of these.
    learning_rate: float = 1e-3
    vae_epochs: int = 70
    ae_epochs: int = 140
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting, and what they mean together."""
        super().__post_init__()
        for name in (
            *("latents", "chain_length", "updates", "encoders", "draws", "every"),
            *("vae_epochs", "ae_epochs"),
        ):
            _require(
                getattr(self, name) >= 1,
                f"--{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}",
            )
        for name in ("batch", "resample_every", "seed", "start_epochs"):
            _require(getattr(self, name) >= 0, f"--{name.replace('_', '-')} must not be negative")
        _require(
            min((*self.hidden, *self.decoder_hidden, *self.filters, 1)) >= 1,
            "--hidden, --decoder-hidden and --filters need at least one unit in every layer",
        )
        _require(
            self.draws % self.every == 0,
            f"--draws {self.draws} is no multiple of --every {self.every}: make it one",
        )

    def sampled(self) -> Fit:
        """Return the settings of the sampler and of the decoder's updates, as those of a fit."""
        return Fit(
            latents=self.latents,
            hidden=self.filters or self.hidden,  # one mass for each layer
            activation=self.activation,
            degree=1,  # there are no equations
            temperature=self.temperature,
            mass=self.mass,
            step=self.step,
            chain_length=self.chain_length,
            thermostat_time=self.thermostat_time,
            resample_every=self.resample_every,
            updates=self.updates,
            encoders=self.encoders,
            batch=self.batch,
            draws=self.draws,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )


# By data set; the first recipe of a data set is its default.
_MNIST = ImageFit()
_FREY = ImageFit(  # A.5.2: full batches, and longer
    temperature=3e-8,
    updates=1500,
    encoders=1000,
    batch=0,
    vae_epochs=100_000,
    ae_epochs=11_000,
)
_CELEBA = ImageFit(  # A.5.3, the higher temperature
    latents=256,
    hidden=(),
    decoder_hidden=(),
    filters=(32, 64, 128, 256),
    temperature=3e-8,
    updates=700,
    encoders=5087,
    every=50,
    vae_epochs=20,  # A.5.3 trains neither of the two
    ae_epochs=20,
)
IMAGE_RECIPES: Mapping[str, ImageFit] = {
    "mnist": _MNIST,
    # A fifth of the updates, and of the epochs: for a first look.
    "mnist-quick": _MNIST.but(updates=50, vae_epochs=14, ae_epochs=28),
    # Ours: begun as a plain autoencoder, it keeps an error near that one's.
    "mnist-warm": _MNIST.but(start_epochs=20, updates=30),
    # Ours: small images, few of them, about a minute for the three models.
    "digits": _MNIST.but(
        latents=16,
        hidden=(128, 64),
        updates=300,
        encoders=500,
        vae_epochs=300,
        ae_epochs=300,
    ),
    "frey-faces": _FREY,
    # Ours, for two cores: minibatches, and a hundredth of the work.
    "frey-faces-cpu": _FREY.but(
        batch=32, updates=300, encoders=1000, vae_epochs=1000, ae_epochs=1000
    ),
    "celeba": _CELEBA,
    "celeba-cold": _CELEBA.but(temperature=1.5e-9, mass=(1e-8,)),
    "celeba-cpu": _CELEBA.but(
        updates=20, encoders=100, draws=100, every=10, vae_epochs=1, ae_epochs=1
    ),
}


def image_recipe(name: str) -> ImageFit:
    """Return the named settings of images. Raises `EaeSindyError` for an unknown name."""
    if name not in IMAGE_RECIPES:
        raise EaeSindyError(f"unknown recipe {name!r}: choose from {', '.join(IMAGE_RECIPES)}")
    return IMAGE_RECIPES[name]


CURVES = ("parabola", "circle", "helix", "s-curve", "swiss-roll", "surface")


@dataclass(frozen=True)
class DpaFit(_Settings):
    """Settings of a distributional principal autoencoder (Shen & Meinshausen 2024).

    The numbers are ours. Small batches at a high learning rate that falls to zero find the curved
    coordinates that larger batches and smaller rates miss; see docs/dpa.md.
    """

    positive: ClassVar = ("learning_rate", "beta")

    # Ordered codes K: more than the data need, so that it shows which carry nothing.
    latents: int = 4
    # Encoder N → hidden → K, decoder K → hidden → N; `noise` numbers beside the input of each of
    # the decoder's layers.
    hidden: tuple[int, ...] = (64, 64, 64, 64)
    activation: str = "silu"
    noise: int = 8
    # Of the energy score, 0 < β ≤ 2; at 2 it sees means only.
    beta: float = 1.0
    # Adam; the learning rate falls to zero along half a cosine.
    steps: int = 16000
    batch: int = 128
    learning_rate: float = 1e-2
    # POD modes in which frames are seen, where they have more values than that.
    rank: int = 32
    # Share of the rows that are held out.
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        super().__post_init__()
        for name in ("latents", "noise", "steps", "batch", "rank"):
            value = getattr(self, name)
            _require(value >= 1, f"--{name} must be at least 1, not {value}")
        _require(self.beta <= 2, f"--beta must be at most 2, not {self.beta:g}")
        _require(0 < self.test < 1, f"--test must be a share between 0 and 1, not {self.test:g}")
        _require(self.seed >= 0, "--seed must not be negative")
        _require(
            len(self.hidden) >= 1 and min(self.hidden) >= 1,
            "--hidden needs at least one layer of at least one unit",
        )


@dataclass(frozen=True)
class Knee(_Settings):
    """The numbers by which `distributional.dimension` tells how many latents data need.

    All are ours. Scores are held-out energy scores L_k over L_0, that of no latent.
    """

    positive: ClassVar = ("gain", "clear", "left", "agree", "explained", "level", "resolution")

    # The dimension is the first k after which all further latents lower it by less than this.
    gain: float = 0.05
    # It is a clean knee if its own latent lowers the score by so many times what the rest do, and
    # if no more than this is left.
    clear: float = 2.0
    left: float = 0.3
    # Share of the bootstrap replicates that must find the same dimension.
    agree: float = 0.9
    replicates: int = 200
    # R² from which a surplus latent is called a function of the others.
    explained: float = 0.95
    trees: int = 100  # by which it is predicted
    # Tests: rows, draws from the law of each, permutations, and the p from which nothing is seen.
    rows: int = 400
    draws: int = 16
    permutations: int = 199
    level: float = 0.05
    # Noise that is added before a test, over the spread of the rows and of a latent: a training has
    # an end, and what is smaller does not count.
    resolution: float = 0.01
    # Rows that are near in the codes: among so many values are exchanged, or averaged.
    neighbours: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting."""
        super().__post_init__()
        for name in ("replicates", "trees", "rows", "draws", "permutations", "neighbours"):
            _require(getattr(self, name) >= 2, f"criterion {name} must be at least 2")
        for name in ("gain", "left", "agree", "explained", "level", "resolution"):
            value = getattr(self, name)
            _require(value <= 1, f"criterion {name} is a share: it must be at most 1, not {value}")


KNEE = Knee()

# Where a judgement turns: up to the first number it is good, up to the second with caution, beyond
# it bad. Where the first is the larger one, more is better.
Turns = tuple[float, float]
AVERAGES = ("auto", "mean", "geometric")
FRAMES = ("raw", "sparse")  # of latents, in which equations are few


@dataclass(frozen=True)
class Criteria(_Settings):
    """The numbers by which a discovery reads, chooses and judges.

    None of them is in the papers; all are ours. They are saved with every summary, so that a
    verdict can be read together with what it was held against.
    """

    # What went in.
    members_dropped: Turns = (0.05, 0.2)  # share of the members without finite coefficients
    rates_error: Turns = (0.05, 0.3)  # of rates that were not given, over their r.m.s.
    # The reconstruction, and forecasts: squared error over the variance; that of the mean is 1.
    field_error: Turns = (0.1, 0.5)
    test_beyond: float = 0.1  # of the test frames outside of what was trained on: said of bad ones
    # The equations, run.
    other_kind: Turns = (0.15, 0.5)  # share of the members whose equations show another kind
    lyapunov_times: Turns = (3.0, 1.0)  # for which a forecast of what is chaotic is good
    yardsticks_off: Turns = (0.05, 0.2)  # what is measured of their orbits, off that of the data
    members_off_cycle: Turns = (0.05, 0.2)  # share of the members that do not hold the data's cycle
    period_width: float = 0.03  # of the period: a wider interval says little
    trajectory_lost: float = 0.5  # squared error over the variance; at rest in the middle it is 1
    forecast_over_reconstruction: Turns = (1.3, 3.0)  # of their field errors
    forecast_small: float = 1e-3  # of the variance: a smaller error is good, whatever that ratio
    forecast_over_pod: float = 1.05  # of their forecasts' field errors: up to here as good
    replicates_for_interval: int = 10  # an interval of fewer says nothing
    collinear_groups_named: int = 4  # the others are counted
    # The chains.
    r_hat: Turns = (1.01, 1.05)  # Vehtari et al. (2021) ask for the first
    effective_draws: Turns = (400.0, 100.0)  # they ask for the first, 100 a chain of four
    kinetic_temperature: Turns = (0.02, 0.10)  # off the set one, where chance does not explain it
    configurational_temperature: Turns = (0.15, 0.5)  # off the set one; its estimate is a rough one
    step_of_stable: Turns = (0.5, 0.8)  # of the largest stable step
    batch_noise: Turns = (0.05, 0.5)  # of the temperature
    frames_agree: float = 0.25  # loss on all frames off that on those that were sampled on
    drift_percent: float = 5.0  # change of the mean loss, from the first to the last third
    between_decoders: float = 1.0  # spread of the decoders' means over that within one

    # How much of an ensemble is read: members to an autocorrelation time of the loss, and at least.
    members_per_memory: float = 2.0
    least_members: int = 1000
    # Members whose latents are kept, and members that try which frames enter Eq. 16.
    witnesses: int = 400
    trial_members: int = 50
    # A cycle: the settled amplitude is the data's own to this share; at rest it is below that one.
    amplitude_tolerance: float = 0.30
    rest: float = 0.02
    # The data's own oscillation: cycles whose amplitudes agree to this share, so many at least and
    # so large a share of all, whose lengths vary by so little.
    amplitude_settled: float = 0.05
    least_cycles: int = 3
    settled_share: float = 0.1
    cycles_alike: float = 0.1
    # A mode has at least this share of the members.
    smallest_mode: float = 0.05
    # Equations are chosen by running them: over a share of the training trajectories, left out of
    # the fit, where there are so many that some can be spared, or else over stretches of each.
    # These end at shares of the time before the test window: the first so early that it holds some
    # of a transient, which shows what is off the cycle, and so late that its beginning is left to
    # the fit. A stretch is no longer than a share of that time, and has so many frames at least.
    held_out: float = 0.2
    enough_trajectories: int = 3
    stretch_ends: tuple[float, ...] = (0.15, 0.575, 1.0)
    longest_stretch: float = 0.15
    shortest_stretch: int = 20
    # Of what is chaotic no equations follow a stretch for long, so that the best would be lost as
    # the worst: it is cut into pieces of so many Lyapunov times. `discover` writes that time here;
    # 0 cuts nothing.
    stretch_lyapunov_times: float = 3.0
    longest_piece: float = 0.0
    late: float = 0.5  # where late training frames begin
    cutoffs: tuple[float, ...] = (0.0, 1e-2)  # singular values left out, over the largest
    # Degrees of polynomials, by the number of latents: of one or two, of three, of more. Rows weigh
    # 1 / (|ż| + f rms ż), 0 is all alike.
    degrees: tuple[int, ...] = (9, 5, 3)
    weights: tuple[float, ...] = (0.0, 0.3, 0.1, 0.03, 0.01)
    # Members of a mode that try every candidate, members that try the best, and how many these are.
    scouts: int = 4
    judged: int = 30
    finalists: int = 10
    # How errors of stretches become one: "mean" finds equations that hold from the first frame on,
    # "geometric" those that are best on the cycle, which may lose a transient. "auto" is the mean
    # over whole trajectories, and geometric over stretches of one or two.
    average: str = "auto"
    # What more members lose than this share within so many lengths of the test window is out.
    most_lost: float = 0.1
    test_lengths: float = 5.0
    # Fewer terms are worth this factor of squared error: twice the distance from the data.
    as_good: float = 4.0
    sparse_terms: int = 8  # coefficients that sparse equations have at most
    # Where these are looked for: "raw" is in the latents and canonical frames, "sparse" also in
    # a frame that is searched for.
    frame: str = "raw"
    # Error of a trajectory below which no candidate is better than another: this, or a share of the
    # reconstruction's own.
    exact: float = 1e-6
    negligible: float = 0.1
    worst_trajectory: float = 1.0  # error of a trajectory, over the variance: worse ones count so
    # Uncertainty: replicates, in blocks of so many reference periods.
    replicates: int = 400
    block: float = 2.0
    compared: int = 500  # members of an ensemble that stand in a comparison
    decoded: int = 200  # members whose orbits are decoded: enough for a band
    # Terms that the data hardly tell apart: singular value over the largest, share of a direction.
    collinear: float = 0.02
    takes_part: float = 0.3

    def __post_init__(self) -> None:
        """Check that every number is positive and finite, and every pair in order."""
        zero = ("cutoffs", "weights", "longest_piece")  # which may be nothing
        for f in fields(self):
            value = getattr(self, f.name)
            for number in value if isinstance(value, tuple) else (value,):
                _require(
                    f.name in ("average", "frame")
                    or ((number > 0 or f.name in zero) and math.isfinite(number)),
                    f"criterion {f.name} must be positive and finite, not {number}",
                )
            if f.type == Turns:
                good, caution = value
                more_is_better = f.name in ("effective_draws", "lyapunov_times")
                _require(
                    good >= caution if more_is_better else good <= caution,
                    f"criterion {f.name} is ({good:g}, {caution:g}): caution must come after good",
                )
        super().__post_init__()
        _require(
            self.average in AVERAGES,
            f"criterion average must be one of {', '.join(AVERAGES)}, not {self.average!r}",
        )
        _require(
            self.frame in FRAMES,
            f"criterion frame must be one of {', '.join(FRAMES)}, not {self.frame!r}",
        )
        _require(len(self.degrees) == 3, "criterion degrees must have three numbers")


CRITERIA = Criteria()


@dataclass(frozen=True)
class KindCriteria(_Settings):
    """The numbers by which `dynamics.kinds` tells one kind of dynamics from another.

    All are ours; docs/kinds.md says what each test can tell. Amplitudes are those of single cycles,
    and what is said of noise is its variance.
    """

    # What is enough to say anything.
    least_frames: int = 60  # in all
    least_run: int = 20  # frames of a trajectory; shorter ones are left out
    least_cycles: int = 3  # of a trajectory whose amplitude is to be followed
    longest_gap: float = 0.25  # of a period, between neighbouring frames
    in_gaps: float = 0.25  # share of the time that may lie in longer ones
    # Noise.
    noise_of_white: float = 0.85  # share of the variance that neighbours do not explain
    noise_of_coordinate: float = 0.6  # a coordinate with more of it is left out
    unpredicted: float = 0.8  # squared error of a forecast by neighbours over the variance
    # A single frequency: each cycle looks like the next, and amplitudes rise or fall evenly.
    alike: float = 0.95  # correlation of a cycle with the next
    alike_late: float = 0.9  # of the first cycle of the later half with the others of it
    uneven: float = 0.05  # r.m.s. of log amplitude about the best monotone curve
    followed: float = 0.5  # share of the trajectories whose cycles can be followed
    regular_share: float = 0.75  # of these
    # What the amplitude does, in logarithms of it.
    steady: float = (
        0.05  # change over a trajectory, or over its later half, up to which there is none
    )
    moves: float = 0.1  # change from which there is one
    differs: float = (
        0.2  # of trajectories, from which they are said to have amplitudes of their own
    )
    least_orbits: int = 3  # that are distinct, for a family of them
    same: float = 0.1  # of trajectories that have settled, up to which it is one
    falls: float = 0.3  # amplitude left over the first, below which a decay is believed
    at_zero: float = 0.2  # rate of decay at amplitude zero over that at the end: less is none
    slackening: float = 0.3  # rate of decay at the end over that at the start: less is doubtful
    deviations: float = 3.0  # standard errors from which a rate has a sign
    off_cycle: float = 0.1  # share of the cycles on the way, from which it is a transient
    approach: float = 0.3  # distance to the last cycle in the third quarter over that at first
    strays: float = 0.1  # share of the later cycles that may be off the limit
    # A decay without cycles: what is left of the motion in the last eighth of the time.
    at_rest: float = 0.1
    # Excitable: near rest for most of the time, with excursions that come irregularly.
    near: float = 0.25  # distance from rest over the largest
    far: float = 0.5
    resting: float = 0.7  # share of the time
    sizes: float = 0.2  # standard deviation of their largest distances over the mean: all or none
    excursions: int = 5
    half: float = 0.2  # share of them at least that comes in either half of the time
    irregular: float = 0.15  # standard deviation of the waits over their mean
    # Lines: what several frequencies and their combinations explain, of what is no noise.
    order: int = 4  # of combinations
    explained: float = 0.95
    foretold: float = 0.9  # in the last quarter, by lines fitted to the rest
    gained: float = 0.01  # of that, over the better frequency alone
    least_beats: float = 4.0  # periods of every frequency, and of the nearest resonance
    resonance: int = 6  # a ratio p : q with both up to here is called commensurate
    # Chaos: neighbours part exponentially, and the near future is known better than of linear noise
    # with the same spectra.
    drift: float = 1.0  # of means of thirds, over the standard deviation: no statistics beyond it
    changes: float = 1.3  # of variance or time scale, from the earlier halves to the later
    neighbours: int = 1000  # points whose neighbours are followed
    parting: float = 1.0  # range of log distance that a straight line must explain
    straight: float = 0.95  # share of its variance that the line explains
    surrogates: int = 9
    better: float = 0.6  # error of the forecast over the least of the surrogates'
    no_better: float = 0.85  # error of the forecast over the mean of theirs, from which it is noise
    rough: tuple[float, float] = (0.6, 1.4)  # exponent of small differences: that of diffusion is 1
    normal: float = 1.0  # excess kurtosis of linear noise; of a rotation it is −1.5

    def __post_init__(self) -> None:
        """Check that every number is positive."""
        super().__post_init__()
        for f in fields(self):
            value = getattr(self, f.name)
            for number in value if isinstance(value, tuple) else (value,):
                _require(number > 0, f"criterion {f.name} must be positive, not {number}")


KIND_CRITERIA = KindCriteria()

# How discovery reads the members (A.5.1).
SIGNIFICANCE = 0.1  # mean and mode of a significant coefficient both exceed this
INTERVAL = 0.90  # the width of every interval that is printed


# What the claims on the score are tried on: means at β = 2, laws at β = 1.
SCORE_MEANS = DpaFit(
    latents=2, beta=2.0, hidden=(64, 64, 64), noise=2, steps=3000, batch=256, learning_rate=5e-3
)
SCORE_LAWS = DpaFit(
    latents=2, beta=1.0, hidden=(64, 64, 64, 64), noise=8, steps=3000, batch=96, learning_rate=1e-2
)
# Smaller networks at a lower rate have smoother level sets, which the curve through their centres
# needs; chosen by its distance from the string on seeds 100 to 109, see docs/dpa_score.md.
PATH_MEANS = SCORE_MEANS.but(hidden=(64, 64), learning_rate=2e-3)


@dataclass(frozen=True)
class ScoreChecks(_Settings):
    """How `distributional.score` measures the claims on the score, and by which numbers it judges.

    All are ours. A distance of two sides is 0 where they agree and 1 where nothing connects them.
    """

    positive: ClassVar = (
        *("both_zero", "agrees", "parts", "of_chance", "consistent", "inconsistent", "calibrated"),
        *("uncalibrated", "polar", "not_polar", "variance", "told_force", "untold_force"),
    )

    rows: int = 20_000  # that models are trained on
    starts: int = 3  # trainings for β = 2, of which that with the least E Var(X | e) is taken
    draws: int = 200_000  # binned by code
    level_sets: int = 40
    points: int = 4000  # at which both sides are compared
    replicates: int = 100  # of the bootstrap
    # Each claim holds up to the first number, and fails from the second on.
    both_zero: float = 0.05  # r.m.s. of both sides, of 1 at most, up to which both are zero
    agrees: float = 0.2  # distance of the two sides
    parts: float = 0.5
    of_chance: float = 0.5  # of the distance if points of a level set are exchanged: less holds
    consistent: float = 0.2  # median |cos| of the angle between y − c and dc/dz; 0.71 by chance
    inconsistent: float = 0.4
    calibrated: float = 0.05  # |ratio − 1|
    uncalibrated: float = 0.15
    polar: float = 0.8  # explained share of the worse coordinate; here more is better
    not_polar: float = 0.5
    told_force: float = 0.9  # rank correlation of forces; here more is better
    untold_force: float = 0.5
    variance: float = 0.5  # E Var(X | e) of N(0, I) at most; that of an angle is 0.429
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every setting, and that a claim cannot hold and fail at once."""
        super().__post_init__()
        for name in ("rows", "starts", "draws", "level_sets", "points", "replicates"):
            least = 3 if name == "level_sets" else 1
            _require(
                getattr(self, name) >= least, f"--{name.replace('_', '-')} must be at least {least}"
            )
        _require(self.seed >= 0, "--seed must not be negative")
        _require(
            min(self.draws, self.rows) >= 20 * self.level_sets,
            "--draws are too few for so many --level-sets: draw more, or take fewer of these",
        )
        pairs = (
            *(("agrees", "parts"), ("consistent", "inconsistent"), ("calibrated", "uncalibrated")),
            *(("not_polar", "polar"), ("untold_force", "told_force")),
        )
        for low, high in pairs:
            _require(
                getattr(self, low) <= getattr(self, high),
                f"criterion {low} must not be more than {high}",
            )


@dataclass(frozen=True)
class PathChecks(_Settings):
    """How `distributional.path` looks for the minimum free-energy path, and what it must reach."""

    positive: ClassVar = ("gap", "march", "chamfer", "hausdorff")

    rows: int = 20_000  # that models are trained on
    draws: int = 1_000_000  # binned by code: one in a thousand is on the barrier
    level_sets: int = 60  # to begin with
    least_draws: int = 500  # of a level set: its centre is then known to 0.01
    gap: float = 0.08  # between neighbouring centres, above which level sets are halved
    march: float = 0.01  # step along the gradient
    seeds: int = 5
    seed: int = 0
    # Reached if every seed does. The poster's figures are 0.26 and 0.73.
    chamfer: float = 0.05
    hausdorff: float = 0.20

    def __post_init__(self) -> None:
        """Check every setting."""
        super().__post_init__()
        for name in ("rows", "draws", "level_sets", "least_draws", "seeds"):
            _require(getattr(self, name) >= 1, f"--{name.replace('_', '-')} must be at least 1")
        _require(self.seed >= 0, "--seed must not be negative")
        _require(
            self.draws >= 2 * self.level_sets * self.least_draws,
            "--draws are too few for so many --level-sets: draw more",
        )
