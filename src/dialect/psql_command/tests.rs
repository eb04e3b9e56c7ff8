use super::{read as read_at, *};
use crate::conninfo::fake::Fake;
use crate::dialect::Note;

fn read(text: &str) -> Result<Reading, Fault> {
    read_at(text, &Fake::default())
}

/// The programs themselves were asked.
#[test]
fn an_option_takes_its_own_argument() {
    for (line, dbname, mode) in [
        (
            "createdb -h h --maintenance-db=sslmode=disable x",
            None,
            Some("disable"),
        ),
        (
            "pg_dump -h h sslmode=disable --exclude-table-data t",
            None,
            Some("disable"),
        ),
        ("pg_dump -h h --section data d", Some("d"), None),
        ("pgbench -h h --time 5 --protocol simple d", Some("d"), None),
        ("psql -h h --dbn=sslmode=disable", None, Some("disable")),
        (
            "psql -h h --comm x sslmode=verify-full",
            None,
            Some("verify-full"),
        ),
        ("vacuumdb -h h --analyze d", Some("d"), None),
        (
            "vacuumdb -h h --maintenance-db=sslmode=disable d",
            Some("d"),
            None,
        ),
        ("pg_restore -h h -d d a.dump", Some("d"), None),
        ("createdb -h h a comment", None, None),
        ("pg_dump -h h -b sslmode=disable", None, Some("disable")),
        ("pg_dump -h h sslmode=disable -e x", None, Some("disable")),
        ("pgbench -S -l -I d sslmode=disable", None, Some("disable")),
        (
            "pg_dumpall -r -S x -d sslmode=disable",
            None,
            Some("disable"),
        ),
        (
            "pg_dumpall -g -d sslmode=verify-full -l sslmode=disable",
            None,
            Some("disable"),
        ),
        (
            "pg_dumpall -h h -l d -d sslmode=require",
            Some("d"),
            Some("require"),
        ),
        (
            "pg_dumpall -d sslmode=verify-full --database=",
            None,
            Some("verify-full"),
        ),
        (
            "pg_dumpall -h h --database=sslmode=disable -d sslmode=require",
            None,
            Some("disable"),
        ),
        (
            "pg_basebackup -R -s 10 -l x -d sslmode=disable",
            None,
            Some("disable"),
        ),
        ("psql -h h -p '' -d sslmode=disable", None, Some("disable")),
        (
            "psql -h h <<E -d sslmode=disable\nselect 1\nE",
            None,
            Some("disable"),
        ),
    ] {
        let reading = read(line).unwrap();
        let text = |keyword| {
            reading
                .get(keyword)
                .map(|value| str::from_utf8(value).unwrap())
        };
        assert_eq!(
            (text(Keyword::Dbname), text(Keyword::SslMode)),
            (dbname, mode),
            "{line}"
        );
    }
    for line in [
        "psql -h h --unknown d",
        "psql -h h --no d",
        "PGDATABASE=sslmode=disable vacuumdb -h h",
        "PGUSER=sslmode=disable pgbench -h h",
        "pg_dump -d a b",
        "pg_dump -h h a b",
        "vacuumdb -h h -d a b",
        "createdb -h h a b c",
        "pg_isready -h h a",
        "clusterdb -a -d 'host=h sslmode=verify-full'",
        "vacuumdb --all 'host=h sslmode=verify-full'",
        "reindexdb -a -h h d",
        "pg_amcheck -a -h h d",
        "pg_dumpall -h h sslmode=verify-full",
        "PGSERVICEFILE=/f psql service=x",
        "psql -h h <<E\nE\npsql -h i",
        "psql -h h \"$@\"",
        "psql -h h $1",
    ] {
        assert!(read(line).is_err(), "{line}");
    }
    for line in [
        "PGPASSWORD=Hun$Ter9 psql -h h",
        "psql postgresql://u:Hun$Ter9@h/d",
        "psql postgresql://u:Hun7@Ter9/x@h/d",
        "psql postgresql://u:12/Ter9@h/d",
    ] {
        let fault = read(line).unwrap_err();
        let said = format!("{fault} {:?}", fault.advice());
        assert!(!said.contains("Hun") && !said.contains("Ter9"), "{said}");
    }
}

/// Of the four programs, pg_dumpall and pg_basebackup 15 were asked.
#[test]
fn options_of_some_programs_count_more_than_the_string() {
    for (program, host) in [
        ("pg_dumpall", "h"),
        ("pg_basebackup", "h"),
        ("pg_receivewal", "h"),
        ("pg_recvlogical", "h"),
        ("pg_dump", "i"),
        ("psql", "i"),
    ] {
        let line = format!("{program} -h h -d 'host=i sslmode=require'");
        let reading = read(&line).unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(host.as_bytes()), "{line}");
        assert_eq!(
            reading.get(Keyword::SslMode),
            Some(&b"require"[..]),
            "{line}"
        );
    }
}

/// pg_dumpall 15 was asked: the server saw where it connected.
#[test]
fn the_first_database_of_pg_dumpall_counts_more_than_all_else() {
    for option in [
        "-l 'host=i port=2'",
        "-l'host=i port=2'",
        "--database='host=i port=2'",
    ] {
        let line = format!("pg_dumpall -g -h h -d 'host=j port=3' {option}");
        let reading = read(&line).unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(&b"i"[..]), "{line}");
        assert_eq!(reading.get(Keyword::Port), Some(&b"2"[..]), "{line}");
    }
}

/// createuser and pgbench 15 were asked: their `-d` has no argument.
#[test]
fn a_flag_takes_no_argument() {
    for line in ["createuser -d -h h u", "pgbench -d -h h d"] {
        let reading = read(line).unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{line}");
    }
}

/// psql itself was asked for its mode in each of these lines.
#[test]
fn the_environment_of_a_command_is_what_it_gets() {
    for (line, mode) in [
        ("PGSSLMODE=verify-full psql -h h", Some("verify-full")),
        (
            "PGSSLMODE=verify-full PGSSLMODE=disable psql -h h",
            Some("disable"),
        ),
        (
            "env PGSSLMODE=disable PGSSLMODE=require psql -h h",
            Some("require"),
        ),
        (
            "PGSSLMODE=verify-full psql -h h >out.txt -d sslmode=disable",
            Some("disable"),
        ),
        (
            "PGSSLMODE=verify-full psql 'sslmode=disable'",
            Some("disable"),
        ),
        ("PGSSLMODE=verify-full sudo -u postgres psql -h h", None),
        ("PGREQUIRESSL=1 psql -h h", Some("require")),
        ("PGREQUIRESSL=1 PGSSLMODE= psql -h h", Some("")),
        (
            "PGSSLMODE=verify-full sudo PGSSLMODE=require psql -h h",
            Some("require"),
        ),
        (
            "PGSSLMODE=disable sudo -E psql 'host=h sslrootcert=/r'",
            Some("disable"),
        ),
        // The programs of PostgreSQL 15 were asked for what they give to libpq.
        ("psql -h h -d sslmode=verify-full -d ''", None),
        ("psql -h h -d '' sslmode=verify-full", None),
        ("pg_dump -h h -d sslmode=verify-full --dbname=", None),
        ("vacuumdb -h h --maintenance-db=sslmode=verify-full", None),
        (
            "vacuumdb -h h -a --maintenance-db=sslmode=disable",
            Some("disable"),
        ),
        (
            "reindexdb -h h --all --maintenance-db=sslmode=disable",
            Some("disable"),
        ),
    ] {
        let reading = read(line).unwrap();
        let found = reading.get(Keyword::SslMode);
        assert_eq!(found, mode.map(str::as_bytes), "{line}");
    }
    for withheld in ["PGSSLMODE=require", "PGREQUIRESSL=1", "PGSERVICEFILE=/f"] {
        let reading = read(&format!("X=1 {withheld} sudo psql -h h")).unwrap();
        assert_eq!(reading.notes.len(), 1, "{withheld}");
    }
    for unread in ["OPENSSL_CONF=/o.cnf", "HOME=/h", "env SSL_CERT_FILE=/c"] {
        let reading = read(&format!("{unread} psql -h h")).unwrap();
        assert_eq!(reading.notes.len(), 1, "{unread}");
    }
    // Another user has an environment and a home directory of his own.
    let world = Fake::default().var("PGSSLMODE", "require");
    for (line, mode) in [
        ("psql -h h", "require"),
        ("nohup psql -h h", "require"),
        ("sudo -E psql -h h", "require"),
        ("sudo -u postgres psql -h h", "verify-full"),
    ] {
        let conninfo = read_at(line, &world).unwrap().complete(&world).unwrap();
        assert_eq!(conninfo.sslmode.value.to_string(), mode, "{line}");
    }
    for line in [
        "PGSSLMODE=verify-full env -i psql -h h",
        "PGSSLMODE=verify-full env - psql -h h",
        "PGSSLMODE=verify-full env -u PGSSLMODE psql -h h",
        "PGSSLMODE=verify-full env -uPGSSLMODE psql -h h",
        "env --unset=PGSSLMODE psql -h h",
    ] {
        assert!(read(line).is_err(), "{line}");
        assert!(is_command(line), "{line}");
    }
}

/// bash and dash were asked: behind `=` before a command, both know `~`. In an argument, dash does not.
#[test]
fn a_shell_replaces_a_tilde_before_a_command() {
    let at_home = Fake::default().home("/home/me");
    for (line, root) in [
        ("PGSSLROOTCERT=~/r.crt psql -h h", "/home/me/r.crt"),
        ("$ X=1 PGSSLROOTCERT=~/r.crt psql -h h", "/home/me/r.crt"),
        ("PGSSLROOTCERT='~/r.crt' psql -h h", "~/r.crt"),
        ("PGSSLROOTCERT=\\~/r.crt psql -h h", "~/r.crt"),
        ("PGSSLROOTCERT=~other/r.crt psql -h h", "~other/r.crt"),
        ("PGSSLROOTCERT=a~/r.crt psql -h h", "a~/r.crt"),
        ("env PGSSLROOTCERT=~/r.crt psql -h h", "~/r.crt"),
        ("psql 'host=h sslrootcert=~/r.crt'", "~/r.crt"),
        ("psql sslrootcert=~/r.crt", "~/r.crt"),
    ] {
        let reading = read_at(line, &at_home).unwrap();
        let found = reading.get(Keyword::SslRootCert);
        assert_eq!(found, Some(root.as_bytes()), "{line}");
    }
}

/// psql 15 was asked for `current_user` and `current_database()` in each of these lines.
#[test]
fn a_word_sets_only_what_no_option_sets() {
    for (line, dbname, user, ignored) in [
        ("psql -h h -U me app other", "app", Some("me"), 1),
        ("psql -h h -d app -U me extra", "app", Some("me"), 1),
        ("psql -h h -d app me", "app", Some("me"), 0),
        ("psql -h h app me third", "app", Some("me"), 1),
        ("psql -h h --username=me app other", "app", Some("me"), 1),
        ("psql -h h app", "app", None, 0),
        ("psql -h h -U '' app other", "app", None, 1),
        (
            "psql -U me app postgresql://u:secret@h/x",
            "app",
            Some("me"),
            1,
        ),
    ] {
        let reading = read(line).unwrap();
        let text = |keyword| {
            reading
                .get(keyword)
                .map(|value| str::from_utf8(value).unwrap())
        };
        let found = (text(Keyword::Dbname), text(Keyword::User));
        assert_eq!(found, (Some(dbname), user), "{line}");
        assert_eq!(reading.notes.len(), ignored, "{line}");
        assert!(!format!("{:?}", reading.notes).contains("secret"), "{line}");
        assert_eq!(ignored_words(line).len(), ignored, "{line}");
    }
}

#[test]
fn a_redirection_is_no_argument() {
    for line in [
        "psql -h h d 2>/dev/null",
        "psql -h h 2>&1 d >> 'a file'",
        "psql -h h &>/dev/null d",
        "psql -h h d <a.sql",
        "<a.sql psql -h h d",
        "psql -h h d <<E\nselect 2;\nE\n",
        "psql -h h d <<<'select 2'",
    ] {
        let reading = read(line).unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{line}");
        assert_eq!(reading.get(Keyword::Dbname), Some(&b"d"[..]), "{line}");
        assert_eq!(reading.get(Keyword::User), None, "{line}");
    }
}

#[test]
fn a_variable_of_psql_is_no_setting_of_the_connection() {
    for (line, warned) in [
        ("psql -h db --set=sslmode=require", true),
        ("psql -h db --set sslmode=require", true),
        ("psql -h db -v sslrootcert=root.crt", true),
        ("psql -h db -v user=ann", false),
        ("psql -h db --set=ON_ERROR_STOP=1", false),
    ] {
        let reading = read(line).unwrap();
        assert_eq!(reading.get(Keyword::SslMode), None, "{line}");
        assert_eq!(!reading.notes.is_empty(), warned, "{line}");
    }
}

#[test]
fn what_stands_before_a_command_is_no_part_of_it() {
    for line in [
        "user@laptop:~$ psql 'host=h sslmode=verify-full'",
        "[user@h ~]$ psql 'host=h sslmode=verify-full'",
        r"PS C:\Users\u> psql 'host=h sslmode=verify-full'",
        r"postgres=# \c 'host=h sslmode=verify-full'",
        r#"\connect "host=h sslmode=verify-full""#,
        r"\c postgresql://h/?sslmode=verify-full&application_name=$a",
    ] {
        assert!(is_command(line), "{line}");
        let read = read(line).unwrap();
        assert_eq!(
            read.get(Keyword::SslMode),
            Some(&b"verify-full"[..]),
            "{line}"
        );
        assert_eq!(read.get(Keyword::Host), Some(&b"h"[..]), "{line}");
    }
    for line in [r"\c shop app", "echo x > psql", r"\c 'host=h'x"] {
        assert!(!is_command(line), "{line}");
    }
}

#[test]
fn a_setting_where_psql_expects_none_is_named() {
    let reading = read("psql -h h shop sslmode=verify-full").unwrap();
    let notes: Vec<&str> = reading
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    assert!(
        notes
            .iter()
            .any(|note| note.contains("sslmode=... in it sets nothing")),
        "{notes:?}"
    );
    let fault = read("psql --sslmode=verify-full -h h").unwrap_err();
    assert!(
        fault.to_string().contains("psql has no option --sslmode"),
        "{fault}"
    );
    assert!(fault.advice().unwrap().contains("PGSSLMODE"));
}

#[test]
fn the_word_behind_an_option_for_a_prompt_is_not_shown() {
    for line in [
        "psql -h h -U app -W hunter2 shop",
        "psql -h h -U app -W hunter2",
        "psql -h h --password hunter2 shop",
        "psql -h h -XW hunter2=x",
        "pg_dump -h h -d shop -W hunter2",
    ] {
        let reading = read(line).unwrap();
        let all = String::from_utf8(reading.conninfo()).unwrap();
        assert!(!all.contains("hunter2"), "{line}: {all}");
        let said = |note: &Note| note.setting == "-W" && note.message.contains("takes no password");
        assert!(
            reading.notes.iter().any(said),
            "{line}: {:?}",
            reading.notes
        );
    }
    let reading = read("psql -W 'host=h sslmode=require'").unwrap();
    assert_eq!(reading.get(Keyword::SslMode), Some(&b"require"[..]));
}

/// Which word is the password is not known, so none is shown.
#[test]
fn no_word_behind_the_question_for_a_password_is_shown() {
    let read = |text: &str| String::from_utf8(read(text).unwrap().conninfo()).unwrap();
    for text in [
        "psql -h h -W app Zq7xSecretQ",
        "psql -h h -W Zq7xSecretQ ann d",
    ] {
        assert!(!read(text).contains("Zq7xSecretQ"), "{text}");
    }
}
