"""The house's rules that a reader would otherwise have to check by eye."""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

from text_classifier.contract import known_data_sets, load_contract

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("text_classifier", "tasks", "flows", "deployments")
MAY_IMPORT = {
    "text_classifier": {"text_classifier"},
    "tasks": {"tasks", "text_classifier"},
    "flows": {"flows", "tasks", "text_classifier"},
    "deployments": {"deployments", "flows", "tasks", "text_classifier"},
}
DOORS = {
    "great_expectations": {"text_classifier/contract/applied/expectations.py"},
    "pytorch_lightning": {"text_classifier/training/fitting.py", "text_classifier/training/module.py"},
    "onnx": {"text_classifier/training/export/graph.py"},
    "onnxruntime": {"text_classifier/training/export/comparing.py"},
    "matplotlib": {"text_classifier/report/plots.py", "text_classifier/report/evaluation_plots.py"},
    "fsspec": {"text_classifier/corpus/sources/remote.py"},
    "cleanlab": {"text_classifier/evaluation/label_errors.py"},
    "faker": {"text_classifier/corpus/news_generator.py"},
}
SUPPORT_OF_TASKS = {"tasks.dashboard", "tasks.naming", "tasks.outcome", "tasks.progress"}
FLOWS = {
    *("prepare_data", "pretrain_encoder", "train_classifier", "report", "retrain", "watch_source"),
    *("compare", "export_rejected", "readmit", "promote", "roll_back", "verify"),
}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> set[str]:
    """Full names of the modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    package = name_of(path).split("/")[0]
    ours = {module for module in imports_of(path) if top(module) in PACKAGES}
    assert {top(module) for module in ours} <= MAY_IMPORT[package]
    if package == "text_classifier":
        assert "prefect" not in {top(module) for module in imports_of(path)}
    if package == "tasks":
        assert {module for module in ours if top(module) == "tasks"} <= SUPPORT_OF_TASKS
    if package == "flows":
        domain = {module for module in ours if top(module) == "text_classifier"}
        assert domain <= {"text_classifier.config", "text_classifier.errors", "text_classifier.records"}
        assert "flows" not in {top(module) for module in ours}


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_is_imported_behind_its_door_only(library: str) -> None:
    importing = {name_of(path) for path in python_files(*PACKAGES) if library in {top(m) for m in imports_of(path)}}
    assert importing
    assert importing <= DOORS[library]


@pytest.mark.parametrize("path", python_files("flows"), ids=name_of)
def test_a_flow_file_shadows_no_other_module(path: Path) -> None:
    """A worker that loads flows/x.py:x puts flows/ first on sys.path."""
    taken = set(sys.stdlib_module_names) | {top(m) for p in python_files(*PACKAGES, "tests") for m in imports_of(p)}
    assert path.stem == "__init__" or path.stem not in taken


def test_no_drawer_attracts_everything() -> None:
    drawers = {"utils", "helpers", "common", "misc", "base"}
    assert not [name_of(path) for path in python_files(*PACKAGES) if path.stem in drawers]


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert text.count("\n") <= 300
    assert not [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > 50]


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_parameter_of_a_flow_is_described_in_its_form(name: str) -> None:
    module = __import__(f"flows.{name}", fromlist=[name])
    flow = getattr(module, name)
    properties = flow.parameters.model_dump()["properties"]
    assert set(properties) == set(inspect.signature(flow.fn).parameters)
    assert not [key for key, value in properties.items() if not value.get("description")]


def test_the_flows_are_the_ones_of_the_design() -> None:
    assert {path.stem for path in python_files("flows")} - {"__init__"} == FLOWS


@pytest.mark.parametrize("data_set", known_data_sets(ROOT / "data_contracts"))
def test_every_contract_loads(data_set: str) -> None:
    assert load_contract(ROOT / "data_contracts", data_set).data_set == data_set


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.M))


def test_the_readme_names_every_command_and_no_other() -> None:
    assert set(re.findall(r"`make ([a-z]+)`", (ROOT / "README.md").read_text("utf-8"))) == make_targets()


def test_every_file_that_the_documents_link_to_exists() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "data_contracts").glob("*.md")]
    links = [(d, link) for d in documents for link in re.findall(r"\]\(([^)#:]+)\)", d.read_text("utf-8"))]
    assert links
    assert not [(name_of(document), link) for document, link in links if not (document.parent / link).exists()]


def first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0].replace("|", "\\|")


def test_the_readme_maps_every_file_by_the_first_line_of_its_docstring() -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## Map")[1].split("\n## ")[0]
    files = [path for path in python_files(*PACKAGES, "benchmarks", "docs") if path.stem != "__init__"]
    assert re.findall(r"^\| `.*$", section, re.M) == [f"| `{name_of(path)}` | {first_line(path)} |" for path in files]


def test_no_path_of_one_machine_stands_in_the_project() -> None:
    suffixes = {".py", ".md", ".yaml", ".toml", ".html", ".example"}
    texts = [p for p in ROOT.rglob("*") if p.suffix in suffixes and ".venv" not in p.parts and "data" not in p.parts]
    assert not [name_of(p) for p in texts if re.search(r"(?<![\w.])/(work|root|home)/", p.read_text("utf-8"))]
