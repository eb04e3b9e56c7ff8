"""The only job of a GitLab component, with its inputs filled in: component.py FILE INPUTS, as JSON."""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    spec, jobs = yaml.safe_load_all(file)
inputs = {name: one.get("default") for name, one in spec["spec"]["inputs"].items()} | json.loads(sys.argv[2])
missing = [name for name, value in inputs.items() if value is None]
assert not missing, missing


def fill(text):
    for name, value in inputs.items():
        text = text.replace(f"$[[ inputs.{name} ]]", str(value))
    assert "$[[" not in text, text
    return text


(job,) = jobs.values()
variables = {name: fill(value) for name, value in job["variables"].items()}
print(json.dumps({"script": fill("\n".join(job["script"])), "variables": variables}))
