import numpy as np

from text_classifier.evaluation import Evaluation, evaluate, first_sentence, standing

CLASSES = ("Health", "Sports")


def evaluation_of(right_rows: int, health_rows: int, answers: list[int] | None = None) -> Evaluation:
    """1,000 examples of which the first `health_rows` are Health and the first `right_rows` are answered right."""
    truth = np.array([0] * health_rows + [1] * (1_000 - health_rows))
    right = np.arange(1_000) < right_rows
    predictions = np.where(right, truth, 1 - truth) if answers is None else np.array(answers)
    return evaluate(truth, np.eye(2)[predictions], CLASSES, {"Health": 6, "Sports": 4})


def test_a_better_model_says_its_figures() -> None:
    assert first_sentence(evaluation_of(850, 500), "films") == (
        "Better than always answering 'Health': of 1,000 test examples of films the model gets 85.00 % right "
        "(95 % interval 82.65 to 87.08 %), the constant answer 50.00 %."
    )


def test_an_interval_around_the_majority_rate_is_called_no_better() -> None:
    evaluation = evaluation_of(510, 500)
    assert standing(evaluation) == "no better"
    assert first_sentence(evaluation, "films").startswith("No better than always answering 'Health': ")


def test_an_interval_below_the_majority_rate_is_called_worse() -> None:
    assert standing(evaluation_of(300, 500)) == "worse"
    assert first_sentence(evaluation_of(300, 500), "films").startswith("Worse than always answering 'Health': ")


def test_collapsed_predictions_are_named_in_the_first_sentence() -> None:
    sentence = first_sentence(evaluation_of(0, 510, answers=[0] * 1_000), "films")
    assert sentence.startswith("No better than always answering 'Health': ")
    assert sentence.endswith("; every prediction is 'Health'.")


def test_nearly_collapsed_predictions_are_counted_there() -> None:
    sentence = first_sentence(evaluation_of(0, 500, answers=[1] * 960 + [0] * 40), "films")
    assert sentence.endswith("; 960 of 1,000 predictions are 'Sports'.")


def test_the_sentence_bears_the_mark_of_made_data() -> None:
    assert "test examples of news (GENERATED)" in first_sentence(evaluation_of(850, 500), "news (GENERATED)")
