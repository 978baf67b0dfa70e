"""Runs the shell steps of a composite action for real, as a runner of GitHub Actions does: action_steps.py ACTION FOLDER [NAME=VALUE...]

NAME=VALUE are inputs; --only=STEP,... runs those steps alone. In FOLDER lie then the summary, the outputs and what the steps said."""
import os, pathlib, re, subprocess, sys
import yaml

action, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
action = yaml.safe_load(action.read_text())
given = dict(word.split("=", 1) for word in sys.argv[3:])
only = given.pop("--only", "").split(",")
assert not set(given) - set(action["inputs"]), f"no such input: {set(given) - set(action['inputs'])}"
inputs = {name: given.get(name, str(about.get("default", ""))) for name, about in action["inputs"].items()}
(folder / "temp").mkdir(parents=True, exist_ok=True)
known = {f"inputs.{name}": value for name, value in inputs.items()} | {"runner.temp": str(folder / "temp")}


def filled(text):
    """With its expressions evaluated; one that is not known here is an error, so that no step runs with a hole in it."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: known[found[1]], str(text))


files = {f"GITHUB_{name}": str(folder / name.lower()) for name in ("STEP_SUMMARY", "OUTPUT", "ENV")}
failed = 0
for step in action["runs"]["steps"]:
    if "run" not in step or (only != [""] and step["name"] not in only):
        continue
    assert step["shell"] == "bash"
    if failed and "always()" not in str(step.get("if", "")):
        continue
    script = folder / "step.sh"
    script.write_text(filled(step["run"]))
    environment = os.environ | files | {"GITHUB_WORKSPACE": os.getcwd(), "GITHUB_ACTIONS": "true"}
    environment |= {name: filled(value) for name, value in step.get("env", {}).items()}
    ended = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], env=environment, stdin=subprocess.DEVNULL)
    print(f"-- {step['name']}: {ended.returncode}", flush=True)
    failed = failed or ended.returncode
sys.exit(failed)
