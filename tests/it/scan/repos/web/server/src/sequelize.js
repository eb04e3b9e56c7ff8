const { Sequelize } = require('sequelize');

const sequelize = new Sequelize('shop_db', 'shop_user', 'GTx-5518-rLB', {
  host: 'dpg-abc123-a.frankfurt-postgres.render.com',
  dialect: 'postgres',
  port: 5432,
  dialectOptions: {
    ssl: {
      require: true,
      rejectUnauthorized: false,
    },
  },
});

const local = new Sequelize({
  username: 'postgres',
  password: 'postgres',
  database: 'shop',
  host: 'localhost',
  port: 5432,
  dialect: 'postgres',
});

const mail = nodemailer.createTransport({
  host: 'smtp.acme.io',
  port: 587,
  tls: { rejectUnauthorized: false },
});
