"""DuckDB over CSV and Parquet: the same rows and types in both, and by SQL the figures of bmf from the raw rows."""
import json, math, pathlib, sys
import duckdb

exports = pathlib.Path(sys.argv[1])
db = duckdb.connect()
db.execute(f"create view csv as from read_csv('{exports}/csv', header = true, sample_size = -1)")
db.execute(f"create view parquet as from read_parquet('{exports}/parquet')")
one = lambda sql: db.execute(sql).fetchone()[0]
types = [dict((row[0], row[1]) for row in db.execute(f"describe {view}").fetchall()) for view in ("csv", "parquet")]
assert list(types[0]) == list(types[1]), "the same columns"
kinds = {name: kind for name, kind in types[1].items()}
assert set(kinds.values()) == {"VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP WITH TIME ZONE"}, kinds
for name, kind in kinds.items():
    filled = one(f"select count({name}) from parquet")
    # A column that is empty has no certain type in CSV; text that holds numbers only has theirs.
    loose = {("VARCHAR", "BIGINT"), ("VARCHAR", "DOUBLE"), ("VARCHAR", "BOOLEAN")}
    assert filled == 0 or types[0][name] == kind or (kind, types[0][name]) in loose, (name, kind, types[0][name])
    assert one(f"select count({name}) from csv") == filled, name
rows = one("select count(*) from csv")
# A text may look like a number, as the commit 481579704e05 does: only its column's type says that it is none.
words = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name, kind in kinds.items() if kind == "VARCHAR") + "}"
db.execute(f"create view typed as from read_csv('{exports}/csv', header = true, sample_size = -1, types = {words})")
# CSV holds nanoseconds of the start, Parquet microseconds.
cut = lambda n: f"date_trunc('second', {n})" if n == "run_started" else n
text = lambda view: ", ".join(f"cast({cut(n)} as {k}) as {n}" for n, k in kinds.items())
differ = one(f"select count(*) from ((select {text('typed')} from typed) except all (select {text('parquet')} from parquet))")
assert (rows, differ) == (one("select count(*) from parquet"), 0), (rows, differ)
bmf = json.loads((exports / "bmf").read_text())
medians = db.execute("""select cell, median(p50_ns), median(p99_ns), count(distinct side) from parquet
    where counts and tells and p50_ns is not null group by cell""").fetchall()
rates = dict(db.execute("""select cell, median(messages * 1e9 / elapsed_ns) from (select distinct cell, invocation, messages, elapsed_ns
    from parquet where counts) group by cell""").fetchall())
compared = 0
for name, measures in bmf.items():
    cell = name.split(" @")[0]
    own = [row for row in medians if row[0] == cell and row[3] == 1]
    pairs = [(own[0][1], measures.get("latency")), (own[0][2], measures.get("latency-p99-ns"))] if own else []
    for ours, metric in pairs + [(rates[cell], measures.get("throughput"))]:
        if metric is not None:
            assert math.isclose(ours, metric["value"], rel_tol=1e-12), (name, ours, metric)
            compared += 1
assert compared > len(bmf) / 2, compared
print(f"DuckDB {duckdb.__version__}: {rows} rows and {len(kinds)} columns, alike in CSV and Parquet; {compared} figures by SQL as in the tables")
