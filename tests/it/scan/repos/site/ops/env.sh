#!/bin/bash
# DB_ADMIN_PASSWORD must be set
export PGHOST="${PGHOST:-projet-prod.postgres.database.azure.com}"
export PGDATABASE="${PGDATABASE:-projet}"
export PGUSER="${PGUSER:-adminuser}"
export PGPASSWORD="${DB_ADMIN_PASSWORD:?must be set}"
export PGSSLMODE="${PGSSLMODE:-require}"
