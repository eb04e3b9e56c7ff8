// A program that uses node-postgres: one health check of the database that DATABASE_URL names.

const { Client } = require('pg')

async function main() {
  const client = new Client({ connectionString: process.env.DATABASE_URL })
  await client.connect()
  const { rows } = await client.query('SELECT 1 AS alive')
  await client.end()
  if (rows[0].alive !== 1) throw new Error('no answer')
}

main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
