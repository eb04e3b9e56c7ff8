// A program that uses postgres.js: one health check of the database that DATABASE_URL names.

const postgres = require('postgres')

async function main() {
  const sql = postgres(process.env.DATABASE_URL, { max: 1, connect_timeout: 5 })
  const rows = await sql`SELECT 1 AS alive`
  await sql.end()
  if (rows[0].alive !== 1) throw new Error('no answer')
}

main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
