"""Which split an example belongs to: a function of its group or text and of the contract's seed, of nothing else.

Neither a row's position nor its neighbours count, so no row changes sides when the file is sorted or grows.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import cast

from text_classifier.contract.declared.odcs import SplitShares
from text_classifier.errors import DamagedOutputError
from text_classifier.records import SPLITS, Split

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_ASCII = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256))


def normalise(text: str) -> str:
    """What is left of a text when case, punctuation, white space and Unicode's doubles do not matter.

    Compatibility forms are unified (NFKC), case is folded, everything but letters and digits becomes one space.
    Applied twice, it changes nothing more.
    """
    if text.isascii():  # the same, ten times as fast
        return b" ".join(text.encode("ascii").translate(_ASCII).split()).decode("ascii")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _NOT_ALPHANUMERIC.sub(" ", folded).strip()


def position_of(key: str, seed: int) -> float:
    """Where a key falls in [0, 1), evenly: the first 8 bytes of SHA-256 over seed and key."""
    digest = hashlib.sha256(f"{seed}\x1f{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) / 2**64


def assign_split(key: str, shares: SplitShares, official: str | None = None) -> Split:
    """The split of an example.

    Args:
        key: the example's group where it has one, else its normalised text.
        official: the split that the source gives. `train` is divided between train and val in the ratio of their
            shares; the others stay as they are. None: the three shares hold.
    """
    if official is not None and official != "train":
        return cast(Split, official)
    position = position_of(key, shares.seed) * (100 if official is None else shares.train_pct + shares.val_pct)
    if position < shares.train_pct:
        return "train"
    return "val" if official == "train" or position < shares.train_pct + shares.val_pct else "test"


def assign_splits(
    normalised: Sequence[str],
    groups: Sequence[str | None],
    officials: Sequence[str | None],
    shares: SplitShares,
) -> list[Split]:
    """`assign_split` row by row.

    Args:
        normalised: the texts, `normalise`d; they decide where there is no group.

    Raises:
        DamagedOutputError: an official split is none of `SPLITS`.
    """
    unknown = set(officials) - {None, *SPLITS}
    if unknown:
        raise DamagedOutputError(
            "the ingested rows name a split that nobody knows",
            seen=", ".join(sorted(map(repr, unknown))),
            expected=", ".join(SPLITS),
            to_do="run the step again with refresh=true; if it stays so, the reader is wrong",
        )
    return [
        cast(Split, official)
        if official is not None and official != "train"
        else assign_split(text if group is None else group, shares, official)
        for text, group, official in zip(normalised, groups, officials, strict=True)
    ]
