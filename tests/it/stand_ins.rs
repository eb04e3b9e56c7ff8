//! What people give in place of a connection string: JSON, paths, variables of programs.

use crate::support::client::{Client, Run};

/// What was printed, without the breaks of its lines.
fn printed(run: &Run) -> String {
    let both = format!("{} {}", run.stdout, run.stderr);
    both.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn json_of_a_secret_store_is_not_called_source_code() {
    let secret = r#"{"username":"app","password":"hunter2","engine":"postgres","host":"db.example","port":5433,"dbname":"d"}"#;
    let services = r#"{"pg":[{"credentials":{"hostname":"db.example","password":"hunter2","uri":"postgres://app:hunter2@db.example:5433/d"}}]}"#;
    for json in [secret, services] {
        let client = Client::new().with("DATABASE_URL", json);
        for run in [
            client.pgtls(&["check", "--env", "DATABASE_URL"]),
            client.pgtls(&["check", json]),
        ] {
            assert_eq!(run.code, 2, "{run:?}");
            let printed = printed(&run);
            for words in [
                "this is JSON, not a connection string",
                "user=app host=db.example port=5433 dbname=d",
            ] {
                assert!(printed.contains(words), "{printed}");
            }
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}

#[test]
fn variables_of_a_program_are_no_rest_of_a_password() {
    let client = Client::new();
    for (prefix, user, dbname) in [("POSTGRES", "USER", "DB"), ("DB", "USER", "NAME")] {
        let lines = format!(
            "{prefix}_HOST=db.example\n{prefix}_PORT=5433\n{prefix}_{user}=app\n{prefix}_PASSWORD=hunter2\n{prefix}_{dbname}=d\n{prefix}_SSLMODE=require\n"
        );
        client.write("app.env", &lines);
        let run = client.pgtls(&["check", "--from", "app.env"]);
        assert_eq!(run.code, 2, "{run:?}");
        let printed = printed(&run);
        for words in [
            "one by one",
            "host=db.example port=5433 user=app dbname=d sslmode=require",
        ] {
            assert!(printed.contains(words), "{printed}");
        }
        assert!(!printed.contains("hunter2"), "{printed}");
    }
    // A list whose words are misspelt is one of strings.
    client.write("list", "hots=/tmp port=1\nhots=/tmp port=2\n");
    let run = client.pgtls(&["check", "--from", "list"]);
    assert!(run.stdout.contains("did you mean host?"), "{run:?}");
}

#[test]
fn a_path_is_called_one() {
    let client = Client::new().with("DATABASE_URL", "/builds/app.tmp/DATABASE_URL");
    let run = client.pgtls(&["check", "--env", "DATABASE_URL"]);
    assert!(run.stdout.contains("mangled-conninfo"), "{run:?}");
    assert!(printed(&run).contains("--from FILE"), "{run:?}");
    client.write("app.env", "DATABASE_URL_FILE=/run/secrets/database_url\n");
    let run = client.pgtls(&["check", "--from", "app.env"]);
    assert!(printed(&run).contains("this is a path"), "{run:?}");
}

#[test]
fn a_uri_without_its_scheme_is_written_out() {
    let client = Client::new();
    client.write(
        "exporter.env",
        "DATA_SOURCE_URI=db.example:5433/d?sslmode=require\nDATA_SOURCE_USER=app\nDATA_SOURCE_PASS=hunter2\n",
    );
    let run = client.pgtls(&["check", "--from", "exporter.env"]);
    assert_eq!(run.code, 2, "{run:?}");
    let says = "host=db.example port=5433 dbname=d sslmode=require";
    assert!(printed(&run).contains(says), "{run:?}");
    assert!(!printed(&run).contains("hunter2"), "{run:?}");
}
