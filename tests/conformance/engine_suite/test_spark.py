"""The Spark engine at what the others are held to one by one, and at what is its own: files, buckets, silence, errors."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conductor.contracts.trial import try_refine, try_rules
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import RecordsFile, ReferenceFiles
from conductor.errors import FixTheConfiguration, FixTheData, StopAndCall
from conductor.stores import StoreKind, open_store
from conductor.tables import CuratedTable

from .agreement import agreed
from .jobs import CATALOGUE, FLAWS, PRODUCTS, RATES, RECEIPTS, correction, job, references, refine, sale
from .spark_here import on_spark, spark


@on_spark
def test_each_flaw_has_its_reasons(tmp_path: Path):
    rows = [sale(str(n)) | flaw | {"_line": str(n)} for n, (flaw, _) in enumerate(FLAWS, start=1)]
    done = refine(spark(), tmp_path, rows)
    assert [row["_reasons"] for row in done.rejected.to_dicts()] == [reasons for _, reasons in FLAWS]
    assert set(done.rejected["_owner"]) == {"finance-data"}
    names = sorted({name for row in rows for name in row})
    verbatim = [{name: row.get(name) for name in names} for row in rows]
    assert done.rejected.select(names).to_dicts() == verbatim
    assert done.outcome.files == ()


@on_spark
def test_files_are_what_the_table_takes(tmp_path: Path):
    days = [sale("1"), sale("2") | {"TxnDate": "2026-11-21"}]
    contract = replace(RECEIPTS.contract, rules=())
    done = refine(spark(), tmp_path, days, product=replace(RECEIPTS, contract=contract))
    [first, second] = done.outcome.files
    assert first.path.startswith("year=2026/month=11/day=20/a1-")
    assert second.partition == (("year", "2026"), ("month", "11"), ("day", "21"))
    table = tmp_path / "spark" / "table"
    assert {str(path.relative_to(table)) for path in table.rglob("*.*")} == {first.path, second.path}
    written = table / first.path
    assert first.size == written.stat().st_size
    schema = pq.read_schema(written)
    assert schema.names == [column.name for column in contract.columns]
    assert schema.field("amount").type == pa.decimal128(18, 2)
    assert schema.field("updated_at").type == pa.timestamp("us", tz="UTC")
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "SNAPPY"


@on_spark
def test_corrections_take_the_place_of_what_they_correct(tmp_path: Path):
    bad, good = sale("1", "1.005"), sale("2", "5.00")
    second = correction(bad, Line__Amount="2.00")
    aimless = correction(sale("9", "8.888"), Line__Amount="8.88")
    back = correction(
        {name: value for name, value in second.items() if name != "_corrects"}, Line__Amount="1.00"
    )
    done = agreed(tmp_path, [spark(), PolarsEngine()], [bad, good], [second, aimless], [back])
    assert done.outcome.counts.model_dump() == {
        "records": 5,
        "accepted": 2,
        "rejected": 0,
        "duplicates": 0,
        "superseded": 3,
    }
    assert sorted(done.curated["amount"].cast(pl.String)) == ["1.00", "5.00"]


@on_spark
def test_an_empty_day_and_empty_references_are_no_trouble(tmp_path: Path):
    empty = {product.contract.dataset: ReferenceFiles(product.contract, ()) for product in (CATALOGUE, RATES)}
    done = refine(spark(), tmp_path, [], references=empty)
    assert done.outcome.files == ()
    assert done.outcome.rejected is None
    assert set(done.outcome.counts.model_dump().values()) == {0}


@on_spark
@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("'USD' AS home_currency,", "", FixTheConfiguration, "home_currency is absent"),
        ("rate,\n", "CAST(rate AS DECIMAL(12,4)) AS rate,\n", FixTheConfiguration, "rate is Decimal"),
        ("sync_token,\n    updated", "sink_token,\n    updated", FixTheConfiguration, "sink_token"),
        ("FROM money", "FROM money WHERE line_id <> '2'", FixTheConfiguration, "1 rows for 2 accepted"),
        ("COALESCE(amount,", "COALESCE(CAST(amount + 1 AS DECIMAL(18,2)),", StopAndCall, "22.00 USD of 20"),
    ],
)
def test_sql_that_breaks_the_contract_is_refused(
    tmp_path: Path, old: str, new: str, error: type[Exception], said: str
):
    assert old in RECEIPTS.refine_sql
    product = replace(RECEIPTS, refine_sql=RECEIPTS.refine_sql.replace(old, new))
    with pytest.raises(error, match=said):
        refine(spark(), tmp_path, [sale("1"), sale("2")], product=product)


@on_spark
def test_an_error_quotes_no_value_of_the_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    sql = RECEIPTS.refine_sql.replace("sync_token,", "CAST(customer_name AS BIGINT) AS sync_token,")
    row = sale() | {"CustomerRef.name": "Ada Lovelace"}
    with pytest.raises(FixTheData) as caught:
        refine(spark(), tmp_path, [row], product=replace(RECEIPTS, refine_sql=sql))
    assert "Ada" not in "".join(traceback.format_exception(caught.value))
    assert "Ada" not in "".join(capfd.readouterr())


@on_spark
def test_records_that_are_gone_or_not_text_are_refused(tmp_path: Path):
    with pytest.raises(FixTheConfiguration, match="FileNotFoundError"):
        refine(spark(), tmp_path, records=(RecordsFile(tmp_path / "gone.parquet", "object-0"),))
    path = tmp_path / "odd.parquet"
    pl.DataFrame({"_line": [1]}).write_parquet(path)
    with pytest.raises(FixTheData, match="have to be text columns"):
        refine(spark(), tmp_path, records=(RecordsFile(path, "object-0"),))


@on_spark
def test_names_of_columns_may_hold_anything(tmp_path: Path):
    odd = {"a b,c": "1", 'we"ird': "2", "tick`s": "3", "t;x=(1)\n": "4", "id": "lower case"}
    done = refine(spark(), tmp_path, [sale("1"), sale("2", "x") | odd])
    [rejected] = done.rejected.to_dicts()
    assert odd.items() <= rejected.items()
    assert done.outcome.counts.accepted == 1


@on_spark
def test_folders_may_have_names_that_look_like_patterns(tmp_path: Path):
    done = spark().refine(job(tmp_path / "of [a] {b,c} and *", [sale("1"), sale("2", "x")]))
    assert (done.counts.accepted, done.counts.rejected) == (1, 1)


@on_spark
def test_it_reads_joined_products_from_a_bucket_and_writes_into_it(
    tmp_path: Path, s3_bucket: dict[str, object]
):
    store = open_store(StoreKind.S3, **s3_bucket)
    options = dict(store.storage_options())
    held: dict[str, ReferenceFiles] = {}
    for name, found in references(tmp_path).items():
        key = f"curated/{name}/part.parquet"
        store.put(key, Path(found.uris[0]))
        held[name] = ReferenceFiles(found.contract, (store.uri(key),), options)
    table = CuratedTable(store, RECEIPTS.contract)
    task = job(tmp_path, [sale("1"), sale("2", CurrencyRef__value="EUR")], references=held)
    done = spark().refine(replace(task, table_uri=table.uri, storage_options=options))
    found = pl.read_parquet(table.uris(done.files), storage_options=options, hive_partitioning=False)
    assert dict(zip(found["currency"], found["net_home"].cast(pl.String), strict=True)) == {
        "USD": "10.00",
        "EUR": "10.83",
    }
    [file] = done.files
    assert store.stat(f"{table.root}/{file.path}").size == file.size


@on_spark
def test_a_trial_says_what_spark_cannot_run_and_where():
    from conductor.engines.spark_trial import run_on_spark  # PySpark is there only with its extra

    engines = {"Spark": run_on_spark}
    for product in PRODUCTS.values():
        joined = [PRODUCTS[name].contract for name in product.contract.references]
        assert list(try_rules(product.contract, engines)) == []
        assert list(try_refine(product, joined, engines)) == []
    broken = replace(RATES, refine_sql=RATES.refine_sql.replace("    rate,", "    rat,"))
    [said] = try_refine(broken, [], engines)
    assert said.startswith("Spark: ")
    assert "`rat`" in said
    assert said.endswith("(line 5, column 5)")
