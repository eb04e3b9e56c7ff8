import { Pool } from 'pg';

// const old = new Pool({ connectionString: 'postgres://a:b@c.acme.io/d' });
export const reports = new Pool({
  connectionString: 'postgresql://reports@reports.shop.acme.io/reports',
  ssl: { rejectUnauthorized: false },
});

export const main = new Pool({
  host: process.env.PGHOST || 'localhost',
  port: 5432,
  database: 'shop',
});

export const warehouse = new Pool({
  host: 'warehouse.shop.acme.io',
  port: 5432,
  user: 'etl',
  password: process.env.WAREHOUSE_PASSWORD,
  ssl: { ca: fs.readFileSync('certs/root.crt') },
});

const url = `postgres://${user}:${password}@${host}/shop`;
