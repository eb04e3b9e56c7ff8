package io.acme.orders;

public final class Export {
    // "jdbc:postgresql://comment.acme.io/orders"
    private static final String URL = "jdbc:postgresql://export.acme.io/orders?ssl=true"
            + "&sslfactory=org.postgresql.ssl.NonValidatingFactory";

    Connection open(String host) throws SQLException {
        String legacy = "jdbc:mysql://legacy.acme.io/orders";
        return DriverManager.getConnection("jdbc:postgresql://" + host + "/orders", "u", secret());
    }
}
