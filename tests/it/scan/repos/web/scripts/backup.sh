#!/bin/bash
# psql -h old.acme.io
set -euo pipefail
AZURE_HOST="backup.postgres.database.azure.com"
AZURE_PORT="5432"
AZURE_DB="shop"
AZURE_USER="backup"
AZURE_PASSWORD="Raw-5500-x"
PGPASSWORD="$AZURE_PASSWORD" pg_dump -h "$AZURE_HOST" -U "$AZURE_USER" "$AZURE_DB" > /tmp/x.sql
PGPASSWORD='Zx-1177-k' psql -h direct.acme.io -U shop -d shop -c 'select 1'
docker run -e POSTGRES_PASSWORD=postgres -p 5432:5432 -d postgres:15
ssh -L 5999:shop.c0ffee.eu-west-1.rds.amazonaws.com:5432 bastion.acme.io
pg_dump --dbname="postgresql://shop:Du-9912@dump.acme.io/shop?sslmode=require" -Fc > x.dump
