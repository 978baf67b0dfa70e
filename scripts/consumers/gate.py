"""The outputs of a gate, read by others: gate.py FOLDER XSD. JUnit by junitparser and Jenkins' schema, Markdown by GitHub's renderer,
annotations by a model of what GitHub documents of workflow commands."""
import json, pathlib, re, sys
import cmarkgfm, junitparser
from lxml import etree, html

folder = pathlib.Path(sys.argv[1])
outcome = json.loads((folder / "gate.json").read_text())
items = outcome["items"]
squeezed = lambda text: " ".join(text.split())

schema = etree.XMLSchema(etree.parse(sys.argv[2]))
schema.assertValid(etree.parse(folder / "junit.xml"))
(suite,) = junitparser.JUnitXml.fromfile(str(folder / "junit.xml"))
cases = list(suite)
assert suite.tests == len(cases) == len(items) + 1, (suite.tests, len(cases), len(items))
kinds = [[type(result).__name__ for result in case.result] for case in cases]
assert suite.failures == kinds.count(["Failure"]) and suite.skipped == kinds.count(["Skipped"]), kinds
reds = [item for item in items if item["level"] == "error"]
assert suite.failures == len(reds) > 2
for item, case in zip(items, cases[1:]):
    assert case.classname == "ipcmark." + item["key"]["transport"].replace("/", "."), case.classname
    result = case.result[0] if case.result else None
    assert result is None or squeezed(result.text) == squeezed(result.message), "attribute and body say the same"
    green = item["call"] in ("improved", "equivalent") and not item["ignored"] and not item["floor"]
    assert green == (result is None), (item["call"], result)
assert len({(case.classname, case.name) for case in cases}) == len(cases), "two cases of one name"
print(f"junitparser, and Jenkins' schema: {len(cases)} cases, {suite.failures} failures, {suite.skipped} skipped")

page = html.fromstring("<div>" + cmarkgfm.github_flavored_markdown_to_html((folder / "gate.md").read_text(), cmarkgfm.Options.CMARK_OPT_UNSAFE) + "</div>")
rows = page.xpath("//tbody/tr")
assert {len(row) for row in rows} == {9} and not page.xpath("//x|//f|//a|//em"), "columns survive, and nobody's words mean anything"
names = {squeezed(row[0].text_content()) for row in rows}
size = lambda n: next((f"{n >> bits} {unit}" for bits, unit in ((20, "MiB"), (10, "KiB")) if n and n % (1 << bits) == 0), f"{n} B")
of = lambda key: f"{key['transport']} {key['pattern']} {size(key['size_bytes'])} {key['placement']}"
shown = {of(item["key"]) for item in items if item["call"] != "absent"}
assert names == shown, names ^ shown
print(f"GitHub's Markdown: {len(rows)} rows of 9 columns, {len(names)} cells by name")

plain = lambda text, also="": re.sub(f"%(25|0D|0A{also})", lambda found: chr(int(found[1], 16)), text)
command = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
count = {}
for line in (folder / "annotations.txt").read_bytes().decode().split("\n")[:-1]:
    kind, properties, message = command.fullmatch(line).groups()
    properties = {name: plain(value, "|3A|2C") for name, value in (pair.split("=", 1) for pair in properties.split(","))}
    assert list(properties) == ["file", "line", "title"] and int(properties["line"]) > 0, line
    assert properties["file"] == "ci,1/po%licy.toml", properties
    count.setdefault(kind, []).append((properties["title"], plain(message)))
nasty = next(item for item in items if item["key"]["transport"].startswith("my|"))
assert any(title.startswith(of(nasty["key"])) and nasty["why"] in text for title, text in count["error"]), count["error"]
assert len(count["warning"]) == 10 and re.match(r"and \d+ more", count["warning"][-1][1]), count["warning"]
assert all(len(all) <= 10 for all in count.values())
print("annotations:", ", ".join(f"{len(all)} {kind}s" for kind, all in count.items()))
