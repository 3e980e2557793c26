"""The library knows no Prefect, no environment and no clock; flows know only steps; the sandbox knows nothing of the product."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = [path for path in (ROOT / "conductor").rglob("*.py") if "cli" not in path.relative_to(ROOT).parts]
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def attributes(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_library_imports_neither_prefect_nor_flows_nor_blocks_nor_the_sandbox(path: Path) -> None:
    roots = {module.split(".")[0] for module in imports(path)}
    assert not roots & {"prefect", "prefect_aws", "flows", "blocks", "sandbox", "tests"}
    assert not any(module.startswith("conductor.cli") for module in imports(path))


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_library_reads_neither_the_environment_nor_the_clock(path: Path) -> None:
    used = set(attributes(path))
    assert not used & {("os", "environ"), ("os", "getenv")}
    assert not used & CLOCKS


@pytest.mark.parametrize("path", sorted((ROOT / "sandbox").rglob("*.py")), ids=name)
def test_the_sandbox_imports_nothing_of_the_product(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports(path)} & {
        "conductor",
        "flows",
        "blocks",
        "prefect",
    }


@pytest.mark.parametrize("path", sorted((ROOT / "conductor" / "audit").glob("*.py")), ids=name)
def test_the_audit_reads_evidence_and_imports_nothing_that_makes_it(path: Path) -> None:
    modules = set(imports(path))
    of_ledger = {module for module in modules if module.startswith("conductor.ledger")}
    assert of_ledger <= {f"conductor.ledger.{part}" for part in ("database", "rows", "schema", "states")}
    makers = ("conductor.engines", "conductor.quality", "conductor.raw.landing", "conductor.workspace")
    assert not [module for module in modules if module.startswith(makers)]


def test_every_folder_of_the_library_was_walked() -> None:
    walked = {path.relative_to(ROOT).parts[1] for path in LIBRARY}
    assert {
        "audit",
        "stores",
        "ledger",
        "contracts",
        "engines",
        "quality",
        "warehouses",
        "sources",
        "events",
    } <= walked


FLOWS = [
    path
    for path in sorted((ROOT / "flows").glob("*/[!_]*.py"))
    if path.parent.name not in ("steps", "workers")  # what flows are made of, and what starts them
]


@pytest.mark.parametrize("path", FLOWS, ids=name)
def test_a_flow_is_a_paragraph_of_at_most_twelve_statements(path: Path) -> None:
    functions = [
        node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    assert functions
    for function in functions:
        body = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
        statements = [
            node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ]
        assert len(statements) <= 12, f"{function.name} has {len(statements)} statements"


@pytest.mark.parametrize("path", sorted((ROOT / "flows" / "steps").glob("[!_]*.py")), ids=name)
def test_a_step_says_what_a_second_run_does(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(
            "step" in ast.dump(mark) for mark in node.decorator_list
        ):
            assert "Repeats:" in (ast.get_docstring(node) or ""), node.name
