"""Many streams at once through one streaming file, with NumPy and onnxruntime only."""

from __future__ import annotations

import os
import threading
import uuid
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import RequestError
from rnnzoo.preprocessing.numeric_rows import wrong_number
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.inference.bound_session import BoundSession
from rnnzoo_export.inference.predictor import check_outputs, run_onnx
from rnnzoo_export.inference.state_blocks import Block, gather
from rnnzoo_export.inference.streaming_file import StreamingFile
from rnnzoo_export.inference.validation import Limits, check_inputs, check_mapping, shorten


class StreamingPredictor:
    """Answers sequences piece by piece and keeps the states of each between its pieces.

    Pieces of different sessions run together in one call, whatever their history; a session's answers do not
    depend on the others. A predictor may be used from several threads.

    Args:
        path: A file of ``export_streaming_onnx``, or a bundle that holds one: loaded already, or its path.
        threads: Threads that onnxruntime uses inside one run.
        max_sessions: How many sessions may be open at once.
        max_steps: The most steps of a piece; ``None`` is any number.

    Raises:
        PathNotFoundError: If there is no such file.
        BundleError: If the file is not a streaming file, or the bundle is damaged.

    Example:
        ``session = predictor.open()``, then for every piece ``predictor.step(session, {"features": piece})`` with
        ``piece`` ``(time, features)``, and ``predictor.close(session)`` at the end.
    """

    def __init__(
        self,
        path: Bundle | str | os.PathLike[str],
        *,
        threads: int = 1,
        max_sessions: int = 1024,
        max_steps: int | None = None,
    ) -> None:
        file = StreamingFile(path, threads=threads)
        self._session = file.session
        self.states, self.inputs, self.outputs = file.states, file.pieces.inputs, file.pieces.outputs
        self.max_sessions = checks.integer("max_sessions", max_sessions, minimum=1)
        self._limits = Limits(max_steps=max_steps)
        self._open: dict[str, Block] = {}
        self._shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        self._bound: dict[str, BoundSession] = {}
        self._carried = [state.input for state in self.states]
        self._answers = [spec.name for spec in self.outputs]
        self._names = [*self._answers, *(state.output for state in self.states)]
        self._numbers = {spec.name for spec in self.inputs if spec.kind in "fiu"}
        self._pieces = file.pieces
        self._lock = threading.Lock()

    @property
    def sessions(self) -> tuple[str, ...]:
        """The open sessions."""
        return tuple(self._open)

    def open(self, session: str | None = None) -> str:
        """Starts a session from zero states.

        Args:
            session: Its name; a random one by default.

        Returns:
            The name.

        Raises:
            RequestError: If a session of this name is open (status 409), or too many are (503).
        """
        name = uuid.uuid4().hex if session is None else session
        _check_name(name)
        with self._lock:
            if name in self._open:
                raise RequestError(
                    f"session {shorten(name)}: is open; expected a new name. Close it, or take another.",
                    status=409,
                )
            if len(self._open) >= self.max_sessions:
                raise RequestError(
                    f"sessions: {self.max_sessions} are open, the most allowed. Close some, or try again later.",
                    status=503,
                )
            self._open[name] = self._start(name)
        return name

    def close(self, session: str) -> None:
        """Ends a session and forgets its states; ``RequestError`` if there is no such session."""
        _check_name(session)
        with self._lock:
            self._block(session)
            for known in (self._open, self._shapes, self._bound):
                known.pop(session, None)

    def reset(self, session: str) -> None:
        """Puts a session's states back to zero; ``RequestError`` if there is no such session."""
        _check_name(session)
        with self._lock:
            self._block(session)
            self._open[session] = self._start(session)

    def step(self, session: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Answers the next piece of one session.

        Args:
            session: An open session.
            inputs: Arrays by input name without the batch axis, such as ``(time, features)``.

        Returns:
            Arrays by output name without the batch axis: one answer per step ``(time, ...)``, or where the model
            answers once for a sequence, the answer to all that came so far.

        Raises:
            RequestError: If there is no such session (status 404), an input does not fit (400) or an answer is not
                finite (500). The session stays where it was.
        """
        _check_name(session)
        with self._lock:
            block = self._open.get(session) or self._block(session)
            bound = self._bound.get(session)
            if bound is not None and bound.fits(inputs):
                answers, self._open[session] = bound.step(block, inputs)
                return answers
            batch = self._check(session, inputs)
            outputs, self._open[session] = self._run((session,), [block], batch)
            self._bind(session, inputs, batch, outputs)
        return {name: array[0] for name, array in outputs.items()}

    def step_many(self, pieces: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, np.ndarray]]:
        """Answers the next piece of several sessions, those of equal length in one run.

        Args:
            pieces: For each session its inputs, as ``step`` takes them.

        Returns:
            For each session its outputs, in the order given.

        Raises:
            RequestError: As in ``step``; it names the session. All sessions stay where they were.
        """
        _check_pieces(pieces)
        if not pieces:
            return {}
        with self._lock:
            answers: dict[str, dict[str, np.ndarray]] = {}
            moved = []
            for group, batch in self._batches(pieces):
                outputs, block = self._run(group, self._blocks(group), batch)
                answers.update(zip(group, _split_rows(outputs), strict=True))
                moved.append(block)
            for block in moved:
                self._open.update(dict.fromkeys(block.names, block))
        return answers if len(moved) == 1 else {session: answers[session] for session in pieces}

    def step_batch(self, sessions: Sequence[str], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Answers the next piece of several sessions whose pieces are rows of one array already: the least work.

        Args:
            sessions: Open sessions, one per row, each named once.
            inputs: Arrays by input name with the batch axis, such as ``(sessions, time, features)``.

        Returns:
            Arrays by output name with the batch axis, a row per session, in the order given.

        Raises:
            RequestError: As in ``step``, or if sessions and rows differ in number or a session is named twice
                (400). All sessions stay where they were.
        """
        _check_group(sessions)
        group = tuple(sessions)
        if len(set(group)) < len(group) or not group:
            raise RequestError(
                f"sessions: received {shorten(list(group))}; expected at least one name, and each once. Send a "
                "session's pieces one after the other."
            )
        batch = check_inputs(self._pieces, inputs, self._limits)
        rows = len(next(iter(batch.values())))
        if rows != len(group):
            raise RequestError(
                f"inputs: received {rows} rows; expected one for each of {len(group)} sessions."
            )
        with self._lock:
            outputs, block = self._run(group, self._blocks(group), batch)
            self._open.update(dict.fromkeys(group, block))
        return outputs

    def _blocks(self, group: tuple[str, ...]) -> list[Block]:
        return [self._open.get(session) or self._block(session) for session in group]

    def _block(self, session: str) -> Block:
        block = self._open.get(session)
        if block is None:
            raise RequestError(
                f"session {shorten(session)}: is not open. Open it first; a session ends with close().",
                status=404,
            )
        return block

    def _start(self, session: str) -> Block:
        return Block([np.zeros((1, *state.shape), np.float32) for state in self.states], (session,))

    def _batches(
        self, pieces: Mapping[str, Mapping[str, Any]]
    ) -> list[tuple[tuple[str, ...], dict[str, np.ndarray]]]:
        """Puts sessions together whose pieces have the same shapes; stacks and checks their inputs."""
        everyone = tuple(pieces)
        stacked = self._stack(list(pieces.values()))
        if stacked is not None:
            return [(everyone, stacked)]
        groups: dict[Hashable, list[str]] = defaultdict(list)
        for session, inputs in pieces.items():
            arrays = self._check(session, inputs)
            groups[tuple(array.shape for array in arrays.values())].append(session)
        batches = []
        for group in groups.values():
            stacked = self._stack([pieces[session] for session in group])
            if stacked is None:
                raise RequestError("pieces: received types that differ between sessions; expected one type.")
            batches.append((tuple(group), stacked))
        return batches

    def _stack(self, own: list[Mapping[str, Any]]) -> dict[str, np.ndarray] | None:
        """Returns the checked inputs of several sessions; ``None`` if they cannot be run together as they are."""
        if not all(isinstance(inputs, Mapping) for inputs in own):
            return None
        if len(set(map(len, own))) > 1 or any(self._wrong(inputs) for inputs in own):
            return None
        try:
            stacked = {name: np.array([inputs[name] for inputs in own]) for name in own[0]}
            return check_inputs(self._pieces, stacked, self._limits)
        except (RequestError, ValueError, TypeError, KeyError):
            return None  # the pieces one by one tell whose fault it is, if any

    def _bind(
        self, session: str, inputs: Any, batch: dict[str, np.ndarray], outputs: dict[str, np.ndarray]
    ) -> None:
        """Makes the next steps of a session cheap whose pieces have one shape."""
        shapes = {name: array.shape for name, array in batch.items()}
        if self._shapes.get(session) == shapes and BoundSession.can_take(self.inputs, inputs, outputs):
            self._bound[session] = BoundSession(session, self._session, self.states, batch, outputs)
        self._shapes[session] = shapes

    def _check(self, session: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns one session's inputs as a batch of one; an error names the session."""
        try:
            check_mapping(self.inputs, inputs)
            problem = self._wrong(inputs)
            if problem is not None:
                raise RequestError(problem)
            rows = {name: _with_batch_axis(name, value) for name, value in inputs.items()}
            return check_inputs(self._pieces, rows, self._limits)
        except RequestError as error:
            raise RequestError(f"session {shorten(session)}: {error}", status=error.status) from error

    def _wrong(self, inputs: Mapping[str, Any]) -> str | None:
        """Returns what is wrong with lists, of which NumPy makes numbers even where truth values stand beside some."""
        for name, value in inputs.items():
            if isinstance(value, list | tuple) and name in self._numbers:
                problem = wrong_number(value, ("step", "feature"))
                if problem is not None:
                    return f"{name}: {problem}"
        return None

    def _run(
        self, group: tuple[str, ...], blocks: list[Block], batch: dict[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], Block]:
        """Returns the outputs and the new states."""
        batch.update(zip(self._carried, gather(group, blocks), strict=True))
        found = run_onnx(self._session, self._names, batch)
        outputs = dict(zip(self._answers, found, strict=False))
        check_outputs(outputs)
        return outputs, Block(found[len(outputs) :], group)


def _split_rows(outputs: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Returns the outputs of each row."""
    first, *others = outputs.items()
    answers = [{first[0]: row} for row in first[1]]
    for name, array in others:
        for answer, row in zip(answers, array, strict=True):
            answer[name] = row
    return answers


def _check_name(session: object) -> None:
    if not isinstance(session, str):
        raise RequestError(f"session: received {shorten(session)}; expected the text that open() returned.")


def _check_group(sessions: Any) -> None:
    if isinstance(sessions, str) or not isinstance(sessions, Sequence):
        raise RequestError(f"sessions: received {shorten(sessions)}; expected a list of names.")
    for session in sessions:
        _check_name(session)


def _check_pieces(pieces: Any) -> None:
    """Raises ``RequestError`` for pieces that do not say whose they are."""
    if not isinstance(pieces, Mapping):
        raise RequestError(
            f"pieces: received {type(pieces).__name__}; expected the inputs of each session. Write "
            "{session: inputs}, or step_batch(sessions, inputs) for rows of one array."
        )


def _with_batch_axis(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)[None]
    except (ValueError, TypeError) as error:
        raise RequestError(f"{name}: rows of unequal length; expected one array.") from error
