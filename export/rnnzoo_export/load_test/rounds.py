"""A whole load test: its rounds, with the model alone between them where it is there."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import time
from collections.abc import Callable
from typing import Any

from rnnzoo.errors import ArgumentError
from rnnzoo_export.load_test.bare_runs import BareRuns
from rnnzoo_export.load_test.load import run_load
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.questions import Question
from rnnzoo_export.load_test.seen import Seen
from rnnzoo_export.load_test.target import Target

# Rounds where the model runs alone in between.
_ROUNDS = 3
# Files that a process has open besides its connections.
_OTHER_FILES = 64


def run_rounds(
    target: Target,
    question: Question,
    plan: LoadPlan,
    *,
    bare: BareRuns | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Asks a server as a plan says, and returns what was seen.

    Args:
        target: Whom to ask.
        question: What to ask.
        plan: How many ask, how often, how long.
        bare: The model alone. It runs for as long, between three rounds of load, so that both have the same machine.
        progress: Is called with the requests that came to an end so far, several times a second.

    Returns:
        ``Seen.facts``, the load tool's own share of a processor (``client_cpu``), and ``bare``, the facts of the model
        alone.

    Raises:
        ArgumentError: If there may not be as many connections.
    """
    make_room(plan.clients)
    message = target.message(question.path, question.body, question.headers)
    rounds = 1 if bare is None else _ROUNDS
    part = dataclasses.replace(plan, seconds=plan.seconds / rounds)
    seen, ratios, used, wall = Seen(), [], 0.0, 0.0

    def tell(found: Seen) -> None:
        if progress is not None:
            progress(seen.requests + found.requests)

    for _ in range(rounds):
        began, spent = time.perf_counter(), time.process_time()
        found = asyncio.run(run_load(target, message, part, tell))
        wall, used = wall + time.perf_counter() - began, used + time.process_time() - spent
        if bare is not None:
            ratios.append(found.facts()["answers_per_second"] / bare.run(part.seconds))
        seen.add(found)
    facts = {**seen.facts(), "client_cpu": round(used / wall, 3)}
    return facts if bare is None else {**facts, "bare": bare.facts(ratios)}


def make_room(connections: int) -> None:
    """Lets this process open so many connections, or raises ``ArgumentError``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise ArgumentError(
            f"clients: received {connections}; expected at most {max(1, hard - _OTHER_FILES)}, for this process may "
            f"open {hard} files. Lower it, or raise the limit: ulimit -n {needed}"
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
