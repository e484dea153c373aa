import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
from champion_house import TEST_ROWS, House

from text_classifier import storage
from text_classifier.champion import challenge, withdraw
from text_classifier.config import PromotionRule
from text_classifier.errors import DamagedOutputError
from text_classifier.store import Store


def test_the_first_model_with_a_signal_becomes_champion(house: House) -> None:
    comparison = house.challenged(house.model("first", 700), by="Monday")
    assert (comparison.decision, comparison.rule) == ("promoted", "first model with a signal")
    assert (comparison.against_champion, comparison.compared_by) == ("first", "Monday")
    assert comparison.spent == comparison.level == 0.05 / 365
    assert house.in_service == "first"


@pytest.mark.parametrize(("gain_rate", "p_value"), [(0.2, 3e-4), (-0.2, 1e-9)])
def test_a_first_model_that_does_not_beat_the_majority_class_at_the_level_of_the_night_waits_and_has_spent_it(
    house: House, gain_rate: float, p_value: float
) -> None:
    model = house.model("first", 700, majority_gain_rate=gain_rate, majority_p_value=p_value)
    comparison = house.challenged(model)
    assert comparison.rule == "not better than the majority class at the level of this night"
    assert (comparison.decision, comparison.spent) == ("not promoted", 0.05 / 365)
    assert house.in_service is None


def test_the_champion_judged_anew_is_not_promoted_again_whatever_its_figures_say_now(house: House) -> None:
    first = house.model("first", 700)
    promoted = house.challenged(first)
    again = house.challenged(replace(first, against_baseline="worse"))
    assert (again.decision, again.against_champion) == ("not promoted", "not comparable")
    assert again.rule == f"in service already, since {promoted.compared_at[:10]}"
    assert (again.against_baseline, again.spent) == ("worse", 0)
    assert house.in_service == "first"
    assert house.challenged(replace(first, against_baseline="worse")) == again
    assert house.challenged(first) == promoted
    assert len(house.ledger) == 2


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"origin": "sample"}, {}, "SAMPLE data never puts a model in service"),
    ({"origin": "generated"}, {}, "GENERATED data never puts a model in service"),
    ({"preset": "keras-bilstm"}, {}, "models of preset keras-bilstm are reported, never promoted"),
    ({"signal": "not found"}, {}, "no signal"),
    ({"against_baseline": "worse"}, {}, "worse than the best baseline"),
    ({}, {"against_baseline": "better"}, "not better than the best baseline"),
]


def test_a_champion_that_may_no_longer_be_promoted_is_asked_once_and_stays_in_service(house: House) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    now_barred = replace(first, preset="smoke")
    assert house.challenged(now_barred) == house.challenged(now_barred)
    assert (house.in_service, len(house.ledger)) == ("first", 2)


@pytest.mark.parametrize(("change", "rule", "words"), REFUSED)
def test_a_model_that_lacks_one_condition_is_not_promoted_and_the_condition_is_named(
    house: House, change: dict[str, Any], rule: dict[str, Any], words: str
) -> None:
    comparison = house.challenged(house.model("first", 700, **change), PromotionRule(**rule))
    assert (comparison.decision, comparison.rule) == ("not promoted", words)
    assert house.in_service is None
    assert not house.pointer.exists()


@pytest.mark.parametrize(("change", "rule", "words"), REFUSED)
def test_what_is_refused_is_compared_with_the_champion_all_the_same(
    house: House, change: dict[str, Any], rule: dict[str, Any], words: str
) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", 800, **change), PromotionRule(**rule))
    assert (comparison.against_champion, comparison.decision, comparison.rule) == ("better", "not promoted", words)
    assert (comparison.rows, comparison.gain_rate) == (TEST_ROWS, pytest.approx(0.1))


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ({"require_signal": False}, {"signal": "not found"}),
        ({"against_baseline": "nothing"}, {"against_baseline": "worse"}),
    ],
)
def test_a_condition_that_is_not_demanded_refuses_nothing(
    house: House, setting: dict[str, Any], change: dict[str, Any]
) -> None:
    assert house.challenged(house.model("first", 700, **change), PromotionRule(**setting)).is_promoted


@pytest.mark.parametrize(
    ("right_rows", "against", "rule"),
    [
        (713, "better", "better than the champion at the level of this night"),  # one-sided p = 0.5**13 = 0.00012
        (712, "not separable", "not better than the champion at the level of this night"),  # 0.00024
        (700, "not separable", "not better than the champion at the level of this night"),
        (695, "not separable", "not better than the champion at the level of this night"),  # two-sided p = 0.0625
        (694, "worse", "worse than the champion"),  # two-sided p = 0.031
    ],
)
def test_the_level_of_the_night_divides_better_from_the_rest(
    house: House, right_rows: int, against: str, rule: str
) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", right_rows))
    assert (comparison.against_champion, comparison.rule) == (against, rule)
    assert comparison.level == comparison.spent == pytest.approx(0.05 / 365)
    assert house.in_service == ("second" if against == "better" else "first")


@pytest.mark.parametrize(
    ("demand", "right_rows", "is_promoted"),
    [
        ("not worse", 700, True),
        ("not worse", 690, False),
        ("nothing", 690, True),
    ],
)
def test_where_less_is_demanded_beside_the_champion_nothing_is_spent(
    house: House, demand: Any, right_rows: int, is_promoted: bool
) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", right_rows), PromotionRule(against_champion=demand))
    assert (comparison.is_promoted, comparison.spent) == (is_promoted, 0)


def test_the_figures_of_the_pairing_are_kept(house: House) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", 706))
    assert comparison.gain_rate == pytest.approx(0.006)
    assert comparison.p_value == pytest.approx(2 * 0.5**6)
    assert comparison.low_rate is not None
    assert comparison.high_rate is not None
    assert 0 < comparison.low_rate < 0.006 < comparison.high_rate
    assert comparison.detectable_gain_rate == pytest.approx((3.6402 + 0.8416) * (0.006 / 1000) ** 0.5, rel=1e-3)
    assert "+0.60 points on 1,000 test rows" in comparison.reason


@pytest.mark.parametrize(
    ("change", "spent"),
    [({}, True), ({"against_baseline": "worse"}, True), ({"signal": "not found"}, False), ({"preset": "smoke"}, False)],
)
def test_only_what_is_known_before_the_test_rows_are_looked_at_spares_the_budget(
    house: House, change: dict[str, Any], spent: bool
) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", 700, **change))
    assert (comparison.spent > 0) == spent
    assert comparison.level > 0


def test_a_slice_that_gets_worse_refuses_a_model_that_is_better_on_the_whole(house: House) -> None:
    sources = ["old" if n < 30 else "new" for n in range(TEST_ROWS)]
    house.challenged(house.model("first", 700))
    second = house.model("second", 900, slices={"source": sources})
    predictions = second.folder / "predictions.parquet"
    worse_on(predictions, rows=30)
    manifest = storage.read_manifest(second.folder)
    storage.write_manifest(second.folder, manifest, manifest.facts)
    comparison = house.challenged(second)
    assert comparison.against_champion == "better"
    assert comparison.worse_slices == ("source = old",)
    assert (comparison.decision, comparison.rule) == ("not promoted", "worse than the champion on source = old")
    assert house.challenged(second, PromotionRule(allow_worse_slices=True)).is_promoted


def worse_on(predictions: Any, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(predictions)
    answers = table["prediction"].to_pylist()
    answers[:rows] = ["no"] * rows
    at = table.column_names.index("prediction")
    pq.write_table(table.set_column(at, "prediction", pa.array(answers)), predictions)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"split_seed": 2}, "another split seed (1, not 2)"),
        ({"class_names": ("no", "yes", "maybe")}, "knows other classes (no, yes; not maybe, no, yes)"),
    ],
)
def test_models_that_answer_different_questions_are_not_comparable(
    house: House, config: dict[str, object], words: str
) -> None:
    house.challenged(house.model("first", 700))
    comparison = house.challenged(house.model("second", 900, config=config))
    assert (comparison.against_champion, comparison.rule) == ("not comparable", "not comparable with the champion")
    assert words in comparison.reason
    assert house.in_service == "first"


def test_the_same_classes_in_another_order_are_comparable(house: House) -> None:
    house.challenged(house.model("first", 700))
    assert house.challenged(house.model("second", 900, config={"class_names": ("yes", "no")})).is_promoted


def test_the_same_question_is_answered_once_and_spends_once(house: House) -> None:
    models = [house.model("first", 700), house.model("second", 703)]
    made = [challenge(model, PromotionRule(), Store(house.data_dir)) for model in models]
    assert [is_repeated for _, is_repeated in made] == [False, False]
    again = [challenge(model, PromotionRule(), Store(house.data_dir)) for model in models]
    assert again == [(comparison, True) for comparison, _ in made]
    assert len(house.ledger) == 2


@pytest.mark.parametrize(
    "change",
    ["predictions", "rule", "verdict"],
)
def test_another_question_is_answered_anew(house: House, change: str) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 703, against_baseline="worse" if change == "verdict" else "better")
    house.challenged(second)
    if change == "predictions":
        second = house.model("second", 900)
    rule = PromotionRule(against_champion="not worse") if change == "rule" else PromotionRule()
    if change == "verdict":
        second = house.model("second", 703)
    comparison, is_repeated = challenge(second, rule, Store(house.data_dir))
    assert not is_repeated
    assert comparison.is_promoted == (change != "verdict")


def test_a_model_is_compared_again_when_another_one_came_into_service(house: House) -> None:
    old = house.model("first", 700)
    house.challenged(old)
    house.challenged(house.model("second", 900))
    comparison, is_repeated = challenge(old, PromotionRule(), Store(house.data_dir))
    assert (comparison.against_champion, is_repeated) == ("worse", False)
    assert house.in_service == "second"


def test_the_pointer_names_the_models_folder_and_its_weights(house: House) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    assert json.loads(house.pointer.read_text("utf-8")) == {
        "run": "first",
        "model": "models/news/first",
        "weights_sha256": storage.sha256_file(first.folder / "weights.safetensors"),
    }


@pytest.mark.parametrize("damage", ["config", "folder"])
def test_a_damaged_champion_stays_in_service_and_is_told_until_it_is_mended(house: House, damage: str) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    kept = house.data_dir / "kept"
    shutil.copytree(first.folder, kept)
    if damage == "folder":
        shutil.rmtree(first.folder)
    else:
        (first.folder / "config.json").write_bytes(b"changed")
    better = house.model("second", 900)
    for _ in range(2):
        comparison, is_repeated = challenge(better, PromotionRule(), Store(house.data_dir))
        assert (comparison.against_champion, comparison.spent, is_repeated) == ("not comparable", 0, False)
    assert "the champion cannot be read, see to it" in comparison.reason
    assert str(first.folder) in comparison.reason
    assert house.in_service == "first"
    shutil.rmtree(first.folder, ignore_errors=True)
    shutil.copytree(kept, first.folder)
    assert house.challenged(better).is_promoted


def test_predictions_that_the_manifest_does_not_name_decide_nothing(house: House) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 900)
    manifest = storage.read_manifest(second.folder)
    storage.write_manifest(second.folder, manifest, manifest.facts, but=("predictions.parquet",))
    with pytest.raises(DamagedOutputError, match="differs from its manifest"):
        house.challenged(second)
    assert len(house.ledger) == 1


@pytest.mark.parametrize("has_earlier", [True, False])
def test_a_withdrawn_promotion_leaves_the_champion_of_before_and_both_lines(house: House, has_earlier: bool) -> None:
    if has_earlier:
        house.challenged(house.model("first", 700))
    pointer = house.pointer.read_bytes() if has_earlier else None
    second = house.model("second", 900)
    promotion = house.challenged(second)
    assert house.in_service == "second"
    assert withdraw(second, promotion, Store(house.data_dir))
    assert house.in_service == ("first" if has_earlier else None)
    assert (house.pointer.read_bytes() if house.pointer.exists() else None) == pointer
    undone = house.ledger[-1]
    assert (undone.kind, undone.decision) == ("undone", "not promoted")
    assert undone.rule == "rolled back because publication failed"
    assert sum(line.spent for line in house.ledger) == promotion.spent * (2 if has_earlier else 1)
    assert house.challenged(second).is_promoted


def test_a_promotion_that_another_one_has_followed_is_not_withdrawn(house: House) -> None:
    first = house.model("first", 700)
    promotion = house.challenged(first)
    house.challenged(house.model("second", 900))
    assert not withdraw(first, promotion, Store(house.data_dir))
    assert house.in_service == "second"
    assert len(house.ledger) == 2


def test_a_slice_that_follows_from_the_label_refuses_nobody(house: House) -> None:
    """A model that leans to the other class is worse on one class, and much better on the other."""
    for run, right_by_class in {"first": (480, 250), "second": (430, 450)}.items():
        model = house.model(run, 700)
        two_classes(model.folder / "predictions.parquet", right_by_class)
        manifest = storage.read_manifest(model.folder)
        storage.write_manifest(model.folder, manifest, manifest.facts)
        comparison = house.challenged(model)
    assert comparison.worse_slices == ()
    assert (comparison.run, comparison.is_promoted) == ("second", True)


def two_classes(predictions: Any, right_by_class: tuple[int, int]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    labels = [name for name in ("yes", "no") for _ in range(TEST_ROWS // 2)]
    other = {"yes": "no", "no": "yes"}
    right = [n < rows for rows in right_by_class for n in range(TEST_ROWS // 2)]
    answers = [label if is_right else other[label] for label, is_right in zip(labels, right, strict=True)]
    digests = pq.read_table(predictions)["text_digest"]
    columns = {"text_digest": digests, "label": labels, "prediction": answers, "slice_category": labels}
    pq.write_table(pa.table(columns), predictions)
