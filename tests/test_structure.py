"""The rules of docs/architecture.md, read off the source."""

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import eae_sindy

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "eae_sindy").rglob("*.py"))
COMMANDS = sorted((ROOT / "cli").glob("*.py"))
HEAVY = {"tensorflow", "pysindy", "matplotlib", "numpy", "scipy", "h5py", "sklearn", "click"}
LONGEST = 80  # lines of a function
POSITIONAL = 9  # arguments of a call: more are named, or nobody can read them


def test_rooms_import_what_they_may():
    """Layers, circles, and who may load TensorFlow, matplotlib and click: see pyproject.toml."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; "
         "raise SystemExit(lint_imports(no_cache=True))"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", COMMANDS, ids=lambda p: p.stem)
def test_commands_import_little_before_they_run(path):
    top = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            top |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            top.add(node.module)
    heavy = {n for n in top if n.split(".")[0] not in sys.stdlib_module_names}
    assert heavy <= {
        "click",
        "eae_sindy",
        "eae_sindy.errors",
        "eae_sindy.progress",
        "eae_sindy.recipes",
    }


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("from eae_sindy_cli.main import main; main(['--help'], standalone_mode=False)", {"click"}),
        ("import eae_sindy; dir(eae_sindy); eae_sindy.recipe('quick')", set()),
    ],
    ids=["--help", "import"],
)
def test_nothing_heavy_is_loaded(code, allowed):
    end = f"\nimport sys; sys.exit(' '.join({HEAVY - allowed!r} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there():
    assert set(eae_sindy._ROOMS) | {"EaeSindyError", "__version__"} == set(eae_sindy.__all__)
    for name, room in eae_sindy._ROOMS.items():
        module = importlib.import_module(f"eae_sindy.{room}")
        assert getattr(eae_sindy, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="nothing"):
        eae_sindy.nothing  # noqa: B018


def test_every_package_is_installed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    there = {str(p.parent.relative_to(ROOT)).replace("/", ".") for p in PACKAGE
             if p.name == "__init__.py"}  # fmt: skip
    assert set(settings["packages"]) == there | {"eae_sindy_cli"}
    for package, files in settings["package-data"].items():
        for name in files:
            assert (ROOT / package.replace(".", "/") / name).is_file()


@pytest.mark.parametrize("path", PACKAGE + COMMANDS, ids=lambda p: str(p.relative_to(ROOT)))
def test_functions_fit_on_a_screen_and_calls_can_be_read(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length < LONGEST, f"{node.name} has {length} lines"
        if isinstance(node, ast.Call):
            count = sum(not isinstance(a, ast.Starred) for a in node.args)
            assert count <= POSITIONAL, f"line {node.lineno}: {count} positional arguments"
