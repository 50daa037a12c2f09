"""Many streams at once through one streaming file, with NumPy and onnxruntime only."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from rnnzoo import checks, files
from rnnzoo.errors import BundleError, RequestError
from rnnzoo.preprocessing.numeric_rows import wrong_number
from rnnzoo_export.inference.predictor import check_outputs, open_onnx, run_onnx
from rnnzoo_export.inference.validation import Limits, check_inputs, check_mapping, is_finite, shorten
from rnnzoo_export.signature import Signature, State, TensorSpec


class StreamingPredictor:
    """Answers sequences piece by piece and keeps the states of each between its pieces.

    Pieces of different sessions run together in one call, whatever their history; a session's answers do not
    depend on the others. A predictor may be used from several threads.

    Args:
        path: A file of ``export_streaming_onnx``, or a bundle that holds one.
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
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        max_sessions: int = 1024,
        max_steps: int | None = None,
    ) -> None:
        file = _streaming_file(Path(path))
        self._session = open_onnx(file, checks.integer("threads", threads, minimum=1))
        self.states, self.inputs, self.outputs = _read_metadata(self._session, file)
        self.max_sessions = checks.integer("max_sessions", max_sessions, minimum=1)
        self._limits = Limits(max_steps=max_steps)
        self._open: dict[str, _Place] = {}
        self._carried = [state.input for state in self.states]
        self._answers = [spec.name for spec in self.outputs]
        self._names = [*self._answers, *(state.output for state in self.states)]
        self._plain = [_Plain(spec.name, tuple(spec.shape[2:])) for spec in self.inputs if _is_plain(spec)]
        self._numbers = {spec.name for spec in self.inputs if spec.kind in "fiu"}
        self._whole = Signature(self.inputs, self.outputs)
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
            self._open[name] = self._start()
        return name

    def close(self, session: str) -> None:
        """Ends a session and forgets its states; ``RequestError`` if there is no such session."""
        with self._lock:
            self._place(session)
            del self._open[session]

    def reset(self, session: str) -> None:
        """Puts a session's states back to zero; ``RequestError`` if there is no such session."""
        with self._lock:
            self._place(session)
            self._open[session] = self._start()

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
        with self._lock:
            place = self._open.get(session) or self._place(session)
            batch = self._as_it_is(inputs) or self._check(session, inputs)
            outputs, block = self._run([place], batch)
            self._open[session] = block, 0
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
            moved: list[tuple[list[str], _Block]] = []
            for group, batch in self._batches(pieces):
                places = [self._open.get(session) or self._place(session) for session in group]
                outputs, block = self._run(places, batch)
                answers.update(zip(group, _split_rows(outputs), strict=True))
                moved.append((group, block))
            for group, block in moved:
                self._open.update(zip(group, block.places(), strict=True))
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
        group = list(sessions)
        if len(set(group)) < len(group) or not group:
            raise RequestError(
                f"sessions: received {shorten(group)}; expected at least one name, and each once. Send a session's "
                "pieces one after the other."
            )
        batch = check_inputs(self._whole, inputs, self._limits)
        rows = len(next(iter(batch.values())))
        if rows != len(group):
            raise RequestError(
                f"inputs: received {rows} rows; expected one for each of {len(group)} sessions."
            )
        with self._lock:
            places = [self._open.get(session) or self._place(session) for session in group]
            outputs, block = self._run(places, batch)
            self._open.update(zip(group, block.places(), strict=True))
        return outputs

    def _place(self, session: str) -> _Place:
        place = self._open.get(session)
        if place is None:
            raise RequestError(
                f"session {shorten(session)}: is not open. Open it first; a session ends with close().",
                status=404,
            )
        return place

    def _start(self) -> _Place:
        return _Block({state.input: np.zeros((1, *state.shape), np.float32) for state in self.states}, 1), 0

    def _batches(
        self, pieces: Mapping[str, Mapping[str, Any]]
    ) -> list[tuple[list[str], dict[str, np.ndarray]]]:
        """Puts sessions together whose pieces have the same shapes; stacks and checks their inputs."""
        everyone = list(pieces)
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
            batches.append((group, stacked))
        return batches

    def _stack(self, own: list[Mapping[str, Any]]) -> dict[str, np.ndarray] | None:
        """Returns the checked inputs of several sessions; ``None`` if they cannot be run together as they are."""
        if not all(isinstance(inputs, Mapping) for inputs in own):
            return None
        if len(set(map(len, own))) > 1 or any(self._wrong(inputs) for inputs in own):
            return None
        try:
            stacked = {name: np.array([inputs[name] for inputs in own]) for name in own[0]}
            return check_inputs(self._whole, stacked, self._limits)
        except (RequestError, ValueError, TypeError, KeyError):
            return None  # the pieces one by one tell whose fault it is, if any

    def _as_it_is(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
        """Returns pieces that are right as they stand as a batch of one; ``None`` for all that has to be looked at."""
        if type(inputs) is not dict or not len(inputs) == len(self._plain) == len(self.inputs):
            return None
        most = self._limits.max_steps
        batch = {}
        for name, features in self._plain:
            piece = inputs.get(name)
            if type(piece) is not np.ndarray or piece.dtype != np.float32 or piece.shape[1:] != features:
                return None
            if not piece.flags.c_contiguous or not 0 < len(piece) <= (most or len(piece)):
                return None
            if not is_finite(piece):
                return None
            batch[name] = piece[None]
        return batch

    def _check(self, session: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns one session's inputs as a batch of one; an error names the session."""
        try:
            check_mapping(self.inputs, inputs)
            problem = self._wrong(inputs)
            if problem is not None:
                raise RequestError(problem)
            rows = {name: _with_batch_axis(name, value) for name, value in inputs.items()}
            return check_inputs(self._whole, rows, self._limits)
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
        self, places: list[_Place], batch: dict[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], _Block]:
        """Returns the outputs and the new states."""
        batch.update(_gather(places))
        found = run_onnx(self._session, self._names, batch)
        count = len(self._answers)
        outputs = dict(zip(self._answers, found[:count], strict=True))
        check_outputs(outputs)
        return outputs, _Block(dict(zip(self._carried, found[count:], strict=True)), len(places))


class _Plain(NamedTuple):
    """An input of numbers ``(time, *features)`` whose pieces need no change where they are float32 already."""

    name: str
    features: tuple[int | None, ...]


def _is_plain(spec: TensorSpec) -> bool:
    return spec.dtype == "float32" and spec.shape[1:2] == (None,) and None not in spec.shape[2:]


class _Block:
    """The states by input name that a run gave to all who took part in it, one row each."""

    __slots__ = ("_shared", "rows", "states")

    def __init__(self, states: dict[str, np.ndarray], rows: int) -> None:
        self.states, self.rows = states, rows
        # A block of one keeps none, lest each step leave a cycle to the garbage collector.
        self._shared: list[_Place] = [(self, row) for row in range(rows)] if rows > 1 else []

    def places(self) -> list[_Place]:
        """Where each row is."""
        return self._shared or [(self, 0)]


#: Where a session's states are: a row of a block.
_Place = tuple[_Block, int]


def _gather(places: list[_Place]) -> dict[str, np.ndarray]:
    """Returns the states of several sessions as one block: that of their last run, if it was of just these."""
    block, _ = places[0]
    if len(places) == block.rows and (block.rows == 1 or places == block.places()):
        return block.states
    return {name: np.array([block.states[name][row] for block, row in places]) for name in block.states}


def _split_rows(outputs: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Returns the outputs of each row."""
    first, *others = outputs.items()
    answers = [{first[0]: row} for row in first[1]]
    for name, array in others:
        for answer, row in zip(answers, array, strict=True):
            answer[name] = row
    return answers


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


def _streaming_file(path: Path) -> Path:
    if not path.is_dir():
        return files.existing_file(path, "a streaming ONNX file or a bundle that holds one")
    from rnnzoo_export.bundle import load_bundle

    file = load_bundle(path).streaming_path
    if not file.is_file():
        raise BundleError(
            f"{path}: holds no streaming file; expected one. Export the model again with "
            "also=['streaming'], or rnnzoo export --streaming."
        )
    return file


def _read_metadata(
    session: onnxruntime.InferenceSession, file: Path
) -> tuple[tuple[State, ...], tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Returns the states, and the inputs and outputs without them."""
    metadata = session.get_modelmeta().custom_metadata_map
    try:
        states = tuple(State.from_config(row) for row in json.loads(metadata["states"]))
        signature = Signature.from_config(json.loads(metadata["signature"]))
    except (KeyError, ValueError, TypeError) as error:
        raise BundleError(
            f"{file}: has no table of states; expected a file of export_streaming_onnx."
        ) from error
    inside, outside = {state.input for state in states}, {state.output for state in states}
    inputs = tuple(spec for spec in signature.inputs if spec.name not in inside)
    return states, inputs, tuple(spec for spec in signature.outputs if spec.name not in outside)
