use super::*;

fn dns(name: &str) -> GeneralName {
    GeneralName::Dns(name.into())
}

fn ip(address: &[u8]) -> GeneralName {
    GeneralName::Ip(address.into())
}

fn judge(host: &str, names: &[GeneralName], common_names: &[&str]) -> Result<Rule, String> {
    let common_names: Vec<_> = common_names
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    match_host(host.as_bytes(), Some(names), &common_names)
        .map(|found| found.rule)
        .map_err(|fault| fault.to_string())
}

#[test]
fn a_dns_name_matches_by_its_letters_or_by_one_wildcard_label() {
    for (pattern, host, expected) in [
        ("db.test", "db.test", true),
        ("DB.Test", "db.tEST", true),
        ("db.test", "db.test.", false),
        ("db.test.", "db.test", false),
        ("db.test.", "db.test.", true),
        ("db.test", "xdb.test", false),
        ("*.test", "db.test", true),
        ("*.test", "DB.TEST", true),
        ("*.test", "*.test", true),
        ("*.test", "a.db.test", false),
        ("*.test", "test", false),
        ("*.test", ".test", false),
        ("*.test", "a..test", true),
        ("*.test", "a.b.test", false),
        ("*.test", "..test", true),
        ("*.db.test", "a.db.test", true),
        ("*.db.test", "db.test", false),
        ("d*.test", "db.test", false),
        ("*b.test", "db.test", false),
        ("db.*.test", "db.a.test", false),
        ("*.*.test", "a.b.test", false),
        ("*.*", "a.b", false),
        ("*", "db", false),
        ("*.", "db.", false),
        ("*.", "*.", true),
        ("*.0.0.1", "127.0.0.1", true),
        ("", "db.test", false),
    ] {
        let found = judge(host, &[dns(pattern)], &[]);
        assert_eq!(
            found == Ok(Rule::SanDns),
            expected,
            "{pattern} against {host}: {found:?}"
        );
        let found = judge(host, &[], &[pattern]);
        assert_eq!(
            found == Ok(Rule::CommonName),
            expected,
            "CN {pattern} against {host}: {found:?}"
        );
    }
}

#[test]
fn an_address_matches_in_every_spelling_of_the_c_library() {
    for (address, host, expected) in [
        (&[127, 0, 0, 1][..], "127.0.0.1", true),
        (&[127, 0, 0, 1], "127.1", true),
        (&[127, 0, 0, 1], "127.0.1", true),
        (&[127, 0, 0, 1], "2130706433", true),
        (&[127, 0, 0, 1], "0x7f000001", true),
        (&[127, 0, 0, 1], "0X7F.1", true),
        (&[127, 0, 0, 1], "0177.0.0.1", true),
        (&[127, 0, 0, 1], "127.0.0.1 and more", true),
        (&[127, 0, 0, 1], " 127.0.0.1", false),
        (&[127, 0, 0, 1], "127.0.0.1.", false),
        (&[127, 0, 0, 1], "127.0.0.+1", false),
        (&[127, 0, 0, 1], "127.0.0.0.1", false),
        (&[127, 0, 0, 1], "127.0.0.01", true),
        (&[127, 0, 0, 8], "127.0.0.08", false),
        (&[127, 0, 0, 0], "127.0x", false),
        (&[127, 0, 0, 0], "127.0x0", true),
        (&[127, 1, 0, 0], "127.65536", true),
        (&[127, 1, 0, 0], "127.0.65536", false),
        (&[0, 0, 0, 0], "4294967296", false),
        (&[255, 255, 255, 255], "4294967295", true),
        (&[1, 0, 0, 0], "256.0.0.0", false),
        (&[127, 0, 0, 1], "::ffff:127.0.0.1", false),
        (&[127, 0, 0, 1], "localhost", false),
        (&Ipv6Addr::LOCALHOST.octets(), "::1", true),
        (&Ipv6Addr::LOCALHOST.octets(), "0:0:0:0:0:0:0:1", true),
        (&Ipv6Addr::LOCALHOST.octets(), "::0.0.0.1", true),
        (&Ipv6Addr::LOCALHOST.octets(), "[::1]", false),
        (&Ipv6Addr::LOCALHOST.octets(), "::1%lo", false),
        (&Ipv6Addr::LOCALHOST.octets(), "1", false),
    ] {
        let found = judge(host, &[ip(address)], &[]);
        assert_eq!(
            found == Ok(Rule::SanIp),
            expected,
            "{address:?} against {host}: {found:?}"
        );
    }
}

#[test]
fn the_common_name_counts_unless_there_is_a_name_of_the_hosts_kind() {
    let other = [
        GeneralName::Email(b"db".into()),
        GeneralName::Uri(b"db".into()),
    ];
    for (host, names, expected) in [
        ("db", &[][..], true),
        ("db", &other, true),
        ("db", &[ip(&[1, 2, 3, 4])], true),
        ("db", &[dns("x")], false),
        ("127.0.0.1", &[dns("x")], true),
        ("::1", &[dns("x")], true),
        ("127.0.0.1", &[ip(&[1, 2, 3, 4])], false),
        ("127.0.0.1", &[ip(&[0; 16])], false),
        ("::1", &[ip(&[1, 2, 3, 4])], false),
    ] {
        let found = judge(host, names, &[host]);
        assert_eq!(
            found == Ok(Rule::CommonName),
            expected,
            "{names:?} against {host}: {found:?}"
        );
    }
    assert!(
        judge("db", &[], &["x", "db"]).is_err(),
        "only the first common name counts"
    );
}

#[test]
fn the_walk_ends_at_the_first_match_or_broken_name() {
    let nul = "SSL certificate's name contains embedded null".to_owned();
    let length = |n| format!("certificate contains IP address with invalid length {n}");
    for (names, expected) in [
        (vec![dns("db"), dns("x\0y"), ip(&[1; 5])], Ok(Rule::SanDns)),
        (vec![dns("db\0"), dns("db")], Err(nul.clone())),
        (vec![ip(&[1; 5]), dns("db")], Err(length(5))),
        (vec![ip(&[]), dns("db")], Err(length(0))),
        (vec![ip(&[1; 8]), dns("\0")], Err(length(8))),
        (
            vec![GeneralName::Email(b"\0".into()), dns("db")],
            Ok(Rule::SanDns),
        ),
    ] {
        assert_eq!(judge("db", &names, &["db"]), expected, "{names:?}");
    }
    assert_eq!(judge("db", &[], &["d\0b"]), Err(nul));
}

#[test]
fn a_refusal_reads_as_libpq_words_it() {
    let names = |count| vec![dns("a"); count];
    let host = "does not match host name \"b\"";
    for (san, common_name, expected) in [
        (
            names(1),
            "b",
            format!("server certificate for \"a\" {host}"),
        ),
        (
            names(2),
            "b",
            format!("server certificate for \"a\" (and 1 other name) {host}"),
        ),
        (
            names(8),
            "b",
            format!("server certificate for \"a\" (and 7 other names) {host}"),
        ),
        (
            vec![ip(&[10, 0, 0, 1])],
            "c",
            format!("server certificate for \"10.0.0.1\" (and 1 other name) {host}"),
        ),
        (
            vec![],
            "\u{1b}[2J\u{202e}",
            format!("server certificate for \"\\x1b[2J\\u{{202e}}\" {host}"),
        ),
    ] {
        assert_eq!(judge("b", &san, &[common_name]), Err(expected));
    }
    let nameless = judge("b", &[GeneralName::Email(b"b".into())], &[]);
    assert_eq!(
        nameless,
        Err("could not get server's host name from server certificate".into())
    );
    let hostless = judge("", &names(1), &[]);
    assert_eq!(
        hostless,
        Err("host name must be specified for a verified SSL connection".into())
    );
}

#[test]
fn addresses_print_as_postgresql_prints_them() {
    for (address, expected) in [
        ("::", "::"),
        ("::1", "::1"),
        ("::1:0", "::0.1.0.0"),
        ("::102:304", "::1.2.3.4"),
        ("::ffff:102:304", "::ffff:1.2.3.4"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
    ] {
        assert_eq!(inet_net_ntop(address.parse().unwrap()), expected);
    }
}
