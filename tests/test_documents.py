"""The documents name functions that exist, and link to places that are there."""

import importlib
import re
from pathlib import Path

import pytest
from conftest import TINY_FIT

from eae_sindy import recipes

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/**/*.md")]
ROOMS = {p.stem for p in (ROOT / "eae_sindy").iterdir() if p.suffix in ("", ".py")}


def resolves(name):
    """Tell whether a dotted name, relative to the package, can be imported."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["eae_sindy", *parts[:k]]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize(
    "page", ["method", "uncertainty", "sampler", "data", "kinds", "dpa", "dpa_score"]
)
def test_functions_that_a_page_names_exist(page):
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    names = {
        name
        for name in re.findall(r"`([a-z_]\w*(?:\.\w+)+)`", text)
        if name.split(".")[0] in ROOMS and not name.endswith((".py", ".h5", ".json"))
    }
    assert names
    assert not [name for name in sorted(names) if not resolves(name)]


def anchors(path):
    """Return the anchors that a forge gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if target.startswith(("http:", "https:", "auto_gallery/")):  # the last is made by Sphinx
            continue
        file, _, anchor = target.partition("#")
        place = path if not file else (path.parent / file).resolve()
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), target


def test_python_of_the_readme_runs_from_top_to_bottom(small, tmp_path, monkeypatch, capsys):
    """Its blocks share their names, as cells of a notebook do; recipes are tiny ones here."""
    monkeypatch.chdir(tmp_path)
    for recipe in ("quick", "standard"):
        monkeypatch.setitem(recipes.RECIPES, recipe, TINY_FIT)
    small.save("wake.h5")
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"),
                        re.MULTILINE | re.DOTALL)  # fmt: skip
    assert blocks
    names: dict = {"x": small.field, "time": small.time}
    names |= {"new": small.field[-60:], "new_time": small.time[-60:]}
    for block in blocks:
        exec(block, names)
    assert "z1' = " in capsys.readouterr().out
    assert (tmp_path / "equations.h5").is_file()
