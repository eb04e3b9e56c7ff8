//! What a server says when it refuses: each cause is named, those that it rules out are not, and what is
//! printed to change the server leads to a login when it is done.

use super::{GOOD, client, login};
use crate::support::pki::{Ca, Served};
use crate::support::postgres::Postgres;

/// Above everything: the tests' own statements.
const LOCAL: &str = "local all all trust\n";

struct Row {
    /// What breaks it.
    sql: &'static str,
    /// pg_hba.conf, below the line for the tests' own statements.
    rules: &'static str,
    /// More of the string.
    settings: &'static str,
    exit: i32,
    /// Words of the advice.
    says: &'static [&'static str],
    /// Whether the advice has something to do on the server.
    cure: Cure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// What is printed, done by an administrator, leads to a pass.
    Printed,
    /// Only something that pgtls cannot know.
    None,
}

const TRUST: &str = "hostssl all all all trust\n";

const ROWS: &[Row] = &[
    Row {
        sql: "",
        rules: "hostssl other all all trust\n",
        settings: "user=ann password=hunter2",
        exit: 8,
        says: &["no line of pg_hba.conf applies"],
        cure: Cure::Printed,
    },
    Row {
        sql: "CREATE ROLE \"Mixed Case\" LOGIN PASSWORD 'hunter2'; CREATE DATABASE \"replication\"",
        rules: "hostssl other all all trust\n",
        settings: "user='Mixed Case' password=hunter2 dbname=replication",
        exit: 8,
        says: &["no line of pg_hba.conf applies"],
        cure: Cure::Printed,
    },
    Row {
        sql: "",
        rules: "hostssl all ann all reject\nhostssl all all all trust\n",
        settings: "user=ann password=hunter2",
        exit: 8,
        says: &["with the method reject applies"],
        cure: Cure::Printed,
    },
    Row {
        sql: "CREATE ROLE no_login",
        rules: TRUST,
        settings: "user=no_login",
        exit: 8,
        says: &["has the attribute NOLOGIN"],
        cure: Cure::Printed,
    },
    Row {
        sql: "",
        rules: TRUST,
        settings: "user=nobody",
        exit: 8,
        says: &["The role does not exist", "the connection string"],
        cure: Cure::None,
    },
    Row {
        sql: "CREATE ROLE late LOGIN PASSWORD 'hunter2' VALID UNTIL '2020-01-01'",
        rules: "hostssl all all all scram-sha-256\n",
        settings: "user=late password=hunter2",
        exit: 8,
        says: &["has expired (VALID UNTIL)", "rolname = 'late'"],
        cure: Cure::None,
    },
    Row {
        // The secret of hunter2, as PostgreSQL 13 and older stored it.
        sql: "CREATE ROLE old LOGIN PASSWORD 'md5a69b58e70c7f3e6d4dc0bb14850444af'",
        rules: "hostssl all all all scram-sha-256\n",
        settings: "user=old password=hunter2",
        exit: 8,
        says: &["has expired (VALID UNTIL)", "secret is still an md5 hash"],
        cure: Cure::None,
    },
    Row {
        sql: "CREATE DATABASE closed ALLOW_CONNECTIONS false",
        rules: TRUST,
        settings: "user=ann dbname=closed",
        exit: 8,
        says: &["allows no connections"],
        cure: Cure::Printed,
    },
    Row {
        sql: "",
        rules: TRUST,
        settings: "user=ann dbname=nowhere",
        exit: 8,
        says: &["The database does not exist"],
        cure: Cure::None,
    },
    Row {
        sql: "CREATE DATABASE \"Private\"; REVOKE CONNECT ON DATABASE \"Private\" FROM PUBLIC",
        rules: TRUST,
        settings: "user=ann dbname=Private",
        exit: 8,
        says: &["lacks the privilege CONNECT"],
        cure: Cure::Printed,
    },
    Row {
        sql: "ALTER ROLE ann REPLICATION",
        rules: TRUST,
        settings: "user=ann replication=true password=hunter2",
        exit: 8,
        says: &["no line of pg_hba.conf lets this user replicate"],
        cure: Cure::Printed,
    },
    Row {
        sql: "CREATE ROLE tourist LOGIN",
        rules: "hostssl replication all all trust\n",
        settings: "user=tourist replication=true",
        exit: 8,
        says: &["it may not replicate"],
        cure: Cure::Printed,
    },
    Row {
        sql: "",
        rules: TRUST,
        settings: "user=ann options='-c search_pat=shop'",
        exit: 8,
        says: &["does not accept a setting in options, which come from the connection string"],
        cure: Cure::None,
    },
    Row {
        sql: "CREATE ROLE full_up LOGIN CONNECTION LIMIT 0",
        rules: TRUST,
        settings: "user=full_up",
        exit: 3,
        says: &["The role has its own limit"],
        cure: Cure::Printed,
    },
    Row {
        sql: "CREATE DATABASE crowded CONNECTION LIMIT 0",
        rules: TRUST,
        settings: "user=ann dbname=crowded",
        exit: 3,
        says: &["The database has its own limit"],
        cure: Cure::Printed,
    },
    Row {
        sql: "",
        rules: "hostssl all all all ident\n",
        settings: "user=ann",
        exit: 8,
        says: &["its method ident refused"],
        cure: Cure::None,
    },
];

fn with_ann(served: &Served) -> Option<Postgres> {
    let server = Postgres::start(served)?;
    server
        .sql("SET password_encryption = 'scram-sha-256'; CREATE ROLE ann LOGIN PASSWORD 'hunter2'");
    Some(server)
}

/// A statement that sessions for replication take, too.
const EITHER: &str = "SHOW server_version";

#[test]
fn each_refusal_has_its_own_cause_and_its_cure_works() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = with_ann(&served) else {
        return;
    };
    let client = client(&root);
    for row in ROWS {
        for statement in row.sql.split("; ") {
            server.sql(statement);
        }
        server.admit(&format!("{LOCAL}{}", row.rules));
        server.configure(&served, &[]);
        let string = format!("{GOOD} port={} {}", server.port, row.settings);
        let run = login(&client, &string);
        let advice = run.hint();
        assert_eq!(run.code, row.exit, "{}: {run:?}", row.settings);
        for words in row.says {
            assert!(advice.contains(words), "{words}: {advice}");
        }
        for other in ROWS.iter().filter(|other| other.says[0] != row.says[0]) {
            assert!(
                !advice.contains(other.says[0]),
                "{}: {advice}",
                other.says[0]
            );
        }
        assert!(client.run_psql(&string, EITHER).is_err(), "{string}");
        if row.cure == Cure::None {
            continue;
        }
        let (lines, statements): (Vec<&str>, Vec<&str>) = advice
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .partition(|line| line.starts_with("hostssl "));
        server.admit(&format!("{LOCAL}{}\n{}", lines.join("\n"), row.rules));
        // The reload is the one below, which waits for its end.
        for statement in statements
            .iter()
            .filter(|done| !done.contains("pg_reload_conf"))
        {
            server.sql(statement);
        }
        // Reloads, and sees that the log has no complaint about the new line.
        server.configure(&served, &[]);
        let run = login(&client, &string);
        assert_eq!(run.code, 0, "{advice}\n{run:?}");
        assert!(client.run_psql(&string, EITHER).is_ok(), "{string}");
    }
}

/// PostgreSQL repeats the names, and cuts them after 63 bytes.
#[test]
fn a_connection_string_in_the_place_of_a_name_is_explained_and_not_shown() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    for (variable, value, keyword) in [
        (
            "PGDATABASE",
            "postgresql://ann:hunter2@db.example/app",
            "dbname",
        ),
        ("PGDATABASE", "app password=hunter2", "dbname"),
        (
            "PGDATABASE",
            "postgresql://a.rather.long.name.of.a.user.for.a.database:hunter2@db.example/app",
            "dbname",
        ),
        ("PGUSER", "postgresql://ann:hunter2@db.example/app", "user"),
        ("PGUSER", "ann:hunter2", "user"),
    ] {
        let client = client(&root).with(variable, value);
        let other = match keyword {
            "user" => "dbname=postgres",
            _ => "user=postgres",
        };
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert=root.crt {other}",
            server.port
        );
        let run = login(&client, &string);
        assert_eq!(run.code, 8, "{run:?}");
        let report = format!("{}{}", run.stdout, run.stderr);
        assert!(!report.contains("hunter2"), "{variable}: {report}");
        let says = match value {
            "ann:hunter2" => "has a colon in it".to_owned(),
            _ => format!(
                "{keyword}, from the environment variable {variable}, holds a connection string"
            ),
        };
        assert!(report.contains(&says), "{variable}: {report}");
    }
}

#[test]
fn a_refused_password_is_traced_to_its_source_and_form() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = with_ann(&served) else {
        return;
    };
    server.admit(&format!("{LOCAL}hostssl all all all scram-sha-256\n"));
    server.configure(&served, &[]);
    let string = format!("{GOOD} port={} user=ann", server.port);
    for (password, says) in [
        ("hunter2\n", "ends with a line break"),
        ("\"hunter2\"", "quotation marks around it"),
        ("[YOUR-PASSWORD]", "perhaps a placeholder"),
        ("********", "the mask that pgtls prints"),
        ("hunter2%40", "perhaps it is still encoded"),
    ] {
        let client = client(&root).with("PGPASSWORD", password);
        let run = login(&client, &string);
        assert_eq!(run.code, 8, "{run:?}");
        let advice = run.hint();
        for words in [says, "environment variable PGPASSWORD"] {
            assert!(advice.contains(words), "{password}: {advice}");
        }
        assert!(!run.stdout.contains("hunter2"), "{run:?}");
    }
}
