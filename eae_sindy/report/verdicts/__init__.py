"""Plain sentences: what is fine, what is not, and what to change."""

from ...discovery.result import Discovery
from ...dynamics.kind import CHAOTIC
from ...recipes import CRITERIA, Criteria
from .chains import of_chains
from .comparison import of_comparison
from .equations import no_equations, of_equations, of_kind_of_equations
from .inputs import of_input, of_preparation
from .verdict import SUBJECTS, Verdict
from .whole import headline, of_kind, of_reconstruction, resting

__all__ = [
    "SUBJECTS",
    "Verdict",
    "judge",
    "of_chains",
    "of_comparison",
    "of_equations",
    "of_input",
    "of_preparation",
]


def judge(found: Discovery, criteria: Criteria = CRITERIA) -> list[Verdict]:
    """Say in plain sentences what is fine, what is not, and what to change."""
    if found.answers is None:
        equations = [no_equations(found, criteria)]
    else:
        exponent = found.kind.yardsticks.exponent if found.kind.name == CHAOTIC else None
        equations = [
            *of_kind_of_equations(found.kind_of_equations, criteria),
            *of_equations(found.answers, found.baselines, criteria, exponent=exponent),
        ]
    said = [
        of_kind(found.kind),
        of_reconstruction(found, criteria),
        *of_preparation(found.ensemble.attributes, criteria),
        *of_input(found.flaws, found.dropped, len(found.members), criteria),
        *resting(equations, found, criteria),
        *of_chains(found.diagnostics, found.ensemble, criteria),
    ]
    return [headline(found, said, criteria), *said]
