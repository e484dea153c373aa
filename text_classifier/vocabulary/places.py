"""Where in a text its tokens stand, although the tokenizer reads another spelling of it.

No token is searched for: a word that also stands in a tag or inside another word could be found in the wrong place.
The tokenizer's own patterns are run once more by the same library, told to keep what they match beside what they put in
its place, so that every character of the rewritten text knows which characters of the original it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.vocabulary.tokenizers import Tokenizer, as_text_array

Places = npt.NDArray[np.int64]
"""(N, 2): the first character, and the one behind the last."""

_PRIVATE = range(0xF0000, 0x10FFFE)  # code points that belong to nobody, in planes that hardly a text has
_SURROGATES = (0xD800, 0xDFFF)


def token_places(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Places]:
    """For each text the places (N, 2) of the N tokens that the tokenizer makes of it, in order and apart.

    The characters at a place, tokenized, give that token.
    """
    rewritten = pc.utf8_lower(as_text_array(texts))  # one character for each
    places = [_kept(text) for text in texts]
    signs = _unused("".join(texts))
    for pattern, replacement in tokenizer.replacements:
        told = f"{signs[0]}\\0{signs[1]}{replacement}{signs[2]}"
        marked = pc.replace_substring_regex(rewritten, pattern=pattern, replacement=told).to_pylist()
        pairs = [_replaced(text, at, signs) for text, at in zip(marked, places, strict=True)]
        rewritten, places = pa.array([text for text, _ in pairs], pa.string()), [at for _, at in pairs]
    return [_between_spaces(str(text), at) for text, at in zip(rewritten.to_pylist(), places, strict=True)]


def _kept(text: str) -> Places:
    """The places (N, 2) of the characters that `as_text_array` keeps."""
    codes = _codes(text)
    kept = np.flatnonzero((codes < _SURROGATES[0]) | (codes > _SURROGATES[1]))
    return np.stack([kept, kept + 1], axis=1)


def _between_spaces(text: str, places: Places) -> Places:
    """The places of the runs of other characters."""
    inside = np.concatenate([[False], _codes(text) != ord(" "), [False]])
    bounds = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
    return np.stack([places[bounds[:, 0], 0], places[bounds[:, 1] - 1, 1]], axis=1)


def _replaced(marked: str, places: Places, signs: tuple[str, ...]) -> tuple[str, Places]:
    """What a replacement made of a text, and the places of its characters: what is put in stands where its match stood.

    Args:
        marked: the text in which every match is followed by what takes its place: sign, match, sign, put in, sign.
        places: of the characters before the replacement.
    """
    if signs[0] not in marked:
        return marked, places
    codes = _codes(marked)
    is_opening, is_putting, is_closing = (codes == ord(sign) for sign in signs)
    is_put = (np.cumsum(is_putting) > np.cumsum(is_closing)) & ~is_putting
    is_old = ~(is_put | is_opening | is_putting | is_closing)
    is_matched = is_old & (np.cumsum(is_opening) > np.cumsum(is_putting))
    before = np.cumsum(is_old) - is_old  # characters of the text before each one of `marked`
    new = np.flatnonzero(is_put | (is_old & ~is_matched))
    match = np.cumsum(is_opening)[new] - 1
    first = np.where(is_put[new], before[is_opening][match], before[new])
    last = np.where(is_put[new], before[is_putting][match] - 1, before[new])
    replaced = codes[new].tobytes().decode("utf-32-le")
    return replaced, np.stack([places[first, 0], places[last, 1]], axis=1)


def _unused(text: str) -> tuple[str, ...]:
    """Three characters for private use that the text does not hold."""
    taken = set(text)
    return tuple(islice((sign for sign in map(chr, _PRIVATE) if sign not in taken), 3))


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
