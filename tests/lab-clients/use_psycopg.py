"""A program that uses psycopg: one health check of the database that DATABASE_URL names."""

import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    assert connection.execute("SELECT 1").fetchone() == (1,)
