"""The examples of docs/serving.md, run as they stand there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from text_classifier.store import Store
from text_classifier.training import load_model, train

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["a dull film", "joy from the first minute", "", "bore " * 300 + "joy"]

_WITH_PYTORCH, _WITH_ONNX = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "serving.md").read_text("utf-8"), re.S)
_TEXTS_THERE = '["a dull film", "joy from the first minute"]'


def answers(code: str, folder: Path, without: tuple[str, ...]) -> np.ndarray:
    """The probabilities that an example computes of TEXTS in a process of its own, where some libraries are missing."""
    missing = f"import sys\nsys.modules.update(dict.fromkeys({without!r}))\n"
    assert _TEXTS_THERE in code
    program = f"{missing}{code.replace(_TEXTS_THERE, repr(TEXTS))}\nprint(probabilities.tolist())"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return np.array(json.loads(ended.stdout))


@pytest.mark.parametrize("preset", ["smoke", "keras-bilstm"])
def test_a_model_is_served_without_prefect_and_its_onnx_file_without_pytorch(
    preset: str, films, job_of, tmp_path: Path
) -> None:
    folder = train(job_of(films, preset, epochs=1), Store(tmp_path)).folder.rename(tmp_path / "elsewhere")
    expected = load_model(folder).predict_probabilities(TEXTS)
    by_flows, by_training = ("prefect", "great_expectations"), ("torch", "pytorch_lightning", "onnx")
    served = answers(_WITH_PYTORCH, folder, (*by_flows, "pytorch_lightning", "onnx", "onnxruntime"))
    np.testing.assert_allclose(served, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(answers(_WITH_ONNX, folder, by_flows + by_training), expected, rtol=0, atol=1e-6)
