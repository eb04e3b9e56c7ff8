"""Takes strings apart with unixODBC and psqlODBC, with libpq_spy.c loaded: a text in hexadecimal in each line, and for each
its settings as libpq_spy.c writes them, and then a line with "done"."""

import os
import sys

import pyodbc

pyodbc.pooling = False
for name in list(os.environ):
    if name.startswith("PG"):
        del os.environ[name]
for line in sys.stdin:
    text = bytes.fromhex(line.strip()).decode()
    try:
        pyodbc.connect(text)
    except Exception as error:
        print(f"{text}: {error}", file=sys.stderr)
    os.write(1, b"done\n")
