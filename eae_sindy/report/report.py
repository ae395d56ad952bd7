"""A discovery with its sentences and its summary, each made once."""

from typing import Any, NamedTuple

from ..discovery.result import Discovery
from .summary import summarise
from .verdicts import Verdict, judge


class Report(NamedTuple):
    """What is printed, written and drawn of a discovery.

    `verdicts` are its sentences, `summary` is what goes into summary.json.
    """

    discovery: Discovery
    verdicts: list[Verdict]
    summary: dict[str, Any]

    @classmethod
    def of(cls, discovery: Discovery) -> "Report":
        """Judge a discovery and summarise it."""
        said = judge(discovery)
        return cls(discovery, said, summarise(discovery, said))
