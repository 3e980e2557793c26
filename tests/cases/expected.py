"""What has to become of each file in `files/`, reasoned out from the contract and the bytes of the file.

Every file holds the same four good rows, unless its name says otherwise. A case names the dialect of its contract and
either how many rows are taken, with how many are set aside for which reasons, or the code with which the file is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conductor.files import Refusal

DIALECTS = {
    "plain": "{formats: [csv], compressions: [none, gzip, zip]}",
    "german": "{formats: [csv], delimiter: ';', encoding: cp1252, decimalMark: ','}",
    "trailer": r"{formats: [csv], trailer: {pattern: 'END,(?P<rows>[0-9]+),(?P<total>-?[0-9]+[.][0-9]{2})', total: amount}}",
    "sidecar": "{formats: [csv], sidecar: {suffix: .ctl, pattern: 'rows=(?P<rows>[0-9]+)'}}",
    "tabs": r'{formats: [csv], delimiter: "\t", quote: "", extraColumns: true, openEnd: true}',
    "headerless": "{formats: [csv], header: false}",
    "utf16": "{formats: [csv], encoding: utf-16}",
    "small": "{formats: [csv], extraColumns: true, limits: {bytes: 1000, rows: 5, rowBytes: 150, fieldBytes: 100, columns: 8}}",
    "many": "{formats: [csv, ndjson, json, parquet, xlsx], compressions: [none, gzip, zip]}",
}


@dataclass(frozen=True)
class Case:
    """A file, the dialect of its contract, and what has to become of it."""

    file: str
    dialect: str
    taken: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    older: int = 0
    refused: Refusal | None = None


def good(file: str, dialect: str = "plain", taken: int = 4, older: int = 0) -> Case:
    return Case(file, dialect, taken, older=older)


def partly(file: str, dialect: str = "plain", taken: int = 4, **reasons: int) -> Case:
    return Case(file, dialect, taken, reasons)


def bad(file: str, refused: str, dialect: str = "plain") -> Case:
    return Case(file, dialect, refused=Refusal(refused))


CASES = (
    # Bytes, line ends, encodings.
    good("clean.csv"),
    good("windows_line_ends.csv"),
    good("mixed_line_ends.csv"),
    good("utf8_bom.csv"),
    good("emoji_and_right_to_left.csv"),
    good("utf16.csv", "utf16"),
    bad("latin1_in_a_utf8_feed.csv", "WRONG_ENCODING"),
    bad("utf16_in_a_utf8_feed.csv", "WRONG_ENCODING"),
    bad("utf16_without_mark_in_a_utf8_feed.csv", "NUL_BYTE"),
    bad("utf16_cut_inside_a_character.csv", "WRONG_ENCODING", "utf16"),
    bad("utf8_in_a_utf16_feed.csv", "WRONG_ENCODING", "utf16"),
    bad("zero_bytes.csv", "EMPTY_FILE"),
    bad("bom_alone.csv", "EMPTY_FILE"),
    bad("blank_lines_only.csv", "EMPTY_FILE"),
    bad("header_only.csv", "NO_ROWS"),
    bad("nul_inside_a_field.csv", "NUL_BYTE"),
    bad("cr_line_ends.csv", "CR_LINE_ENDS"),
    bad("lone_carriage_return_in_a_field.csv", "CR_LINE_ENDS"),
    # Files that were cut off.
    bad("cut_inside_a_quote.csv", "UNBALANCED_QUOTE"),
    bad("cut_inside_the_last_row.csv", "CUT_OFF"),
    bad("no_final_line_end.csv", "CUT_OFF"),
    good("open_end.tsv", "tabs"),
    # Quotes: what is not plain to all readers is refused.
    good("quoted_newlines.csv"),
    good("doubled_quotes.csv"),
    good("quotes_as_text.tsv", "tabs"),
    bad("stray_quotes.csv", "STRAY_QUOTE"),
    bad("one_inch_sign.csv", "UNBALANCED_QUOTE"),
    bad("text_behind_a_quote.csv", "STRAY_QUOTE"),
    # Headers.
    good("reordered_header.csv"),
    good("extra_column.tsv", "tabs"),
    bad("extra_column_without_a_name.tsv", "UNKNOWN_COLUMN", "tabs"),
    bad("extra_column_with_a_name_of_ours.tsv", "UNKNOWN_COLUMN", "tabs"),
    bad("duplicate_header.csv", "DUPLICATE_COLUMN"),
    bad("renamed_header.csv", "MISSING_COLUMN"),
    bad("missing_column.csv", "MISSING_COLUMN"),
    bad("added_column.csv", "UNKNOWN_COLUMN"),
    bad("header_in_capitals.csv", "MISSING_COLUMN"),
    bad("header_with_blanks.csv", "MISSING_COLUMN"),
    bad("no_header.csv", "MISSING_COLUMN"),
    good("headerless.csv", "headerless"),
    partly("headerless_with_a_short_row.csv", "headerless", WRONG_FIELD_COUNT=1),
    bad("headerless_feed_with_a_header.csv", "UNEXPECTED_HEADER", "headerless"),
    bad("wrong_delimiter.csv", "WRONG_DELIMITER"),
    # Rows and values.
    good("blank_lines_between.csv"),
    good("leading_zeros.csv"),
    good("formula_cells.csv"),
    good("null_words.csv"),
    good("duplicate_keys.csv", older=1),
    partly("too_few_fields.csv", WRONG_FIELD_COUNT=1),
    partly("too_many_fields.csv", WRONG_FIELD_COUNT=1),
    partly("ambiguous_date.csv", BAD_BUSINESS_DATE=1),
    partly("leap_day_that_is_none.csv", BAD_BUSINESS_DATE=1),
    partly("thousands_separator.csv", BAD_AMOUNT=1),
    partly("decimal_comma_in_a_point_feed.csv", BAD_AMOUNT=1),
    partly("amount_with_three_decimals.csv", BAD_AMOUNT=1),
    partly("amount_too_large.csv", BAD_AMOUNT=1),
    partly("amount_in_exponents.csv", BAD_AMOUNT=1),
    partly("amount_not_a_number.csv", BAD_AMOUNT=2),
    partly("amount_with_currency_sign.csv", BAD_AMOUNT=1),
    partly("amount_in_other_digits.csv", BAD_AMOUNT=1),
    partly("missing_required_value.csv", MISSING_CURRENCY=1),
    partly("blank_is_no_value.csv", MISSING_AMOUNT=1),
    partly("two_reasons_in_a_row.csv", BAD_BUSINESS_DATE=1, BAD_AMOUNT=1),
    bad("more_bad_rows_than_good.csv", "GATE_FAILED"),
    # A contract with commas for points, dots in dates and an encoding of one byte.
    good("german.csv", "german"),
    bad("german_in_utf8.csv", "WRONG_ENCODING", "german"),
    bad("german_with_a_byte_that_is_no_character.csv", "WRONG_ENCODING", "german"),
    partly("german_with_a_decimal_point.csv", "german", BAD_AMOUNT=1),
    partly("german_with_thousands.csv", "german", BAD_AMOUNT=1),
    partly("german_with_an_iso_date.csv", "german", BAD_BUSINESS_DATE=1),
    # Trailers and sidecars.
    good("trailer.csv", "trailer"),
    good("trailer_without_line_end.csv", "trailer"),
    good("trailer_and_blank_lines.csv", "trailer"),
    bad("trailer_missing.csv", "NO_TRAILER", "trailer"),
    bad("trailer_with_other_rows.csv", "WRONG_ROW_COUNT", "trailer"),
    bad("trailer_with_another_total.csv", "WRONG_TOTAL", "trailer"),
    bad("trailer_twice.csv", "WRONG_ROW_COUNT", "trailer"),
    bad("trailer_and_a_row_that_is_too_short.csv", "WRONG_TOTAL", "trailer"),
    good("sidecar.csv", "sidecar"),
    bad("sidecar_missing.csv", "NO_SIDECAR", "sidecar"),
    bad("sidecar_with_other_rows.csv", "WRONG_ROW_COUNT", "sidecar"),
    bad("sidecar_of_nonsense.csv", "NO_SIDECAR", "sidecar"),
    # Limits.
    bad("too_many_rows.csv", "TOO_MANY_ROWS", "small"),
    bad("row_too_long.csv", "ROW_TOO_LONG", "small"),
    bad("field_too_long.csv", "FIELD_TOO_LONG", "small"),
    bad("too_many_columns.csv", "TOO_MANY_COLUMNS", "small"),
    bad("too_large.csv", "TOO_LARGE", "small"),
    # What a file is packed in.
    good("gzip.csv.gz"),
    good("gzip_named_csv.csv"),
    good("gzip_of_two_members.csv.gz"),
    bad("plain_named_gz.csv.gz", "WRONG_COMPRESSION"),
    bad("gzip_cut_off.csv.gz", "CUT_OFF"),
    bad("gzip_without_its_last_byte.csv.gz", "CUT_OFF"),
    bad("gzip_with_a_wrong_checksum.csv.gz", "CORRUPT"),
    bad("gzip_with_garbage_behind.csv.gz", "CORRUPT"),
    bad("gzip_in_gzip.csv.gz", "WRONG_ENCODING"),
    good("zip.csv.zip"),
    bad("zip_of_two_files.csv.zip", "MANY_MEMBERS"),
    bad("zip_in_zip.zip", "WRONG_COMPRESSION"),
    bad("zip_that_climbs_out.zip", "SUSPICIOUS_NAME"),
    bad("zip_with_a_folder.zip", "SUSPICIOUS_NAME"),
    bad("zip_cut_off.zip", "CORRUPT"),
    bad("zip_damaged.zip", "CORRUPT"),
    bad("zip_encrypted.zip", "ENCRYPTED"),
    bad("zip_empty.zip", "WRONG_COMPRESSION"),
    # One object per line.
    good("clean.ndjson", "many"),
    good("utf8_bom.ndjson", "many"),
    good("without_final_line_end.ndjson", "many"),
    good("big_numbers.ndjson", "many", taken=5),
    bad("cut_off.ndjson", "CUT_OFF", "many"),
    partly("bad_line.ndjson", "many", BAD_JSON=1),
    partly("two_objects_in_a_line.ndjson", "many", BAD_JSON=1),
    partly("array_in_a_line.ndjson", "many", BAD_JSON=1),
    partly("nested_deeply.ndjson", "many", BAD_JSON=1),
    partly("not_a_number.ndjson", "many", BAD_JSON=1),
    partly("key_twice.ndjson", "many", DUPLICATE_KEY=1),
    partly("unknown_key.ndjson", "many", UNKNOWN_KEY=1),
    partly("object_where_a_value_belongs.ndjson", "many", UNKNOWN_KEY=1),
    partly("half_a_surrogate.ndjson", "many", BAD_TEXT=1),
    partly("escaped_nul.ndjson", "many", BAD_TEXT=1),
    partly("number_in_exponents.ndjson", "many", BAD_AMOUNT=1),
    partly("null_where_a_value_is_required.ndjson", "many", MISSING_AMOUNT=1),
    # One array.
    good("array.json", "many"),
    good("gzip.json.gz", "many"),
    partly("array_with_a_bad_row.json", "many", BAD_BUSINESS_DATE=1),
    bad("array_cut_off.json", "BAD_JSON", "many"),
    bad("array_without_its_end.json", "CUT_OFF", "many"),
    bad("array_with_a_comma_too_many.json", "BAD_JSON", "many"),
    bad("array_of_numbers.json", "BAD_JSON", "many"),
    bad("object_instead_of_an_array.json", "BAD_JSON", "many"),
    bad("something_behind_the_array.json", "BAD_JSON", "many"),
    bad("nested_deeply.json", "BAD_JSON", "many"),
    bad("empty_array.json", "NO_ROWS", "many"),
    # Parquet.
    good("clean.parquet", "many"),
    good("clean.parquet.zip", "many"),
    good("text_columns.parquet", "many"),
    good("whole_numbers_as_ids.parquet", "many"),
    partly("nulls.parquet", "many", taken=3, MISSING_CURRENCY=1),
    bad("float_money.parquet", "FLOAT_COLUMN", "many"),
    bad("list_column.parquet", "UNREADABLE_COLUMN", "many"),
    bad("column_twice.parquet", "DUPLICATE_COLUMN", "many"),
    bad("missing_column.parquet", "MISSING_COLUMN", "many"),
    bad("cut_off.parquet", "CORRUPT", "many"),
    bad("damaged_pages.parquet", "CORRUPT", "many"),
    bad("damaged_footer.parquet", "CORRUPT", "many"),
    bad("magic_alone.parquet", "CORRUPT", "many"),
    bad("text_named_parquet.parquet", "WRONG_FORMAT", "many"),
    bad("parquet_named_csv.csv", "WRONG_FORMAT", "many"),
    # Workbooks.
    good("clean.xlsx", "many"),
    good("date_cells.xlsx", "many"),
    good("blank_rows.xlsx", "many"),
    partly("float_dust.xlsx", "many", BAD_AMOUNT=1),
    partly("cells_beyond_the_header.xlsx", "many", WRONG_FIELD_COUNT=1),
    bad("formulas.xlsx", "FORMULAS", "many"),
    bad("error_cells.xlsx", "CELL_ERRORS", "many"),
    bad("merged_cells.xlsx", "MERGED_CELLS", "many"),
    bad("two_sheets.xlsx", "NO_SHEET", "many"),
    bad("cut_off.xlsx", "CORRUPT", "many"),
    bad("archive_named_xlsx.xlsx", "CORRUPT", "many"),
    bad("workbook_named_csv.csv", "MANY_MEMBERS", "many"),
)
