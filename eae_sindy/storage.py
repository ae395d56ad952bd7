"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import EaeSindyError

# mkstemp makes private files; a result gets the permissions that any new file would.
_MASK = os.umask(0)

os.umask(_MASK)


def claim(path: str | Path, force: bool = False, read: Iterable[Path | None] = ()) -> Path:
    """Check that `path` can be written, before any work is spent on it.

    Makes the parent folders. Raises `EaeSindyError` if the file exists and `force` is false, if it
    is one of those to be `read`, or if its folder does not take new files.
    """
    path = Path(path)
    if path.is_dir():
        raise EaeSindyError(f"{path} is a folder: name a file in it")
    if any(path.exists() and r and r.exists() and path.samefile(r) for r in read):
        raise EaeSindyError(f"{path} is what is read: name another file with -o")
    if path.exists() and not force:
        raise EaeSindyError(f"{path} exists: choose another name with -o, or add --force")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The only sure test, also for root and on network file systems, is to write.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise EaeSindyError(
            f"cannot write in {path.parent} ({error.strerror}): choose another place with -o"
        ) from error
    return path


@contextmanager
def whole_file(path: str | Path, force: bool = False) -> Iterator[Path]:
    """Yield a temporary name beside `path`; what is written there becomes `path` at the end.

    If the body fails nothing is left behind and what stood at `path` stays as it was.
    """
    path = claim(path, force)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o666 & ~_MASK)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        if force:
            part.replace(path)
        else:
            _place(part, path)
    except OSError as error:
        raise EaeSindyError(
            f"cannot write {path} ({error.strerror or error}): free some space "
            "or choose another place with -o"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _place(part: Path, path: Path) -> None:
    """Give `part` the name `path`, unless something took it while the work went on."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise EaeSindyError(
            f"{path} appeared meanwhile: choose another name with -o, or add --force"
        ) from error
    except OSError:  # a file system without hard links
        part.replace(path)
