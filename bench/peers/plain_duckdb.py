"""DuckDB doing the same work as pandas does, in one query."""

from __future__ import annotations

from pathlib import Path

import duckdb

GOOD = """
regexp_matches(store_id, '^S[0-9]{3}$') AND trim(receipt_id) <> '' AND TRY_CAST(line_no AS BIGINT) >= 1
AND TRY_CAST(business_date AS DATE) IS NOT NULL AND trim(sku) <> '' AND length(sku) <= 12
AND TRY_CAST(quantity AS BIGINT) IS NOT NULL AND regexp_matches(unit_price, '^-?[0-9]{1,16}([.][0-9]{1,2})?$')
AND regexp_matches(amount, '^-?[0-9]{1,16}([.][0-9]{1,2})?$') AND currency IN ('USD', 'EUR')
AND TRY_CAST(quantity AS DECIMAL(18,0)) * TRY_CAST(unit_price AS DECIMAL(18,2)) = TRY_CAST(amount AS DECIMAL(18,2))
"""


def run(file: Path, out: Path) -> None:
    """Check, drop older lines and write partitions; what is bad goes into a file of its own."""
    out.parent.mkdir(parents=True)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            f"CREATE VIEW rows AS SELECT *, row_number() OVER () AS n, coalesce({GOOD}, false) AS good "
            f"FROM read_csv('{file}', all_varchar = true)"
        )
        connection.execute(
            f"COPY (FROM rows WHERE NOT good) TO '{out.parent}/rejected.parquet' (FORMAT parquet)"
        )
        connection.execute(
            f"""
            COPY (
                SELECT store_id, receipt_id, CAST(line_no AS BIGINT) AS line_no, CAST(business_date AS DATE) AS business_date, sku,
                    CAST(quantity AS BIGINT) AS quantity, CAST(unit_price AS DECIMAL(18,2)) AS unit_price,
                    CAST(amount AS DECIMAL(18,2)) AS amount,
                    CAST(round(CAST(amount AS DECIMAL(20,2)) * CAST('1.083450' AS DECIMAL(12,6)), 2) AS DECIMAL(20,2)) AS net_home,
                    currency, strftime(CAST(business_date AS DATE), '%Y') AS year,
                    strftime(CAST(business_date AS DATE), '%m') AS month, strftime(CAST(business_date AS DATE), '%d') AS day
                FROM rows WHERE good QUALIFY row_number() OVER (PARTITION BY receipt_id, line_no ORDER BY n DESC) = 1
            ) TO '{out}' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (year, month, day))
            """
        )
