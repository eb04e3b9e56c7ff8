"""Connects once with the libpq of a shared library: `libpq_connect.py LIBRARY CONNINFO`.

Prints "connected 1" (over TLS), "connected 0" (in plain text) or "refused " and libpq's message.
"""

import ctypes
import os
import sys

CONNECTION_OK = 0

libpq = ctypes.CDLL(sys.argv[1])
libpq.PQconnectdb.restype = ctypes.c_void_p
libpq.PQconnectdb.argtypes = [ctypes.c_char_p]
libpq.PQstatus.argtypes = [ctypes.c_void_p]
libpq.PQsslInUse.argtypes = [ctypes.c_void_p]
libpq.PQerrorMessage.restype = ctypes.c_char_p
libpq.PQerrorMessage.argtypes = [ctypes.c_void_p]

connection = libpq.PQconnectdb(os.fsencode(sys.argv[2]))
if libpq.PQstatus(connection) == CONNECTION_OK:
    sys.stdout.write(f"connected {libpq.PQsslInUse(connection)}")
else:
    message = libpq.PQerrorMessage(connection).decode("utf-8", "backslashreplace")
    sys.stdout.write(f"refused {message}")
