class ExportTest {
    static final String URL = "jdbc:tc:postgresql:16:///orders";
    static final String H2 = "jdbc:h2:mem:orders;MODE=PostgreSQL";
}
