"""Takes strings apart with the Python drivers: JSON lines in, JSON lines out.

usage: parse.py DIRECTORY_OF_PSYCOPG_AND_ASYNCPG DIRECTORY_OF_SQLALCHEMY_AND_DJ_DATABASE_URL
"""

import json
import os
import sys

sys.path[:0] = sys.argv[1:3]

import dj_database_url
import psycopg.conninfo
import sqlalchemy
from asyncpg import connect_utils


def once(arguments):
    """A setting that is given twice is a list, which no driver takes, but for several hosts and their ports."""
    for name, value in arguments.items():
        if isinstance(value, (list, tuple)) and name not in ("host", "port"):
            raise TypeError(f"{name} is a list")


def of_libpq(arguments):
    """What libpq understands of the arguments of psycopg."""
    once(arguments)
    text = psycopg.conninfo.make_conninfo(**{name: value for name, value in arguments.items() if value is not None})
    settings = psycopg.conninfo.conninfo_to_dict(text)
    return {
        "hosts": settings.get("host", "").split(","),
        "ports": [port or "5432" for port in str(settings.get("port", "5432")).split(",")],
        "user": settings.get("user", ""),
        "password": settings.get("password", ""),
        "dbname": settings.get("dbname", ""),
        "mode": settings.get("sslmode", ""),
        "root": settings.get("sslrootcert", ""),
    }


def libpq(text):
    return of_libpq(psycopg.conninfo.conninfo_to_dict(text))


def with_sqlalchemy(text):
    url = sqlalchemy.make_url(text)
    dialect = url.get_dialect()()
    positional, arguments = dialect.create_connect_args(url)
    assert not positional
    if url.get_driver_name() == "asyncpg":
        return with_asyncpg(arguments)
    return of_libpq({name: value for name, value in arguments.items() if name != "context"})


def with_asyncpg(arguments):
    once(arguments)
    addresses, parameters = connect_utils._parse_connect_dsn_and_args(
        dsn=None,
        host=arguments.get("host"),
        port=arguments.get("port"),
        user=arguments.get("user"),
        password=arguments.get("password"),
        passfile=None,
        database=arguments.get("database"),
        ssl=arguments.get("ssl"),
        service=None,
        servicefile=None,
        direct_tls=None,
        server_settings=None,
        target_session_attrs=None,
        krbsrvname=None,
        gsslib=None,
    )
    return {
        "hosts": [host for host, _ in addresses],
        "ports": [str(port) for _, port in addresses],
        "user": parameters.user,
        "password": parameters.password or "",
        "dbname": parameters.database,
        "mode": parameters.sslmode.name.replace("_", "-"),
        "root": "",
    }


def django(text):
    """As get_connection_params of Django's postgresql/base.py puts them together."""
    settings = dj_database_url.parse(text)
    arguments = {"dbname": settings["NAME"], **settings.get("OPTIONS", {})}
    for name in ("USER", "PASSWORD", "HOST", "PORT"):
        if settings[name]:
            arguments[name.lower()] = settings[name]
    return of_libpq(arguments)


PARSERS = {"libpq": libpq, "sqlalchemy": with_sqlalchemy, "django": django}

for name in list(os.environ):
    if name.startswith("PG"):
        del os.environ[name]
for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = PARSERS[question["dialect"]](question["text"])
    except Exception as error:  # Whatever it is, the driver refuses the string.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
