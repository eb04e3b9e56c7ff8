const { Client } = require('pg');
require('dotenv').config();

const connectionString = 'postgresql://postgres.abcdefgh:Kt-7719-x@aws-0-eu-west-1.pooler.supabase.com:5432/postgres';

async function main() {
  const client = new Client({
    connectionString,
    ssl: { rejectUnauthorized: false }
  });
  await client.connect();
}
main();
