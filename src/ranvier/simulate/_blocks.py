"""Work in blocks: in any order, by any executor, and kept in a folder from which a broken-off run goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.errors import InputError

__all__ = ["run_blocks"]

Block = dict[str, np.ndarray[Any, Any]]


def run_blocks(
    work: Callable[[int], Block],
    blocks: Sequence[int],
    *,
    executor: Executor | None,
    folder: Path | None,
    label: str,
) -> list[Block]:
    """Give what `work` gives for each block, in the order of `blocks`.

    With a folder each block is written beside its SHA-256 when it is done, under a name that holds `label`;
    what is there and whole is read and not computed again, what is damaged is computed again.
    """
    done = {} if folder is None else _read(folder, blocks, label)
    open_blocks = [block for block in blocks if block not in done]
    if executor is None:
        for block in open_blocks:
            done[block] = work(block)
            _write(folder, block, label, done[block])
    else:
        waiting = {block: executor.submit(work, block) for block in open_blocks}
        for block, future in waiting.items():
            done[block] = future.result()
            _write(folder, block, label, done[block])
    return [done[block] for block in blocks]


def _path(folder: Path, block: int, label: str) -> Path:
    return folder / f"{label}-{block:06d}.npz"


def _read(folder: Path, blocks: Sequence[int], label: str) -> dict[int, Block]:
    """Read the blocks that are there and whole."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{str(folder)!r} is no folder; give a folder for the results, or none.")
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for block in blocks:
        path = _path(folder, block, label)
        proof = path.with_suffix(".sha256")
        if not path.is_file() or not proof.is_file():
            continue
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == proof.read_text(encoding="ascii").strip():
            with np.load(BytesIO(content)) as held:
                found[block] = {name: held[name] for name in held.files}
    return found


def _write(folder: Path | None, block: int, label: str, result: Block) -> None:
    """Write one block; a run that breaks off leaves no half-written one that counts."""
    if folder is None:
        return
    stream = BytesIO()
    arrays: dict[str, Any] = dict(result)
    np.savez(stream, **arrays)
    content = stream.getvalue()
    path = _path(folder, block, label)
    draft = path.with_suffix(f".draft{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
    path.with_suffix(".sha256").write_text(hashlib.sha256(content).hexdigest(), encoding="ascii")
