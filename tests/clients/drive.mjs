// Connects with node-postgres and postgres.js as each line of standard input requests, and prints the
// result. Requests and answers are those of drive.py.
//
//     node drive.mjs DIRECTORY    where both are installed

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'

const require = createRequire(`${process.argv[2]}/`)
const pg = require('pg')
const postgres = require('postgres')

const PATIENCE = 10
const QUESTION = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'

async function nodePostgres({ ask, string, host, port, roots }) {
  const uri = `postgresql://postgres@${host}:${port}/postgres`
  const connectionString = ask === 'certificate' ? `${uri}?sslmode=verify-full&sslrootcert=${roots}` : string
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: PATIENCE * 1000 })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query(QUESTION)
  await client.end()
  return rows[0].ssl
}

async function postgresJs({ ask, string, host, port, roots }) {
  const limits = { max: 1, connect_timeout: PATIENCE, fetch_types: false }
  const sql = ask === 'certificate'
    ? postgres({ ...limits, host, port, user: 'postgres', ssl: { ca: readFileSync(roots) } })
    : postgres(string, limits)
  try {
    const rows = await sql.unsafe(QUESTION)
    return rows[0].ssl
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function answer(request) {
  process.chdir(request.home)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, request.environment, { HOME: request.home })
  const connect = request.client === 'node-postgres' ? nodePostgres : postgresJs
  try {
    return { came: (await connect(request)) ? 'tls' : 'plaintext', message: '' }
  } catch (error) {
    // The server does not accept a parameter that the client passed on to it.
    const came = ['42704', '55P02'].includes(error.code) ? 'invalid' : 'refused'
    return { came, message: String(error.message) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))))
}
process.exit(0)
