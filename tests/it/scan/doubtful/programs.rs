//! Options in programs that may be off where they are read.

use super::{VERIFIED, verdicts};

#[test]
fn options_of_node_that_are_not_surely_on_do_not_pass() {
    for (ssl, verdict) in [
        ("ssl: { rejectUnauthorized: !isDevelopment }", "unknown"),
        ("ssl: { ca, rejectUnauthorized: !isDevelopment }", "unknown"),
        ("ssl: { ca, rejectUnauthorized }", "unknown"),
        ("ssl: { rejectUnauthorized: true === flag }", "unknown"),
        ("ssl: { rejectUnauthorized: true && flag }", "unknown"),
        ("ssl: { rejectUnauthorized: flag === true }", "unknown"),
        ("ssl", "unknown"),
        (
            "ssl: { rejectUnauthorized: true, checkServerIdentity: () => undefined }",
            "unknown",
        ),
        (
            "ssl: { rejectUnauthorized: true, checkServerIdentity() { return undefined } }",
            "unknown",
        ),
        ("ssl: { rejectUnauthorized: true, ...more }", "unknown"),
        ("ssl: { rejectUnauthorized: true }, ...more", "unknown"),
        ("...more, \n ssl: { rejectUnauthorized: true }", "pass"),
        (
            "ssl: { rejectUnauthorized: true, servername: 'x' }",
            "unknown",
        ),
        (
            "ssl: production ? { rejectUnauthorized: true } : false",
            "unknown",
        ),
        ("ssl: production && { rejectUnauthorized: true }", "unknown"),
        (
            "ssl: !development ? { rejectUnauthorized: false } : true",
            "fail",
        ),
        (
            "ssl: { rejectUnauthorized: true, rejectUnauthorized: false }",
            "fail",
        ),
        ("ssl: true && flag", "unknown"),
        ("ssl: 'require'", "fail"),
        ("ssl: false", "fail"),
        ("ssl: { rejectUnauthorized: true, ca: read('x') }", "pass"),
    ] {
        let text = format!(
            "const p = new Pool({{\n  connectionString: 'postgres://u@db.acme.io/d',\n  {ssl}\n}});\n"
        );
        assert_eq!(verdicts(&[("a.js", &text)]), [verdict], "{ssl}");
    }
}

/// Sequelize hands on to its driver what stands in `dialectOptions`.
#[test]
fn options_of_sequelize_count_only_where_it_reads_them() {
    for (settings, verdict) in [
        ("ssl: true", "unknown"),
        ("ssl: { rejectUnauthorized: true }", "unknown"),
        ("dialectOptions: { ssl: true }", "unknown"),
        (
            "dialectOptions: { ssl: { rejectUnauthorized: true } }",
            "pass",
        ),
        (
            "dialectOptions: { ssl: { rejectUnauthorized: false } }",
            "fail",
        ),
    ] {
        let text = format!(
            "const s = new Sequelize('d', 'u', process.env.PW, {{ dialect: 'postgres', host: 'db.acme.io', port: 5432, {settings} }});\n"
        );
        assert_eq!(verdicts(&[("a.js", &text)]), [verdict], "{settings}");
    }
}

#[test]
fn node_verifies_nothing_if_its_environment_says_so() {
    let env = format!("DATABASE_URL={VERIFIED}\nNODE_TLS_REJECT_UNAUTHORIZED=");
    for (value, verdict) in [("0", "fail"), ("1", "pass"), ("${X}", "unknown")] {
        let text = format!("{env}{value}\n");
        assert_eq!(verdicts(&[(".env", &text)]), [verdict], "{value}");
    }
    let text = "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\nnew Pool({ connectionString: 'postgres://u@db.acme.io/d', ssl: true });\n";
    assert_eq!(verdicts(&[("a.js", text)]), ["fail"]);
}

#[test]
fn elixir_verifies_only_if_nothing_ends_that() {
    for (settings, verdict) in [
        ("ssl: true", "pass"),
        ("ssl: [verify: :verify_none]", "fail"),
        ("ssl: true, ssl_opts: [verify: :verify_none]", "fail"),
        ("ssl: true, ssl_opts: [cacertfile: \"x\"]", "unknown"),
        ("ssl: true && flag", "unknown"),
    ] {
        let text = format!(
            "import Config\nconfig :app, App.Repo,\n  url: \"ecto://u@db.acme.io/d\",\n  {settings}\nconfig :other, x: 1\n"
        );
        assert_eq!(
            verdicts(&[("config/prod.exs", &text)]),
            [verdict],
            "{settings}"
        );
        let text = format!(
            "x = [hostname: \"db.acme.io\", database: \"d\", username: \"u\", port: 5432, {settings}]\n"
        );
        let found = verdicts(&[("lib/a.ex", &text)]);
        assert!(
            verdict == "pass" || !found.contains(&"pass".to_owned()),
            "{settings}: {found:?}"
        );
    }
}

/// A later line, an argument or a method may take the mode of a string back.
#[test]
fn a_mode_that_a_program_may_take_back_does_not_pass() {
    let verified = "host=db.acme.io sslmode=verify-full";
    for (name, program, expected) in [
        ("a.rb", "PG.connect('STRING', sslmode: 'disable')", "fail"),
        (
            "a.rb",
            "PG.connect('STRING', sslmode: 'verify-full')",
            "pass",
        ),
        ("a.rb", "PG.connect('STRING', connect_timeout: 3)", "pass"),
        ("a.rb", "PG.connect('STRING', **options)", "unknown"),
        ("a.rb", "PG.connect('STRING', options)", "unknown"),
        (
            "a.rb",
            "PG.connect(**{host: 'db.acme.io', sslmode: 'verify-full'}.merge(sslmode: 'disable'))",
            "unknown",
        ),
        (
            "a.rb",
            "PG.connect(host: 'db.acme.io', sslmode: 'verify-full', **more)",
            "unknown",
        ),
        (
            "a.rb",
            "PG.connect(**more,\nhost: 'db.acme.io', sslmode: 'verify-full')",
            "pass",
        ),
        ("a.py", "psycopg2.connect('STRING', **kw)", "unknown"),
        (
            "a.py",
            "psycopg2.connect('STRING', connect_timeout=3)",
            "pass",
        ),
        // Python refuses a name that a call has twice.
        (
            "a.py",
            "psycopg2.connect(host='db.acme.io', sslmode='verify-full', **kw)",
            "pass",
        ),
        (
            "a.py",
            "c = {'host': 'db.acme.io', 'sslmode': 'verify-full', **kw}",
            "unknown",
        ),
        (
            "a.py",
            "c = {**kw,\n'host': 'db.acme.io', 'sslmode': 'verify-full'}",
            "pass",
        ),
        (
            "a.py",
            "c = {'host': 'db.acme.io', 'sslmode': 'verify-full'}\nc['sslmode'] = 'disable'",
            "unknown",
        ),
        (
            "a.py",
            "create_engine('postgresql://u@db.acme.io/d?sslmode=verify-full', connect_args=args)",
            "unknown",
        ),
        (
            "a.py",
            "psycopg2.connect('STRING'.replace('verify-full', 'disable'))",
            "unknown",
        ),
        ("a.py", "psycopg2.connect('STRING'.strip())", "pass"),
        (
            "a.py",
            "DSN = 'STRING'.format(x).replace('a', 'b')",
            "unknown",
        ),
        (
            "a.py",
            "DSN = 'STRING'\nDSN += ' sslmode=disable'",
            "unknown",
        ),
        (
            "a.py",
            "DSN = 'STRING'\npsycopg2.connect(DSN, sslmode='disable')",
            "unknown",
        ),
        (
            "a.py",
            "DSN = 'STRING'\npsycopg2.connect(DSN, sslmode='verify-full')",
            "pass",
        ),
        (
            "a.py",
            "DSN = 'STRING'\npsycopg2.connect(DSN, sslmode=mode)",
            "unknown",
        ),
        (
            "a.py",
            "DSN = 'STRING'\nDSN = DSN.replace('verify-full', 'disable')",
            "unknown",
        ),
        (
            "a.py",
            "DSN = 'STRING'\nrequests.get(url, ssl=False)",
            "pass",
        ),
        ("a.py", "psycopg2.connect('STRING ' + more)", "unknown"),
        ("a.py", "psycopg2.connect(f'STRING {more}')", "unknown"),
        (
            "a.py",
            "psycopg2.connect(f'host=db.acme.io sslmode=disable {more}')",
            "fail",
        ),
        (
            "a.go",
            "dsn := \"STRING\"\ndsn = strings.Replace(dsn, \"verify-full\", \"disable\", 1)",
            "unknown",
        ),
        ("a.go", "dsn := fmt.Sprintf(\"STRING %s\", more)", "unknown"),
        (
            "a.go",
            "c, _ := pgx.ParseConfig(\"STRING\")\nc.TLSConfig = nil",
            "unknown",
        ),
        (
            "a.go",
            "c, _ := pgx.ParseConfig(\"STRING\")\nc.MaxConns = 3",
            "pass",
        ),
        (
            "a.cs",
            "var b = new NpgsqlConnectionStringBuilder(\"Host=db.acme.io;SSL Mode=VerifyFull\");\nb.SslMode = SslMode.Disable;",
            "unknown",
        ),
        (
            "a.cs",
            "var b = new NpgsqlConnectionStringBuilder(\"Host=db.acme.io;SSL Mode=VerifyFull\");\nb.SslMode = SslMode.VerifyFull;",
            "pass",
        ),
        (
            "a.cs",
            "var c = new NpgsqlConnection(\"Host=db.acme.io;SSL Mode=VerifyFull\");\nc.UserCertificateValidationCallback = Accept;",
            "unknown",
        ),
        (
            "a.rs",
            "let o = PgConnectOptions::from_str(\"postgres://u@db.acme.io/d?sslmode=verify-full\")?.ssl_mode(PgSslMode::Disable);",
            "unknown",
        ),
        (
            "A.java",
            "ds.setUrl(\"jdbc:postgresql://db.acme.io/d?sslmode=verify-full\");\nds.setSslMode(\"disable\");",
            "unknown",
        ),
        (
            "A.java",
            "p.setProperty(\"sslfactory\", \"org.postgresql.ssl.NonValidatingFactory\");\nDriverManager.getConnection(\"jdbc:postgresql://db.acme.io/d?sslmode=verify-full\", p);",
            "unknown",
        ),
        (
            "A.java",
            "p.setProperty(\"ApplicationName\", \"x\");\nDriverManager.getConnection(\"jdbc:postgresql://db.acme.io/d?sslmode=verify-full\", p);",
            "pass",
        ),
    ] {
        let text = format!("{}\n", program.replace("STRING", verified));
        assert_eq!(verdicts(&[(name, &text)]), [expected], "{name}: {text}");
    }
}

/// What stands in the URL counts more.
#[test]
fn properties_beside_a_url_of_jdbc_are_a_part_of_it() {
    const POOL: &str = "spring.datasource.hikari.data-source-properties";
    for (url, property, expected) in [
        (
            "?sslmode=verify-full",
            "sslfactory=org.postgresql.ssl.NonValidatingFactory",
            "fail",
        ),
        (
            "?sslmode=verify-full",
            "sslhostnameverifier=x.Verifier",
            "unknown",
        ),
        ("?sslmode=verify-full", "sslmode=disable", "pass"),
        ("?sslmode=verify-full", "prepareThreshold=0", "pass"),
        ("", "sslmode=verify-full", "pass"),
        ("", "sslmode=${M}", "unknown"),
        ("", "prepareThreshold=0", "fail"),
    ] {
        let url = format!("jdbc:postgresql://db.acme.io/d{url}");
        let text = format!("spring.datasource.url={url}\n{POOL}.{property}\n");
        assert_eq!(
            verdicts(&[("application.properties", &text)]),
            [expected],
            "{text}"
        );
        let text = format!(
            "spring:\n  datasource:\n    url: {url}\n    hikari:\n      data-source-properties:\n        {}\n",
            property.replace('=', ": ")
        );
        assert_eq!(
            verdicts(&[("application.yml", &text)]),
            [expected],
            "{text}"
        );
    }
}
