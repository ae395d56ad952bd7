"""HDF5 files: written whole or not at all, with checksums, and read without surprises."""

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import numpy as np

from .errors import EaeSindyError
from .formats import Attributes, Format
from .storage import short, whole_file

CHUNK_BYTES = 2**17  # that share one checksum: small enough to read one frame, or one member, alone
COMPACT_BYTES = 2**10  # what is no larger stands in the header, which has a checksum of its own
# From this version of HDF5 on (2016) headers and indices carry checksums.
HDF5_VERSION = ("v110", "v110")
AGAIN = 0.01  # seconds after which a signal is given again that came in the middle of a write
# All that h5py has been seen to raise for files that are damaged or not what they seem.
FAILURES = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)


class _Sink:
    """A file that takes all that HDF5 writes, and keeps the first error to itself.

    HDF5 does not survive an error while it writes: it cannot close the file afterwards, and often
    ends the process. So it never sees one. What the disk does not take is kept in memory until the
    file is closed, since HDF5 reads its own tables back; then the file is thrown away.
    """

    def __init__(self, path: Path) -> None:
        self.raw = path.open("r+b", buffering=0)
        self.at = 0
        self.error: OSError | None = None
        self.refused: list[tuple[int, bytes]] = []

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = offset + (self._size() if whence == os.SEEK_END else 0)
        return self.at

    def _size(self) -> int:
        kept = (at + len(data) for at, data in self.refused)
        return max(os.fstat(self.raw.fileno()).st_size, *kept, 0)

    def tell(self) -> int:
        return self.at

    def read(self, size: int) -> bytes:
        data = bytearray(size)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self.raw.seek(self.at)
        found = self.raw.readinto(view) or 0
        view[found:] = bytes(len(view) - found)
        for at, data in self.refused:
            low, high = max(at, self.at), min(at + len(data), self.at + len(view))
            if low < high:
                view[low - self.at : high - self.at] = data[low - at : high - at]
        self.at += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        view, done = memoryview(data).cast("B"), 0
        try:
            self.raw.seek(self.at)
            while self.error is None and done < len(view):
                done += self.raw.write(view[done:]) or 0
        except OSError as error:
            self.error = error
        if done < len(view):
            self.refused.append((self.at + done, bytes(view[done:])))
        self.at += len(view)
        return len(view)

    def truncate(self, size: int) -> int:
        try:
            self.raw.truncate(size)
        except OSError as error:
            self.error = self.error or error
        return size

    def flush(self) -> None:
        pass


_AT_WORK = {f.__code__ for f in vars(_Sink).values() if hasattr(f, "__code__")}


@contextmanager
def _signals_between_writes() -> Iterator[None]:
    """Let no signal raise an exception in the middle of a write, where HDF5 would not survive it.

    A signal that comes then is given again a moment later.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are for the main thread
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: h for n in numbers if callable(h := signal.getsignal(n))}

    def handle(number: int, frame: FrameType | None) -> None:
        above = frame
        while above is not None:
            if above.f_code in _AT_WORK:
                timer = threading.Timer(AGAIN, os.kill, (os.getpid(), number))
                timer.daemon = True
                timer.start()
                return
            above = above.f_back
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


class NewFile(h5py.File):
    """An HDF5 file in the making, see `new`."""

    def __init__(self, sink: _Sink) -> None:
        super().__init__(sink, "w", libver=HDF5_VERSION)
        self._sink = sink

    def check(self) -> None:
        """Raise OSError if the disk did not take what was written so far."""
        if self._sink.error is not None:
            raise self._sink.error


@contextmanager
def new(path: str | Path, force: bool = False) -> Iterator[NewFile]:
    """Yield an HDF5 file to write to, which becomes `path` at the end; see `storage.whole_file`.

    Raises `EaeSindyError` if it cannot be written, a full disk included: at the next `put` or
    `check`, or at the end.
    """
    with whole_file(path, force) as part, _signals_between_writes():
        sink = _Sink(part)
        file = NewFile(sink)
        try:
            yield file
            file.flush()
            file.check()
        finally:
            try:
                file.close()
            except BaseException:  # a signal between two steps of closing: the rest of them
                file.close()
                raise
            finally:
                sink.raw.close()
        if sink.error is not None:
            raise sink.error


def put(group: h5py.Group, name: str, value: Any) -> None:
    """Write an array, or a number, with a checksum that every later reading compares."""
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        group[name] = value  # text has no checksum
    elif array.nbytes <= COMPACT_BYTES:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.COMPACT)
        group.create_dataset(name, data=array, dcpl=layout)
    else:
        make(group, name, array.shape, array.dtype)[...] = array
    if isinstance(group, NewFile):
        group.check()


def make(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any, **options: Any
) -> h5py.Dataset:
    """Return a new dataset of `shape`, still empty, with a checksum for each of its chunks.

    A chunk holds so many rows of the first axis, one at least where it fits, that a single row, and
    many in turn, are both read at full speed.
    """
    if math.prod(shape) > 0:
        options |= {"chunks": chunks(shape, np.dtype(dtype).itemsize), "fletcher32": True}
    return group.create_dataset(name, shape, dtype, **options)


def chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the shape of chunks of at most `CHUNK_BYTES`, whole in the last axes."""
    found, below = [], itemsize
    for length in reversed(shape):
        found.append(max(1, min(length, CHUNK_BYTES // below)))
        below *= length
    return tuple(reversed(found))


def one_line(error: BaseException) -> str:
    """Return what an exception of h5py says, on one line."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split()) or type(error).__name__


@contextmanager
def reading(
    path: str | Path, form: Format, *, stay: bool = False
) -> Iterator[tuple[h5py.File, Attributes]]:
    """Yield an HDF5 file to read from, and its attributes as the format has them today.

    Whatever h5py raises inside, of a file that is damaged or something else, becomes one line.

    Parameters
    ----------
    path : path
        The file.
    form : Format
        What it should be.
    stay : bool
        Whether the file is left open for arrays that stay in it; it closes with the last of them.

    Raises
    ------
    EaeSindyError
        If the file is missing, damaged, something else, or of a version that is not known.
    """
    path = Path(path)
    if not _exists(path):
        raise EaeSindyError(f"{short(path)} does not exist: {form.cure}")
    try:
        file = h5py.File(path, "r")
        with nullcontext() if stay else file:
            yield file, form.current(dict(file.attrs))
    except EaeSindyError as error:
        named = str(error).startswith(str(path))
        raise error if named else EaeSindyError(f"{path}: {error}") from error
    except FAILURES as error:
        raise EaeSindyError(
            f"{path} is not a whole {form.noun} ({one_line(error)}): make or copy it again"
        ) from error


def _exists(path: Path) -> bool:
    """Return whether a path names a file; a name that no file can have names none."""
    try:
        return path.is_file()
    except OSError:
        return False


def dataset(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """Return the dataset `name` of a group; None if there is no such name.

    Its values stand in the file itself: what points into another file is refused, and not followed.

    Raises
    ------
    EaeSindyError
        If it is a group, a link that leads nowhere or to another file, or kept in another file.
    """
    where = f"{group.name.rstrip('/')}/{name}"
    parent, _, last = name.rpartition("/")
    if parent:
        inner = folder(group, parent)
        return None if inner is None else dataset(inner, last)
    link = group.get(name, getlink=True)
    if link is None:
        return None
    found = _follow(group, name, where)
    if not isinstance(found, h5py.Dataset):
        raise EaeSindyError(f"{where} is a group: put an array there")
    if found.shape is None:
        raise EaeSindyError(f"{where} is empty: put an array there")
    if found.external or found.is_virtual:
        raise EaeSindyError(f"{where} keeps its values in another file: copy them into this one")
    return found


def folder(group: h5py.Group, name: str) -> h5py.Group | None:
    """Return the group `name` of a group; None if there is no such name, see `dataset`."""
    where = f"{group.name.rstrip('/')}/{name}"
    if group.get(name, getlink=True) is None:
        return None
    found = _follow(group, name, where)
    if not isinstance(found, h5py.Group):
        raise EaeSindyError(f"{where} is an array: make it a group of arrays")
    return found


def _follow(group: h5py.Group, name: str, where: str) -> Any:
    """Return what stands under a name, unless the name is a link out of the file or to nowhere."""
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
        raise EaeSindyError(f"{where} is a link to another file: copy what it means into this one")
    found = None
    with suppress(*FAILURES):
        found = group.get(name)
    if found is None:
        raise EaeSindyError(f"{where} is a link that leads nowhere: put an array there")
    if found.file.filename != group.file.filename:
        raise EaeSindyError(f"{where} is a link to another file: copy what it means into this one")
    return found
