use super::*;

/// The lines that are endpoints, or faults.
fn numbers(text: &str) -> Option<Vec<usize>> {
    let lines = of_env_file(text)?;
    Some(lines.into_iter().map(|(number, _)| number).collect())
}

#[test]
fn no_string_of_a_file_is_passed_over() {
    let first = "PGHOST=a\nPGSSLMODE=verify-full\n";
    for (text, lines) in [
        ("DATABASE_URL=postgres://h/d\n", &[3][..]),
        (
            "DB_CONNECTION=pgsql\nDB_HOST=b\nDB_URL=postgres://c/d\n",
            &[3],
        ),
        ("DB_CONNECTION=mysql\nDB_URL=postgres://c/d\n", &[4]),
        ("REPLICA_DSN=host=b prt=1\n", &[3]),
        ("REPLICA_DSN=${REPLICA}\n", &[3]),
        ("REPLICA_DSN=\"host=b port=1\n", &[3]),
        ("B='host=b port=1' x\n", &[3]),
        ("B=PostgreSQL://b/d\n", &[3]),
        ("B=cG9zdGdyZXM6Ly91OnBAaC9kP3NzbG1vZGU9cmVxdWlyZQ==\n", &[3]),
        ("B=Host=b;Ssl Mod=VerifyFull\n", &[3]),
        ("B=db.example:5432/app\n", &[3]),
        ("CORE_DB=db.example:6432/app\n", &[3]),
        ("AUTH_DB=service=nosvc\n", &[3]),
        ("DATA_SOURCE_URI=db:6432/app?sslmode=require\n", &[3]),
        ("AUTH_DB=host=b prt=1\n", &[3]),
        ("KEYCLOAK_DB='host=b port=1' x\n", &[3]),
        ("DATABASE_URL=\n", &[3]),
        ("DATABASE_URL=mysql://h/d\n", &[3]),
        ("DATABASE_URL=DATABASE_URL=postgres://h/d\n", &[3]),
        // What says nothing about PostgreSQL.
        ("DEBUG=1\nREDIS_URL=${REDIS}\nCACHE=redis://h?host=1\n", &[]),
        ("SENTRY_DSN=${SENTRY}\nMYSQL_DSN=mysql://h/d\n", &[]),
        ("POSTGRES_USER=app\nPG_MAJOR=15\nLOCALHOST=1\n", &[]),
        (
            "IMAGE=registry:5000/app\nDB_USER=$USER\nREPLICA_COUNT=${N}\nPGADMIN_EMAIL=${MAIL}\n",
            &[],
        ),
        // A secret is no string, whatever it looks like.
        (
            "ADMIN_PASSWORD=Xk:5432!hunter2\nDB_PASSWORD=$hunter2\n",
            &[],
        ),
        ("DATABASE_URL_PASSWORD=hunter2\nDB_PASS=host=hunter2\n", &[]),
        ("SECRET_DATABASE_URL=postgres://h/d\nPG_URL=${U}\n", &[3, 4]),
        // A name that speaks of a secret by chance.
        ("AUTH_DB_DSN=host=b prt=1\nAUTH_DB_URL=${U}\n", &[3, 4]),
        (
            "ConnectionStrings__AuthDb=Host=b;Ssl Mod=VerifyFull\n",
            &[3],
        ),
        (
            "PASSPORT=host=b port=1\nMONKEY=Host=b;Username=c;SSL Mode=Disable\n",
            &[3, 4],
        ),
    ] {
        let found = numbers(&format!("{first}{text}"));
        let expected: Vec<usize> = [1].iter().chain(lines).copied().collect();
        assert_eq!(found, Some(expected), "{text}");
    }
}

/// A line that is a string by itself makes a list of the file, in which every line counts.
#[test]
fn a_list_of_strings_is_no_env_file() {
    for line in [
        "Host=b;Port=1;Username=c;SSL Mode=VerifyFull",
        "Server=b;Port=1",
        "Driver={PostgreSQL Unicode};Server=b",
        "host=b port=1",
    ] {
        assert_eq!(
            numbers(&format!("A=postgres://h/d\n{line}\n")),
            None,
            "{line}"
        );
    }
}

fn shown(reading: &Reading) -> String {
    String::from_utf8(reading.conninfo()).unwrap()
}

/// The program has them in its environment.
#[test]
fn variables_of_libpq_count_beside_a_string() {
    for (text, expected) in [
        (
            "PGSSLMODE=disable\nDATABASE_URL=postgres://h/d",
            "host=h dbname=d sslmode=disable",
        ),
        (
            "DATABASE_URL=postgres://h/d\nPGSSLMODE=require\nPGSSLMODE=prefer",
            "host=h dbname=d sslmode=prefer",
        ),
        (
            "PGSSLMODE=disable\nDATABASE_URL=postgres://h/d?sslmode=require",
            "host=h dbname=d sslmode=require",
        ),
        (
            "PGREQUIRESSL=1\nPGPORT=1\nDB='host=h dbname=d'",
            "host=h port=1 dbname=d sslmode=require",
        ),
        (
            "DB_CONNECTION=pgsql\nDB_HOST=h\nDB_DATABASE=d\nDB_PORT=1\nPGSSLROOTCERT=/r",
            "host=h port=1 dbname=d sslmode=prefer sslrootcert=/r",
        ),
        // pgjdbc does not read it, and asyncpg does.
        (
            "PGSSLMODE=require\nDB=jdbc:postgresql://h/d",
            "host=h dbname=d sslmode=prefer",
        ),
        (
            "PGSSLMODE=require\nDB=postgresql+asyncpg://h/d",
            "host=h dbname=d sslmode=require",
        ),
    ] {
        let alone = lines(text, &Nowhere).unwrap().unwrap();
        assert_eq!(shown(&alone), expected, "{text}");
        let listed = of_env_file(text).unwrap();
        let [(_, one)] = listed.as_slice() else {
            panic!("{text}: {listed:?}");
        };
        let of_list = lines(one, &Nowhere).unwrap().unwrap();
        assert_eq!(shown(&of_list), expected, "{text}");
    }
    let many = format!("PGSSLCERT={}\n", "x".repeat(MAX_BESIDE));
    assert_eq!(of_env_file(&format!("{many}A=postgres://h/d\n")), None);
}

#[test]
fn several_strings_in_one_place_are_refused() {
    for (text, fine) in [
        ("PGHOST=a\nPGPORT=1\nDEBUG=1", true),
        ("PGHOST=a\nDATABASE_URL=postgres://h/d", false),
        ("PGHOST=a\nDB_CONNECTION=pgsql\nDB_HOST=b", false),
        ("DATABASE_URL=postgres://h/d\nB=host=b prt=1", false),
        ("A=postgres://h/d\nB=postgres://h/d", false),
        ("DEBUG=1\nA=postgres://h/d", true),
        ("A=postgres://h/d\nPASSPORT=host=b port=1", false),
        ("A=postgres://h/d\nDB_PASS=host=hunter2", true),
    ] {
        let read = lines(text, &Nowhere);
        assert_eq!(matches!(read, Ok(Some(_))), fine, "{text}: {read:?}");
        if !fine {
            assert!(
                matches!(read, Err(Fault::Damaged(Damage::Lines(_)))),
                "{text}"
            );
        }
    }
}

/// Readers give the program another value, or none.
#[test]
fn doubts_about_a_line_are_told() {
    for (text, said) in [
        ("PGHOST=h\nPGSSLMODE = require", "blanks around ="),
        ("DATABASE_URL = postgres://h/d", "blanks around ="),
        (
            "PGSSLMODE = require\nDATABASE_URL=postgres://h/d",
            "blanks around =",
        ),
        ("PGHOST=h\nPGUSER=`id`", "backticks"),
        ("PGHOST=h\nPGUSER=a#b", "has a #"),
        (
            "DATABASE_URL=postgres://h/d?connect_timeout=5&sslmode=require",
            "has a & or ;",
        ),
        ("PGHOST=h\nPGSSLMODE=require # prod", "keep the #"),
        ("DATABASE_URL=postgres://h/d # prod", "keep the #"),
        // Lines of postgresql.conf.
        ("primary_conninfo = 'host=h port=1'", ""),
        ("PGHOST=h\nPGSSLMODE=require", ""),
    ] {
        let reading = lines(text, &Nowhere).unwrap().unwrap();
        let told = reading.notes.iter().any(|note| note.message.contains(said));
        let blanks = |note: &crate::dialect::Note| note.message.contains("blanks around =");
        match said {
            "" => assert!(!reading.notes.iter().any(blanks), "{text}: {reading:?}"),
            _ => assert!(told, "{text}: {reading:?}"),
        }
    }
}

/// No shell reads both.
#[test]
fn lines_of_two_shells_of_windows_are_not_one_place() {
    let of = |second: &str| lines(&format!("set PGHOST=h\n{second}"), &Nowhere);
    assert!(of("set PGSSLMODE=require").unwrap().is_some());
    assert!(of("$env:PGSSLMODE = \"require\"").unwrap().is_none());
}

#[test]
fn a_variable_that_holds_more_than_its_string_is_refused() {
    let read = |text: &str| lines(text, &Nowhere);
    for (text, damage) in [
        ("DATABASE_URL=psql 'postgresql://h/d'", Damage::Command),
        ("DATABASE_URL: psql postgresql://h/d", Damage::Command),
        (
            "DATABASE_URL=DATABASE_URL=postgresql://h/d",
            Damage::NameInValue,
        ),
    ] {
        assert_eq!(read(text), Err(Fault::Damaged(damage)), "{text}");
    }
    // A script runs it.
    assert!(read("BACKUP=psql 'postgresql://h/d'").unwrap().is_some());
}

/// The group is a string of its own, and its variables are in the environment of the others as well.
#[test]
fn variables_of_a_group_count_beside_the_other_strings() {
    let group = "PGHOST=g\nPGPORT=1\nPGSSLMODE=prefer";
    for (string, expected) in [
        (
            "DATABASE_URL=postgres://h/d?sslrootcert=/r",
            "host=h port=1 dbname=d sslrootcert=/r sslmode=prefer",
        ),
        (
            "DATABASE_URL=postgres://h:2/d?sslmode=require",
            "host=h port=2 dbname=d sslmode=require",
        ),
        (
            "DB_CONNECTION=pgsql\nDB_HOST=h\nDB_PORT=2\nDB_DATABASE=d",
            "host=h port=2 dbname=d sslmode=prefer",
        ),
    ] {
        let listed = of_env_file(&format!("{group}\n{string}")).unwrap();
        let read = |text: &str| shown(&lines(text, &Nowhere).unwrap().unwrap());
        let read: Vec<String> = listed.iter().map(|(_, text)| read(text)).collect();
        assert_eq!(read, ["host=g port=1 sslmode=prefer", expected], "{string}");
    }
    // libpq takes the address, or the service, for the string as well.
    for place in ["PGHOSTADDR=127.0.0.1", "PGSERVICE=s"] {
        let listed = of_env_file(&format!("{place}\nDATABASE_URL=postgres://h/d")).unwrap();
        let read = lines(&listed[1].1, &Nowhere);
        assert!(
            matches!(read, Err(Fault::Damaged(Damage::Lines(2)))),
            "{place}"
        );
    }
}

/// OpenSSL and libpq read them in the environment of the program, and pgtls has another one.
#[test]
fn variables_that_pgtls_does_not_use_are_told() {
    let url = "DATABASE_URL=postgres://h/d?sslmode=verify-full";
    let node = "DATABASE_URL=postgres://h/d?sslmode=verify-full&uselibpqcompat=true";
    let jdbc = "DATABASE_URL=jdbc:postgresql://h/d?sslmode=verify-full";
    for (text, name) in [
        (format!("OPENSSL_CONF=/o.cnf\n{url}"), "OPENSSL_CONF"),
        (format!("HOME=/h\n{url}"), "HOME"),
        ("SSL_CERT_FILE=/c\nPGHOST=h".to_owned(), "SSL_CERT_FILE"),
        (
            "SSL_CERT_DIR=/c\nD='host=h port=1'".to_owned(),
            "SSL_CERT_DIR",
        ),
        (
            format!("NODE_TLS_REJECT_UNAUTHORIZED=0\n{node}"),
            "NODE_TLS_REJECT_UNAUTHORIZED",
        ),
        (format!("OPENSSL_CONF=/o.cnf\nHOME=/h\n{jdbc}"), ""),
        (format!("NODE_TLS_REJECT_UNAUTHORIZED=0\n{url}"), ""),
    ] {
        let reading = lines(&text, &Nowhere).unwrap().unwrap();
        let told = |note: &crate::dialect::Note| {
            note.weight != crate::dialect::Weight::Info && note.setting == name
        };
        let has_warning = reading.notes.iter().any(told);
        assert_eq!(has_warning, !name.is_empty(), "{text}: {:?}", reading.notes);
    }
}

/// All readers keep what is in quotes: libpq then looks for a file with a blank in its name.
#[test]
fn a_blank_within_quotes_is_a_part_of_a_url() {
    for url in [
        "postgres://h/d?sslmode=verify-full&sslrootcert=/r",
        "jdbc:postgresql://h/d?sslmode=verify-full",
    ] {
        for text in [
            format!("DATABASE_URL=\"{url} \""),
            format!("DATABASE_URL=' {url}'"),
            format!("set \"DATABASE_URL={url} \""),
            format!("$env:DATABASE_URL = '{url} '"),
            format!("DATABASE_URL='{url}\t'"),
        ] {
            let damaged = Err(Fault::Damaged(Damage::Blank));
            assert_eq!(lines(&text, &Nowhere), damaged, "{text}");
        }
        let break_within = format!("DATABASE_URL=\"{url}\n\"");
        assert!(matches!(
            lines(&break_within, &Nowhere),
            Err(Fault::Damaged(Damage::LineBreak { .. }))
        ));
        let around = format!("DATABASE_URL=\"{url}\"  ");
        assert!(lines(&around, &Nowhere).unwrap().is_some());
    }
    // Between settings, a blank counts for nothing.
    for text in [
        "D=' host=h sslmode=require '",
        "D='Host=h;Username=u;SSL Mode=Require '",
    ] {
        assert!(lines(text, &Nowhere).unwrap().is_some(), "{text}");
    }
}
