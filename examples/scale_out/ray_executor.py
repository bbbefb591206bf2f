"""Virtual trials on a Ray cluster: any executor serves, and this one hands each block to Ray.

Run `python examples/scale_out/ray_executor.py` where Ray is installed (`pip install ray`).
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import ray


@ray.remote(max_retries=3)
def call(work: Any, args: Any, options: Any) -> Any:
    """Compute one block on a worker; Ray starts it again when the worker is killed."""
    return work(*args, **options)


class RayExecutor(Executor):
    """Hands work to Ray; the options are those of ray.init, such as num_cpus=2 or address="auto"."""

    def __init__(self, **options: Any) -> None:
        ray.init(**{"include_dashboard": False, "log_to_driver": False} | options)

    def submit(self, fn: Any, /, *args: Any, **options: Any) -> Future[Any]:
        """Give a future that Ray fills."""
        waiting: Future[Any] = call.remote(fn, args, options).future()
        return waiting

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster, and end it when it was started here."""
        ray.shutdown()


if __name__ == "__main__":
    from ranvier.simulate import Normal, power

    options: dict[str, Any] = {"n": (20, 20), "n_trials": 200_000, "seed": 1}
    alone = power(Normal(mean=-1), Normal(), **options)
    with RayExecutor(num_cpus=2) as executor:
        together = power(Normal(mean=-1), Normal(), **options, executor=executor)
    print(together.text(), "- the same as without Ray" if together == alone else "- NOT the same")
