"""PyTorch's half of ``training_speed.py``: runs where PyTorch is, and no TensorFlow.

    python training_speed_peers.py FOLDER THREADS

Denormal numbers are flushed to zero, as TensorFlow does by itself: through long series gradients decay below the normal
range, where some processors compute many times slower, and PyTorch does not flush by default.

Reads commands as JSON lists, one a line, and answers each with a line of JSON: ``["load"]`` takes up the case that lies
in FOLDER, ``["losses", side, count]`` trains on its first batches, ``["run", side]`` makes a pass over all of them. A
side is ``"PyTorch packed"`` or ``"PyTorch padded"``.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch


class Network(torch.nn.Module):
    """An embedding, a recurrent layer, its state after the last valid step, and logits."""

    def __init__(self, cell: str, weights: list[np.ndarray], *, packed: bool) -> None:
        super().__init__()
        words, width = weights[0].shape
        units = weights[2].shape[0]
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        self.embedding = torch.nn.Embedding(words, width)
        self.rnn = kind(width, units, batch_first=True)
        self.dense = torch.nn.Linear(units, weights[4].shape[1])
        self._packed = packed
        self._load(cell, weights, units)

    def forward(self, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        if self._packed:
            sequences = torch.nn.utils.rnn.pack_padded_sequence(
                x, lengths, batch_first=True, enforce_sorted=False
            )
            state = self.rnn(sequences)[1]
            return self.dense((state[0] if isinstance(state, tuple) else state)[-1])
        return self.dense(self.rnn(x)[0][torch.arange(len(x)), lengths - 1])

    def _load(self, cell: str, weights: list[np.ndarray], units: int) -> None:
        """Takes Keras's weights; PyTorch's gates have another order, and its biases come in pairs."""
        embedding, kernel, recurrent, bias, dense, dense_bias = weights
        pair = [bias[0], bias[1]] if bias.ndim == 2 else [bias, np.zeros_like(bias)]
        arrays = [kernel.T, recurrent.T, *pair]
        if cell == "gru":  # z r h in Keras, r z n in PyTorch
            arrays = [np.concatenate([a[units : 2 * units], a[:units], a[2 * units :]]) for a in arrays]
        named = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), arrays, strict=True))
        parameters = {f"rnn.{name}": array for name, array in named.items()}
        parameters |= {"embedding.weight": embedding, "dense.weight": dense.T, "dense.bias": dense_bias}
        for name, array in parameters.items():
            self.get_parameter(name).data = torch.tensor(np.ascontiguousarray(array))
        if cell == "lstm":  # the second bias, which Keras does not have, would double the steps of the first
            self.get_parameter("rnn.bias_hh_l0").requires_grad_(False)


class Trainer:
    """A network and its optimizer, as a PyTorch user would write the loop."""

    def __init__(self, cell: str, weights: list[np.ndarray], *, packed: bool) -> None:
        self._network = Network(cell, weights, packed=packed)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=1e-3)
        self._loss = torch.nn.CrossEntropyLoss()
        self._steps = 0

    def step(self, tokens: torch.Tensor, lengths: torch.Tensor, targets: torch.Tensor) -> float:
        # Keras adds epsilon before the mean of squares is corrected for its start at zero, PyTorch after.
        self._steps += 1
        self._optimizer.param_groups[0]["eps"] = 1e-7 / math.sqrt(1 - 0.999**self._steps)
        self._optimizer.zero_grad()
        loss = self._loss(self._network(tokens, lengths), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        return float(loss.detach())


class Case:
    """The batches and the two ways to train on them."""

    def __init__(self, folder: Path) -> None:
        case = json.loads((folder / "case.json").read_text())
        arrays = dict(np.load(folder / "case.npz"))
        self._batches = [self._tensors(arrays, number) for number in range(case["batches"])]
        weights = [arrays[f"weight_{i}"] for i in range(6)]
        self._trainers = {
            f"PyTorch {name}": Trainer(case["cell"], weights, packed=name == "packed")
            for name in ("packed", "padded")
        }

    def losses(self, side: str, count: str) -> list[float]:
        return [self._trainers[side].step(*batch) for batch in self._batches[: int(count)]]

    def run(self, side: str) -> float:
        return float(np.mean([self._trainers[side].step(*batch) for batch in self._batches]))

    @staticmethod
    def _tensors(arrays: dict[str, np.ndarray], number: int) -> tuple[torch.Tensor, ...]:
        tokens, targets = (arrays[f"{name}_{number}"].astype(np.int64) for name in ("tokens", "targets"))
        return torch.tensor(tokens), torch.tensor((tokens != 0).sum(axis=1)), torch.tensor(targets)


def main() -> None:
    folder = Path(sys.argv[1])
    torch.set_num_threads(int(sys.argv[2]))
    if not torch.set_flush_denormal(True):
        raise SystemExit("this processor cannot flush denormal numbers, so that no comparison would be fair")
    case: Any = None
    for line in sys.stdin:
        command, *words = json.loads(line)
        answer: Any = None
        if command == "version":
            answer = torch.__version__
        elif command == "load":
            case = Case(folder)
        else:
            answer = getattr(case, command)(*words)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
