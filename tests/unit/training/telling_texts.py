"""Texts whose class a tiny model learns in a second."""

import numpy as np

TELLING = {"sad": ("dull", "flat", "bore"), "glad": ("warm", "joy", "bright"), "calm": ("slow", "soft", "still")}
FILLERS = ("the", "film", "was", "long", "and", "in", "colour")


def pairs(rows: int, seed: int, classes: tuple[str, ...] = ("glad", "sad")) -> list[tuple[str, str]]:
    """Texts of one to nine words that give their class away, with that class."""
    rng = np.random.default_rng(seed)
    labels = [classes[n % len(classes)] for n in range(rows)]
    return [
        (" ".join([*rng.choice(FILLERS, rng.integers(0, 7)), *rng.choice(TELLING[label], rng.integers(1, 3))]), label)
        for label in labels
    ]
