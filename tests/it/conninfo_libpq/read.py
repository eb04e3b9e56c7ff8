"""Asks a real libpq how it reads connection strings.

Arguments: the path of the library. Standard input: a JSON list of questions
{"ask": "parse" | "connect", "text": hex, "env": {name: hex}}, in which the bytes
{port} mean a loopback port that refuses connections. Standard output:
{"version": 150020, "port": 12345, "user": hex, "answers": [{"values": {keyword: hex}, "error": hex or null}]}
"""

import ctypes
import json
import os
import pwd
import socket
import sys


class Option(ctypes.Structure):
    """PQconninfoOption of libpq-fe.h."""

    _fields_ = [
        (name, ctypes.c_char_p)
        for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")
    ] + [("dispsize", ctypes.c_int)]


def load(path):
    libpq = ctypes.CDLL(path)
    libpq.PQconninfoParse.restype = ctypes.POINTER(Option)
    libpq.PQconninfoParse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
    libpq.PQconnectdb.restype = ctypes.c_void_p
    libpq.PQconnectdb.argtypes = [ctypes.c_char_p]
    libpq.PQconninfo.restype = ctypes.POINTER(Option)
    libpq.PQconninfo.argtypes = [ctypes.c_void_p]
    libpq.PQerrorMessage.restype = ctypes.c_char_p
    libpq.PQerrorMessage.argtypes = [ctypes.c_void_p]
    libpq.PQfinish.argtypes = [ctypes.c_void_p]
    return libpq


def values(options):
    found = {}
    index = 0
    while options and options[index].keyword:
        if options[index].val is not None:
            found[options[index].keyword.decode()] = options[index].val.hex()
        index += 1
    return found


def parse(libpq, text):
    error = ctypes.c_char_p()
    options = libpq.PQconninfoParse(text, ctypes.byref(error))
    return {"values": values(options), "error": None if options else error.value.hex()}


def connect(libpq, text):
    connection = libpq.PQconnectdb(text)
    answer = {
        "values": values(libpq.PQconninfo(connection)),
        "error": libpq.PQerrorMessage(connection).hex(),
    }
    libpq.PQfinish(connection)
    return answer


def main():
    libpq = load(sys.argv[1])
    # Bound but not listening: every connection is refused as long as this process lives.
    refusing = socket.socket()
    refusing.bind(("127.0.0.1", 0))
    port = refusing.getsockname()[1]
    answers = []
    for question in json.load(sys.stdin):
        os.environ.clear()
        for name, value in question["env"].items():
            os.environb[name.encode()] = bytes.fromhex(value)
        text = bytes.fromhex(question["text"]).replace(b"{port}", b"%d" % port)
        answers.append((parse if question["ask"] == "parse" else connect)(libpq, text))
    user = pwd.getpwuid(os.geteuid()).pw_name.encode().hex()
    json.dump({"version": libpq.PQlibVersion(), "port": port, "user": user, "answers": answers}, sys.stdout)


main()
