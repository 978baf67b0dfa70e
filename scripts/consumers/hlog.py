"""The log by HdrHistogram for Python: each line's percentiles are those of the CSV's row of that invocation, exactly."""
import csv, math, pathlib, re, sys
from importlib.metadata import version
from hdrh.log import HistogramLogReader
from hdrh.histogram import HdrHistogram

exports = pathlib.Path(sys.argv[1])
rows = [row for row in csv.DictReader(open(exports / "csv", newline="")) if row["counts"] == row["tells"] == "TRUE" and row["p50_ns"]]
own = {}
for row in rows:
    cell = re.sub(r"[,\s]", "_", row["cell"])
    own.setdefault((cell, round(int(row["started_ns"]) / 1e6)), []).append(row)
reader = HistogramLogReader(str(exports / "hlog"), HdrHistogram(1, 2**60, 3))
lines = compared = 0
while (one := reader.get_next_interval_histogram()) is not None:
    lines += 1
    name, unit = one.get_tag().rsplit(":", 1)
    started_ms = round(one.get_start_time_stamp() - reader.base_time_sec * 1000)
    near = [row for ms in (-1, 0, 1) for row in own.get((name.split("_@")[0], started_ms + ms), [])]
    if len(near) != 1:
        continue  # Several sides tell, and the log has their sum.
    over = 1000 if unit.startswith("ps-") else 1
    for quantile, column in ((0.5, "p50_ns"), (0.9, "p90_ns"), (0.99, "p99_ns"), (0.999, "p99_9_ns"), (1.0, "max_ns")):
        # This library rounds to a rank where others take the next above: it is asked for the rank itself.
        rank = math.ceil(quantile * one.get_total_count())
        theirs = one.get_value_at_percentile(100 * rank / one.get_total_count())
        assert theirs / over == float(near[0][column]), (name, quantile, theirs, near[0][column])
        compared += 1
assert lines and compared > 2.5 * lines, (lines, compared)
print(f"hdrhistogram {version('hdrhistogram')}: {lines} lines, {compared} percentiles of invocations exactly ours")
