"""Blocks on other machines: an executor on a Dask cluster, which is refused when it could change a number."""

from __future__ import annotations

import math
import os
from concurrent.futures import Executor, Future
from typing import Any

from ranvier.errors import InputError
from ranvier.simulate._blocks import versions

__all__ = ["dask_executor"]


class _Cluster(Executor):
    """Hands work to a Dask client and closes the connection, not the cluster, at the end."""

    def __init__(self, client: Any) -> None:
        self._client = client
        # Impure to Dask: a block that it lost is computed again, not looked up by its name.
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Any, /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(fn, *args, **options)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()


def dask_executor(address: str, *, timeout_s: float = 10.0) -> Executor:
    """Give an executor on the Dask cluster at an address, for `executor=` of any simulation.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``"tcp://10.0.0.5:8786"``.
    timeout_s : float
        Seconds to wait for the scheduler, above 0.

    Returns
    -------
    concurrent.futures.Executor
        Use it in a `with` statement; leaving it closes the connection, not the cluster.

    Raises
    ------
    InputError
        When Dask is not installed, no scheduler answers, or a worker has another version of ranvier or NumPy.

    Notes
    -----
    Only workers present at the start are asked for their versions. For a cluster that needs certificates or
    other settings, make the client yourself and pass ``client.get_executor(pure=False)``: `pure=False` lets
    Dask compute a block again that it lost.

    References
    ----------
    Dask: Client.get_executor, https://distributed.dask.org/en/stable/api.html

    Examples
    --------
    >>> import ranvier as rv
    >>> with rv.simulate.dask_executor("tcp://10.0.0.5:8786") as executor:  # doctest: +SKIP
    ...     rv.simulate.replicate(design, n_trials=100_000, seed=1, executor=executor)
    """
    if not 0 < timeout_s < math.inf:
        raise InputError(f"timeout_s is {timeout_s!r}; it must be a number of seconds above 0.")
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("Dask is not installed: pip install 'ranvier[scale]'.") from error
    try:
        client = Client(os.fspath(address), timeout=timeout_s, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r} within {timeout_s:g} s; nothing was computed. "
            "Check the address (such as 'tcp://10.0.0.5:8786') and that `dask scheduler` runs there."
        ) from error
    here = versions()
    others = {who: it for who, it in client.run(versions, on_error="return").items() if it != here}
    if others:
        client.close()
        worker, there = min(others.items())
        raise InputError(
            f"the Dask worker {worker} has {there!r} and this process {here!r}; other versions may give "
            "other numbers. Install the same ones everywhere."
        )
    return _Cluster(client)
