"""`worker`: carries out runs for the pages of a cluster, until Ctrl-C; or a whole cluster here."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Any

from classifier.jobs import book, link, local, resources
from classifier.jobs.version import version

TEXT = "Carry out runs for the pages that name the same Dask scheduler, until Ctrl-C."
_PROCESS_MEMORY = "1GiB"  # of the worker itself, beside its run's process
_ANSWER = 5.0  # seconds in which a scheduler answers
_TRY_EVERY = 2.0  # seconds between two tries to find one that is gone
_STARTS = 3  # that fail in a row, after which it gives up
_LEAVE = 25.0  # seconds for runs to end early and to send what they learned
_PORT = 8786  # Dask's


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Its arguments on the command line."""
    parser.add_argument(
        "address",
        nargs="?",
        metavar="ADDRESS",
        help=f"of the scheduler, such as tcp://10.0.0.5:8786 ({link.SETTING})",
    )
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="at a time (%(default)s)")
    parser.add_argument("--name", help="of this worker (made from the machine's)")
    parser.add_argument(
        "--local",
        type=int,
        metavar="N",
        help="start a scheduler and N workers on this machine, to try it",
    )


def command(chosen: argparse.Namespace) -> int:
    """Work until it is asked to end, and return the exit status. Raises ValueError or OSError."""
    if chosen.runs < 1 or (chosen.local is not None and chosen.local < 1):
        raise ValueError("--runs and --local take a whole number from 1.")
    try:
        _configure()
    except ImportError:
        raise RuntimeError(
            "Dask is not installed: pip install -r assets/deploy/requirements.txt"
        ) from None
    free = resources.free_memory()
    if free < local.READY_MEMORY:
        print(
            f"Warning: {free / 1e6:,.0f} MB of memory are free here, and a run takes "
            f"{local.READY_MEMORY / 1e6:,.0f}: it may end for lack of it.",
            file=sys.stderr,
        )
    if chosen.local:
        asyncio.run(_cluster(chosen.local, chosen.runs))
        return 0
    address = chosen.address or link.address()
    if not address:
        raise ValueError(f"Name a scheduler, as ADDRESS or by {link.SETTING}.")
    asyncio.run(_work(link.check_address(address), chosen.runs, chosen.name))
    return 0


def _configure() -> None:
    """Load Dask, and change its settings. Raises ImportError without it."""
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")
    import dask
    import distributed  # noqa: F401  # or its own settings would come over these

    # What Dask sets for workers, a run's process would get, too: one thread, and memory that is
    # given back at once.
    dask.config.set({"distributed.nanny.pre-spawn-environ": {}})


async def _work(address: str, runs: int, name: str | None) -> None:
    """One worker, which outlives its scheduler: it waits for the next one at that address."""
    ended = _asked_to_end()
    await _check(address)
    name = name or f"{socket.gethostname()}-{os.getpid()}"
    failed = 0  # starts in a row
    while not ended.is_set():
        try:
            worker = await _start(address, runs, name)
        except RuntimeError:  # perhaps its scheduler went just then
            failed += 1
            if failed == _STARTS:
                raise
        else:
            failed = 0
            print(f"Worker {name} carries out runs for {address}. Ctrl-C ends it.", flush=True)
            gone = asyncio.ensure_future(worker.finished())
            wish = asyncio.ensure_future(ended.wait())
            await asyncio.wait([gone, wish], return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                await _leave([worker])
            else:
                print("The scheduler is gone; waiting for it to come back.", flush=True)
        while not ended.is_set():
            with contextlib.suppress(OSError):
                await _check(address)
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _TRY_EVERY)


async def _cluster(workers: int, runs: int) -> None:
    """A scheduler and its workers, reached from this machine alone."""
    from distributed import Scheduler

    ended = _asked_to_end()
    port = _PORT
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            port = 0
    async with Scheduler(
        host="127.0.0.1", port=port, dashboard=False, dashboard_address="127.0.0.1:0"
    ) as scheduler:
        started = [
            await _start(scheduler.address, runs, f"local-{number}")
            for number in range(1, workers + 1)
        ]
        print(
            f"A scheduler and {workers} worker{'s' * (workers != 1)} are ready. Ctrl-C ends them. "
            "Start the page in another terminal, after\n"
            f"export {link.SETTING}={scheduler.address}",
            flush=True,
        )
        await ended.wait()
        await _leave(started)


async def _start(address: str, runs: int, name: str) -> Any:
    """A worker in a process of its own, which is started anew when it is killed."""
    from distributed import Nanny

    return await Nanny(
        address,
        nthreads=runs,
        name=name,
        resources={book.TRAINING: runs, book.VERSION + version(): 1},
        memory_limit=_PROCESS_MEMORY,
    )


async def _leave(workers: list[Any]) -> None:
    """Let runs end early, keep what they have learned, then end."""

    async def leave(worker: Any) -> None:
        with contextlib.suppress(Exception):  # there may be no scheduler any more
            await asyncio.wait_for(
                worker.scheduler.digits_leave(worker=worker.worker_address), _LEAVE
            )
        await worker.close(timeout=2)

    await asyncio.gather(*map(leave, workers))


async def _check(address: str) -> None:
    """Raise OSError, saying what to do, unless a Dask scheduler answers there."""
    from distributed.core import rpc

    try:
        connect: Any = rpc
        async with connect(address) as there:
            told = await asyncio.wait_for(there.identity(), _ANSWER)
    except Exception as error:  # whatever Dask raises then
        raise OSError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}): start one with "
            "`dask scheduler`, or name another."
        ) from error
    if told.get("type") != "Scheduler":
        raise OSError(f"What answers at {address} is no Dask scheduler: name another address.")


def _asked_to_end() -> asyncio.Event:
    """Is set by Ctrl-C, and by what ends services."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(sign, ended.set)
    return ended
