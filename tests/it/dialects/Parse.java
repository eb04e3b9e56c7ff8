// Takes URLs apart with pgjdbc: a URL in each line, and for each a line of answers, with tabs between them.
//
// usage: java -cp postgresql.jar Parse.java

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.jdbc.SslMode;

public class Parse {
  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(answer(line));
    }
  }

  static String answer(String url) {
    try {
      Properties properties = Driver.parseURL(url, new Properties());
      if (properties == null) {
        return "refused";
      }
      String factory = PGProperty.SSL_FACTORY.get(properties);
      return String.join("\t", "read", text(PGProperty.PG_HOST.get(properties)),
          text(PGProperty.PG_PORT.get(properties)), text(PGProperty.USER.get(properties)),
          text(PGProperty.PASSWORD.get(properties)), text(PGProperty.PG_DBNAME.get(properties)),
          SslMode.of(properties).value, text(PGProperty.SSL_ROOT_CERT.get(properties)), text(factory));
    } catch (Exception error) {
      return "refused";
    }
  }

  static String text(String value) {
    return value == null ? "" : value;
  }
}
