"""The product's own table, made and widened by its contract."""

from __future__ import annotations

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.errors import FixTheConfiguration
from conductor.warehouses import sql
from conductor.warehouses.session import Session


def ensure_table(session: Session, contract: Contract, dialect: Dialect) -> None:
    """Make the product's table, or give it the columns that are new in its contract; refuse any other difference.

    No other load writes the table until the transaction ends. The staging table stands for what the contract wants: so types are
    compared in the warehouse's own words.
    """
    table, wanted = sql.table(contract), session.columns(sql.STAGING)
    if not session.columns(table):
        session.run(*sql.creation(contract, dialect))
    session.hold(table)
    there = session.columns(table)
    for name, kind in there.items():
        if wanted.get(name) != kind:
            raise FixTheConfiguration(
                f"the table {contract.dataset} has {name} as {kind}, version {contract.version} of its contract "
                f"as {wanted.get(name, 'nothing')}: a table can only gain columns",
                next_command=f'conductor query "select * from {contract.schema}.{contract.table} limit 1"',
            )
    missing = [column for column in contract.columns if column.name not in there]
    session.run(
        *(
            f"ALTER TABLE {table} ADD COLUMN {sql.quoted(column.name)} {sql.typed(column, dialect)}"
            for column in missing
        )
    )
