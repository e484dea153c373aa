"""Task: derive anew all that a run has published, and name what differs."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import publish_table
from tasks.outcome import ended
from text_classifier.config import Settings
from text_classifier.errors import UnequalReportError
from text_classifier.records import TrainedModel, shown_name
from text_classifier.verification import Verification, verify_run

logger = logging.getLogger("text_classifier.tasks.verify")


@task(name="verify", task_run_name="verify {model.run}", cache_policy=NO_CACHE)
def verify(model: TrainedModel, quick: bool = False) -> State[Verification]:
    """Compare what was published of the model with what its inputs give, and publish every check.

    Raises:
        UnequalReportError: something differs; the table was published before.
    """
    verification = checked(model, quick)
    shown = shown_name(model.data_set, model.origin)
    publish_table(
        f"{model.data_set}-{model.label}-verification",
        rows(verification, shown),
        f"Verification of {model.run} on {shown}, label {model.label}: {verification.sentence}",
    )
    if verification.differing:
        raise unequal(verification)
    return ended(verification, verification.sentence, is_reused=False)


def checked(model: TrainedModel, quick: bool) -> Verification:
    """The verification of a model below the data root of this machine."""
    verification = verify_run(model, Settings().data_dir, quick)
    logger.info("%s", verification.sentence)
    return verification


def unequal(verification: Verification) -> UnequalReportError:
    """The error of a verification in which something differs."""
    return UnequalReportError(
        "what is published of a run is not what its inputs give",
        where=str(verification.model.folder),
        seen=verification.sentence,
        expected="what the data, the weights and the ledger give",
        to_do=f"restore the files from a backup, or write the report anew: report with run={verification.model.run}, "
        "refresh=true",
    )


def rows(verification: Verification, shown: str) -> list[dict[str, object]]:
    """One row for each check, those that differ first."""
    return [
        {
            "data": shown,
            "equal": "equal" if check.is_equal else "DIFFERS",
            "what": check.name,
            "published": check.published,
            "derived": check.derived,
        }
        for check in sorted(verification.checks, key=lambda check: check.is_equal)
    ]
