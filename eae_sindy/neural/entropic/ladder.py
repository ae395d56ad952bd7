"""The temperature that nobody names: the highest at which members are as good as the start."""

import numpy as np
import tensorflow as tf

from ...progress import Progress, Steps
from ...recipes import WITHIN
from ..objectives.data import Data
from ..samplers.thermostat import Tensors
from .divergence import DivergedError
from .session import COLDEST, Session

RUNG = np.sqrt(10.0)  # from one temperature of the ladder to the next
BELOW = 1e-3  # of the start's error: about where the ladder begins
HOTTEST = 1.0
JUDGED = 5  # draws of a chain at each rung, of its second half


def climb(session: Session, judges: Data, done: int, total: int) -> Steps[dict[str, float]]:
    """Bring chains that have just begun to the highest temperature at which they stay good.

    That is the last rung of a ladder, from cold to hot, before members' mean of Eq. 14 on the
    frames `judges` exceeds twice that of the first weights. Rungs are whole and half decades.

    Returns
    -------
    dict of str to float
        `temperature`; `validation`, the error of the first weights, and `validation_of_members`,
        that of members at this temperature.
    """
    begun = float(np.mean([_error(session, e, judges) for e in session.encoders()]))
    rung = max(COLDEST, 10.0 ** (np.floor(2 * np.log10(max(begun * BELOW, COLDEST))) / 2))
    kept = None
    while rung <= HOTTEST:
        try:
            session.heat(rung)
            draws = [mine for _, mine in session.collect(session.settings.encoders)]
        except DivergedError:
            break
        at = np.linspace(len(draws[0][0]) // 2, len(draws[0][0]) - 1, JUDGED).astype(int)
        error = float(
            np.mean([_error(session, [w[i] for w in mine], judges) for mine in draws for i in at])
        )
        yield Progress("temperature", done, total, {"T": rung, "validation error": error})
        if kept is not None and not error <= WITHIN * begun:
            break
        kept = rung, error, session.states, session.charts
        if not error <= WITHIN * begun:
            break  # the coldest is too hot already
        rung *= RUNG
    if kept is None:
        raise DivergedError(
            f"the sampler diverged at the coldest temperature that was tried, {rung:.2g}: lower "
            "--step-share or --confinement, or give a --temperature"
        )
    session.temperature, error, session.states, session.charts = kept
    return {
        "temperature": session.temperature,
        "validation": begun,
        "validation_of_members": error,
    }


def _error(session: Session, encoder: Tensors, judges: Data) -> float:
    """Return Eq. 14 of one encoder on some frames."""
    weights = (tuple(map(tf.convert_to_tensor, encoder)), session.fixed())
    return float(session.loop.problem.objective(weights, judges, tf.zeros(2, tf.int32)))
