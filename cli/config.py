"""The values of a TOML file as the defaults of a command."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

SHARED = ("seed", "force")  # names that mean the same in every command
LARGEST = 2**63  # whole numbers below it fit everywhere


def configure(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the values of a TOML file as the defaults of the command in `context`.

    Names that mean the same in every command stand at the top, or in the table of a group; all else
    in the table of its command. That of a nested command is named in full: [dpa.fit] for `dpa fit`.

    Raises
    ------
    click.ClickException
        If the file cannot be read, or has a name, a type or a value in it that cannot be meant.
    """
    if path is None:
        return
    found: dict[str, Any] = {}
    known = {p.name: p for p in context.command.params if p.name and p.expose_value}
    table = _read(path)
    way = _way(context)
    for level, (name, group) in enumerate(way):
        found |= _shared(table, group, known, path, [n for n, _ in way[:level]])
        inner = table.get(name, {})
        if not isinstance(inner, dict):
            raise _refusal(path, name, f"put options into a table such as [{name}]")
        table = inner
    for key, value in table.items():
        where, name = ".".join([*(n for n, _ in way), key]), key.replace("-", "_")
        if name not in known:
            raise _refusal(path, where, "there is no such option, use the names of the options")
        if sum(k.replace("-", "_") == name for k in table) > 1:
            raise _refusal(path, where, "it stands there twice, keep one")
        found[name] = _value(known[name], value, context, path, where)
    context.default_map = found


def _way(context: click.Context) -> list[tuple[str, click.Group | None]]:
    """Return the names that lead to a command, from the top, each with the group that has it."""
    way: list[tuple[str, click.Group | None]] = []
    here: click.Context | None = context
    while here is not None and (here.parent is not None or not way):
        group = here.parent.command if here.parent else None
        way.append((here.info_name or "", group if isinstance(group, click.Group) else None))
        here = here.parent
    return way[::-1]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise click.ClickException(
            f"{path} is not a readable TOML file ({said}): mend it"
        ) from error


def _shared(
    table: Mapping[str, Any],
    group: click.Group | None,
    known: Mapping[str, click.Parameter],
    path: Path,
    above: list[str],
) -> dict[str, Any]:
    """Return what a table says for every command below it; refuse names that nobody has."""
    found = {}
    for name, value in table.items():
        where = ".".join([*above, name])
        if isinstance(value, dict):
            if group is not None and name not in group.commands:
                commands = ", ".join(f"[{'.'.join([*above, c])}]" for c in sorted(group.commands))
                raise _refusal(path, where, f"there is no such command, the tables are {commands}")
        elif name not in SHARED:
            raise _refusal(
                path,
                where,
                f"only {' and '.join(SHARED)} stand outside the table of a command",
            )
        elif name in known:
            found[name] = _value(known[name], value, None, path, where)
    return found


def _refusal(path: Path, key: str, why: str) -> click.ClickException:
    return click.ClickException(f"{key!r} in {path}: {why}")


def _value(
    option: click.Parameter, value: Any, context: click.Context | None, path: Path, where: str
) -> Any:
    """Return a value that an option can take; a list for one that may be given several times."""
    if option.multiple:
        several = value if isinstance(value, list) else [value]
        if not several:
            raise _refusal(path, where, "the list is empty, give one value at least")
    elif isinstance(value, list):
        raise _refusal(path, where, "it is a list, give one value")
    else:
        several = [value]
    for one in several:
        wrong = _wrong(option, one)
        if wrong:
            raise _refusal(path, where, wrong)
        try:
            option.type.convert(one, option, context)
        except click.BadParameter as error:
            raise _refusal(path, where, " ".join(error.message.split())) from error
    return several if option.multiple else value


def _wrong(option: click.Parameter, value: Any) -> str | None:
    """Say why a value is not of the type that an option takes; None if it is."""
    types: tuple[type, ...] = (str, int)  # of a type of our own, which says itself what it takes
    wanted = "a number or text"
    if isinstance(option.type, click.types.StringParamType | click.Path | click.Choice):
        wanted, types = "text in quotes", (str,)
    if isinstance(option, click.Option) and option.is_flag:
        wanted, types = "true or false", (bool,)
    elif isinstance(option.type, click.types.IntParamType):
        wanted, types = "a whole number", (int,)
    elif isinstance(option.type, click.types.FloatParamType):
        wanted, types = "a number", (int, float)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        return f"it takes {wanted}, not {' '.join(str(value).split())[:40]!r}"
    return out_of_bounds(value)


def out_of_bounds(value: Any) -> str | None:
    """Say why no option takes a number: it is NaN, or too large a whole number; None if it may."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN is no number to work with"
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        return f"{str(value)[:8]}… with {len(str(abs(value)))} digits is too large"
    return None
