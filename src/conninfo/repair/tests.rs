use super::*;
use crate::conninfo::fake::Fake;
use crate::conninfo::{ConnInfo, redacted};

/// The first repair that can be read, masked.
fn repaired(text: &str) -> Option<String> {
    let Err(error) = ConnInfo::read(text.as_bytes(), &Fake::default()) else {
        panic!("{text} is fine");
    };
    let found = repairs(text.as_bytes(), &error);
    found
        .iter()
        .find_map(|repair| Some(redacted(&parse(repair.expose()).ok()?)))
}

#[test]
fn what_was_meant_is_found() {
    for (text, meant) in [
        ("host=h sslmod=require", "host=h sslmode=require"),
        ("host=h sslmode=requird", "host=h sslmode=require"),
        ("host=h sslmode=verify_full", "host=h sslmode=verify-full"),
        (
            "host=h ssl=true user=u",
            "host=h sslmode=verify-full user=u",
        ),
        ("host=h pool_size=5 user=u", "host=h user=u"),
        (
            "postgresql://h/d?sslmod=require",
            "host=h dbname=d sslmode=require",
        ),
        ("postgresql://h/d?pool=5&user=u", "host=h dbname=d user=u"),
        (
            "host=h TimeZone=Asia/Shanghai user=u",
            "host=h options='-c TimeZone=Asia/Shanghai' user=u",
        ),
        (
            "postgresql://h/d?TimeZone=Asia%2FShanghai",
            "host=h dbname=d options='-c TimeZone=Asia/Shanghai'",
        ),
        (
            "postgresql://ann@server:p@ss@h:5433/d",
            "user=ann@server password=******** host=h port=5433 dbname=d",
        ),
        ("db.example.com:5433", "host=db.example.com port=5433"),
        ("db.example.com", "host=db.example.com"),
        ("localhost user=u", "host=localhost user=u"),
        ("[::1]:5433 user=u", "host=::1 port=5433 user=u"),
        (
            "postgresql://u@::1:5433/d",
            "user=u host=::1 port=5433 dbname=d",
        ),
        ("postgresql://2001:db8::1/d", "host=2001:db8::1 dbname=d"),
        (
            "postgresql://h/d?sslmode=require?user=u",
            "host=h dbname=d sslmode=require user=u",
        ),
        (
            "host=h application_name=my app user=u",
            "host=h application_name='my app' user=u",
        ),
        (
            "sslrootcert='root.crt host=h user=u",
            "sslrootcert=root.crt host=h user=u",
        ),
        ("host='h", "host=h"),
        ("host=h sslmode:require", "host=h sslmode=require"),
        ("host=h schema=app", "host=h options='-c search_path=app'"),
        ("host=h optoins=x", "host=h options=x"),
        (
            "postgresql://h/d?currentSchema=a,b",
            "host=h dbname=d options='-c search_path=a,b'",
        ),
        ("postgresql://u%@h", "user=u% host=h"),
        (
            "postgresql://h/d?options=project=a",
            "host=h dbname=d options=project=a",
        ),
        (
            "postgresql://h/d?user=u &port=1",
            "host=h dbname=d user=u port=1",
        ),
        ("postgresql://h/ d", "host=h dbname=d"),
        ("postgresql://h/d ", "host=h dbname=d"),
        ("postgresql://h/a b", "host=h dbname='a b'"),
        ("host=h port=5432x", "host=h port=5432"),
        ("host=h connect_timeout=10s", "host=h connect_timeout=10"),
        ("host=h connect_timeout='10 s'", "host=h connect_timeout=10"),
        ("host=h connect_timeout=0.5", "host=h connect_timeout=1"),
        ("host=h port=5432/tcp", "host=h port=5432"),
        (
            "host=h options=-c search_path=app user=u",
            "host=h options='-c search_path=app' user=u",
        ),
        (
            "postgresql://h/d sslmode=require",
            "host=h dbname=d sslmode=require",
        ),
        (
            "postgresql://h/d?user=u sslmode=require",
            "host=h dbname=d user=u sslmode=require",
        ),
        ("hostaddr=db.example.com", "host=db.example.com"),
        ("host=h hostaddr=db.example.com", "host=h"),
        ("host=h hostaddr=[::1]", "host=h hostaddr=::1"),
        ("host=https://h", "host=h"),
        ("host=tcp://h:1/x user=u", "host=h user=u port=1"),
        (
            "host=h sslrootcert=system sslmode=require",
            "host=h sslrootcert=system sslmode=verify-full",
        ),
        ("host=h ssl_max_protocol_version=TLSv1.1", "host=h"),
        (
            "host=h port=5432/app user=u",
            "host=h port=5432 user=u dbname=app",
        ),
        ("host=h port=5432/app dbname=d", "host=h port=5432 dbname=d"),
        ("host=h,port=1,user=u", "host=h port=1 user=u"),
        (
            "host=h port=1, user=u, dbname=d",
            "host=h port=1 user=u dbname=d",
        ),
        ("host=h;port=1;user=u", "host=h port=1 user=u"),
        (
            "host=h sslmode=require&user=u",
            "host=h sslmode=require user=u",
        ),
        (
            "postgresql://h/d?sslmode=require,user=u",
            "host=h dbname=d sslmode=require user=u",
        ),
        (
            "postgresql://h/d?sslmode=require;user=u",
            "host=h dbname=d sslmode=require user=u",
        ),
        ("“host=h user=u”", "host=h user=u"),
        ("host=h sslmode=‘require’", "host=h sslmode=require"),
        ("host=h sslmode=verify–full", "host=h sslmode=verify-full"),
        (
            "host=h application_name=‘my app’",
            "host=h application_name='my app'",
        ),
        ("host=h\u{a0}port=1", "host=h port=1"),
        (
            "host=h rejectUnauthorized=false user=u",
            "host=h sslmode=verify-full user=u",
        ),
        (
            "host=h sslmode=require sslfactory=x.NonValidatingFactory user=u",
            "host=h sslmode=require user=u",
        ),
        ("host=h PGUSER=u", "host=h user=u"),
    ] {
        assert_eq!(repaired(text).as_deref(), Some(meant), "{text}");
    }
}

#[test]
fn what_a_shell_or_a_file_has_left_is_taken_away() {
    for (text, tidy) in [
        ("postgresql://u:p@h/d\r\n", Some("postgresql://u:p@h/d")),
        ("\"postgresql://u:p@h/d\"", Some("postgresql://u:p@h/d")),
        ("postgresql://u:p@h/d'", Some("postgresql://u:p@h/d")),
        (
            "'host=h password=p,port=1'",
            Some("host=h password=p,port=1"),
        ),
        (
            "postgresql://h/d?a=1&amp;b=2",
            Some("postgresql://h/d?a=1&b=2"),
        ),
        ("host=h user=“u”", Some("host=h user='u'")),
        ("host=a,b port=1,2", None),
        ("host=h password=a,port=1", None),
        ("host=h password=“p” user=u", None),
        (
            "postgresql://h/d&sslmode=require",
            Some("postgresql://h/d?sslmode=require"),
        ),
        (
            "postgresql://h/d#sslmode=require&user=u",
            Some("postgresql://h/d?sslmode=require&user=u"),
        ),
        ("postgresql://h/d?a=1#b", None),
        ("options='-c a=b,port=1'", None),
        ("jdbc:postgresql://h/d\n", None),
    ] {
        let found = tidied(text.as_bytes());
        let found = found.map(|found| String::from_utf8(found.expose().to_vec()).unwrap());
        assert_eq!(found.as_deref(), tidy, "{text}");
    }
}

#[test]
fn no_guess_is_made_where_a_password_may_be_in_pieces() {
    for text in [
        "host=h password=correct horse",
        "password='abc host=h",
        "password=my hots=x host=h",
        "host='x password=y",
        "pgsql:dbname=d;host=h",
        "pool_size=5",
        "host=h port='5432 user=u'",
        // Nothing tells a lone word from a password, and a trial asks the resolver for it.
        "hunter2",
        "hunter2 user=u",
        "Zq7wXk9LmPv3Rt",
        "Zq7wXk9LmPv3Rt:5432",
        "Zq7wXk9L.mPv3Rt",
        // Perhaps minutes.
        "host=h connect_timeout=5m",
        "host=h connect_timeout=5000ms",
    ] {
        assert_eq!(repaired(text), None, "{text}");
    }
}

#[test]
fn a_uri_is_tidied_behind_its_login() {
    for (text, tidy) in [
        (
            "postgresql://u@h/d?sslmode=require&amp;user=x",
            Some("postgresql://u@h/d?sslmode=require&user=x"),
        ),
        (
            "postgresql://u:p&amp;q@h/d\n  ?sslmode=require\n  &amp;user=x\n",
            Some("postgresql://u:p&amp;q@h/d?sslmode=require&user=x"),
        ),
        (
            "postgresql://u@h/d\\\n?sslmode=require",
            Some("postgresql://u@h/d?sslmode=require"),
        ),
        ("postgresql://u@h/d?password=a&amp;b", None),
        ("postgresql://u@h/d\npostgresql://u@g/d", None),
        ("postgresql://u@h/d\nx", None),
    ] {
        let found = tidied(text.as_bytes());
        let found = found.map(|found| String::from_utf8(found.expose().to_vec()).unwrap());
        assert_eq!(found.as_deref(), tidy, "{text}");
    }
}
