"""The temperature that nobody names: a tenth of the highest at which members stay good."""

from typing import Any

import numpy as np

from ...progress import Progress, Steps
from ...recipes import WITHIN
from ..objectives.data import Data
from ..samplers.thermostat import Tensors
from .divergence import DivergedError
from .session import COLDEST, Session

BELOW = 1e-3  # of the error of the first weights: about where the ladder begins
HOTTEST = 0  # half decades
RESOLVED = 1e-7  # an error of which single precision resolves the slope
JUDGED = 5  # draws of a chain at each rung, of its second half
COOLER = 2  # rungs: a decade, by which the temperature is below the highest that is allowed


def climb(session: Session, judges: Data, done: int, total: int) -> Steps[dict[str, float]]:
    """Bring chains that have just begun to a temperature at which they are as good as the start.

    The last rung of a ladder is sought, from cold to hot, before members' mean of Eq. 14 on the
    frames `judges` exceeds twice that of the first weights, or twice what single precision
    resolves: below it the rounding of forces heats more than the bath. There the temperature makes
    half of the error; as it makes an error in proportion to itself, a decade below it makes a
    tenth, and that rung is taken, or the coldest. Rungs are whole and half decades; the coldest may
    be lost to rounding, and are left out.

    Returns
    -------
    dict of str to float
        `temperature`, and `temperature_allowed`, the highest of members that stay good;
        `validation`, the error of the first weights, `validation_allowed`, that members may have,
        and `validation_of_members`, theirs at this temperature.
    """
    begun = float(np.mean([_error(session, e, judges) for e in session.encoders()]))
    least = max(begun, RESOLVED)
    allowed = WITHIN * least
    kept: list[tuple[float, float, Any, Any]] = []
    rung = COLDEST
    first = int(np.floor(2 * np.log10(max(least * BELOW, COLDEST))))
    for half_decades in range(first, HOTTEST + 1):
        rung = 10.0 ** (half_decades / 2)
        try:
            session.heat(rung)
            draws = [mine for _, mine in session.collect(session.settings.encoders)]
        except DivergedError:
            if not kept:
                continue  # so cold that forces are rounding: a hotter one may be sampled
            break
        at = np.linspace(len(draws[0][0]) // 2, len(draws[0][0]) - 1, JUDGED).astype(int)
        error = float(
            np.mean([_error(session, [w[i] for w in mine], judges) for mine in draws for i in at])
        )
        yield Progress("temperature", done, total, {"T": rung, "validation error": error})
        good = error <= allowed
        if good or not kept:  # the coldest is kept though it be too hot
            kept.append((rung, error, session.states, session.charts))
        if not good:
            break
    if not kept:
        raise DivergedError(
            f"the sampler diverged at every temperature that was tried, up to {rung:.2g}: lower "
            "--step-share or --confinement"
        )
    taken = kept[max(len(kept) - 1 - COOLER, 0)]
    session.temperature, error, session.states, session.charts = taken
    return {
        "temperature": session.temperature,
        "temperature_allowed": kept[-1][0],
        "validation": begun,
        "validation_allowed": allowed,
        "validation_of_members": error,
    }


def _error(session: Session, encoder: Tensors, judges: Data) -> float:
    """Return Eq. 14 of one encoder on some frames."""
    return session.loop.problem.loss(encoder, session.fixed(), judges)
