export SPRING_DATASOURCE_URL_BASE="jdbc:postgresql://deploy.postgres.database.azure.com:5432/"
export SPRING_DATASOURCE_USERNAME="adminuser"
export SPRING_DATASOURCE_PASSWORD="Ds-1230-p"
DATABASE_URL="${DATABASE_URL:-postgresql://postgres:password@localhost:5432/app}"
PGPASSWORD=$(echo "$DATABASE_URL" | sed 's|.*://[^:]*:\([^@]*\)@.*|\1|') \
  psql "$DATABASE_URL" -c "CREATE EXTENSION IF NOT EXISTS vector;"
PGPASSWORD=postgres psql -h postgres -U postgres -d app -c "
CREATE TABLE t (
  id int
);"
psql -h mypgserver.postgres.database.azure.com -U postgres -d rental < schema.sql
migrate -path db/migration -database "postgresql://root:Mg-6161@migrate.acme.io:5432/inventory?sslmode=disable" -verbose up
heroku pg:psql < x.sql
until nc -z db 5432; do sleep 1; done
