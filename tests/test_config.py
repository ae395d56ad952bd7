"""The TOML file of options: tables for commands, nested ones too; what cannot be meant."""

import os
import signal
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from eae_sindy.progress import Progress
from eae_sindy_cli import options


@click.group()
def top():
    """Stand for a program with a nested command."""


@top.group()
def dpa():
    """Stand for a group in it."""


class Several(click.ParamType):
    """A number, or all."""

    name = "several"

    def convert(self, value, param, ctx):
        return value if value == "all" else click.INT(value, param, ctx)


def command(group, name):
    @group.command(name, cls=options.Command)
    @click.argument("data", default="data.h5")
    @click.option("--latents", type=click.IntRange(1), default=2)
    @click.option("--hidden", type=int, multiple=True)
    @click.option("--rate-weight", type=float, default=1.0)
    @click.option("--members", type=Several())
    @click.option("--kind", type=click.Choice(["a", "b"]), default="a")
    @click.option("--sine/--no-sine", default=None)
    @options.output("out.h5")
    @options.seed
    @options.config
    @options.force
    def run(**values):
        click.echo(repr({"command": name, **{k: v for k, v in values.items() if k != "output"}}))
        click.echo(values["output"])


command(top, "plain")
command(dpa, "fit")
command(dpa, "sample")


def run(text, *arguments, folder):
    path = folder / "c.toml"
    path.write_text(text)
    first = arguments.index("--") if "--" in arguments else len(arguments)
    words = [*arguments[:first], "--config", str(path), *arguments[first + 1 :]]
    return CliRunner().invoke(top, words)


def values(*arguments, text, folder):
    result = run(text, *arguments, folder=folder)
    assert result.exit_code == 0, result.output
    return eval(result.output.splitlines()[0])


EVERYTHING = """
seed = 3
[plain]
latents = 4
[dpa]
force = true
[dpa.fit]
members = 20
latents = 5
hidden = [8, 9]
rate-weight = 2
kind = "b"
sine = false
output = "there.h5"
[dpa.sample]
members = "all"
seed = 7
hidden = 6
rate_weight = 1e-3
"""


def test_every_command_takes_its_own_table_and_what_stands_above_it(tmp_path):
    found = values("plain", text=EVERYTHING, folder=tmp_path)
    assert (found["latents"], found["seed"], found["force"]) == (4, 3, False)
    found = values("dpa", "fit", text=EVERYTHING, folder=tmp_path)
    assert found == {
        "command": "fit", "data": "data.h5", "latents": 5, "hidden": (8, 9), "rate_weight": 2.0,
        "members": 20, "kind": "b", "sine": False, "seed": 3, "force": True,
    }  # fmt: skip
    found = values("dpa", "sample", text=EVERYTHING, folder=tmp_path)
    assert (found["seed"], found["hidden"], found["rate_weight"]) == (7, (6,), 1e-3)
    assert found["members"] == "all"
    assert found["latents"] == 2


def test_the_command_line_has_the_last_word(tmp_path):
    found = values("dpa", "fit", "--", "--latents", "9", "--hidden", "1", text=EVERYTHING,
                   folder=tmp_path)  # fmt: skip
    assert (found["latents"], found["hidden"], found["kind"]) == (9, (1,), "b")


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[dpa.fit]\nlatents = 1.5", "dpa.fit.latents", "takes a whole number, not '1.5'"),
        ("[dpa.fit]\nlatents = '2'", "dpa.fit.latents", "takes a whole number, not '2'"),
        ("[dpa.fit]\nlatents = true", "dpa.fit.latents", "takes a whole number"),
        ("[dpa.fit]\nlatents = [2]", "dpa.fit.latents", "it is a list"),
        ("[dpa.fit]\nlatents = 2024-01-01", "dpa.fit.latents", "takes a whole number"),
        ("[dpa.fit.latents]\na = 1", "dpa.fit.latents", "takes a whole number"),
        ("[dpa.fit]\nlatents = 12345678901234567890", "dpa.fit.latents", "20 digits is too large"),
        ("[dpa.fit]\nlatents = 0", "dpa.fit.latents", "0 is not in the range"),
        ("[dpa.fit]\nhidden = [8, 1.5]", "dpa.fit.hidden", "takes a whole number"),
        ("[dpa.fit]\nhidden = [[8]]", "dpa.fit.hidden", "takes a whole number"),
        ("[dpa.fit]\nhidden = []", "dpa.fit.hidden", "the list is empty"),
        ("[dpa.fit]\nrate-weight = nan", "dpa.fit.rate-weight", "NaN"),
        ("[dpa.fit]\nrate-weight = '1'", "dpa.fit.rate-weight", "takes a number"),
        ("[dpa.fit]\nrate-weight = 12:00:00", "dpa.fit.rate-weight", "takes a number"),
        ("[dpa.fit]\nrate-weight = 1\nrate_weight = 1", "dpa.fit.rate-weight", "there twice"),
        ("[dpa.fit]\nkind = 'c'", "dpa.fit.kind", "'c' is not one of"),
        ("[dpa.fit]\nkind = 1", "dpa.fit.kind", "takes text in quotes"),
        ("[dpa.fit]\nsine = 1", "dpa.fit.sine", "takes true or false"),
        ("[dpa.fit]\nsine = 'yes'", "dpa.fit.sine", "takes true or false"),
        ("[dpa.fit]\nmembers = 1.5", "dpa.fit.members", "takes a number or text"),
        ("[dpa.fit]\nmembers = 'some'", "dpa.fit.members", "'some' is not a valid integer"),
        ("[dpa.fit]\noutput = 3", "dpa.fit.output", "takes text in quotes"),
        ("[dpa.fit]\nconfig = 'c.toml'", "dpa.fit.config", "there is no such option"),
        ("[dpa.fit]\nlatent = 3", "dpa.fit.latent", "there is no such option"),
        ("[dpa.fit]\nseed = -1", "dpa.fit.seed", "not in the range"),
        ("seed = 1.5", "seed", "takes a whole number"),
        ("seed = [1]", "seed", "it is a list"),
        ("latents = 3", "latents", "only seed and force stand outside"),
        ("[dpa]\nlatents = 3", "dpa.latents", "only seed and force stand outside"),
        ("[dpa.fti]\nlatents = 3", "dpa.fti", "no such command, the tables are [dpa.fit]"),
        ("[fit]\nlatents = 3", "fit", "no such command, the tables are [dpa], [plain]"),
        ("dpa = 3", "dpa", "only seed and force"),
        ("[dpa]\nfit = 3", "dpa.fit", "only seed and force"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line_with_key_and_file(tmp_path, text, key, says):
    result = run(text, "dpa", "fit", folder=tmp_path)
    assert result.exit_code == 1, result.output
    (line,) = result.output.strip().splitlines()
    assert line.startswith(f"Error: {key!r} in {tmp_path / 'c.toml'}: ")
    assert says in line


def test_a_request_to_end_is_minded_even_where_its_exception_is_lost():
    """Code of other people may swallow what a signal raises."""

    def steps():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except BaseException as error:
            caught.append(type(error))
        yield Progress("work", 1, 2)
        caught.append("went on")

    @click.command(cls=options.Command)
    def work():
        options.follow(steps())

    caught, before = [], signal.getsignal(signal.SIGTERM)
    result = CliRunner().invoke(work)
    assert caught == [options.Terminated]
    assert result.exit_code == 143
    assert "Error: ended by SIGTERM" in result.output
    assert signal.getsignal(signal.SIGTERM) is before
    assert CliRunner().invoke(top, ["plain"]).exit_code == 0


@pytest.mark.parametrize("text", [b"a = ", b"\xff\xfe", b"a = " + b"[" * 5000, b"a = 1\na = 1"])
def test_a_file_that_is_no_toml(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_bytes(text)
    for name in (path, tmp_path, tmp_path / "none", Path("n" * 300)):
        result = CliRunner().invoke(top, ["plain", "--config", str(name)])
        assert result.exit_code == 1
        assert "is not a readable TOML file" in result.output
        assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rate-weight", "nan"], "--rate-weight: NaN"),
        (["--latents", "1" + "0" * 19], "--latents: 10000000… with 20 digits is too large"),
        (["--hidden", "8", "--hidden", "-" + "9" * 25], "--hidden: -9999999"),
        (["-o", ""], "the output has no name"),
    ],
)
def test_numbers_and_names_that_nothing_can_mean_on_the_command_line(arguments, says):
    result = CliRunner().invoke(top, ["plain", *arguments])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {says}")
    assert len(result.output.strip().splitlines()) == 1
