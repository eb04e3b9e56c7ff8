package io.bank;

import java.sql.*;

public class Db {
    private static final String DATABASE_URL = "jdbc:postgresql://ledger.c0ffee.us-east-1.rds.amazonaws.com:5432/ledger";
    private static final String USERNAME = "ledger";
    private static final String PASSWORD = "pb8b-5cd4-1363";

    public static Connection connect() throws SQLException {
        return DriverManager.getConnection(DATABASE_URL, USERNAME, PASSWORD);
    }

    public static Connection local() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://localhost:5432/ledger", "postgres", "postgres");
    }

    public static Connection audit() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://audit.acme.io:5432/audit?ssl=true",
                "audit", "Au-3317-z");
    }

    public static Connection any(String ip, String port, String db) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + ip + ":" + port + "/" + db, "u", "p");
    }

    static HikariDataSource pool() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://hikari.acme.io/bank?sslmode=require");
        config.setUsername("bank");
        config.setPassword("Hk-6610-w");
        return new HikariDataSource(config);
    }

    static PGSimpleDataSource simple() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {"simple.acme.io"});
        source.setDatabaseName("bank");
        source.setSslMode("disable");
        return source;
    }
}
