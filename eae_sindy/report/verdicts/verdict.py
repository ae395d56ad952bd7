"""One plain sentence with a level, and a code that scripts and tests can rely on."""

from collections.abc import Mapping
from typing import NamedTuple

from ...recipes import Turns

# Every code with the subject that is printed for it. The words of a sentence may change; its code
# stays. docs/architecture.md says what each of them means.
SUBJECTS: Mapping[str, str] = {
    "headline": "in short",
    "reconstruction": "reconstruction",
    "kind-of-dynamics": "kind of dynamics",
    "kind-of-equations": "kind of equations",
    "no-equations": "equations",
    "frames-left-out": "frames",
    "rates-differentiated": "rates",
    "frames-smoothed": "noise",
    "rates-made": "rates",
    "terms-overflow": "library",
    "members-dropped": "members",
    "one-member": "spread",
    "members-run": "do they run",
    "period-inside": "period",
    "period-wide": "period",
    "period-outside": "period",
    "period-of-equations": "period",
    "period-unknown": "period",
    "off-cycle-attracts": "off the cycle",
    "off-cycle-attracts-somehow": "off the cycle",
    "off-cycle-repels": "off the cycle",
    "off-cycle-disagree": "off the cycle",
    "off-cycle-unknown": "off the cycle",
    "off-cycle-neutral": "off the cycle",
    "choice-lost": "choice",
    "forecast-vs-reconstruction": "forecast",
    "against-pod": "against POD",
    "control-as-good": "against the others",
    "network-ahead": "against the others",
    "others-ahead": "against the others",
    "one-answer": "answers",
    "answers-same": "answers",
    "answers-differ": "answers",
    "normal-form-agrees": "one frame",
    "normal-form-differs": "one frame",
    "collinear-terms": "single coefficients",
    "settling-before": "settling",
    "settling-left-out": "settling",
    "settling-unknown": "settling",
    "settling-never": "settling",
    "mixing": "mixing",
    "independent-draws": "independent draws",
    "temperature-chosen": "temperature",
    "temperature-too-hot": "temperature",
    "some-frames": "frames sampled",
    "kinetic-temperature": "kinetic temperature",
    "kinetic-temperature-off": "kinetic temperature",
    "configurational-temperature": "configurational temperature",
    "time-step": "time step",
    "batch-noise": "batch noise",
    "stationarity": "stationarity",
    "one-decoder": "decoders",
    "between-decoders": "decoders",
}

LEVELS = ("good", "caution", "bad")


class Verdict(NamedTuple):
    """One plain sentence about one subject.

    Attributes
    ----------
    code : str
        What kind of sentence it is, one of `SUBJECTS`.
    subject : str
        What it is about, in print.
    level : {"good", "caution", "bad"}
    text : str
        The sentence, without a full stop.
    advice : str
        What would make it better, where that is not in the sentence; it may be empty.
    """

    code: str
    subject: str
    level: str
    text: str
    advice: str = ""

    @classmethod
    def of(cls, code: str, level: str, text: str, advice: str = "") -> "Verdict":
        """Return a verdict with the subject that its code has."""
        return cls(code, SUBJECTS[code], level, text, advice)

    @property
    def sentence(self) -> str:
        """Return the text, and the advice if there is one."""
        return f"{self.text}: {self.advice}" if self.advice else self.text


def worse(one: str, other: str) -> str:
    """Return the worse of two levels."""
    return max(one, other, key=LEVELS.index)


def graded(value: float, turns: Turns) -> str:
    """Return the level of a value between two turns; NaN is bad."""
    good, caution = turns
    if good > caution:  # more is better
        value, good, caution = -value, -good, -caution
    return "good" if value <= good else "caution" if value <= caution else "bad"
