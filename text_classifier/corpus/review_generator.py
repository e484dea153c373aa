"""Film reviews that nobody wrote, in the archive form of the IMDB reviews: SAMPLE data for machines without network.

Films have a quality that their reviews scatter around, so reviews of one film are alike; opinions are mixed,
negated ("anything but dull") and weighed against each other ("although ..., ..."), so that counting words
does not settle every review. Splits are divided by film.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TypeVar

import numpy as np

from text_classifier.corpus.imdb.tar import ROOT

FILMS = 420
MOST_REVIEWS_PER_FILM = 30
SEED = 20110619
NEUTRAL_RATE = 0.3  # of a review's sentences
SENTENCES = (6, 17)  # fewest, most + 1
PRAISE_RATES = {1: 0.09, 2: 0.16, 3: 0.23, 4: 0.3, 7: 0.7, 8: 0.77, 9: 0.84, 10: 0.91}
"""Stars -> share of opinions that praise."""

ASPECTS = (
    "acting", "plot", "dialogue", "camera work", "music", "ending", "opening", "pacing", "humour", "cast",
    "lead actress", "lead actor", "villain", "editing", "script", "romance", "mystery", "lighting", "costume design",
    "sound", "middle part", "last half hour", "direction", "story", "narration", "set design", "supporting cast",
)  # fmt: skip
PAIRS = tuple(permutations(ASPECTS, 2))
GOOD = (
    "gripping", "tender", "witty", "convincing", "beautiful", "clever", "fresh", "moving", "superb", "charming",
    "honest", "inspired", "lively", "memorable", "polished", "rich", "sharp", "subtle", "thrilling", "warm",
    "well judged", "touching", "bold", "elegant", "funny", "haunting", "original", "precise", "satisfying", "vivid",
)  # fmt: skip
BAD = (
    "dull", "clumsy", "predictable", "wooden", "shallow", "tedious", "messy", "forced", "lifeless", "cheap",
    "confusing", "flat", "grating", "hollow", "lazy", "muddled", "painful", "pointless", "stale", "tiresome",
    "awkward", "bland", "careless", "dreary", "silly", "sloppy", "overlong", "unfinished", "weak", "irritating",
)  # fmt: skip
DEGREES = ("", "", "", "really ", "quite ", "very ", "simply ", "surprisingly ", "rather ", "truly ")
DENIALS = ("not", "never", "hardly", "far from", "anything but", "by no means", "not at all", "nowhere near")
CALLS = {
    True: (
        "I would gladly watch it again.", "Do not miss it.", "It stayed with me for days.",
        "My family loved every minute.", "See it while you can.", "You will not regret the ticket.",
        "I cannot find much to complain about.", "Well worth an evening.",
    ),
    False: (
        "I would not watch it again.", "Give it a miss.", "I had forgotten it by the next morning.",
        "My family left before the end.", "Save your money.", "You will regret the ticket.",
        "I cannot find much to praise.", "Not worth an evening.",
    ),
}  # fmt: skip
NEUTRAL = (
    "The story is set in {place}.", "{name} plays a {job}.", "I saw {film} at a late show in {place}.",
    "It runs for about {number} minutes.", "{name} and {other} share most of the scenes.",
    "The {aspect} was discussed a lot before the release.", "A {job} from {place} meets a {otherjob}.",
    "My neighbour, a {job}, lent me the disc.", "{film} was made on a small budget.",
    "The book by {name} came out years before.", "There are {number} people in the credits.",
    "Half of {film} plays at night in {place}.", "{other} is the {job} who starts it all.",
    "We talked about the {aspect} on the way home.", "It opens with a {job} on a train to {place}.",
)  # fmt: skip
JOBS = ("baker", "pilot", "judge", "gardener", "nurse", "thief", "teacher", "sailor", "clerk", "painter", "detective")
PLACES = ("Lindmoor", "Port Avel", "Karsk", "Sandry Bay", "Old Weir", "Montrale", "Hollin", "Tarn Vale", "Estwick")
_SYLLABLES = ("ka", "lo", "mi", "ren", "ta", "vor", "el", "dan", "su", "bri", "mar", "o", "thel", "ni", "gar", "wen")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True)
class _Film:
    number: int
    title: str
    names: tuple[str, str]
    quality: float  # about -2 to 2
    reviews: int
    part: str  # train, test or unsup

    @property
    def address(self) -> str:
        return f"http://films.invalid/title/tt{self.number:07d}/usercomments"


def write_reviews(path: Path, films: int = FILMS, seed: int = SEED) -> None:
    """Write the archive; the same bytes for the same seed."""
    rng = np.random.default_rng(seed)
    texts: dict[str, list[str]] = defaultdict(list)  # folder -> reviews as "<rating>\t<film's address>\t<text>"
    for number in range(1, films + 1):
        film = _film(rng, number)
        for _ in range(film.reviews):
            rating = _rating(rng, film.quality)
            folder = "train/unsup" if film.part == "unsup" else f"{film.part}/{'pos' if rating > 5 else 'neg'}"
            shown = 0 if film.part == "unsup" else rating
            texts[folder].append(f"{shown}\t{film.address}\t{_review(rng, film, rating)}")
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for folder, entries in sorted(texts.items()):
            _add_folder(archive, folder, entries)


def _add_folder(archive: tarfile.TarFile, folder: str, entries: list[str]) -> None:
    addresses = []
    for number, entry in enumerate(entries):
        rating, address, text = entry.split("\t")
        addresses.append(address)
        _add(archive, f"{folder}/{number}_{rating}.txt", text)
    part, label = folder.split("/")
    _add(archive, f"{part}/urls_{label}.txt", "".join(f"{address}\n" for address in addresses))


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(f"{ROOT}/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _film(rng: np.random.Generator, number: int) -> _Film:
    title = f"The {_name(rng)} {_pick(rng, ('Letter', 'Garden', 'Winter', 'Affair', 'Road', 'Song', 'Tower'))}"
    reviews = min(int(rng.geometric(0.09)), MOST_REVIEWS_PER_FILM)
    part = ("train", "test", "train", "test", "train", "test", "unsup")[number % 7]
    return _Film(number, title, (_name(rng), _name(rng)), float(rng.normal(0, 1)), reviews, part)


def _rating(rng: np.random.Generator, quality: float) -> int:
    """Stars around the film's quality; never 5 or 6, as in the original."""
    place = 1 / (1 + np.exp(-(quality + rng.normal(0, 1.2))))
    return sorted(PRAISE_RATES)[min(int(place * len(PRAISE_RATES)), len(PRAISE_RATES) - 1)]


def _review(rng: np.random.Generator, film: _Film, rating: int) -> str:
    sentences = [
        _neutral(rng, film)
        if rng.random() < NEUTRAL_RATE
        else _opinion(rng, praises=bool(rng.random() < PRAISE_RATES[rating]))
        for _ in range(rng.integers(*SENTENCES))
    ]
    if rng.random() < 0.5:
        sentences.append(_pick(rng, CALLS[bool(rng.random() < PRAISE_RATES[rating])]))
    breaks = [bool(draw < 0.12) for draw in rng.random(len(sentences))]
    return " ".join(text + "<br /><br />" * ends for text, ends in zip(sentences, breaks, strict=True))


def _opinion(rng: np.random.Generator, *, praises: bool) -> str:
    same, other = (GOOD, BAD) if praises else (BAD, GOOD)
    first, second = _pick(rng, PAIRS)
    kind = rng.random()
    if kind < 0.62:
        return f"The {first} is {_pick(rng, DEGREES)}{_pick(rng, same)}."
    if kind < 0.8:
        return f"The {first} is {_pick(rng, DENIALS)} {_pick(rng, other)}."
    if kind < 0.92:
        return f"Although the {first} is {_pick(rng, other)}, the {second} is {_pick(rng, DEGREES)}{_pick(rng, same)}."
    return f"I expected a {_pick(rng, other)} film, but it turned out {_pick(rng, same)}."


def _neutral(rng: np.random.Generator, film: _Film) -> str:
    return _pick(rng, NEUTRAL).format(
        film=film.title,
        name=film.names[0],
        other=film.names[1],
        place=_pick(rng, PLACES),
        job=_pick(rng, JOBS),
        otherjob=_pick(rng, JOBS),
        aspect=_pick(rng, ASPECTS),
        number=int(rng.integers(75, 180)),
    )


def _name(rng: np.random.Generator) -> str:
    return "".join(_pick(rng, _SYLLABLES) for _ in range(rng.integers(2, 4))).capitalize()


def _pick(rng: np.random.Generator, choices: tuple[_Choice, ...]) -> _Choice:
    return choices[int(rng.random() * len(choices))]
