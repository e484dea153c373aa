"""Every tokenizer in plain Python, a character at a time, and texts that tell tokenizers apart."""

import re
import unicodedata

from hypothesis import strategies as st

KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def lower(text: str) -> str:
    """Character by character: no final sigma, and the dotted capital I loses its dot."""
    return "".join("i" if character == "İ" else character.lower() for character in text)


def words_reference(text: str) -> list[str]:
    text = re.sub(r"<br */?>", " ", lower(text).replace("’", "'"))
    kinds = "".join("w" if unicodedata.category(c)[0] in "LMN" else c if c in "'!?" else " " for c in text)
    return [text[match.start() : match.end()] for match in re.finditer(r"w+(?:'w+)*|[!?]", kinds)]


def letters_es_reference(text: str) -> list[str]:
    return re.sub("[^a-záéíóúüñ]+", " ", lower(text)).split()


def keras_reference(text: str) -> list[str]:
    spaced = lower(text).translate(str.maketrans(dict.fromkeys(KERAS_FILTERS, " ")))
    return [piece for piece in spaced.split(" ") if piece]


TOKENS_OF = {"words": words_reference, "letters-es": letters_es_reference, "keras": keras_reference}
# Characters that Python's Unicode tables know: Arrow's are newer and know letters that Python takes for unassigned.
_known_characters = st.characters(exclude_categories=["Cs", "Cn"])
_tags = st.sampled_from(["<br />", "<br  >", "<BR/>", "<br", "/>", ">", "/"])
_telling = st.sampled_from(["'", "’", "!", "?", " ", "\x00", "don't", "Ñandú", "İ", "ΑΣ", "e\u0301", "\U0001f600"])
texts = st.lists(_tags | _telling | _known_characters).map("".join)
