import os
import psycopg2
from sqlalchemy import create_engine, URL

DATABASE_URL = URL.create(
    "postgresql+psycopg2",
    username="etl",
    password="Yo7-lor-87",  # plain text
    host="etl.postgres.database.azure.com",
    port=5432,
    database="etl",
)


def db():
    return psycopg2.connect(
        host="warehouse.postgres.database.azure.com", dbname="warehouse",
        user="etl", password=os.environ.get("PGPASSWORD", ""), port=5432, sslmode="require")


engine = create_engine(f"postgresql://postgres:{os.environ['DB_PASSWORD']}@database-1.c0ffee.us-east-1.rds.amazonaws.com:5432/postgres")

BOT_DB = os.getenv("BOT_DB", "postgresql://neondb_owner:npg_7Gr2Qm5Zw@ep-still-moon-b1c2d3.eu-central-1.aws.neon.tech/neondb?sslmode=require")

RDS_URL = (
    "postgresql+psycopg://appuser:Pq-8814"
    "@mydb.c0ffee.eu-west-2.rds.amazonaws.com:5432/shop"
    "?sslmode=require"  # encrypt
)


def get_engine():
    dsn = "dbname={} user={} host={} port={}".format(os.environ["N"], os.environ["U"], os.environ["H"], 5432)
    return psycopg2.connect(dsn)
