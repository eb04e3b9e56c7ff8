"""Validates JSON documents, one per line of standard input, against the JSON Schema of a file.

Prints what is wrong, one fault per line: the number of the document, where, and what.
"""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
for number, line in enumerate(sys.stdin):
    for error in validator.iter_errors(json.loads(line)):
        print(number, error.json_path, " ".join(error.message.split()))
