// var x = "Host=comment.acme.io;Database=x;Username=y";
var url = $"Host={host};Database=billing;Username={user};Password={password}";
var builder = new NpgsqlConnectionStringBuilder
{
    Host = "builder.acme.io",
    Database = "billing",
    Username = "billing",
    SslMode = SslMode.Prefer,
};
var raw = @"Host=raw.acme.io;Database=billing;Username=billing;SSL Mode=VerifyCA";
