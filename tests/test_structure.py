"""The import rules of docs/architecture.md, read off the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A file imports from lower ranks, and within a rank from those before it.
RANKS = [
    ["errors", "recipes", "storage", "progress"],
    ["snapshots", "library", "networks", "pod", "ensemble", "segments"],
    [
        "lambda_omega",
        "coefficients",
        "modes",
        "symmetry",
        "orbits",
        "selection",
        "uncertainty",
        "forecast",
        "handover",
        "equations",
        "unseen",
        "latents",
        "prediction",
        "diagnostics",
        "baselines",
    ],
    ["answers", "reading", "comparison", "verdicts", "discovery"],
    [
        "figures",
        "figure_answers",
        "figure_comparison",
        "figure_forecast",
        "report",
        "markup",
        "page_tables",
        "page",
        "export",
    ],
]
ORDER = [name for rank in RANKS for name in rank]
AT_THE_TOP = {  # besides the standard library
    0: set(),
    1: {"numpy", "h5py"},
    2: {"numpy", "h5py", "scipy"},
    3: {"numpy", "h5py", "scipy"},
    4: {"numpy", "h5py", "scipy", "matplotlib"},
}
LIBRARY = sorted((ROOT / "eae_sindy").glob("*.py"))
NEURAL = sorted((ROOT / "eae_sindy" / "neural").glob("*.py"))
COMMANDS = sorted((ROOT / "cli").glob("*.py"))


def rank(name: str) -> int:
    return next(r for r, names in enumerate(RANKS) if name in names)


def imports(path: Path, *, inside: bool) -> set[str]:
    """Return dotted names that a file imports; those inside functions only if `inside`."""
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree)) if inside else tree.body
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            separator = "" if base.endswith(".") else "."
            found |= ({base} if node.module else set()) if node.module else {
                base + separator + alias.name for alias in node.names}  # fmt: skip
    return found


def local(names: set[str], dots: str) -> set[str]:
    """Return the first parts of relative imports that start with exactly these dots."""
    return {n.removeprefix(dots).split(".")[0] for n in names
            if n.startswith(dots) and not n.startswith(dots + ".")}  # fmt: skip


def external(names: set[str]) -> set[str]:
    return {n.split(".")[0] for n in names if not n.startswith(".")} - set(sys.stdlib_module_names)


def test_every_room_has_a_rank():
    assert {p.stem for p in LIBRARY} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("path", [p for p in LIBRARY if p.stem != "__init__"], ids=lambda p: p.stem)
def test_a_room_imports_from_below(path):
    below = set(ORDER[: ORDER.index(path.stem)])
    assert local(imports(path, inside=True), ".") - {"__version__"} <= below
    assert external(imports(path, inside=False)) <= AT_THE_TOP[rank(path.stem)]
    everywhere = external(imports(path, inside=True))
    assert not everywhere & {"tensorflow", "keras", "click"}
    if not path.stem.startswith("figure"):
        assert "matplotlib" not in everywhere


@pytest.mark.parametrize("path", NEURAL, ids=lambda p: p.stem)
def test_neural_knows_ranks_0_and_1_and_no_more(path):
    names = imports(path, inside=True)
    outside = local(names, "..") - {"__version__"}
    assert outside <= {n for n in ORDER if rank(n) <= 1}
    assert external(names) <= {"numpy", "tensorflow", "keras"}


@pytest.mark.parametrize("path", COMMANDS, ids=lambda p: p.stem)
def test_commands_import_little_before_they_run(path):
    top = {n for n in imports(path, inside=False) if not n.startswith(".")}
    heavy = {n for n in top if n.split(".")[0] not in sys.stdlib_module_names}
    assert heavy <= {"click", "eae_sindy", "eae_sindy.errors", "eae_sindy.progress"}


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from eae_sindy_cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'pysindy', 'matplotlib', 'numpy', 'scipy', 'h5py'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_discovery_never_loads_tensorflow():
    code = (
        "import sys, eae_sindy.discovery, eae_sindy.report, eae_sindy.figures\n"
        "from eae_sindy.library import standard; standard(2)\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("path", [p for p in LIBRARY if p.stem != "__init__"], ids=lambda p: p.stem)
def test_no_file_has_two_nouns(path):
    """A file much longer than a screenful or two holds more than one thing."""
    assert len(path.read_text().splitlines()) <= 350
