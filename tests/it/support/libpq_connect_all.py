"""Connects with real libpq, once for each line of standard input.

A line is `conninfo home uid`, each field in hexadecimal: HOME for this connection, and the user to
become for it; both may be empty. For each line one line goes to standard output: libpq's error message, in
hexadecimal.
"""

import ctypes
import os
import sys


def main():
    libpq = ctypes.CDLL(sys.argv[1])
    libpq.PQconnectdb.restype = ctypes.c_void_p
    libpq.PQconnectdb.argtypes = [ctypes.c_char_p]
    libpq.PQerrorMessage.restype = ctypes.c_char_p
    libpq.PQerrorMessage.argtypes = [ctypes.c_void_p]
    libpq.PQfinish.argtypes = [ctypes.c_void_p]

    # OpenSSL asks for a password on the terminal, then on standard input, and says so on standard
    # error: it must get no answer, and its message must not appear.
    lines = sys.stdin.readlines()
    os.setsid()
    sys.stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    for line in lines:
        conninfo, home, uid = map(bytes.fromhex, line.rstrip("\n").split(" "))
        if home:
            os.environb[b"HOME"] = home
        if uid:
            os.seteuid(int(uid))
        connection = libpq.PQconnectdb(conninfo)
        message = libpq.PQerrorMessage(connection)
        libpq.PQfinish(connection)
        if uid:
            os.seteuid(0)
        print(message.hex() or "-", flush=True)


main()
