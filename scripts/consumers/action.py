"""shellcheck over the shell steps of a composite action, and what GitHub asks of one: action.py ACTION"""
import re, subprocess, sys
import yaml

action = yaml.safe_load(open(sys.argv[1]))
assert action["runs"]["using"] == "composite" and action["name"] and action["description"]
inputs, steps = set(action["inputs"]), action["runs"]["steps"]
text = open(sys.argv[1]).read()
used = set(re.findall(r"inputs\.([a-z-]+)", text))
assert used == inputs, f"not declared, or not used: {used ^ inputs}"
ids = {step["id"] for step in steps if "id" in step}
assert set(re.findall(r"steps\.([a-z-]+)\.", text)) <= ids
for step in steps:
    if "uses" in step:
        assert re.fullmatch(r"actions/(checkout|cache|upload-artifact)@v\d+\.\d+\.\d+", step["uses"]), step["uses"]
        continue
    # Inputs reach a script by its environment: in its text they would be code from anyone who opens a pull request.
    assert step["shell"] == "bash" and "${{" not in step["run"], step["name"]
    subprocess.run(["shellcheck", "--shell=bash", "--severity=style", "-"], input="set -eo pipefail\n" + step["run"], text=True, check=True)
print(f"shellcheck: {sum('run' in step for step in steps)} steps; {len(inputs)} inputs, each declared and used")
