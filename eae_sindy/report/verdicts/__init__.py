"""Plain sentences: what is fine, what is not, and what to change."""

from ...discovery.result import Discovery
from ...recipes import CRITERIA, Criteria
from .chains import of_chains
from .comparison import of_comparison
from .equations import of_equations
from .inputs import of_input
from .verdict import SUBJECTS, Verdict

__all__ = ["SUBJECTS", "Verdict", "judge", "of_chains", "of_comparison", "of_equations", "of_input"]


def judge(found: Discovery, criteria: Criteria = CRITERIA) -> list[Verdict]:
    """Say in plain sentences what is fine, what is not, and what to change."""
    return [
        *of_input(found.flaws, found.dropped, len(found.members), criteria),
        *(of_equations(found.answers, found.baselines, criteria) if found.answers else []),
        *of_chains(found.diagnostics, found.ensemble, criteria),
    ]
