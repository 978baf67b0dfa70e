"""polars and pandas over both CSVs, by their defaults: the types of Parquet, whatever the first rows hold."""
import pathlib, sys
import duckdb, pandas, polars

exports = pathlib.Path(sys.argv[1])
typed = {row[0]: row[1] for row in duckdb.sql(f"describe select * from read_parquet('{exports}/parquet')").fetchall()}
kinds = {"BIGINT": polars.Int64, "DOUBLE": polars.Float64, "BOOLEAN": polars.Boolean, "VARCHAR": polars.String}
compared = 0
for name in ("csv", "cells-csv"):
    frame, whole = polars.read_csv(exports / name), polars.read_csv(exports / name, infer_schema_length=None)
    filled = [column for column in frame.columns if whole[column].count()]
    if name == "csv":
        assert all(frame.schema[column] == whole.schema[column] for column in filled), "types by the first rows"
    table = pandas.read_csv(exports / name, low_memory=False)
    assert table.shape == whole.shape and list(table.columns) == whole.columns
    for column in filled:
        kind = kinds.get(typed.get(column))
        # Text that looks like a number is one to readers of CSV.
        assert kind in (None, polars.String) or whole.schema[column] == kind, (name, column, whole.schema[column], kind)
        if whole.schema[column] == polars.Float64:
            assert abs(whole[column].sum() - table[column].sum()) <= 1e-9 * abs(whole[column].sum()), column
        compared += 1
print(f"polars {polars.__version__}, pandas {pandas.__version__}: {compared} columns of csv and cells-csv with the types of Parquet")
