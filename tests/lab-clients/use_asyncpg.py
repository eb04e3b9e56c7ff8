"""A program that uses asyncpg: one health check of the database that DATABASE_URL names."""

import asyncio
import os

import asyncpg


async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


asyncio.run(main())
