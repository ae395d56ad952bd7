"""Pieces of HTML: whatever enters is escaped, whatever leaves is balanced."""

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .numbers import aligned, cell, number

VOID = {"img", "meta"}  # elements without an end


class Markup(str):
    """HTML as it stands. Any other string is text, and is escaped where it enters."""


def tag(name: str, /, *children: str, **attributes: str) -> Markup:
    """Return an element. A trailing underscore of an attribute's name is dropped: ``class_``."""
    said = "".join(
        f' {k.rstrip("_").replace("_", "-")}="{escape(v)}"' for k, v in attributes.items()
    )
    if name in VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Return children one after another; what is not markup is escaped."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children))


def say(*parts: str, **attributes: str) -> Markup:
    """Return a paragraph."""
    return tag("p", *parts, **attributes)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> Markup:
    """Return a table that scrolls within itself where the window is narrow.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : sequences of str
        The first cell names its row.
    words : int
        How many columns, from the left, hold words; the others hold numbers.
    """

    def row(cells: Sequence[str], kind: str) -> Markup:
        return tag("tr", *(
            tag("td" if kind == "row" and i else "th", c, class_="word" if i < words else "number",
                **({} if kind == "row" and i else {"scope": kind}))
            for i, c in enumerate(cells)
        ))  # fmt: skip

    body = [row(cells, "row") for cells in rows]
    return tag("div", tag("table", tag("thead", row(head, "col")), tag("tbody", *body)),
               class_="scroll")  # fmt: skip


def facts(facts: Mapping[str, str]) -> Markup:
    """Return a list of names and what is to be said about each."""
    pairs = (tag("div", tag("dt", k.replace("_", " ")), tag("dd", v)) for k, v in facts.items())
    return tag("dl", *pairs)


def records(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Return a table of rows whose columns are the keys that any of them has a value for."""
    columns = []
    for name in dict.fromkeys(k for row in rows for k in row):
        values = [None if _missing(row.get(name)) else row[name] for row in rows]
        if all(v is None for v in values):
            continue
        if all(isinstance(v, float | None) for v in values):
            whole = all(v is None or v.is_integer() for v in values)
            printed = ([cell(v if v is None else int(v)) for v in values] if whole
                       else aligned([math.nan if v is None else v for v in values]))  # fmt: skip
        else:
            printed = [cell(v) for v in values]
        columns.append([name, *printed])
    head, *body = zip(*columns, strict=True)
    return table(head, body)


def _missing(value: Any) -> bool:
    """Whether there is nothing to print: NaN counts as nothing."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def picture(png: bytes, alt: str, *caption: str) -> Markup:
    """Return a figure whose image stands in the page itself, at half its size or less."""
    source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    width = int.from_bytes(png[16:20]) // 2  # where a PNG says how wide it is
    return tag("figure", tag("img", src=source, alt=alt, width=str(width)),
               tag("figcaption", *caption))  # fmt: skip


def rate(k: int) -> Markup:
    """Return the left side of equation `k` in MathML, z with a dot."""
    return Markup(f'<msub><mover><mi>z</mi><mo accent="true">˙</mo></mover><mn>{k + 1}</mn></msub>')


def equation(k: int, parts: Sequence[tuple[float, str]]) -> Markup:
    """Return equation `k` in MathML, a sum of coefficients and terms.

    Each term is a formula of its own, so that a line can break between any two.

    Parameters
    ----------
    parts : sequence of (float, str)
        Coefficients, and the MathML of their terms; an empty one for a constant.
    """
    pieces = [tag("math", rate(k), tag("mo", "="))]
    for i, (value, term) in enumerate(parts):
        gap = {"lspace": "0", "rspace": "0.25em"} if i else {"form": "prefix"}
        sign = tag("mo", "−" if value < 0 else "+", **gap) if i or value < 0 else Markup("")
        times = tag("mspace", width="0.2em") if term else Markup("")
        pieces.append(tag("math", sign, tag("mn", number(abs(value))), times, Markup(term)))
    if not parts:
        pieces.append(tag("math", tag("mn", "0")))
    return tag("p", *(Markup(f"{p}\n") for p in pieces), class_="equation")
