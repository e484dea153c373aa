"""How a text is cut into tokens: a few regular expressions over whole Arrow arrays, no Python per token.

Lower case is Arrow's: character by character (so `Σ` is always `σ`, `İ` is `i`), which is what Python's
`str.lower` does except for those two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.config.options import TokenizerName
from text_classifier.errors import UnknownNameError

_WORD = r"\p{L}\p{M}\p{N}"
_LINE_BREAK = r"<br */?>"
# What stands between words, with the apostrophes that touch it; then apostrophes that join nothing.
_GAP = rf"'*(?:{_LINE_BREAK}|[^{_WORD}'!?])(?:{_LINE_BREAK}|[^{_WORD}!?])*|''+|^'|'$"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Lower case, then each (pattern, replacement) in turn, then cut at spaces.

    Attributes:
        name: its key in `TOKENIZERS`.
        version: raised whenever the same text may give other tokens; a saved model names the one it needs.
        replacements: RE2 patterns, each with what takes the place of its matches.
    """

    name: TokenizerName
    version: int
    replacements: tuple[tuple[str, str], ...]

    def tokenize(self, texts: pa.Array | pa.ChunkedArray) -> pa.ListArray:
        """The tokens of each of N texts, a list<string> array of N rows; no token is empty. A null has none."""
        lowered = pc.utf8_lower(texts)
        for pattern, replacement in self.replacements:
            lowered = pc.replace_substring_regex(lowered, pattern=pattern, replacement=replacement)
        pieces = pc.split_pattern(pc.fill_null(lowered, ""), pattern=" ")
        return _without_empty(pieces.combine_chunks() if isinstance(pieces, pa.ChunkedArray) else pieces)


TOKENIZERS: dict[TokenizerName, Tokenizer] = {
    "words": Tokenizer("words", 1, (("’", "'"), (_GAP, " "), (r"'?([!?])'?", r" \1 "))),
    "letters-es": Tokenizer("letters-es", 1, (("[^a-záéíóúüñ]+", " "),)),
    "keras": Tokenizer("keras", 1, ((r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n]", " "),)),
}
"""words: words with their inner apostrophes, and `!` and `?`; letters-es: notebook 2's; keras: those of Keras's
`Tokenizer`, cut at spaces alone, so that the words of its IMDB index (some hold other white space) survive."""


def tokenizer_named(name: str) -> Tokenizer:
    """The tokenizer of that name.

    Raises:
        UnknownNameError: there is none; the message lists the known ones.
    """
    for known, tokenizer in TOKENIZERS.items():
        if known == name:
            return tokenizer
    raise UnknownNameError.of("tokenizer", name, TOKENIZERS)


def as_text_array(texts: Sequence[str]) -> pa.Array:
    """The texts as an Arrow string array; lone surrogates, which UTF-8 cannot hold, are left out."""
    return pa.array([text.encode("utf-8", "ignore") for text in texts], pa.binary()).cast(pa.string())


def _without_empty(pieces: pa.ListArray) -> pa.ListArray:
    tokens = pieces.flatten()
    kept = pc.not_equal(tokens, "")
    kept_before = np.concatenate([[0], np.cumsum(kept.to_numpy(zero_copy_only=False))])
    offsets = pieces.offsets.to_numpy()
    return pa.ListArray.from_arrays(
        pa.array(kept_before[offsets - offsets[0]], pa.int32()),
        tokens.filter(kept),
    )
