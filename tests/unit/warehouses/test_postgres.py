"""What is PostgreSQL's own: roles of least privilege, locks, texts as they are, and errors by what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from receipts import CONTRACT, NOW, batch, line, rows, slot
from servers.warehouses import NewWarehouse, new_database, new_warehouse
from sqlalchemy import make_url

from conductor.errors import (
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    NotFound,
    RetryLater,
    StopAndCall,
)
from conductor.warehouses.postgres import PostgresWarehouse
from conductor.warehouses.postgres_errors import translated
from conductor.warehouses.postgres_prepare import prepare
from conductor.warehouses.postgres_roles import BUILDER, LOADER, READER
from conductor.warehouses.rowhash import hash_rows

MONDAY = slot("2026-01-05")
OLD = [line("R1", 1, "2026-01-05", "1.00")]
COUNT = "SELECT count(*) FROM finance.sales_receipts"


@pytest.fixture
def made(postgres_url: str) -> NewWarehouse:
    """Give a prepared database with the first version of a day."""
    made = new_warehouse(postgres_url)
    PostgresWarehouse(made.url).load(CONTRACT, batch(MONDAY), 1, rows(OLD), NOW)
    return made


@contextmanager
def acting(url: str, role: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        connection.execute(f"SET ROLE {role}")
        yield connection


CANNOT = {
    LOADER: [
        "CREATE ROLE another",
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE marts.mine (a int)",
        "SELECT * FROM marts.built",
        "COPY finance.sales_receipts TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
    BUILDER: [
        "DELETE FROM finance.sales_receipts",
        "UPDATE conductor.load_ledger SET version = 9",
        "UPDATE conductor.fence SET epoch = 9",
        "CREATE TABLE finance.mine (a int)",
        "CREATE SCHEMA mine",
        "DROP TABLE finance.sales_receipts",
    ],
    READER: [
        "DELETE FROM finance.sales_receipts",
        "DELETE FROM marts.built",
        "UPDATE conductor.fence SET epoch = 9",
        "CREATE TABLE marts.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE SCHEMA mine",
    ],
}


@pytest.mark.parametrize(
    ("role", "statement"),
    [(role, statement) for role, all_of_it in CANNOT.items() for statement in all_of_it],
)
def test_a_role_cannot_do_what_is_not_its_work(made: NewWarehouse, role: str, statement: str) -> None:
    with acting(made.url, BUILDER) as connection:
        connection.execute("CREATE TABLE marts.built (a int)")
    with acting(made.url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (LOADER, "CREATE SCHEMA risk"),
        (LOADER, "UPDATE conductor.fence SET epoch = 9"),
        (BUILDER, "SELECT * FROM finance.sales_receipts"),
        (BUILDER, "CREATE TABLE marts.mine AS SELECT 1 AS a"),
        (BUILDER, "SELECT max(loaded_at) FROM conductor.load_ledger"),
        (READER, "SELECT * FROM finance.sales_receipts"),
        (READER, "SELECT * FROM marts.built"),
        (READER, "SELECT * FROM conductor.load_ledger"),
    ],
)
def test_a_role_can_do_its_work(made: NewWarehouse, role: str, statement: str) -> None:
    with acting(made.url, BUILDER) as connection:
        connection.execute("CREATE TABLE marts.built (a int)")
    with acting(made.url, role) as connection:
        connection.execute(statement)


def test_the_workspaces_user_has_no_right_before_it_acts_as_a_role(made: NewWarehouse) -> None:
    with psycopg.connect(made.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(COUNT)


def test_a_reader_reads_and_can_become_nobody_else(made: NewWarehouse) -> None:
    with psycopg.connect(made.reader_url) as connection:
        assert connection.execute(COUNT).fetchall() == [(1,)]
    for role in (LOADER, BUILDER):
        with (
            psycopg.connect(made.reader_url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"SET ROLE {role}")


def test_a_database_may_be_prepared_twice_and_while_it_is_in_use(made: NewWarehouse) -> None:
    warehouse = PostgresWarehouse(made.url)
    prepare(made.admin_url, str(make_url(made.url).username))
    assert warehouse.query(COUNT).rows == ((1,),)
    assert warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(OLD), NOW).sequence == 2


def test_an_owner_who_may_make_roles_prepares_without_being_a_superuser(postgres_url: str) -> None:
    url = make_url(new_database(postgres_url, "own"))
    owner = f"{url.database}_owner"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE USER {owner} PASSWORD 'canary' CREATEROLE")
        connection.execute(f"ALTER DATABASE {url.database} OWNER TO {owner}")
        # The roles are the server's: another database's user made them, so it has to let this one act as them.
        for role in (LOADER, BUILDER, READER):
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            if exists:
                connection.execute(f"GRANT {role} TO {owner} WITH ADMIN OPTION")
    own = url.set(username=owner, password="canary").render_as_string(hide_password=False)
    prepare(own, "")
    warehouse = PostgresWarehouse(own)
    assert warehouse.load(CONTRACT, batch(MONDAY), 1, rows(OLD), NOW).rows == 1
    assert warehouse.query(COUNT).rows == ((1,),)


def test_a_database_that_is_not_prepared_is_said_plainly(postgres_url: str) -> None:
    url = new_database(postgres_url, "bare")
    with pytest.raises(FixTheConfiguration, match="is not prepared") as caught:
        PostgresWarehouse(url).loads()
    assert caught.value.next_command == "conductor warehouse prepare"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM finance.sales_receipts",
        "SELECT 1; DELETE FROM finance.sales_receipts",
        "WITH gone AS (DELETE FROM finance.sales_receipts RETURNING 1) SELECT * FROM gone",
        "COPY finance.sales_receipts TO STDOUT",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT lo_import('/etc/hostname')",
        "SET ROLE conductor_loader",
        "COMMIT",
        "SELECT * FROM pg_authid",
        "SELECT * FROM nowhere",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT set_config('role', 'conductor_loader', false)",
    ],
)
def test_a_query_can_only_read(made: NewWarehouse, statement: str) -> None:
    warehouse = PostgresWarehouse(made.url, made.reader_url)
    with pytest.raises(FixTheConfiguration) as caught:
        warehouse.query(statement)
    assert "canary" not in caught.value.sentence
    assert warehouse.query(COUNT).rows == ((1,),)


def test_nothing_that_a_query_sets_stays(made: NewWarehouse) -> None:
    warehouse = PostgresWarehouse(made.url)
    warehouse.query("SELECT set_config('timezone', 'Asia/Tokyo', false)")
    assert warehouse.query("SHOW timezone").rows == (("UTC",),)


def test_revenue_before_the_first_build_is_not_found(made: NewWarehouse) -> None:
    with pytest.raises(NotFound, match="not built yet"):
        PostgresWarehouse(made.url).daily_revenue(MONDAY.day)


def test_texts_arrive_as_they_are(made: NewWarehouse) -> None:
    odd = ["\\.", "a\tb", "a\nb\r\nc", "\\N", "", "'; --", "{a,b}", "ü€😀", "\\x41", "\x01"]
    lines = [line(f"R{number}", 1, "2026-01-05", "1.00", item_name=text) for number, text in enumerate(odd)]
    lines.append(line("R99", 1, "2026-01-05", "1.00", item_name=None))
    warehouse = PostgresWarehouse(made.url)
    warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(lines), NOW)
    assert warehouse.row_hashes(CONTRACT) == hash_rows(CONTRACT, rows(lines))


def test_a_text_that_postgresql_cannot_keep_is_the_datas_fault_and_is_not_told(made: NewWarehouse) -> None:
    warehouse = PostgresWarehouse(made.url)
    lines = [line("R1", 1, "2026-01-05", "1.00", item_name="secret\x00name")]
    with pytest.raises(FixTheData, match="NUL") as caught:
        warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(lines), NOW)
    assert "secret" not in caught.value.sentence
    assert warehouse.query(COUNT).rows == ((1,),)


def test_a_load_waits_for_a_build_to_end(made: NewWarehouse) -> None:
    hasty = PostgresWarehouse(made.url, build_patience=0.2)
    patient = PostgresWarehouse(made.url, build_patience=60)
    done = threading.Event()

    def load() -> None:
        patient.load(CONTRACT, batch(MONDAY, 2), 1, rows(OLD), NOW)
        done.set()

    waiting = threading.Thread(target=load)
    with patient.building():
        with pytest.raises(RetryLater):
            hasty.load(CONTRACT, batch(MONDAY, 2), 1, rows(OLD), NOW)
        waiting.start()
        assert not done.wait(0.5)
        assert patient.highest_version(MONDAY) == 1
    waiting.join(60)
    assert done.is_set()
    assert patient.highest_version(MONDAY) == 2


def test_a_lock_that_somebody_holds_is_told_to_try_again(made: NewWarehouse) -> None:
    with psycopg.connect(made.admin_url) as other:
        other.execute("LOCK TABLE finance.sales_receipts IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RetryLater):
            PostgresWarehouse(made.url, patience=0.3).load(CONTRACT, batch(MONDAY, 2), 1, rows(OLD), NOW)


def test_a_connection_that_the_server_cuts_is_told_to_try_again(made: NewWarehouse) -> None:
    def cut() -> Iterator[object]:
        yield rows(OLD)[0]
        with psycopg.connect(made.admin_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        yield rows(OLD)[0]

    warehouse = PostgresWarehouse(made.url)
    with pytest.raises(RetryLater):
        warehouse.load(CONTRACT, batch(MONDAY, 2), 1, cut(), NOW)
    assert warehouse.highest_version(MONDAY) == 1


WRONG: dict[str, tuple[Callable[[str], str], type[ConductorError]]] = {
    "another database": (lambda url: url.replace("/warehouse_", "/nowhere_"), FixTheConfiguration),
    "no such user": (lambda url: url.replace("://warehouse_", "://nobody_"), FixTheConfiguration),
    "no address": (lambda _: "the secret itself", FixTheConfiguration),
    "another kind of database": (lambda _: "mysql://u:canary@host/db", FixTheConfiguration),
    "a host that nobody knows": (lambda _: "postgresql://u:canary@nowhere.invalid/db", FixTheConfiguration),
    "nobody listening": (lambda _: "postgresql://u:canary@127.0.0.1:1/db", RetryLater),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_address_that_leads_nowhere_is_said_without_its_secret(made: NewWarehouse, wrong: str) -> None:
    spoil, expected = WRONG[wrong]
    with pytest.raises(expected) as caught:
        PostgresWarehouse(spoil(made.url), patience=2).loads()
    assert "canary" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "canary" not in repr(PostgresWarehouse(made.url).build_target())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.DiskFull(), StopAndCall),
        (psycopg.errors.DeadlockDetected(), RetryLater),
        (psycopg.errors.SerializationFailure(), RetryLater),
        (psycopg.errors.AdminShutdown(), RetryLater),
        (psycopg.errors.InvalidPassword(), FixTheConfiguration),
        (psycopg.errors.UndefinedTable(), FixTheConfiguration),
    ],
)
def test_errors_are_sorted_by_what_to_do(error: psycopg.Error, expected: type[ConductorError]) -> None:
    assert type(translated(error, "postgresql://host/db")) is expected
