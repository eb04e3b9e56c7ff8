const { neon } = require('@neondatabase/serverless');
const REMOTE_DB_URL = 'postgresql://neondb_owner:npg_4Fq9Zr2LmT@ep-quiet-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require';
const sql = neon(REMOTE_DB_URL);
