"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from .errors import EaeSindyError

try:
    import fcntl
except ImportError:  # not a Unix: two writers of one file are then found out at the end
    fcntl = None  # type: ignore[assignment]

SHOWN = 40  # characters of a file's name that a hidden one beside it repeats


def claim(path: str | Path, force: bool = False, read: Iterable[Path | None] = ()) -> Path:
    """Check that `path` can be written, before any work is spent on it.

    Makes the parent folders.

    Parameters
    ----------
    path : path
        The file to be.
    force : bool
        Whether it may exist already.
    read : paths
        Files that are read for it: it must be none of them.

    Raises
    ------
    EaeSindyError
        If the file exists and `force` is false, if it is one of those to be read, if it is a
        folder, or if its folder does not take new files.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise EaeSindyError(f"{path} is a folder: name a file in it")
        if any(path.exists() and r and r.exists() and path.samefile(r) for r in read):
            raise EaeSindyError(f"{path} is what is read: name another file with -o")
        if path.exists() and not force:
            raise EaeSindyError(f"{path} exists: choose another name with -o, or add --force")
        path.parent.mkdir(parents=True, exist_ok=True)
        # The only sure test, also for root and on network file systems, is to write.
        part = _beside(path, "part")
        try:
            part.touch()
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise EaeSindyError(
            f"cannot write in {short(path.parent)} ({_why(error)}): choose another place with -o"
        ) from error
    return path


@contextmanager
def whole_file(path: str | Path, force: bool = False) -> Iterator[Path]:
    """Yield an empty file beside `path`; what is written there becomes `path` at the end.

    If the body fails nothing is left behind and what stood at `path` stays as it was.

    Raises
    ------
    EaeSindyError
        If the file cannot be written, or exists and `force` is false.
    """
    path = claim(path, force)
    part = _beside(path, "part")
    try:
        part.touch()
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        if force:
            part.replace(path)
        else:
            _place(part, path)
    except OSError as error:
        lost = not path.parent.is_dir()
        raise EaeSindyError(
            f"cannot write {path} ({'its folder is gone' if lost else _why(error)}): "
            f"{'keep the folder, ' if lost else 'free some space '}or choose another place with -o"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _beside(path: Path, kind: str) -> Path:
    """Return a hidden name in the folder of `path` that no other file has."""
    return path.with_name(f".{path.name[:SHOWN]}.{secrets.token_hex(4)}.{kind}")


def short(path: Path) -> str:
    """Return a path that fits on a line, whatever was typed."""
    text = str(path)
    return text if len(text) <= 200 else f"{text[:100]}…{text[-60:]}"


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _place(part: Path, path: Path) -> None:
    """Give `part` the name `path`, unless something took it while the work went on."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise EaeSindyError(
            f"{path} appeared meanwhile: choose another name with -o, or add --force"
        ) from error
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        part.replace(path)


@contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Keep other processes from making the same file while the body runs.

    The lock is a hidden file beside `path`. It holds for as long as its process lives, however that
    ends. Where the system or the disk has no locks there is none.

    Raises
    ------
    EaeSindyError
        If another process holds the lock.
    """
    path = Path(path)
    # Of two long names that begin alike each has a lock of its own.
    short = path.name if len(path.name) <= SHOWN else sha256(path.name.encode()).hexdigest()[:SHOWN]
    lock = path.with_name(f".{short}.lock")
    held = _lock(lock, path)
    try:
        yield
    finally:
        if held is not None:
            lock.unlink(missing_ok=True)
            os.close(held)


def _lock(lock: Path, path: Path) -> int | None:
    """Return the open and locked file `lock`; None where there are no locks."""
    if fcntl is None:
        return None
    while True:
        try:
            held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise EaeSindyError(
                f"cannot write in {short(path.parent)} ({_why(error)}): "
                "choose another place with -o"
            ) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(held).st_ino == lock.stat().st_ino:
                return held
        except BlockingIOError as error:
            os.close(held)
            raise EaeSindyError(
                f"{path} is being made by another process: wait for it, or choose another name "
                "with -o"
            ) from error
        except FileNotFoundError:  # whoever had the lock took the file away just now
            pass
        except OSError:  # a disk without locks
            os.close(held)
            lock.unlink(missing_ok=True)
            return None
        os.close(held)
