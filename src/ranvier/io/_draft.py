"""A folder that is written whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ranvier.errors import InputError

__all__ = ["new_folder"]


@contextmanager
def new_folder(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a draft folder that takes the wanted name when all is written, and vanishes on failure."""
    wanted = Path(folder)
    if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
        raise InputError(f"{str(wanted)!r} is there already and holds something; give a new name.")
    if not wanted.absolute().parent.is_dir():
        raise InputError(f"there is no folder {str(wanted.parent)!r} to write into; make it first.")
    draft = wanted.absolute().parent / f".{wanted.absolute().name}-{uuid.uuid4().hex}"
    draft.mkdir()
    try:
        yield draft
        if wanted.exists():
            wanted.rmdir()
        draft.rename(wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
