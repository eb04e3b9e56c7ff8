//! Does `match_host` give libpq's verdict, in libpq's words?
//!
//! Each certificate is served by a TLS server of this process; libpq connects to it under each of
//! the certificate's hosts with `sslmode=verify-full`, and either reaches the login or refuses.

mod der;
mod server;

use self::der::{
    BMP_STRING, Key, Names, PRINTABLE_STRING, TELETEX_STRING, UNIVERSAL_STRING, UTF8_STRING,
    Version,
};
use crate::support::libpq::{Attempt, connect_all, quoted};
use crate::support::library::{Library, libraries};
use pgtls::escape::escape;
use pgtls::verify::name::{match_host, match_host_before_15};
use pgtls::x509::GeneralName;

/// The hosts that every certificate is tried with, in addition to its own.
const COMMON_HOSTS: &[&str] = &["db.test", "127.0.0.1"];

#[test]
fn names_are_judged_as_libpq_judges_them() {
    let directory = tempfile::tempdir().unwrap();
    let root_file = directory.path().join("root.pem");
    let (root_key, leaf_key) = (Key::generate(), Key::generate());
    let root = der::root("root", &root_key);
    std::fs::write(&root_file, pem(&root)).unwrap();

    let mut attempts = Vec::new();
    let mut pairs = Vec::new();
    for case in cases() {
        let leaf = der::leaf(&case.names, case.version, &leaf_key, "root", &root_key);
        let port = server::serve(leaf, &leaf_key);
        let common = COMMON_HOSTS.iter().map(|host| host.as_bytes().to_vec());
        for host in case.hosts.iter().cloned().chain(common) {
            let conninfo = [
                &b"host="[..],
                &quoted(&host),
                format!(
                    " hostaddr=127.0.0.1 port={port} user=u dbname=d gssencmode=disable sslsni=0 \
                     sslmode=verify-full sslrootcert={}",
                    root_file.display()
                )
                .as_bytes(),
            ]
            .concat();
            attempts.push(Attempt {
                conninfo,
                ..Attempt::default()
            });
            pairs.push((case.names.clone(), host));
        }
    }
    assert!(pairs.len() >= 150, "only {} pairs", pairs.len());
    // The names are libpq's own business: one library for each major version that knows sslsni.
    let mut majors = Vec::new();
    for library in libraries().iter().rev() {
        if library.major >= 14 && !majors.contains(&library.major) {
            majors.push(library.major);
            compare(library, &pairs, &connect_all(library, &attempts));
        }
    }
}

fn compare(library: &Library, pairs: &[(Names, Vec<u8>)], answers: &[Vec<u8>]) {
    let mut accepted = 0;
    let mut disagreements = Vec::new();
    for ((names, host), answer) in pairs.iter().zip(answers) {
        let answer = escape(answer.trim_ascii_end()).to_string();
        let theirs = if answer.ends_with(server::WELCOME) {
            accepted += 1;
            Ok(())
        } else {
            Err(answer
                .split_once(" failed: ")
                .map_or_else(|| answer.clone(), |(_, why)| why.to_owned()))
        };
        let ours = ours(names, host, library.major);
        if ours == theirs {
            continue;
        }
        disagreements.push(format!(
            "host {}, {names:?}\n  ours:   {ours:?}\n  theirs: {theirs:?}",
            escape(host)
        ));
    }
    println!("{library}: {} pairs, {accepted} accepted", pairs.len());
    assert!(
        disagreements.is_empty(),
        "{library}: {}",
        disagreements.join("\n")
    );
    assert!(
        accepted * 10 > pairs.len() && accepted * 5 < pairs.len() * 4,
        "{library}: a table of one colour"
    );
}

fn ours(names: &Names, host: &[u8], major: u32) -> Result<(), String> {
    let alternative: Option<Vec<_>> = names.alternative.as_ref().map(|entries| {
        entries
            .iter()
            .map(|(tag, contents)| general_name(*tag, contents))
            .collect()
    });
    let common_names: Vec<_> = names
        .common_names
        .iter()
        .map(|(_, contents)| contents.clone())
        .collect();
    let rules = if major < 15 {
        match_host_before_15
    } else {
        match_host
    };
    rules(host, alternative.as_deref(), &common_names)
        .map(|_| ())
        .map_err(|fault| fault.to_string())
}

fn general_name(tag: u8, contents: &[u8]) -> GeneralName {
    match tag {
        0x81 => GeneralName::Email(contents.to_vec()),
        0x82 => GeneralName::Dns(contents.to_vec()),
        0x86 => GeneralName::Uri(contents.to_vec()),
        0x87 => GeneralName::Ip(contents.to_vec()),
        other => GeneralName::Other(other & 0x1f, contents.to_vec()),
    }
}

fn pem(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

/// One certificate and the hosts it is tried with.
struct Case {
    names: Names,
    version: Version,
    hosts: Vec<Vec<u8>>,
}

type Entry = (u8, Vec<u8>);

fn cn(name: &str) -> Entry {
    (UTF8_STRING, name.into())
}

fn dns(name: impl AsRef<[u8]>) -> Entry {
    (0x82, name.as_ref().to_vec())
}

fn ip(address: &str) -> Entry {
    (
        0x87,
        match address.parse().unwrap() {
            std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
            std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
        },
    )
}

fn email(name: &str) -> Entry {
    (0x81, name.into())
}

fn uri(name: &str) -> Entry {
    (0x86, name.into())
}

/// registeredID 1.2.3.4
fn registered_id() -> Entry {
    (0x88, vec![0x2a, 3, 4])
}

fn case(common_names: &[Entry], alternative: Option<&[Entry]>, hosts: &[&str]) -> Case {
    Case {
        names: Names {
            common_names: common_names.to_vec(),
            alternative: alternative.map(<[Entry]>::to_vec),
        },
        version: Version::V3,
        hosts: hosts.iter().map(|host| host.as_bytes().to_vec()).collect(),
    }
}

fn san(entries: &[Entry], hosts: &[&str]) -> Case {
    case(&[cn("common")], Some(entries), hosts)
}

fn cases() -> Vec<Case> {
    let mut cases = common_name_cases();
    cases.extend(alternative_name_cases());
    cases.extend(wildcard_cases());
    cases.extend(address_cases());
    cases.extend(broken_name_cases());
    cases
}

fn common_name_cases() -> Vec<Case> {
    vec![
        case(
            &[cn("db.test")],
            None,
            &["DB.TEST", "db.test.", "db", "xdb.test", "db.testx"],
        ),
        Case {
            version: Version::V1,
            ..case(&[cn("db.test")], None, &["Db.Test", "other"])
        },
        case(&[], None, &["x"]),
        case(&[], Some(&[email("db.test")]), &["x"]),
        case(&[], Some(&[registered_id(), uri("db.test")]), &["x"]),
        case(&[cn("first"), cn("db.test")], None, &["first"]),
        case(&[cn("db.test"), cn("second")], None, &["second"]),
        case(
            &[cn("db.test")],
            Some(&[email("a@b"), uri("https://c")]),
            &["a@b", "https://c"],
        ),
        case(&[cn("db.test")], Some(&[registered_id()]), &[]),
        case(&[cn("db.test")], Some(&[ip("1.2.3.4")]), &["1.2.3.4", "x"]),
        case(&[cn("db.test")], Some(&[dns("other")]), &["other"]),
        case(
            &[cn("127.0.0.1")],
            Some(&[dns("other")]),
            &["127.1", "other"],
        ),
        case(
            &[cn("127.0.0.1")],
            Some(&[ip("1.2.3.4")]),
            &["1.2.3.4", "16909060"],
        ),
        case(&[cn("127.0.0.1")], Some(&[ip("::1")]), &["::1"]),
        case(&[cn("127.0.0.1")], None, &["2130706433", "127.0.0.01"]),
        case(
            &[cn("::1")],
            Some(&[dns("x"), dns("y")]),
            &["::1", "0::1", "::0001"],
        ),
        case(&[(PRINTABLE_STRING, b"db.test".into())], None, &["DB.test"]),
        case(&[(TELETEX_STRING, b"db.test".into())], None, &["x"]),
        case(&[(BMP_STRING, b"\0d\0b".into())], None, &["db"]),
        case(
            &[(UNIVERSAL_STRING, b"\0\0\0d\0\0\0b".into())],
            None,
            &["db"],
        ),
        case(
            &[(
                BMP_STRING,
                "\u{6462}"
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect(),
            )],
            None,
            &["db"],
        ),
        case(
            &[cn("z\u{fc}rich.test")],
            None,
            &["z\u{fc}rich.test", "Z\u{fc}RICH.test", "z\u{dc}rich.test"],
        ),
        case(&[cn(" db.test")], None, &[" db.test", "db.test "]),
        case(&[cn("/run/postgresql")], None, &["/run/postgresql", "/run"]),
        case(&[cn("*.test")], None, &["a.b.test", "x.TEST", "test"]),
        case(&[cn("db.test")], Some(&[]), &["x"]),
    ]
}

fn alternative_name_cases() -> Vec<Case> {
    let eight = ["a", "b", "c", "d", "e", "f", "g", "h"].map(dns);
    vec![
        san(
            &[dns("db.test")],
            &["DB.test", "db.test.", "common", "other", "d", "db.test.x"],
        ),
        san(&[dns("db.test.")], &["db.test.", "DB.TEST."]),
        san(&eight, &["a", "H", "common", "i"]),
        san(&eight[..2], &["b", "c"]),
        san(
            &[dns("a"), email("b"), ip("10.0.0.1"), uri("c")],
            &["a", "b", "c", "10.0.0.1", "10.1", "d"],
        ),
        san(&[ip("10.0.0.1")], &["10.0.0.1", "common", "d"]),
        san(&[email("db.test"), dns("x")], &["x", "common"]),
        san(&[dns("")], &["x", "common"]),
        san(
            &[dns("z\u{fc}rich")],
            &["z\u{fc}rich", "Z\u{fc}RICH", "Z\u{dc}RICH"],
        ),
        san(&[dns(b"caf\xe9")], &["caf"]),
        Case {
            hosts: vec![
                b"caf\xe9".to_vec(),
                b"CAF\xe9".to_vec(),
                b"caf\xc9".to_vec(),
            ],
            ..san(&[dns(b"caf\xe9")], &[])
        },
        san(
            &[dns("xn--zrich-kva.test")],
            &["XN--ZRICH-KVA.test", "z\u{fc}rich.test"],
        ),
        san(&[dns("a\"b")], &["a\"b", "a'b"]),
        san(&[dns("a'b\\c")], &["a'b\\c", "a'bc"]),
        san(&[dns("\u{1b}[2J\u{202e}")], &["x"]),
        san(&[dns("a\nb")], &["a\nb", "a b"]),
        san(&[dns("x".repeat(300))], &[&"X".repeat(300), "x"]),
        san(&[dns("_db._tcp.test")], &["_DB._tcp.test"]),
        san(&[dns("p:r:instance")], &["p:r:instance"]),
        san(&[dns(" db.test")], &[" db.test"]),
        san(&[dns("localhost")], &["localhost", "LOCALHOST", "::1"]),
    ]
}

fn wildcard_cases() -> Vec<Case> {
    vec![
        san(
            &[dns("*.test")],
            &[
                "a.test",
                "*.test",
                "a.b.test",
                "test",
                ".test",
                "a..test",
                "..test",
                "A.TEST",
                "a.test.",
                "b.a..test",
            ],
        ),
        san(
            &[dns("*.db.test")],
            &["a.db.test", "a.b.db.test", "db.db.test", "xdb.test"],
        ),
        san(
            &[dns("d*.test"), dns("*b.test"), dns("d*b.test")],
            &["d.test", "b.test", "d*.test"],
        ),
        san(
            &[dns("db.*.test"), dns("db.*")],
            &["db.x.test", "db.x", "db.*"],
        ),
        san(&[dns("*.*.test")], &["a.b.test", "x.*.test", "*.*.test"]),
        san(&[dns("*"), dns("*.")], &["x", "x.", "*", "*.", "."]),
        san(&[dns("*.t")], &["x.t", ".t", "x.tt", "xx.t"]),
        san(&[dns("*.0.0.1")], &["127.0.0.01", "1.0.0.1", "x.0.0.1"]),
        san(&[dns("**.test")], &["a.test", "*a.test"]),
        san(&[dns("*..test")], &["a..test", "a.b.test", "a.test"]),
        san(&[dns("*.:1")], &["::1", "x.:1"]),
    ]
}

fn address_cases() -> Vec<Case> {
    let v4_hosts = [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0177.0.0.1",
        "0x7f.0.0.0x1",
        "127.0.0.1 trailing",
        "127.0.0.1\tx",
        " 127.0.0.1",
        "127.0.0.1.",
        "127.0.0.1.1",
        "127..1",
        "127.0.0.+1",
        "127.0.0.08",
        "127.0.0.1x",
        "127.0x",
        "127.16777217",
        "127.0.65537",
        "127.0.0.257",
        "4294967297",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "0b1111111.1",
        "127.0.0.1\u{b}",
    ];
    let v6_hosts = [
        "::1",
        "0:0:0:0:0:0:0:1",
        "::0.0.0.1",
        "0::0:1",
        "::01",
        "::00001",
        "[::1]",
        "::1%lo",
        "::1 ",
        "1::",
        ":1",
        "0:0:0:0:0:0::1",
        "0:0:0:0:0:0:0::1",
        "::0.0.0.01",
        "0.0.0.1",
        "1",
    ];
    vec![
        san(&[ip("127.0.0.1")], &v4_hosts),
        san(&[dns("127.0.0.1")], &["127.1", "2130706433"]),
        san(&[ip("0.0.0.0")], &["0", "0x0", "0x", "00", "0.0", "0."]),
        san(
            &[ip("255.255.255.255")],
            &[
                "4294967295",
                "0xffffffff",
                "255.0xffffff",
                "0377.255.65535",
                "99999999999999999999",
            ],
        ),
        san(&[ip("::1")], &v6_hosts),
        san(
            &[ip("::ffff:127.0.0.1")],
            &["::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:7F00:0001"],
        ),
        san(
            &[ip("2001:db8::1:0:0:1")],
            &[
                "2001:DB8:0:0:1::1",
                "2001:db8::1:0:0:1",
                "2001:db8::1:0:0:2",
            ],
        ),
        san(
            &[ip("1:2:3:4:5:6:7:0"), ip("0:2:3:4:5:6:7:8")],
            &["1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::"],
        ),
        san(&[ip("::")], &["::", "0::", "x"]),
        san(&[ip("::1.2.3.4")], &["::1.2.3.4", "::102:304", "x"]),
        san(&[ip("::ffff:0:0")], &["x"]),
        san(&[ip("::5:0")], &["x"]),
        san(&[ip("0:1::")], &["x"]),
        san(&[ip("1:0:2:0:0:3:0:0")], &["x"]),
        san(
            &[ip("10.0.0.1"), ip("127.0.0.1")],
            &["10.0.0.1", "10.0.0.2"],
        ),
    ]
}

fn broken_name_cases() -> Vec<Case> {
    let address = |bytes: &[u8]| (0x87, bytes.to_vec());
    vec![
        san(&[dns("db.test\0.evil"), dns("ok")], &["ok", "db.test"]),
        san(&[dns("ok"), dns("db.test\0.evil")], &["ok"]),
        san(&[dns("\0")], &["x"]),
        san(&[email("a\0b"), uri("c\0d"), dns("ok")], &["ok", "x"]),
        case(&[cn("db.test\0.evil")], None, &["db.test\\0.evil"]),
        case(&[cn("db.test\0")], Some(&[dns("x")]), &["x"]),
        case(&[cn("db.test\0")], Some(&[ip("1.2.3.4")]), &["1.2.3.4"]),
        san(&[address(&[127, 0, 0, 1, 0]), dns("ok")], &["ok"]),
        san(&[dns("ok"), address(&[0; 8])], &["ok", "x"]),
        san(&[ip("127.0.0.1"), address(&[0; 5])], &["x"]),
        san(&[address(&[])], &["common"]),
        san(&[address(&[0; 32])], &["x"]),
        san(&[address(&[1; 3]), dns("\0")], &["x"]),
    ]
}
