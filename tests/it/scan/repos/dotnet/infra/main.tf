provider "postgresql" {
  host     = "billing.postgres.database.azure.com"
  port     = 5432
  username = "admin"
  password = var.admin_password
  sslmode  = "require"
}

resource "azurerm_linux_web_app" "api" {
  name = "billing"
  app_settings = {
    # "OLD" = "postgres://old.acme.io/x"
    "DATABASE_URL" = "postgresql://billing:${random_password.db.result}@${azurerm_postgresql_flexible_server.db.fqdn}/billing?sslmode=require"
    "REPORTS_URL"  = "postgresql://reports@reports.acme.io/reports?sslmode=disable"
  }
  connection_string {
    name  = "Default"
    type  = "PostgreSQL"
    value = "Host=app.acme.io;Database=billing;Username=billing;SSL Mode=Require"
  }
}

resource "aws_db_instance" "mysql" {
  engine   = "mysql"
  username = "root"
  password = "Mysql-5521"
}
