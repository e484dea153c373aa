import numpy as np
import pyarrow as pa

from text_classifier.evaluation.intervals import proportion
from text_classifier.evaluation.leaks import leak_figures

TRAIN = pa.chunked_array([["A fine film!", "Dull."], ["Étude"]])


def test_the_score_is_told_with_and_without_the_copies_of_train() -> None:
    test = pa.chunked_array([["a  fine FILM", "new", "newer"], ["étude", "Dull, dull"]])
    found = leak_figures(TRAIN, test, np.array([True, False, True, True, False]))
    assert found.all_rows == proportion(3, 5)
    assert found.new_rows == proportion(1, 3)
    assert found.copied_rows == proportion(2, 2)


def test_without_a_copy_there_is_no_score_on_copies() -> None:
    found = leak_figures(TRAIN, pa.chunked_array([["new", "newer"]]), np.array([True, False]))
    assert found.copied_rows is None
    assert found.new_rows == found.all_rows == proportion(1, 2)


def test_nothing_but_copies_leaves_no_score_on_new_texts() -> None:
    assert leak_figures(TRAIN, TRAIN, np.array([True, True, False])).new_rows is None
