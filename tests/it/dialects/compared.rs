//! What the drivers' own parsers find in strings, beside what we find.

use pgtls::conninfo::{self, Keyword, Nowhere, Value};
use pgtls::dialect::{Dialect, Passwords, read, translate};

use super::parsers::{Parser, Parts, root_file};

/// Strings besides our own translations.
const WRITTEN: &[(Dialect, &str)] = &[
    (Dialect::Jdbc, "jdbc:postgresql:app"),
    (Dialect::Jdbc, "jdbc:postgresql:///app?user=u"),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h/a+b%2Fc?user=a+b&password=%26%3D&ssl",
    ),
    (Dialect::Jdbc, "jdbc:postgresql://h:1/d?user=u&ssl=TRUE"),
    (Dialect::Jdbc, "jdbc:postgresql://h:1/d?user=u&ssl=false"),
    (Dialect::Jdbc, "jdbc:postgresql://h:1/d?user=u&ssl=1"),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h:1/d?user=u&ssl=true&sslmode=Require",
    ),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h:1/d?user=u&sslMode=verify-full",
    ),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h/d?user=u&password=a#b&sslmode=require",
    ),
    (Dialect::Jdbc, "jdbc:postgresql://[::1]:1/d?user=u"),
    (Dialect::Jdbc, "jdbc:postgresql://h"),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h/d?user=u&sslmode=verify_full",
    ),
    (Dialect::Jdbc, "jdbc:postgresql://h:x/d?user=u"),
    (Dialect::NodePostgres, "postgres://u:p@h/d"),
    (Dialect::NodePostgres, "postgres://u:p@h/d?ssl=true"),
    (Dialect::NodePostgres, "postgres://u:p@h/d?ssl=1"),
    (Dialect::NodePostgres, "postgres://u:p@h/d?ssl=0"),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=no-verify",
    ),
    (Dialect::NodePostgres, "postgres://u:p@h/d?sslmode=prefer"),
    (Dialect::NodePostgres, "postgres://u:p@h/d?sslmode=nonsense"),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=verify-ca&uselibpqcompat=true",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslrootcert=system",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?ssl=true&sslmode=disable",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u%40x:a+b@h:1/d?user=v&host=i",
    ),
    (Dialect::PostgresJs, "postgres://u:p@h/d"),
    (
        Dialect::PostgresJs,
        "postgres://u:p@a:1,b:2/d?sslmode=prefer",
    ),
    (Dialect::PostgresJs, "postgres://u:p@h/d?ssl=no-verify"),
    (Dialect::PostgresJs, "postgres://u:p@h/d?ssl=false"),
    (Dialect::PostgresJs, "postgres://u:p@h/d?ssl=0"),
    (Dialect::PostgresJs, "postgres://u:p@h/d?sslrootcert=system"),
    (Dialect::PostgresJs, "postgres://u:p@h/d?sslmode=allow"),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p/?#w@h:1/d?sslmode=require",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@/d?host=a:1&host=b:2",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@/d?host=a,b&port=1,2",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@h/d?application_name=a#b&sslmode=require",
    ),
    (Dialect::Sqlalchemy, "postgresql+psycopg://u:p@h/d?ssl=true"),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h/d?ssl=verify_full",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h/d?ssl=prefer",
    ),
    (Dialect::Sqlalchemy, "postgresql+asyncpg://u:p@h/d"),
    (Dialect::Sqlalchemy, "postgresql+asyncpg://u:p@h/d?ssl=true"),
    (Dialect::Sqlalchemy, "postgres://u:p@h/d"),
    (Dialect::Django, "postgis://u:p%40@H:1/d?sslmode=require"),
    (Dialect::Django, "pgsql://u:p@h/d?currentSchema=x"),
    (Dialect::Django, "postgres://u:p@h/d?foo=1"),
    // Before the query and in it.
    (
        Dialect::Django,
        "pgsql://u:p@h:1/d?host=i&port=2&user=v&password=q&dbname=e",
    ),
    (
        Dialect::Django,
        "pgsql:///d?host=i&port=2&user=v&password=q&sslmode=require",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@h:5/d?host=a,b",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@h:5/d?host=a&host=b",
    ),
    (Dialect::Sqlalchemy, "postgresql+psycopg://u:p@h:5/d?host=a"),
    (Dialect::Sqlalchemy, "postgresql+psycopg://u:p@/d?host=a:1"),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@/d?host=a,b&port=1",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@/d?host=a:1&port=2",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@/d?host=a:1&host=b:2&port=3",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h:5/d?host=a,b",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h:5/d?host=a,b&port=1,2",
    ),
    (Dialect::Sqlalchemy, "postgresql+asyncpg://u:p@h:5/d?host=a"),
    (
        Dialect::Rails,
        "postgresql://u:p%40@h:1/d?pool=5&sslmode=require&host=x",
    ),
    (Dialect::Rails, "postgresql:///d?host=h"),
    (Dialect::Rails, "postgresql:///d?host=/var/run/postgresql"),
    (Dialect::Rails, "postgresql://h/d?user=u&password=p"),
    (Dialect::Rails, "postgresql://h/d?username=u&database=e"),
    (
        Dialect::Rails,
        "postgresql://u@h/d?sslmode=verify-full&sslrootcert=%2Fr+x.crt",
    ),
    (
        Dialect::Rails,
        "postgresql://u@[::1]:1/d?sslmode=require&foo=1",
    ),
    (Dialect::Rails, "postgresql://u@h/d?sslmode=&pool=1"),
    (Dialect::Rails, "postgresql://u@h/a%2Fb?pool=1"),
    (Dialect::Rails, "postgresql://u@h?pool=1"),
    (
        Dialect::Rails,
        "postgresql://u@h/d?sslmode=require&sslmode=disable&pool=1",
    ),
    (Dialect::Rails, "postgres://u@a,b/d?pool=1"),
    (
        Dialect::Pdo,
        "pgsql:host=h;port=1;dbname=d;user=u;password=p",
    ),
    (Dialect::Pdo, "pgsql: host=h ; dbname = d ;"),
    (Dialect::Pdo, "pgsql:host=h;password='a;b'"),
    (Dialect::Pdo, "pgsql:host=a,b;port=1,2;sslmode=verify-ca"),
    (Dialect::Pdo, "pgsql:host=h;charset=utf8"),
    (Dialect::Pdo, "pgsql:host=h dbname=d sslmode=require"),
    (Dialect::Pdo, "pgsql:host=::1;dbname=d"),
    (
        Dialect::Pdo,
        "postgresql://u:p%40@h:1/d?serverVersion=15&sslmode=require&sslrootcert=/r.crt",
    ),
    (
        Dialect::Pdo,
        "postgresql://u:p+q@h/d?charset=utf8&channel_binding=require",
    ),
    (
        Dialect::Pdo,
        "postgres://u@h/a%2Bb?serverVersion=15&sslmode=verify-full",
    ),
    (Dialect::Pdo, "pgsql://u:p@h/d?serverVersion=15&host=i"),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u:p%40@h:1/d?sslmode=verify-full",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL='postgres://u:p+q@h/d?sslmode=require&sslrootcert=/r.crt'",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=postgresql://u:p@h/d?application_name=x&connect_timeout=5",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u:p@h/d?host=i&username=v&database=e",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u@[::1]/d",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u:123@h/d",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u:a;b@h/d",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Database=d;Uid=u;Pwd=a+b%41;SSLmode=require;Pqopt={sslrootcert=/r connect_timeout=5}",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Pwd={a}}b;c};SSLmode=Require",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL ANSI};Servername=h;Username=u;Password=p;sslmode=verify-ca",
    ),
    (
        Dialect::Odbc,
        "DRIVER=PostgreSQL Unicode;SERVER=h;PORT=1;DATABASE=d;UID=u;PWD=p;SSLMODE=verify-full;",
    ),
    (Dialect::Odbc, "Driver={PostgreSQL Unicode};Server=h;CA=r"),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;CA=vf;Uid=u",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=Prefer",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=verify_full",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=VERIFY-FULL",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode={require}",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h; Database = d ; SSLmode = require ",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Host=i;SSLmode=allow;Foo=1",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=require;SSLmode=disable",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Pwd=a%zzb",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=::1;SSLmode=require",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=require;Pqopt={sslmode=verify-full}",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;SSLmode=verify-full;Pqopt=sslrootcert=/r.crt",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Uid={a b};Database={x;y};SSLmode=require",
    ),
    (
        Dialect::Odbc,
        "Driver={PostgreSQL Unicode};Server=h;Uid=a%20b;Database=x%20y;SSLmode=require",
    ),
    (
        Dialect::Go,
        "postgres://u:p%40@h:1/d?sslmode=verify-full&pool_max_conns=4",
    ),
    (Dialect::Go, "postgres://u:p@a:1,b:2/d?sslmode=verify-ca"),
    (Dialect::Go, "postgres://u:p@h/d"),
    (Dialect::Go, "postgres://u:p@h/d?ssl=true"),
    (Dialect::Go, "postgres://u:p@h/d?sslmode=allow"),
    (Dialect::Go, "postgres://u:p+q@h/d?sslmode=disable&user=v+w"),
    (Dialect::Go, "postgres://u@[::1]:1/d?sslmode=require"),
    (
        Dialect::Go,
        "host=h port=1 user=u password='a b' dbname=d sslmode=require pool_max_conns=4",
    ),
    (
        Dialect::Go,
        "postgres://u@h/d?sslmode=no-verify&pool_max_conns=4",
    ),
    (
        Dialect::Go,
        "postgres://u@h/d?sslmode=Require&pool_max_conns=4",
    ),
    (
        Dialect::Go,
        "postgres://u@h/d?host=i&port=2&sslmode=require",
    ),
    (
        Dialect::Go,
        "postgres://u@h:1/?sslmode=require&password=x%26y",
    ),
    // Empty values, and settings that are not read.
    (Dialect::NodePostgres, "postgres://u:p@h/d?sslmode="),
    (Dialect::NodePostgres, "postgres://u:p@h/d?sslrootcert="),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=&ssl=true",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?uselibpqcompat=true&sslmode=",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=no-verify&sslmode=",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h:1/d?user=&password=&host=&port=",
    ),
    (Dialect::NodePostgres, "postgres://u:p@h/d?ssl="),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?ssl%6dode=no-verify",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?sslmode=&ssl=require",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?sslmode=require&sslmode=",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h:1/d?host=i&port=2&password=q&username=v&db=e",
    ),
    (Dialect::PostgresJs, "postgres://u:p@a:6432,b/d"),
    (Dialect::PostgresJs, "postgres://u:p@a,b:6432/d"),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?target_session_attrs=any",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@h/d?sslmode=verify-full&sslmode=&foo",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h/d?ssl=&foo=",
    ),
    (Dialect::Sqlalchemy, "postgresql+asyncpg://u:p@h:1/d?port=2"),
    (
        Dialect::Django,
        "pgsql://u:p@h/d?sslmode=verify-full&sslmode=&foo=",
    ),
    (
        Dialect::Rails,
        "postgresql://u@h/d?sslmode=verify-full&sslmode=&pool=1",
    ),
    // The same setting twice.
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h/d?user=u&sslmode=require&sslmode=disable",
    ),
    (
        Dialect::Jdbc,
        "jdbc:postgresql://h/d?user=u&ssl=true&ssl=false",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=no-verify&sslmode=disable",
    ),
    (
        Dialect::NodePostgres,
        "postgres://u:p@h/d?sslmode=disable&sslmode=no-verify",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?sslmode=require&sslmode=disable",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?sslmode=disable&sslmode=require",
    ),
    (
        Dialect::PostgresJs,
        "postgres://u:p@h/d?ssl=require&sslmode=disable",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+psycopg://u:p@h/d?sslmode=require&sslmode=disable",
    ),
    (
        Dialect::Sqlalchemy,
        "postgresql+asyncpg://u:p@h/d?ssl=require&ssl=disable",
    ),
    (
        Dialect::Django,
        "pgsql://u:p@h/d?sslmode=require&sslmode=disable",
    ),
    (Dialect::Pdo, "pgsql:host=h;sslmode=require;sslmode=disable"),
    (
        Dialect::Pdo,
        "postgresql://u:p@h/d?serverVersion=15&sslmode=require&sslmode=disable",
    ),
    (
        Dialect::Laravel,
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://u:p@h/d?sslmode=require&sslmode=disable",
    ),
    (
        Dialect::Go,
        "postgres://u@h/d?sslmode=disable&sslmode=verify-full",
    ),
    (
        Dialect::Go,
        "postgres://u@h/d?sslmode=verify-full&sslmode=disable",
    ),
    (
        Dialect::Go,
        "host=h user=u dbname=d sslmode=require sslmode=disable pool_max_conns=1",
    ),
    (
        Dialect::Libpq,
        "postgresql://u@h/d?sslmode=require&sslmode=disable",
    ),
];

#[test]
fn the_drivers_own_parsers_find_the_same() {
    let root = root_file().to_str().unwrap().to_owned();
    let mut questions: Vec<(Dialect, String)> = WRITTEN
        .iter()
        .map(|(dialect, text)| (*dialect, (*text).to_owned()))
        .collect();
    for target in Dialect::ALL
        .iter()
        .filter(|target| Parser::of(**target).is_some())
    {
        for mode in MODES {
            for root in ["", &root, "system"] {
                for password in ["plain", "a b+c", "p;'\\ \"=&%+@:/?#{}$x", "é%2F"] {
                    for hosts in ["db.example.com", "a.example.com,b.example.com"] {
                        let settings = [
                            (Keyword::Host, hosts),
                            (Keyword::Port, "5433"),
                            (Keyword::User, "ann@b c"),
                            (Keyword::Password, password),
                            (Keyword::Dbname, "my+db"),
                            (Keyword::SslMode, *mode),
                            (Keyword::SslRootCert, root),
                        ];
                        let settings: Vec<(Keyword, Value)> = settings
                            .iter()
                            .filter(|(_, value)| !value.is_empty())
                            .map(|(keyword, value)| {
                                (*keyword, Value::new(*keyword, value.as_bytes().to_vec()))
                            })
                            .collect();
                        let said = translate(&settings, *target, Passwords::Written);
                        // A pgx of 2022 takes it for a file.
                        let not_yet = *target == Dialect::Go && root == "system";
                        if said.keeps_the_promise()
                            && !(root == "system" && *mode != "verify-full")
                            && !not_yet
                        {
                            questions.push((*target, said.text));
                        }
                    }
                }
            }
        }
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for parser in Parser::ALL {
        let asked: Vec<(Dialect, String)> = questions
            .iter()
            .filter(|(dialect, _)| Parser::of(*dialect) == Some(parser))
            .cloned()
            .collect();
        let Some(answers) = parser.ask(&asked) else {
            continue;
        };
        for ((dialect, text), theirs) in asked.iter().zip(answers) {
            compared += 1;
            let ours = ours(*dialect, text);
            if ours != theirs {
                wrong.push(format!(
                    "{dialect}: {text}\n  ours   {ours:?}\n  theirs {theirs:?}"
                ));
            }
        }
    }
    println!("{compared} strings compared");
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_page_says_whose_parser_was_asked() {
    let page = include_str!("../../../docs/dialects.md");
    let (_, behind) = page.split_once(" in the program |").unwrap();
    let rows: Vec<&str> = behind
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(rows.len(), Dialect::ALL.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let dialect = Dialect::from_name(cells[0].trim_matches('`')).unwrap();
        let compared = !cells.last().unwrap().starts_with("no: ");
        assert_eq!(compared, Parser::of(dialect).is_some(), "{row}");
    }
}

/// Whether libpq knows the mode, or there is none.
pub(super) fn is_a_mode(mode: &str) -> bool {
    mode.is_empty() || MODES.contains(&mode)
}

const MODES: &[&str] = &[
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// What we find in a string; nothing if we refuse it.
fn ours(dialect: Dialect, text: &str) -> Option<Parts> {
    let conninfo = match dialect {
        Dialect::Libpq => text.as_bytes().to_vec(),
        _ => read(text.as_bytes(), Some(dialect), &Nowhere)
            .ok()??
            .conninfo(),
    };
    let settings = conninfo::parse(&conninfo).unwrap();
    let get = |keyword: Keyword| {
        let set = settings.iter().find(|made| made.keyword == keyword);
        set.map(|made| String::from_utf8(made.value.as_bytes().to_vec()).unwrap())
            .unwrap_or_default()
    };
    let hosts: Vec<String> = get(Keyword::Host).split(',').map(str::to_owned).collect();
    let ports = get(Keyword::Port);
    let ports: Vec<&str> = ports.split(',').collect();
    let port = |index: usize| match (ports.len(), ports.get(index)) {
        (1, _) if ports[0].is_empty() => "5432".to_owned(),
        (1, _) => ports[0].to_owned(),
        (_, Some(port)) => (*port).to_owned(),
        (_, None) => String::new(),
    };
    let by_libpq = matches!(
        dialect,
        Dialect::Libpq
            | Dialect::Django
            | Dialect::Pdo
            | Dialect::Laravel
            | Dialect::Odbc
            | Dialect::Rails
    ) || dialect == Dialect::Sqlalchemy && !text.contains("asyncpg");
    let count = if by_libpq { ports.len() } else { hosts.len() };
    let root = get(Keyword::SslRootCert);
    let mode = match get(Keyword::SslMode).as_str() {
        // Where libpq verifies because there is a root, pgx does, too. It means prefer without a mode.
        "require" if dialect == Dialect::Go && !root.is_empty() => "verify-ca".to_owned(),
        "" if dialect == Dialect::Go => "prefer".to_owned(),
        mode => mode.to_owned(),
    };
    if !is_a_mode(&mode) {
        return None;
    }
    Some(Parts {
        ports: (0..count).map(port).collect(),
        hosts,
        user: get(Keyword::User),
        password: get(Keyword::Password),
        dbname: get(Keyword::Dbname),
        root: match dialect {
            _ if by_libpq => root,
            Dialect::NodePostgres if root != "system" && !root.is_empty() => "given".to_owned(),
            Dialect::Jdbc if root != "system" => root,
            Dialect::Go if mode.starts_with("verify") && !root.is_empty() => "given".to_owned(),
            _ => String::new(),
        },
        mode,
    })
}
