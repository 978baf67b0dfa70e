"""OpenMetrics by the strict parser of Prometheus' client: families, units, and the figures of bmf in base units."""
import json, math, pathlib, sys
from importlib.metadata import version
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

exports = pathlib.Path(sys.argv[1])
text = (exports / "openmetrics").read_text()
families = {family.name: family for family in parse(text)}
assert all(family.type == "gauge" and family.documentation for family in families.values())
assert all(name.endswith(f"_{family.unit}") for name, family in families.items() if family.unit)
samples = [sample for family in families.values() for sample in family.samples]
assert all(math.isfinite(sample.value) for sample in samples)
bmf = json.loads((exports / "bmf").read_text())
seconds = sorted(metric["value"] / 1e9 for own in bmf.values() for name, metric in own.items() if name.startswith("latency"))
assert seconds == sorted(s.value for s in families["ipcmark_latency_seconds"].samples), "ns over 1e9, to the last digit"
rates = sorted(own["throughput"]["value"] for own in bmf.values() if "throughput" in own)
assert rates == sorted(s.value for s in families.get("ipcmark_messages_per_second").samples)
for broken in (text.replace("# EOF\n", ""), text.replace("_info gauge", "_info counter")):
    try:
        list(parse(broken))
    except ValueError:
        continue
    sys.exit("the parser accepts anything")
print(f"prometheus_client {version('prometheus_client')}: {len(samples)} samples in {len(families)} families, times and rates as in bmf")
