import { Pool } from 'pg'
import fs from 'node:fs'

const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  ssl: process.env.NODE_ENV === 'production' ? { rejectUnauthorized: false } : false,
})

export const legacy = new Pool({
  user: 'shop_admin@shop',
  host: 'shop.postgres.database.azure.com',
  database: 'shop',
  password: 'Lq7-winter-31',
  port: 5432,
})

export const safe = new Pool({
  connectionString: 'postgresql://shop@safe.acme.io:5432/shop',
  ssl: { ca: fs.readFileSync('/etc/ssl/rds.pem').toString() },
})
