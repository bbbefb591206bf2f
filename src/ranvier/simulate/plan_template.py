"""A plan to start from: a design.toml that runs as it is."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from ranvier.io._draft import new_folder

__all__ = ["new_plan"]


def new_plan(folder: str | os.PathLike[str]) -> Path:
    """Write a folder with design.toml: the plan of a small trial, explained line by line, to be changed.

    Parameters
    ----------
    folder : path
        A folder that does not exist yet, or is empty.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something, or the folder above it does not exist. Nothing is overwritten, and
        nothing is left half-written.

    Examples
    --------
    >>> import tempfile
    >>> made = new_plan(Path(tempfile.mkdtemp()) / "my-plan")
    >>> [path.name for path in made.iterdir()]
    ['design.toml']
    """
    text = (resources.files("ranvier.simulate") / "data" / "design.toml").read_text(encoding="utf-8")
    with new_folder(folder) as draft:
        (draft / "design.toml").write_text(text, encoding="utf-8", newline="\n")
    return Path(folder)
