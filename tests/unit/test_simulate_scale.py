"""Blocks on any executor: the same bits everywhere, also when a worker or the whole run is killed."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError
from ranvier.simulate import Design, Normal, power, replicate
from ranvier.simulate._blocks import run_blocks

MADE_BY = Path(__file__).with_name("simulated.py")
RAY_WRAPPER = Path(__file__).parents[2] / "examples" / "scale_out" / "ray_executor.py"
DESIGN: Design = runpy.run_path(str(MADE_BY))["design"]()
SETTINGS: dict[str, Any] = {"n_trials": 90, "seed": 5, "block_trials": 15}
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


class Shuffled(Executor):
    """Hands blocks on to another executor in random order, as they come in groups."""

    def __init__(self, inner: Executor, *, group: int = 3) -> None:
        self.inner, self.group = inner, group
        self.held: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **_options: Any) -> Any:
        outer: Future[Any] = Future()
        self.held.append((outer, fn, args))
        if len(self.held) == self.group:
            random.Random(4).shuffle(self.held)
            for held in self.held:
                self._hand_on(*held)
            self.held = []
        return outer

    def _hand_on(self, outer: Future[Any], fn: Any, args: Any) -> None:
        self.inner.submit(fn, *args).add_done_callback(lambda done: outer.set_result(done.result()))


class KillsOnce:
    """Block work that kills its own process the first time that one block is computed."""

    def __init__(self, mark: Path, block: int) -> None:
        self.mark, self.block = mark, block

    def __call__(self, block: int) -> dict[str, Any]:
        if block == self.block and not self.mark.exists():
            self.mark.write_text("killed", encoding="ascii")
            time.sleep(0.3)  # so that other blocks get done
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": np.random.default_rng(block).random(5)}


def plain(block: int) -> dict[str, Any]:
    return {"x": np.random.default_rng(block).random(5)}


def run(work: Any, executor: Executor | None, folder: Path | None = None, n: int = 12) -> Any:
    found = run_blocks(work, range(n), executor=executor, folder=folder, label="test")
    return np.array([block["x"] for block in found])


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2) as pool:
        yield pool


@contextmanager
def dask() -> Iterator[Executor]:
    """Give the executor of a real cluster: a scheduler and two worker processes."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        rv.simulate.dask_executor(cluster.scheduler_address) as executor,
    ):
        yield executor


@contextmanager
def ray() -> Iterator[Executor]:
    """Give the wrapper that the documentation shows, with two worker processes."""
    pytest.importorskip("ray", reason="Ray is not installed; docs/scale-out.md says how it is used")
    wrapper = runpy.run_path(str(RAY_WRAPPER))["RayExecutor"]
    with wrapper(num_cpus=2) as executor:
        yield executor


EVERYWHERE = [
    pytest.param(processes, id="processes"),
    pytest.param(dask, id="Dask", marks=[pytest.mark.slow, pytest.mark.scale]),
    pytest.param(ray, id="Ray", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("made", EVERYWHERE)
def test_every_executor_gives_the_same_bits_in_any_order(made: Any) -> None:
    serial = replicate(DESIGN, **SETTINGS)
    settings: dict[str, Any] = {"n": (6, 6), "n_trials": 45_000, "seed": 3}
    chance = power(Normal(mean=1), Normal(), **settings)
    with made() as executor:
        for each in (executor, Shuffled(executor)):
            assert replicate(DESIGN, **SETTINGS, executor=each).table.equals(serial.table)
            assert power(Normal(mean=1), Normal(), **settings, executor=each) == chance


@pytest.mark.parametrize("name", ["ranvier", "NumPy"])
def test_blocks_of_another_version_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from ranvier.simulate import _blocks

    def older(block: int) -> dict[str, Any]:
        return {"x": np.full(5, float(block))}

    with monkeypatch.context() as patch:
        if name == "ranvier":
            patch.setattr(_blocks, "__version__", "0.0.1")
        else:
            patch.setattr(_blocks.np, "__version__", "1.0.0")
        run(older, None, tmp_path)
        assert np.array_equal(run(plain, None, tmp_path), run(older, None))
    assert np.array_equal(run(plain, None, tmp_path), run(plain, None))
    assert len(list(tmp_path.glob("*.npz"))) == 24


@POSIX
def test_a_killed_process_loses_no_finished_block_and_the_run_goes_on(tmp_path: Path) -> None:
    whole = run(plain, None)
    work = KillsOnce(tmp_path / "mark", 5)
    with (
        ProcessPoolExecutor(2) as pool,
        pytest.raises(RanvierError, match=r"of 12 blocks are done \(0.*kept in .*only the missing") as caught,
    ):
        run(work, pool, tmp_path / "kept")
    assert "BrokenProcessPool" in str(caught.value)
    kept = sorted(path.name for path in (tmp_path / "kept").glob("*.npz"))
    assert 1 <= len(kept) < 12
    assert f"{len(kept)} of 12" in str(caught.value)
    times = {name: (tmp_path / "kept" / name).stat().st_mtime_ns for name in kept}
    with ProcessPoolExecutor(2) as pool:
        assert np.array_equal(run(work, pool, tmp_path / "kept"), whole)
    assert all((tmp_path / "kept" / name).stat().st_mtime_ns == when for name, when in times.items())


@POSIX
def test_without_a_folder_a_killed_process_says_that_blocks_are_given_up(tmp_path: Path) -> None:
    with (
        ProcessPoolExecutor(2) as pool,
        pytest.raises(
            RanvierError, match=r"are given up; start again with a new executor. Functions with folder="
        ),
    ):
        run(KillsOnce(tmp_path / "mark", 3), pool)


def test_an_executor_that_replaces_its_worker_gets_the_block_once_more(tmp_path: Path) -> None:
    tried: list[int] = []

    def fails_once(block: int) -> dict[str, Any]:
        tried.append(block)
        if block == 2 and tried.count(2) == 1:
            raise OSError("worker gone")
        return plain(block)

    with ThreadPoolExecutor(2) as pool:
        assert np.array_equal(run(fails_once, pool), run(plain, None))
    assert sorted(tried) == sorted([*range(12), 2])


def test_a_block_that_fails_twice_ends_the_run_and_keeps_the_others(tmp_path: Path) -> None:
    def fails(block: int) -> dict[str, Any]:
        if block == 11:
            raise ZeroDivisionError("no luck")
        return plain(block)

    with ThreadPoolExecutor(1) as pool, pytest.raises(RanvierError) as caught:
        run(fails, pool, tmp_path)
    assert "block 11 failed twice (ZeroDivisionError: no luck). 11 of 12 blocks are done (0–10)" in str(
        caught.value
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert len(list(tmp_path.glob("*.npz"))) == 11


def test_what_the_work_refuses_is_raised_as_it_is() -> None:
    def refuses(block: int) -> dict[str, Any]:
        raise InputError("hardly any virtual patient")

    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="hardly any virtual patient"):
        run(refuses, pool)


def test_an_executor_that_was_shut_down_is_named() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RanvierError, match=r"takes no more work .*0 of 12 blocks are done and"):
        run(plain, pool)


def test_only_so_many_blocks_are_held_by_an_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run_blocks.__globals__, "IN_FLIGHT", 4)
    held: list[int] = []

    class Counts(ThreadPoolExecutor):
        open_now = 0

        def submit(self, fn: Any, /, *args: Any, **options: Any) -> Any:
            self.open_now += 1
            held.append(self.open_now)
            future = super().submit(fn, *args, **options)
            future.add_done_callback(lambda _: setattr(self, "open_now", self.open_now - 1))
            return future

    with Counts(1) as pool:
        assert np.array_equal(run(plain, pool, n=50), run(plain, None, n=50))
    assert max(held) <= 4
    assert len(held) == 50


def test_a_finished_block_is_kept_while_an_early_one_is_slow(tmp_path: Path) -> None:
    def slow_first(block: int) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while block == 0 and len(list(tmp_path.glob("*.sha256"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        return {"x": np.array([len(list(tmp_path.glob("*.sha256")))])}

    with ThreadPoolExecutor(2) as pool:
        found = run(slow_first, pool, tmp_path, n=6)
    assert found[0] == 5


RUN = """
import runpy, sys
from concurrent.futures import ProcessPoolExecutor
from ranvier.simulate import replicate
if __name__ == "__main__":
    design = runpy.run_path(sys.argv[1])["design"]()
    with ProcessPoolExecutor(2) as pool:
        replicate(design, n_trials=2_000, seed=5, block_trials=40, executor=pool, folder=sys.argv[2])
"""


@pytest.mark.slow
@POSIX
def test_a_run_killed_outright_goes_on_to_the_same_table(tmp_path: Path) -> None:
    """SIGKILL of the process that hands out and keeps blocks; nothing can be tidied up."""
    (tmp_path / "run.py").write_text(RUN, encoding="ascii")
    folder = tmp_path / "kept"
    started = subprocess.Popen(
        [sys.executable, tmp_path / "run.py", MADE_BY, folder],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.sha256"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    kept = len(list(folder.glob("*.sha256")))
    assert 3 <= kept < 50
    options: dict[str, Any] = {"n_trials": 2_000, "seed": 5, "block_trials": 40}
    told: list[tuple[int, int]] = []
    resumed = replicate(DESIGN, **options, folder=folder, progress=lambda *done: told.append(done))
    assert told[0] == (kept, 50)
    assert told[-1] == (50, 50)
    assert resumed.table.equals(replicate(DESIGN, **options).table)


@pytest.mark.slow
@pytest.mark.scale
@POSIX
def test_a_killed_dask_worker_changes_no_bit_and_loses_no_block(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if not killed:
            assert done < total
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    options: dict[str, Any] = {"n_trials": 600, "seed": 5, "block_trials": 15}
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        rv.simulate.dask_executor(cluster.scheduler_address) as executor,
    ):
        found = replicate(DESIGN, **options, executor=executor, folder=tmp_path, progress=kill_one)
        client.wait_for_workers(2, timeout=60)
        assert killed[0] not in client.run(os.getpid).values()
    assert killed
    assert found.table.equals(replicate(DESIGN, **options).table)
    assert len(list(tmp_path.glob("*.sha256"))) == 40


@pytest.mark.scale
def test_a_scheduler_that_does_not_answer_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")
    folder = tmp_path / "kept"
    with (
        pytest.raises(
            InputError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1' within 0.5 s; nothing was"
        ),
        rv.simulate.dask_executor("tcp://127.0.0.1:1", timeout_s=0.5) as executor,
    ):
        replicate(DESIGN, **SETTINGS, executor=executor, folder=folder)
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.scale
def test_workers_with_another_version_are_refused() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra scale)")
    with (
        distributed.LocalCluster(
            n_workers=1, processes=True, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        client.run(exec, "import ranvier.simulate._blocks as there; there.__version__ = '0.0.0'")
        with pytest.raises(InputError, match=r"the Dask worker .* has 'ranvier 0.0.0, .*and this process"):
            rv.simulate.dask_executor(cluster.scheduler_address)
