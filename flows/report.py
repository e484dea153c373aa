"""Judge a trained model, challenge the champion with it, and publish its report."""

from __future__ import annotations

from prefect import flow
from prefect.transactions import transaction

from tasks.evaluate import evaluate
from tasks.find_signal import find_signal
from tasks.fit_baselines import fit_baselines
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.promote import promote
from tasks.report import report as write_report
from tasks.train import trained_model
from tasks.validate import data_set_of
from text_classifier.config import DataSetName, PromotionRule, RunName, SignalRule
from text_classifier.records import Report


@flow(name="report", flow_run_name=run_name)
def report(
    data_set: DataSetName = "news",
    run: RunName = None,
    refresh: bool = False,
    signal: SignalRule = SignalRule(),
    promotion: PromotionRule = PromotionRule(),
) -> Report:
    """Score the latest (or the named) model on the test split beside the baselines, and publish its report.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        run: Folder name of the model below models/<data set>/. Empty: the one that a run made or reused last.
        refresh: Score and write anew, also where an undamaged report could be reused.
        signal: How a signal is looked for, and what counts as one.
        promotion: What the model must show before it is put in service.
    """
    with only_run_of(data_set):
        model = trained_model(data_set, run)
        prepared = data_set_of(model)
        signal_test = find_signal(prepared, model.label, signal, refresh).result()
        baselines = fit_baselines(prepared, model.label, model.preset, refresh).result()
        evaluated = evaluate(model, signal_test, baselines, refresh).result()
        with transaction():
            comparison = promote(evaluated, promotion).result()
            published = write_report(evaluated, comparison, prepared, refresh).result()
    return ending(published, published.headline)
