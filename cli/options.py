"""What the commands share: options, the progress bar, the one door for errors."""

import errno
import functools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

from eae_sindy import recipes
from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Progress, Steps, finish

from .config import configure, out_of_bounds

T = TypeVar("T")
QUIET_SECONDS = 10.0  # between plain progress lines where there is no terminal


class Terminated(BaseException):
    """The process was asked to end, by SIGTERM."""


class _Ended(click.ClickException):
    """What is said then, and the code that a shell gives to it."""

    exit_code = 128 + signal.SIGTERM


class Command(click.Command):
    """A command that says in one line what it cannot do, and exits with 1.

    Ended by SIGTERM it says so, too, and exits with 143, as a shell would have it.
    """

    def invoke(self, context: click.Context) -> Any:
        """Run the command, and turn what goes wrong into one line."""
        try:
            with _terminable():
                _check(context)
                return super().invoke(context)
        except EaeSindyError as error:
            raise click.ClickException(str(error)) from error
        except MemoryError as error:
            raise click.ClickException(
                "out of memory: use fewer frames, a smaller --rank or --batch"
            ) from error
        except KeyboardInterrupt as error:
            raise click.ClickException(f"interrupted: {_next(error)}") from error
        except Terminated as error:
            raise _Ended(f"ended by SIGTERM: {_next(error)}") from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends quietly where nobody reads on
                raise
            raise click.ClickException(_said(error)) from error


def _next(error: BaseException) -> str:
    """Say what is left, or what to do now, after work was ended from outside."""
    return str(error.args[0]) if error.args else "no half-written file is left"


def _said(error: OSError) -> str:
    """Say on one line what the system refused, and of which file."""
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{' '.join((error.strerror or str(error)).split())}: check the disk and the path"


# Signals that asked for an end. An exception alone may be lost: TensorFlow was seen to swallow it.
_asked: list[int] = []


@contextmanager
def _terminable() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM, so that what is half-written goes, unless it is ignored."""
    before = signal.getsignal(signal.SIGTERM)
    main = threading.current_thread() is threading.main_thread()
    if not main or before is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        _asked.append(number)
        if len(_asked) == 1:  # another one must not stop what the first one tidies up
            raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _asked.clear()


def _check(context: click.Context) -> None:
    """Refuse numbers that no option can mean, wherever they were given."""
    for parameter in context.command.params:
        values = context.params.get(parameter.name or "")
        for value in values if isinstance(values, tuple) else (values,):
            if wrong := out_of_bounds(value):
                raise EaeSindyError(f"{parameter.opts[0]}: {wrong}, give another")


class _OutputPath(click.Path):
    """A path to write to, which has a name."""

    def convert(self, value: Any, *rest: Any) -> Any:
        """Return the path. Raises `click.ClickException` if there is nothing between quotes."""
        if value == "":
            raise click.ClickException("the output has no name: give one with -o")
        return super().convert(value, *rest)


config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=configure,
    help="TOML file with a table of options for each command, under the same names.",
)
recipe = click.option(
    "--recipe",
    default=recipes.DEFAULT,
    show_default=True,
    help=f"A named set of the values below: {', '.join(recipes.RECIPES)}.",
)
device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="auto uses a GPU where TensorFlow sees one.",
)
jobs = click.option(
    "--jobs",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Processes for several chains; 0 for as many as there are cores.",
)
force = click.option("--force", is_flag=True, help="Overwrite what exists.")
seed = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The one source of randomness.",
)


class Count(click.ParamType):
    """A whole number, or a word instead of one."""

    name = "integer|auto"

    def __init__(self, word: str) -> None:
        self.word = word

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Return the number, or the word."""
        return self.word if value == self.word else int(click.INT.convert(value, param, ctx))


NAMES = (
    *("field", "rate", "time", "trajectory", "mask", "time_axis", "channel_axis", "scale"),
    *("delays", "delay_step", "order"),
)
_NAMES = (
    click.option(
        "--field", multiple=True, help="Variable that is the field; repeat to stack channels."
    ),
    click.option(
        "--rate",
        multiple=True,
        help="Its time derivative, one for each --field; none for differences.",
    ),
    click.option("--time", help="Variable of the times, or a number: the step between frames."),
    click.option("--trajectory", help="Variable of trajectory numbers or names."),
    click.option("--mask", help="Variable that says which points count: 0 where none does."),
    click.option(
        "--time-axis", type=int, help="Axis of the field that is time, from 0, if several may be."
    ),
    click.option(
        "--channel-axis", type=int, help="Axis of the field that is channels, with units each."
    ),
    click.option(
        "--scale",
        help="Of several channels: own for each by its own fluctuation, none, or a file of "
        "snapshots or an ensemble whose scales are taken.  [default: own]",
    ),
    click.option(
        "--delays",
        type=Count("auto"),
        help="Make delay coordinates of few observables: so many values of each, or auto.",
    ),
    click.option(
        "--delay-step",
        type=click.IntRange(1),
        help="Frames between them; by the autocorrelation if left out.",
    ),
    click.option(
        "--order",
        type=click.IntRange(1, 2),
        help="2 for a mechanical system, whose state is a frame and its rate.  [default: 1]",
    ),
)


def named(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which variables of a file are what, as one argument `names`."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        given = {k: values.pop(k) for k in NAMES}
        return command(**values, names={k: v for k, v in given.items() if v not in (None, ())})

    wrapped: Any = gathered
    for option in reversed(_NAMES):
        wrapped = option(wrapped)
    return wrapped


def measured(names: Mapping[str, Any], path: Path, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `names` of new data, whose channels are divided as those of an ensemble were.

    Its delays and its order are the ensemble's, too. `path` and `attributes` are those of the
    ensemble. What a user says counts more.
    """
    delayed = {k: int(attributes[k]) for k in ("delays", "delay_step", "order") if k in attributes}
    return ({"scale": path} if "channel_scale" in attributes else {}) | delayed | dict(names)


def output(default: str) -> Callable[[Any], Any]:
    """Return the -o option with its default."""
    return click.option(
        "-o",
        "--output",
        type=_OutputPath(path_type=Path),
        default=Path(default),
        show_default=True,
        help="Where the result goes.",
    )


def warn(text: str | None) -> None:
    """Say what is doubtful about a result, beside it; nothing if there is nothing to say."""
    if text:
        click.echo(f"warning: {text}", err=True)


def follow(steps: Steps[T]) -> T:
    """Run work to its end, draw how far it is, and return its result.

    A bar with the time left on a terminal; otherwise now and then a line.
    """
    return finish(_bar(_ending(steps)) if sys.stderr.isatty() else _plain(_ending(steps)))


def _ending(steps: Steps[T]) -> Steps[T]:
    """Do the same work, but end it where a signal asks for it that nobody has minded yet."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if _asked:
            raise Terminated
        yield step


def _note(step: Progress) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in step.values.items())


def _bar(steps: Steps[T]) -> Steps[T]:
    bar: Any = click.progressbar(
        length=1, file=sys.stderr, show_pos=True, item_show_func=lambda s: _note(s) if s else ""
    )
    with bar:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            bar.length, bar.label = step.total, step.stage
            bar.update(step.done - bar.pos, step)
            yield step


def _plain(steps: Steps[T]) -> Steps[T]:
    start = said = time.monotonic()
    stage = None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        now = time.monotonic()
        if step.stage != stage:
            start, stage = now, step.stage
        if now - said >= QUIET_SECONDS or step.done >= step.total:
            left = (now - start) / max(step.done, 1) * (step.total - step.done)
            note = f"  {_note(step)}" if step.values else ""
            rest = f"  {left:.0f} s left" if now > start else ""
            click.echo(f"{step.stage} {step.done}/{step.total}{note}{rest}", err=True)
            said = now
        yield step
