module.exports = {
  production: {
    client: 'pg',
    connection: {
      host: 'knex.acme.io',
      user: 'knex',
      password: process.env.KNEX_PASSWORD,
      database: 'shop',
      ssl: { rejectUnauthorized: false },
    },
  },
};
