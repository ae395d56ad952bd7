"""The entry point `eae-sindy`."""

import click

from .compare import compare
from .discover import discover
from .dpa import dpa
from .encode import encode
from .export import export
from .fit import fit
from .forecast import forecast
from .images import images
from .import_ import import_
from .info import info
from .simulate import simulate
from .sweep import sweep


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="eae-sindy", prog_name="eae-sindy")
def main() -> None:
    """Snapshots of a field in; its latents, their equations and how sure one may be of them out.

    Run simulate, fit and discover in this order: without arguments they hand their files on.
    """


COMMANDS = (simulate, import_, info, fit, discover, encode, forecast, compare, sweep, export)
for command in (*COMMANDS, images, dpa):
    main.add_command(command)

if __name__ == "__main__":
    main()
