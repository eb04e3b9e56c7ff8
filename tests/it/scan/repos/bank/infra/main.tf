terraform {
  required_providers {
    postgresql = {
      source  = "cyrilgdn/postgresql"
      version = "1.22.0"
    }
  }
}

provider "postgresql" {
  host     = "tf.acme.io"
  port     = 5432
  username = "postgres"
  password = data.pass_password.postgres.password
  sslmode  = "disable"
}

provider "postgresql" {
  alias     = "vars"
  host      = var.pg_host
  port      = var.pg_port
  sslmode   = "disable"
  superuser = false
}

# provider "postgresql" {
#   host = "commented.acme.io"
#   sslmode = "disable"
# }

resource "aws_secretsmanager_secret_version" "rds" {
  secret_string = jsonencode({
    "engine"   = aws_rds_cluster.rds.engine
    "host"     = aws_rds_cluster.rds.endpoint
    "port"     = aws_rds_cluster.rds.port
    "username" = aws_rds_cluster.rds.master_username
  })
}

resource "helm_release" "keycloak" {
  name = "keycloak"
  set {
    name  = "externalDatabase.host"
    value = "keycloak-db.acme.io"
  }
  set {
    name  = "externalDatabase.port"
    value = "5432"
  }
  set {
    name  = "externalDatabase.user"
    value = "keycloak"
  }
}

resource "null_resource" "import" {
  provisioner "local-exec" {
    command = "PGPASSWORD=${var.password} psql -h import.acme.io -U bank -f init.sql"
  }
}

resource "azurerm_linux_web_app" "app" {
  app_settings = {
    DATABASE_URL = "postgres://bank:${random_password.db.result}@${azurerm_postgresql_flexible_server.db.fqdn}:5432/bank?sslmode=require"
  }
  connection_string {
    name  = "Main"
    type  = "PostgreSQL"
    value = "Host=webapp.postgres.database.azure.com;Database=bank;Username=bank;Password=Wa-4477;Ssl Mode=Require;Trust Server Certificate=true"
  }
}
