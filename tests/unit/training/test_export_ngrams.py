"""The graph of the n-grams beside a plain count of them."""

import numpy as np
import onnxruntime
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classifier.training.export.graph import Graph
from text_classifier.training.export.ngrams import ngram_logits

Ngram = tuple[int, ...]


def coded(ngrams: list[set[Ngram]]) -> dict[str, np.ndarray]:
    """Codes of n-grams of one token, of two, ..., whose parts are known, with random weights of three classes."""
    units = sorted(token for (token,) in ngrams[0])
    places, arrays = {(token,): at for at, token in enumerate(units)}, {"codes_1": np.array(units)}
    for tokens, known in enumerate(ngrams[1:], 2):
        codes = {places[ngram[:-1]] * len(units) + places[ngram[-1:]]: ngram for ngram in known}
        places |= {codes[code]: at for at, code in enumerate(sorted(codes))}
        arrays[f"codes_{tokens}"] = np.array(sorted(codes))
    rows = sum(len(one) for one in ngrams)
    weights = np.random.default_rng(rows).normal(size=(rows + 1, 3)).astype(np.float32)
    weights[-1] = 0
    return arrays | {"weights": weights, "bias": np.array([1, 2, 3], np.float32)}


def expected(texts: np.ndarray, ngrams: list[set[Ngram]], arrays: dict[str, np.ndarray]) -> np.ndarray:
    order = {token: at for at, (token,) in enumerate(sorted(ngrams[0]))}
    listed = [ngram for known in ngrams for ngram in sorted(known, key=lambda one: [order[token] for token in one])]
    present = np.array(
        [[any(tuple(text[at:][: len(one)]) == one for at in range(len(text))) for one in listed] for text in texts]
    )
    return present @ arrays["weights"][:-1] + arrays["bias"]


def answers(arrays: dict[str, np.ndarray], texts: np.ndarray) -> np.ndarray:
    graph = Graph()
    graph.name(ngram_logits(graph, "token_ids", arrays), "logits")
    model = graph.serialized({"token_ids": ("batch", "tokens")}, {"logits": ("batch", 3)}, {}, "1")
    return onnxruntime.InferenceSession(model).run(None, {"token_ids": texts})[0]


TEXTS = st.tuples(st.integers(1, 5), st.integers(1, 12)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 9), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@given(texts=TEXTS, known=TEXTS, longest=st.integers(1, 3), data=st.data())
@settings(max_examples=40)
def test_every_known_ngram_of_a_text_counts_once(texts, known, longest: int, data: st.DataObject) -> None:
    units = {token for text in known for token in text if token > 1}  # 0 is padding, 1 the unknown token
    ngrams: list[set[Ngram]] = [{(token,) for token in units or {2}}]
    for tokens in range(2, longest + 1):
        runs = [tuple(text[at : at + tokens]) for text in known for at in range(len(text) - tokens + 1)]
        of_known = {run for run in runs if run[:-1] in ngrams[-1] and run[-1:] in ngrams[0]}
        if not of_known:
            break
        ngrams.append(data.draw(st.sets(st.sampled_from(sorted(of_known)), min_size=1)))
    arrays, rows = coded(ngrams), np.array(texts)
    np.testing.assert_allclose(answers(arrays, rows), expected(rows, ngrams, arrays), rtol=0, atol=1e-5)
