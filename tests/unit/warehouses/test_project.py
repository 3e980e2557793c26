"""The dbt project of a workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conductor.warehouses.project import SOURCES, project_with
from conductor.workspace import DBT_PROJECT, load_products

SHIPPED = [product.contract for product in load_products(()).values()]


def test_the_shipped_products_need_no_project_of_their_own(tmp_path: Path) -> None:
    assert project_with(DBT_PROJECT, SHIPPED, tmp_path / "project") == DBT_PROJECT
    assert not (tmp_path / "project").exists()


def test_a_product_of_the_users_own_has_its_source_beside_the_shipped_models(tmp_path: Path) -> None:
    own = replace(SHIPPED[0], dataset="sales/returns")
    project = project_with(DBT_PROJECT, [*SHIPPED, own], tmp_path / "project")
    assert "name: returns" in (project / SOURCES).read_text()
    models = {
        path.relative_to(DBT_PROJECT) for path in DBT_PROJECT.rglob("*.sql") if "target" not in path.parts
    }
    assert all((project / model).read_bytes() == (DBT_PROJECT / model).read_bytes() for model in models)


def test_a_product_that_is_gone_loses_its_source(tmp_path: Path) -> None:
    first = project_with(
        DBT_PROJECT, [*SHIPPED, replace(SHIPPED[0], dataset="sales/a")], tmp_path / "project"
    )
    assert "name: a\n" in (first / SOURCES).read_text()
    second = project_with(
        DBT_PROJECT, [*SHIPPED, replace(SHIPPED[0], dataset="sales/b")], tmp_path / "project"
    )
    assert "name: a\n" not in (second / SOURCES).read_text()
