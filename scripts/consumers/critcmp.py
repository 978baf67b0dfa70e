"""critcmp over the folders of criterion: critcmp.py CRITCMP EXPORTS. Two baselines; its export has the figures of bmf."""
import json, math, pathlib, subprocess, sys

critcmp, exports = sys.argv[1], pathlib.Path(sys.argv[2])
run = lambda *args: subprocess.run([critcmp, "--target-dir", exports / "criterion", *args], check=True, capture_output=True, text=True).stdout
assert run("--baselines").split() == ["again", "old"]
table = run("old", "again")
found = json.loads(run("--export", "old"))["benchmarks"]
bmf, compared = json.loads((exports / "bmf").read_text()), 0
for name, benchmark in found.items():
    cell, function = name.rsplit("/", 1)
    assert cell in table and benchmark["fullname"] == f"old/{name}", name
    ours = bmf[cell].get({"p50": "latency", "p99": "latency-p99-ns", "per-message": "throughput"}[function])
    mean = benchmark["criterion_estimates_v1"]["mean"]
    expected = 1e9 / ours["value"] if function == "per-message" else ours["value"]
    assert math.isclose(mean["point_estimate"], expected, rel_tol=1e-15), (name, mean, ours)
    bounds = mean["confidence_interval"]
    assert bounds["lower_bound"] <= mean["point_estimate"] <= bounds["upper_bound"], (name, mean)
    compared += 1
assert compared == sum(1 for own in bmf.values() for m in ("latency", "latency-p99-ns", "throughput") if m in own)
assert table.count("1.00") >= 2 * compared, "a record is as fast as itself"
version = subprocess.run([critcmp, "--version"], capture_output=True, text=True).stdout.split()[-1]
print(f"critcmp {version}: two baselines compared, {compared} times, mean and interval as in bmf")
