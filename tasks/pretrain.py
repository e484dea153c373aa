"""Task: pre-train an encoder on unlabelled text, with its progress in the dashboard."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from tasks.progress import ProgressArtifact
from text_classifier.records import DataSet, EncodedCorpus, PretrainedEncoder, TrainRun, shown_name
from text_classifier.training import pretraining
from text_classifier.training.pretraining import PretrainingJob


def _run_name() -> str:
    asked = task_run.parameters
    rows = sum(asked["data_set"].split_rows.get(split, 0) for split in ("train", "unsup"))
    return f"pre-train the encoder of {asked['preset']} on {rows:,} texts of {asked['data_set'].data_set}"


@task(name="pretrain", task_run_name=_run_name, cache_policy=NO_CACHE)
def pretrain(data_set: DataSet, corpus: EncodedCorpus, preset: str, options: TrainRun) -> State[PretrainedEncoder]:
    """Pre-train the preset's encoder on all texts but those of val and test, and write its complete folder."""
    shown = shown_name(data_set.data_set, data_set.origin)
    dashboard = ProgressArtifact(f"{data_set.data_set}-pretraining", f"Pre-training for {preset} on {shown}")
    job = PretrainingJob(data_set, corpus, preset, options)
    encoder = pretraining.pretrain(job, store(options.refresh), dashboard.show)
    dashboard.finish(figures(encoder))
    return ended(encoder, figures(encoder), encoder.making.is_reused)


def figures(encoder: PretrainedEncoder) -> str:
    """What was learned, in words."""
    return (
        f"{encoder.read_texts:,} texts, perplexity {encoder.perplexity:,.1f} on val, "
        f"{encoder.epochs} epochs in {encoder.seconds:,.0f} s: {encoder.folder.name}"
    )
