"""Sets of images by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import EaeSindyError
from ...neural import downloads
from ..contract import Images
from . import arrays, folder

# Where a set that comes with nothing can be had.
HOW: Mapping[str, str] = {
    "frey-faces": "frey_rawface.mat of Sam Roweis's page of data, or an .npz file with x",
    "celeba": "the folder img_align_celeba of aligned JPEG files, with list_eval_partition.txt in "
    "it or beside it",
}


def read(name: str, data: Path | None, seed: int) -> Images:
    """Return a set of images, split.

    Parameters
    ----------
    name : str
        digits, mnist, fashion-mnist, frey-faces or celeba; of any other name `data` says what it
        is.
    data : path, optional
        A file or folder. Nothing is needed for digits; MNIST and Fashion-MNIST are fetched by Keras
        if there is none.
    seed : int
        Of a split that is drawn at random.

    Raises
    ------
    EaeSindyError
        If it cannot be had, with what to do; or if it holds no images.
    """
    if name == "digits" and data is None:
        return arrays.digits(seed)
    if data is None and name in downloads.NAMES:
        return arrays.npz(downloads.fetched(name), name, seed)
    if data is None:
        raise EaeSindyError(
            f"{name} does not come with this tool: give --data, "
            f"{HOW.get(name, 'an .npz file with x, or with x_train and x_test')}"
        )
    if not data.exists():
        raise EaeSindyError(f"{data} does not exist: name a file or a folder with --data")
    reader: Callable[[Path, str, int], Images] = arrays.npz
    if data.is_dir():
        reader = folder.jpegs
    elif name == "frey-faces" or data.suffix == ".mat":
        reader = arrays.frey_faces
    return reader(data, name, seed)
