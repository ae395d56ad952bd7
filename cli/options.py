"""What the commands share: options, the config file, the progress bar, the one door for errors."""

import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from eae_sindy.errors import EaeSindyError
from eae_sindy.progress import Progress, Steps, finish

T = TypeVar("T")
SHARED = ("seed", "force")  # names that mean the same in every command
QUIET_SECONDS = 10.0  # between plain progress lines where there is no terminal


class Command(click.Command):
    """A command that says in one line what it cannot do, and exits with 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EaeSindyError as error:
            raise click.ClickException(str(error)) from error
        except MemoryError as error:
            raise click.ClickException(
                "out of memory: use fewer frames, a smaller --rank or --batch"
            ) from error
        except KeyboardInterrupt as error:
            raise click.ClickException("interrupted: no half-written file is left") from error


def _configure(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the values of a TOML file as this command's defaults."""
    if path is None:
        return
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.BadParameter(f"{path} is not a readable TOML file ({error})") from error
    # One meaning in every command stands at the top; the rest in a table for its command.
    known = {p.name: p for p in context.command.params}
    group = context.parent.command if context.parent else None
    commands = set(group.commands) if isinstance(group, click.Group) else {context.info_name}
    own = values.get(context.info_name or "", {})
    for name, value in values.items():
        if isinstance(value, dict) != (name in commands) or not (
            name in commands or name in SHARED
        ):
            raise click.BadParameter(
                f"{name!r} in {path} is no table for a command and not one of {', '.join(SHARED)}: "
                f"put options into a table such as [{context.info_name}]"
            )
    found = {k: v for k, v in values.items() if k in SHARED and k in known}
    for key, value in own.items():
        name = key.replace("-", "_")
        if name not in known:
            raise click.BadParameter(
                f"unknown name {key!r} in {path}: use the names of the options"
            )
        several = known[name].multiple if isinstance(known[name], click.Option) else False
        found[name] = [value] if several and not isinstance(value, list) else value
    context.default_map = found


config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_configure,
    help="TOML file with a table of options for each command, under the same names.",
)
force = click.option("--force", is_flag=True, help="Overwrite what exists.")
seed = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The one source of randomness.",
)


def output(default: str) -> Callable[[Any], Any]:
    """Return the -o option with its default."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
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
    return finish(_bar(steps) if sys.stderr.isatty() else _plain(steps))


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
