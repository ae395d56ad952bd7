"""A discovery with its sentences and its summary, each made once."""

from typing import Any, NamedTuple

from ..discovery.result import Discovery
from ..recipes import Criteria
from .summary import summarise
from .verdicts import Verdict, judge


class Report(NamedTuple):
    """What is printed, written and drawn of a discovery, made once for all three.

    Attributes
    ----------
    discovery : Discovery
    criteria : Criteria
        The numbers it was judged by.
    verdicts : list of Verdict
        Its sentences.
    summary : dict
        What goes into summary.json.
    """

    discovery: Discovery
    criteria: Criteria
    verdicts: list[Verdict]
    summary: dict[str, Any]

    @classmethod
    def of(cls, discovery: Discovery, criteria: Criteria | None = None) -> "Report":
        """Judge a discovery, by the criteria it was made with if no others are given."""
        criteria = criteria or discovery.criteria
        said = judge(discovery, criteria)
        return cls(discovery, criteria, said, summarise(discovery, said, criteria))
