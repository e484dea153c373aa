"""Four fields and one sentence, from the figures and the challenge."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from text_classifier.comparison import Comparison
from text_classifier.records import SignalTest
from text_classifier.verdict import verdict_of, verdict_without_model

SIGNAL = SignalTest(
    data_set="news",
    origin="generated",
    label="category",
    folder=Path("signals/news/1"),
    fingerprint="ab",
    learner="naive Bayes",
    score_name="balanced accuracy",
    score_rate=0.1429,
    chance_rate=0.1431,
    chance_high_rate=0.156,
    refits=200,
    train_rows=16_000,
    scored_rows=2_001,
    p_value=95 / 201,
    level=0.01,
)
WORSE = Comparison(
    run="new",
    champion=None,
    decision="not promoted",
    rule="worse than the best baseline",
    signal="found",
    against_baseline="worse",
    against_champion="first",
    reason="there is no champion yet",
)
BETTER = replace(
    WORSE,
    champion="old",
    decision="promoted",
    rule="better than the champion",
    against_baseline="better",
    against_champion="better",
    rows=25_000,
    gain_rate=0.0062,
    low_rate=0.0031,
    high_rate=0.0093,
    p_value=0.00008,
    level=0.05 / 365,
)


def figures(against_baseline: str = "worse", predicted: tuple[int, int] = (500, 500), **signal: Any) -> dict[str, Any]:
    accuracy = {"rows": 1_000, "rate": 0.89, "low_rate": 0.87, "high_rate": 0.91}
    return {
        "name": "imdb",
        "label": "label",
        "signal": {"is_found": True, "p_value": 1 / 201, "refits": 200, **signal},
        "test": {
            "accuracy": accuracy,
            "per_class": [{"name": n, "predicted_rows": p} for n, p in zip(("neg", "pos"), predicted, strict=True)],
        },
        "baselines": [{"name": name, "accuracy": {"rate": rate}} for name, rate in (("NB-SVM", 0.918), ("ridge", 0.9))],
        "deciding_baseline": "NB-SVM",
        "against_baseline": against_baseline,
    }


def test_a_model_that_the_linear_one_beats_says_so() -> None:
    verdict = verdict_of(figures(), WORSE)
    assert verdict.sentence == (
        "Signal found in the label of imdb (p = 0.005); of 1,000 test examples the model gets 89.00 % right "
        "(95 % interval 87.00 to 91.00 %), worse than the best baseline, NB-SVM, with 91.80 %; "
        "not promoted: worse than the best baseline."
    )
    fields = (verdict.signal, verdict.against_baseline, verdict.against_champion, verdict.decision)
    assert fields == ("found", "worse", "first", "not promoted")


def test_a_model_that_is_worse_than_another_baseline_only_names_that_one() -> None:
    assert (
        ", worse than a baseline, ridge, with 90.00 %;"
        in verdict_of(figures() | {"deciding_baseline": "ridge"}, WORSE).sentence
    )


def test_a_promoted_model_says_by_how_much_it_is_better() -> None:
    assert verdict_of(figures("better"), BETTER).sentence.endswith(
        "better than the best baseline, NB-SVM, with 91.80 %; better than the champion on 25,000 common test examples "
        "(+0.62 points, 95 % interval +0.31 to +0.93, one-sided p = 4e-05 where up to 0.00014 counts as better); "
        "promoted: better than the champion."
    )


def test_why_two_models_cannot_be_compared_is_said() -> None:
    other_seed = replace(
        BETTER, against_champion="not comparable", reason="another split seed", decision="not promoted"
    )
    assert (
        "; not comparable with the champion: another split seed; not promoted"
        in verdict_of(figures(), other_seed).sentence
    )


@pytest.mark.parametrize(
    ("against_champion", "rates", "told"),
    [
        (
            "not separable",
            (0.0, -0.004, 0.004),
            "not separable from the champion on 25,000 common test examples (+0.00",
        ),
        ("worse", (-0.02, -0.03, -0.01), "worse than the champion on 25,000 common test examples (-2.00 points, 95 %"),
    ],
)
def test_a_model_that_is_not_better_than_the_champion_says_so(
    against_champion: Any, rates: tuple[float, float, float], told: str
) -> None:
    gain, low, high = rates
    comparison = replace(
        BETTER,
        decision="not promoted",
        against_champion=against_champion,
        gain_rate=gain,
        low_rate=low,
        high_rate=high,
    )
    verdict = verdict_of(figures(), comparison)
    assert told in verdict.sentence
    assert (verdict.against_champion, verdict.decision) == (against_champion, "not promoted")


def test_a_verdict_without_a_signal_says_how_many_shuffles_did_as_well() -> None:
    verdict = verdict_of(figures(is_found=False, p_value=95 / 201), WORSE)
    assert verdict.signal == "not found"
    assert verdict.sentence.startswith(
        "No signal found in the label of imdb: of 200 classifiers fitted to shuffled labels 94 did as well"
    )


@pytest.mark.parametrize(
    ("predicted", "told"),
    [
        ((1_000, 0), " (every prediction is 'neg');"),
        ((40, 960), " (960 predictions are 'pos');"),
        ((60, 940), "91.80 %;"),
    ],
)
def test_collapsed_predictions_are_named(predicted: tuple[int, int], told: str) -> None:
    assert told in verdict_of(figures(predicted=predicted), WORSE).sentence


def test_without_a_signal_nothing_is_trained_and_the_figures_say_why() -> None:
    verdict = verdict_without_model(SIGNAL)
    assert verdict.sentence == (
        "No signal found in the category of news (GENERATED): of 200 classifiers fitted to shuffled labels 94 did as "
        "well as the one fitted to the true labels, or better (p = 0.47); "
        "not promoted: no signal, so no model was trained."
    )
    fields = (verdict.signal, verdict.against_baseline, verdict.against_champion, verdict.decision)
    assert fields == ("not found", "no model", "no model", "not promoted")
