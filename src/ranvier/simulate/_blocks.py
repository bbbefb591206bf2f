"""Work in blocks: in any order, by any executor, and kept in a folder from which a broken-off run goes on."""

from __future__ import annotations

import hashlib
import os
import queue
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ranvier._version import __version__
from ranvier.errors import InputError, RanvierError

__all__ = ["Progress", "run_blocks", "versions"]

Block = dict[str, np.ndarray[Any, Any]]
Progress = Callable[[int, int], None]
"""Called with the blocks done and all blocks."""

IN_FLIGHT = 1024
"""Blocks that an executor holds at once: enough to keep a large cluster busy, few enough for any memory."""
ATTEMPTS = 2
"""Times that a block is given to an executor; a worker may be killed once."""


def run_blocks(
    work: Callable[[int], Block],
    blocks: Sequence[int],
    *,
    executor: Executor | None,
    folder: Path | None,
    label: str,
    progress: Progress | None = None,
) -> list[Block]:
    """Give what `work` gives for each block, in the order of `blocks`.

    With a folder each block is written beside its SHA-256 as soon as it is done, under a name that holds
    `label` and depends on the versions of ranvier and NumPy; what is there and whole is read and not computed
    again, what is damaged is computed again.
    `progress` is called in this process: once for what was read, and after each block.
    A block that an executor loses, because a worker was killed, is given to it once more.
    """
    done = {} if folder is None else _read(folder, blocks, label)
    open_blocks = [block for block in blocks if block not in done]

    def keep(block: int, result: Block) -> None:
        _write(folder, block, label, result)
        done[block] = result
        if progress is not None:
            progress(len(done), len(blocks))

    if done and progress is not None:
        progress(len(done), len(blocks))
    if executor is None:
        for block in open_blocks:
            keep(block, work(block))
    else:
        try:
            _hand_out(work, open_blocks, executor, keep)
        except _LostError as lost:
            raise RanvierError(_how_to_go_on(lost, blocks, set(done), folder)) from lost.__cause__
    return [done[block] for block in blocks]


class _LostError(Exception):
    """An executor takes no more work, or lost the same block twice."""


def _hand_out(
    work: Callable[[int], Block],
    blocks: Sequence[int],
    executor: Executor,
    keep: Callable[[int, Block], None],
) -> None:
    """Give blocks to an executor, a limited number at a time, and keep each as soon as it is done.

    What `work` refuses (a RanvierError) is raised as it is. Every other failure may be that of a worker,
    which each kind of executor reports in its own way, so the block is tried once more.
    """
    left = deque((block, 1) for block in blocks)
    running: dict[Future[Block], tuple[int, int]] = {}
    finished: queue.SimpleQueue[Future[Block]] = queue.SimpleQueue()
    try:
        while left or running:
            while left and len(running) < IN_FLIGHT:
                future = _submit(executor, work, left[0][0])
                running[future] = left.popleft()
                future.add_done_callback(finished.put)
            future = finished.get()
            block, attempt = running.pop(future)
            error = _failure(future)
            if error is None:
                keep(block, future.result())
            elif isinstance(error, RanvierError):
                raise error
            elif attempt == ATTEMPTS:
                raise _LostError(f"block {block} failed twice ({_named(error)})") from error
            else:
                left.append((block, attempt + 1))
    except _LostError:
        for future, (block, _) in running.items():
            if future.done() and _failure(future) is None:
                keep(block, future.result())
        raise
    finally:
        for future in running:
            future.cancel()


def _submit(executor: Executor, work: Callable[[int], Block], block: int) -> Future[Block]:
    """Give one block to an executor."""
    try:
        return executor.submit(work, block)
    except (
        RuntimeError,
        OSError,
    ) as error:  # broken, shut down (BrokenExecutor is a RuntimeError), unreachable
        raise _LostError(f"the executor takes no more work ({_named(error)})") from error


def _failure(future: Future[Block]) -> BaseException | None:
    """Give why a finished block has no result."""
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _named(error: BaseException) -> str:
    """Give an error with its kind."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _how_to_go_on(lost: _LostError, blocks: Sequence[int], done: set[int], folder: Path | None) -> str:
    """Say which blocks are done and what to do."""
    kept = [block for block in blocks if block in done]
    said = f"{lost}. {len(kept)} of {len(blocks)} blocks are done"
    said += f" ({_ranges(kept)})" if kept else ""
    if folder is None:
        return (
            f"{said} and are given up; start again with a new executor. Functions with folder= keep "
            "there what is done."
        )
    return (
        f"{said} and kept in {str(folder)!r}; start again with a new executor and the same folder: "
        "only the missing blocks are computed."
    )


def _ranges(blocks: Sequence[int]) -> str:
    """Write blocks in order as ranges, the first few of them."""
    starts = [0, *(place + 1 for place, (one, two) in enumerate(pairwise(blocks)) if two != one + 1)]
    ends = [*(start - 1 for start in starts[1:]), len(blocks) - 1]
    parts = [
        f"{blocks[start]}" if start == end else f"{blocks[start]}–{blocks[end]}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return ", ".join(parts[:5]) + (", …" if len(parts) > 5 else "")


def versions() -> str:
    """Name the versions that simulated numbers depend on."""
    return f"ranvier {__version__}, NumPy {np.__version__}"


def _path(folder: Path, block: int, label: str) -> Path:
    """Give the file of a block; another version of ranvier or NumPy has others, so that they never mix."""
    made_by = hashlib.sha256(versions().encode()).hexdigest()[:8]
    return folder / f"{label}-{made_by}-{block:06d}.npz"


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
