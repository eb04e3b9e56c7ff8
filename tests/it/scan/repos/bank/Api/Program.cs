using Npgsql;

var connectionString = configuration.GetConnectionString("iam_db")
    ?? "Host=localhost;Database=iam_db;Username=postgres;Password=postgres";
services.AddDbContext<IamDbContext>(o => o.UseNpgsql(connectionString));

var npgsql = $"Host={uri.Host};Port={uri.Port};Database={uri.AbsolutePath.TrimStart('/')};Username={userInfo[0]};Password={userInfo[1]};SSL Mode=Require;Trust Server Certificate=true";

Environment.SetEnvironmentVariable("POSTGRES_SERVERNAME", "tests.postgres.database.azure.com");
Environment.SetEnvironmentVariable("POSTGRES_DATABASE", "integrationtests_db");
Environment.SetEnvironmentVariable("POSTGRES_USERID", "tests");
Environment.SetEnvironmentVariable("POSTGRES_PASSWORD", "Te-1530-l");

options.UseNpgsql("Host=ep-still-sea-z9y8.eu-central-1.aws.neon.tech;Database=neondb;Username=neondb_owner;Password=Np-8080-c;SSL Mode=Require");
