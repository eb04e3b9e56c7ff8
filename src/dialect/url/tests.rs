use super::*;

#[test]
fn a_url_comes_apart_at_its_delimiters() {
    let url = Rules::usual(Dialect::Prisma)
        .split("u%40x:p+w@h:1/d?a=b+c&d&e=%2f#f")
        .unwrap();
    assert_eq!(url.user.as_deref(), Some("u@x"));
    assert_eq!(url.password.as_deref(), Some("p+w"));
    assert_eq!(url.hosts, [("h".to_owned(), "1".to_owned())]);
    assert_eq!(url.path.as_deref(), Some("d"));
    let expected = [("a", "b c"), ("d", ""), ("e", "/")];
    assert_eq!(
        url.query,
        expected.map(|(name, value)| Param::new(name, value))
    );
}

#[test]
fn raw_delimiters_in_a_password_are_refused_or_taken_as_the_driver_does() {
    let usual = Rules::usual(Dialect::Prisma);
    assert!(usual.split("u:p/w@h/d").is_err());
    assert!(usual.split("u:p@w@h/d").is_err());
    for stray in ["u:12/w@h/d", "u:p@12/w@h/d", "u:p@s?w@h/d=x", "u:1?w@h/d"] {
        assert!(usual.split(stray).is_err(), "{stray}");
    }
    assert!(usual.split("h:1/d?x=dis\nable").is_err());
    for dialect in [Dialect::Prisma, Dialect::Sqlalchemy] {
        let rules = Rules::usual(dialect);
        for (text, refused) in [
            ("u:p@ss/word@h/d", true),
            ("u:p@ss:1/word?user=x@h", true),
            ("u:p@ss:1/word?a=b&password=x@h", true),
            ("u:p@h/d?application_name=x@h", false),
            ("u:p@h/d?user=x%40h", false),
            ("u@h/d?user=x@h", false),
        ] {
            assert_eq!(rules.split(text).is_err(), refused, "{dialect}: {text}");
        }
    }
    // Without a port, an @ is no sign of a password.
    assert!(usual.split("h/d?application_name=x@h").is_ok());
    assert!(usual.split("u:p@ss#word@h/d").is_err());
    let first = Rules::usual(Dialect::Sqlalchemy);
    let url = first.split("u:p/w?#@h/d").unwrap();
    assert_eq!(url.password.as_deref(), Some("p/w?#"));
    assert_eq!(first.split("/d?host=a@b").unwrap().user, None);
}

#[test]
fn user_and_password_end_where_the_driver_says() {
    for (dialect, text, expected) in [
        (Dialect::Libpq, "u:p?#w@h/d", "u:p?#w@"),
        (Dialect::Libpq, "u:p@w@h/d", "u:p@"),
        (Dialect::Libpq, "u:p/w@h/d", ""),
        (Dialect::Sqlalchemy, "u:p/w@h/d", "u:p/w@"),
        (Dialect::Sqlalchemy, "u:p@w@h/d", "u:p@"),
        (Dialect::Sqlalchemy, "u/x:p@h/d", ""),
        (Dialect::Sqlalchemy, "h:1/d?x=a@b", "h:1/d?x=a@"),
        (Dialect::Sqlalchemy, "h/d?x=a:b@c", ""),
        (Dialect::Prisma, "u:p@w@h/d", "u:p@w@"),
        (Dialect::Prisma, "h/d?x=a@b", ""),
        (Dialect::Jdbc, "u:p@h/d", ""),
    ] {
        let length = Delimiters::of(dialect).userinfo(text.as_bytes());
        assert_eq!(&text[..length], expected, "{dialect}: {text}");
    }
}

#[test]
fn a_fragment_is_cut_off_where_the_driver_does_it() {
    for (dialect, expected) in [
        (Dialect::Prisma, ("d", "b")),
        (Dialect::Sqlalchemy, ("d", "b#c")),
        (Dialect::Jdbc, ("d", "b#c")),
    ] {
        let url = Rules::usual(dialect).split("h/d?a=b#c").unwrap();
        let value = url.query.first().map(|param| param.value.as_str());
        assert_eq!(
            (url.path.as_deref(), value),
            (Some(expected.0), Some(expected.1))
        );
    }
}

#[test]
fn addresses_stand_in_brackets() {
    assert_eq!(host_and_port("[::1]:5"), Some(("::1", "5")));
    assert_eq!(host_and_port("[::1]"), Some(("::1", "")));
    assert_eq!(host_and_port("[::1"), None);
    assert_eq!(host_and_port("[::1]x"), None);
}
