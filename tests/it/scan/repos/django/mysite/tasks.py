from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
import psycopg2

engine = create_async_engine("postgresql+asyncpg://mysite@async.mysite.acme.io/mysite?sslmode=require")
verified = create_engine("postgresql+psycopg://mysite@sync.mysite.acme.io/mysite?sslmode=verify-full&sslrootcert=system")


def connect(host, password):
    dsn = f"host={host} user=mysite password={password} dbname=mysite"
    psycopg2.connect(dsn)
    return psycopg2.connect(host="direct.mysite.acme.io", dbname="mysite", user="mysite", sslmode="allow")
