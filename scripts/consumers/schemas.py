"""bmf and gab against their public documentation, written as JSON Schemas in this folder, and against each other."""
import json, pathlib, sys
from importlib.metadata import version
from jsonschema import Draft202012Validator as Validator

here, exports = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
read = lambda path: json.loads(path.read_text(), parse_constant=lambda word: sys.exit(f"{path}: {word}"))
def validate(path, schema):
    Validator.check_schema(read(here / schema))
    document = read(path)
    Validator(read(here / schema)).validate(document)
    return document

bmf = validate(exports / "bmf", "bmf.schema.json")
gab = [validate(exports / "gab" / f"{better}-is-better.json", "gab.schema.json") for better in ("smaller", "bigger")]
assert len(bmf) > 2 and gab[0] and gab[1]
metrics = sorted(metric["value"] for measures in bmf.values() for name, metric in measures.items() if not name.startswith("flag-"))
assert metrics == sorted(entry["value"] for entries in gab for entry in entries), "both hold the same figures"
for measures in bmf.values():
    for name, metric in measures.items():
        low, high = metric.get("lower_value"), metric.get("upper_value")
        assert low is None or low <= metric["value"] <= high, (name, metric)
# A schema that accepts anything would not be worth its file.
for bad in ({"x": {"latency": {"lower_value": 1}}}, {"x": {"latency": {"value": "1"}}}, {"x" * 1025: {}}, {"x": {"y" * 65: {"value": 1}}}):
    assert not Validator(read(here / "bmf.schema.json")).is_valid(bad), bad
for bad in ({}, [{"name": "x", "unit": "ns"}], [{"name": "x", "unit": "ns", "value": None}]):
    assert not Validator(read(here / "gab.schema.json")).is_valid(bad), bad
print(f"jsonschema {version('jsonschema')}: bmf {len(bmf)} benchmarks, gab {len(gab[0])} + {len(gab[1])} entries, the same {len(metrics)} figures")
