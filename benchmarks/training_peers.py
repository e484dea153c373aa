"""The peers of `benchmarks.training`: notebook 1's network in Keras 3 and in plain PyTorch.

They learn from 200 tokens of every review, padded in front, as the notebook does.
B batch, T tokens, H hidden.
"""

from __future__ import annotations

from importlib import import_module

from benchmarks.training_measured import (
    EMBEDDING,
    HIDDEN,
    LAYERS,
    MAX_LENGTH_TOKENS,
    VOCABULARY,
    Clock,
    Measured,
    Reviews,
    Run,
)

_ENDLESS = 10_000  # epochs: the clock ends the run

VARIANTS: dict[str, tuple[object, str]] = {
    "": ("auto", "float32"),
    "compiled": (True, "float32"),
    "not compiled": (False, "float32"),
    "bfloat16": ("auto", "mixed_bfloat16"),
}
"""Keras's `jit_compile` and dtype policy."""


def train_keras(reviews: Reviews, run: Run) -> Measured:
    import keras

    jit_compile, policy = VARIANTS[run.variant]
    keras.config.set_dtype_policy(policy)
    clock = Clock(run.seconds)

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
            self.model.stop_training = clock.span_ended()

    towards = keras.layers.Bidirectional
    layers = [towards(keras.layers.LSTM(HIDDEN, return_sequences=layer + 1 < LAYERS)) for layer in range(LAYERS)]
    model = keras.Sequential(
        [
            keras.Input((MAX_LENGTH_TOKENS,), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, EMBEDDING),
            *layers,
            keras.layers.Dense(1, activation="sigmoid", dtype="float32"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=jit_compile)
    rows = _whole_batches(reviews, run)
    model.fit(reviews.padded()[:rows], reviews.labels[:rows], run.batch_size, _ENDLESS, verbose=0, callbacks=[Steps()])
    backend = keras.backend.backend()
    made_with = f"Keras {keras.__version__}, {backend} {import_module(backend).__version__}"
    return clock.measured(run.batch_size, MAX_LENGTH_TOKENS, made_with)


def train_plain_pytorch(reviews: Reviews, run: Run) -> Measured:
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
            self.lstm = nn.LSTM(EMBEDDING, HIDDEN, LAYERS, batch_first=True, bidirectional=True)
            self.head = nn.Linear(2 * HIDDEN, 1)

        def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
            values, _ = self.lstm(self.embedding(token_ids))  # (B, T, 2H)
            logits: torch.Tensor = self.head(torch.cat([values[:, -1, :HIDDEN], values[:, 0, HIDDEN:]], dim=-1))
            return logits.squeeze(-1)

    network, clock = Plain(), Clock(run.seconds)
    optimizer = torch.optim.Adam(network.parameters())
    data = TensorDataset(torch.from_numpy(reviews.padded()), torch.from_numpy(reviews.labels).float())
    loader = DataLoader(data, run.batch_size, shuffle=True, drop_last=True)
    while True:
        for token_ids, labels in loader:
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(network(token_ids), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if clock.span_ended():
                return clock.measured(run.batch_size, MAX_LENGTH_TOKENS, f"torch {torch.__version__}")


def _whole_batches(reviews: Reviews, run: Run) -> int:
    """Rows without the rest that would be a batch of another shape, which Keras compiles anew."""
    return len(reviews.labels) // run.batch_size * run.batch_size
