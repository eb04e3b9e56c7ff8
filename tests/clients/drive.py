"""Connects with asyncpg and libpq as each line of standard input requests, and prints the result.

    drive.py DIRECTORY LIBRARY    where asyncpg is installed, and libpq's shared library

A request is a JSON object: the client, what it is asked for ("string" or "certificate"), the
string, host, port, roots and the home directory. The answer: "tls", "plaintext", "refused" or
"invalid", and the client's own words.
"""

import asyncio
import ctypes
import json
import os
import ssl
import sys

sys.path.insert(0, sys.argv[1])
import asyncpg  # noqa: E402

PATIENCE = 10
CONNECTION_OK = 0

libpq = ctypes.CDLL(sys.argv[2])
libpq.PQconnectdb.restype = ctypes.c_void_p
libpq.PQconnectdb.argtypes = [ctypes.c_char_p]
libpq.PQerrorMessage.restype = ctypes.c_char_p
for function in (libpq.PQstatus, libpq.PQsslInUse, libpq.PQerrorMessage, libpq.PQfinish):
    function.argtypes = [ctypes.c_void_p]


def default_context(roots):
    """What ssl.create_default_context() makes since Python 3.13, in every Python."""
    context = ssl.create_default_context(cafile=roots)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    return context


def string_of(request):
    if request["ask"] == "string":
        return request["string"]
    server = f"postgresql://postgres@{request['host']}:{request['port']}/postgres"
    return f"{server}?sslmode=verify-full&sslrootcert={request['roots']}"


class InvalidSetting(Exception):
    """libpq does not accept the string."""


def connect_libpq(request):
    connection = libpq.PQconnectdb(os.fsencode(string_of(request)))
    connected = libpq.PQstatus(connection) == CONNECTION_OK
    encrypted = libpq.PQsslInUse(connection)
    message = libpq.PQerrorMessage(connection).decode("utf-8", "backslashreplace")
    libpq.PQfinish(connection)
    if not connected:
        if "invalid sslmode value" in message:
            raise InvalidSetting(message)
        raise OSError(message)
    return "tls" if encrypted else "plaintext"


async def connect(request):
    dsn = string_of(request)
    settings = {"timeout": PATIENCE}
    if request["client"] == "python-default-context":
        # The context is the program's, so the TLS settings of the string have no effect.
        dsn = dsn.partition("?")[0]
        settings["ssl"] = default_context(request["roots"])
    connection = await asyncpg.connect(dsn, **settings)
    encrypted = await connection.fetchval(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    await connection.close()
    return "tls" if encrypted else "plaintext"


def answer(request):
    os.environ.clear()
    os.environ.update(request["environment"], HOME=request["home"])
    os.chdir(request["home"])
    try:
        if request["client"] == "libpq":
            return {"came": connect_libpq(request), "message": ""}
        return {"came": asyncio.run(connect(request)), "message": ""}
    except (asyncpg.UndefinedObjectError, asyncpg.CantChangeRuntimeParamError) as error:
        return {"came": "invalid", "message": str(error)}
    except InvalidSetting as error:
        return {"came": "invalid", "message": str(error)}
    except asyncpg.exceptions.ClientConfigurationError as error:
        came = "refused" if "root certificate file" in str(error) else "invalid"
        return {"came": came, "message": str(error)}
    except Exception as error:
        return {"came": "refused", "message": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
