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
