//! What the fuzz targets do with their bytes. The seeds go through the same functions in `cargo test`
//! (`tests/it/seeds.rs`), so they are here and not in the targets.
//!
//! A target fails if pgtls panics or breaks one of its promises.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use pgtls::conninfo::{self, Assignment, ConnInfo, Keyword, Secrecy, SystemRoots, World};
use pgtls::demands::{Demands, Strictness};
use pgtls::diagnose::{Context, conninfo_error, diagnose_offline};
use pgtls::exit::Exit;
use pgtls::report::scan_text::{self, Listed};
use pgtls::report::trace_text;
use pgtls::report::text::View;
use pgtls::report::{EndpointReport, Report, ScanReport, json, text};
use pgtls::scan::{Pipe, ScanRequest};
use pgtls::trace::{Closer, Connection, Conversation, Side, To};
use pgtls::trust::{Level, Trust, file, identity};
use pgtls::verify::{Purpose, Revocation, Rules, judge, strict};
use pgtls::wire::Malformed;
use pgtls::wire::postgres::frame::Frames;
use pgtls::wire::postgres::startup::Packet;
use pgtls::wire::postgres::{AuthRequest, FirstAnswer, ServerError};
use pgtls::wire::tls::hello::offered_versions;
use pgtls::wire::tls::reply::{self, Want};
use pgtls::x509::{Anchor, AnchorList, AnchorStore, Certificate, Crl, TrustSettings};

/// A connection string: the printed form of a parsed string parses again and prints the same.
pub fn conninfo(data: &[u8]) {
    if let Ok(settings) = conninfo::parse(data) {
        let printed = conninfo::redacted(&settings);
        let again = conninfo::parse(printed.as_bytes()).expect("what is printed can be read");
        assert_eq!(conninfo::redacted(&again), printed);
        assert_eq!(shown(&again), shown(&settings));
    }
    let world = Memory::default();
    report_of(ConnInfo::read(data, &world), data);
}

/// The values that are not secret, and that printing does not change.
fn shown(settings: &[Assignment]) -> Vec<(Keyword, &[u8])> {
    let is_public = |made: &&Assignment| made.keyword.secrecy() == Secrecy::Public;
    settings
        .iter()
        .filter(is_public)
        .filter(|made| made.value.secrecy() == Secrecy::Public)
        .map(|made| (made.keyword, made.value.as_bytes()))
        .filter(|(_, value)| std::str::from_utf8(value).is_ok() && *value != b"********")
        .filter(|(_, value)| !String::from_utf8_lossy(value).contains('\u{fffd}'))
        .collect()
}

/// A service file, asked for one service.
pub fn service_file(data: &[u8]) {
    let world = Memory {
        service_file: Some(data.to_vec()),
        read: RefCell::default(),
    };
    report_of(ConnInfo::read(b"service=seed", &world), data);
    assert!(!world.read.borrow().is_empty(), "the file was read");
}

/// The body of an ErrorResponse.
pub fn error_response(data: &[u8]) {
    let error = ServerError::decode(data);
    assert!(error.message.len() <= data.len());
    if let Some(state) = error.sqlstate {
        assert_eq!(state.len(), 5);
        assert!(state.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

/// Unencrypted bytes of a connection, of TLS or of PostgreSQL.
pub fn wire(data: &[u8]) {
    let _ = (FirstAnswer::decode(data), FirstAnswer::is_decided(data));
    let _ = (AuthRequest::decode(data), Packet::decode(data));
    let _ = offered_versions(data);
    assert_eq!(messages(data, data.len().max(1)), messages(data, 1));
    for want in [Want::Hello, Want::Parameters] {
        let _ = reply::read(data, want);
    }
}

/// Kinds and contents of PostgreSQL's messages that arrive in pieces of this size, up to a malformed one.
fn messages(data: &[u8], size: usize) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut frames = Frames::default();
    for piece in data.chunks(size) {
        let fed = frames.feed(piece, |kind, body| {
            found.push((kind, body.to_vec()));
            Ok::<_, Malformed>(())
        });
        if fed.is_err() {
            break;
        }
    }
    found
}

/// Certificates in DER, one after another, as a server presents them. Each is an anchor, too.
pub fn chain(data: &[u8]) {
    let presented = split(data);
    let anchors = anchors(&presented);
    let rules = rules(Revocation::Off);
    for host in [None, Some(&b"db.example"[..]), Some(b"192.0.2.7")] {
        let judgement = judge(&presented, &anchors, host, &rules);
        let verdicts = [Level::Encryption, Level::Chain, Level::ChainAndName]
            .map(|level| judgement.satisfies(level).is_ok());
        assert!(verdicts.is_sorted_by(|weak, strong| weak >= strong));
        drop(strict(&judgement, &anchors, host, NOW));
    }
    with_built_in_roots(&presented, &rules);
}

/// All of `pgtls verify`, from the certificates to the printed report.
fn with_built_in_roots(presented: &[&[u8]], rules: &Rules) {
    let trust = Trust::offline(None, None, &SystemRoots::default())
        .expect("the built-in roots need no file");
    let host = Some(&b"db.example"[..]);
    let judgement = judge(presented, &trust, host, rules);
    let context = Context {
        conninfo: None,
        trust: &trust,
        rules,
        moment: pgtls::probe::Moment::Present,
        host,
        address: None,
        level: Level::ChainAndName,
    };
    let diagnosis = diagnose_offline(&context, &judgement, &Demands::default());
    assert_eq!(diagnosis.exit == Exit::Passed, diagnosis.error.is_none());
    let endpoint = EndpointReport::offline(&context, &judgement, &diagnosis);
    print(endpoint, diagnosis.exit);
}

/// A CRL in DER, checked with a chain that needs one.
pub fn crl(data: &[u8]) {
    let presented = split(CRL_CHAIN);
    let anchors = anchors(&presented);
    let Ok(crl) = Crl::parse(data) else { return };
    let rules = rules(Revocation::WholeChain([crl].into()));
    let judgement = judge(&presented, &anchors, None, &rules);
    assert_eq!(
        judgement.satisfies(Level::Chain).is_ok(),
        judgement.path.faults.is_empty()
    );
}

/// A file of roots, CRLs or a client's certificates.
pub fn trust_file(data: &[u8]) {
    match file::read(data) {
        Ok(contents) => {
            let names: Vec<_> = contents
                .certificates
                .iter()
                .map(|anchor| anchor.certificate.subject.clone())
                .collect();
            let list = AnchorList::new(contents.certificates);
            for name in names {
                assert!(!list.by_subject(&name).is_empty());
            }
        }
        Err(fault) => assert_printable(&fault.to_string()),
    }
    if let Err(fault) = identity::certificates(data) {
        assert_printable(&fault.to_string());
    }
}

/// A client's key file.
pub fn private_key(data: &[u8]) {
    for password in [None, Some(&b"secret"[..])] {
        if let Err(fault) = identity::private_key(data, password) {
            assert_printable(&fault.to_string());
        }
    }
}

fn report_of(read: Result<ConnInfo, conninfo::Error>, text: &[u8]) {
    match read {
        Ok(conninfo) => {
            assert!(!conninfo.endpoints.is_empty());
            drop(format!("{conninfo:?}"));
        }
        Err(error) => {
            let diagnosis = conninfo_error(&error);
            assert_eq!(diagnosis.exit, Exit::Usage, "{text:?}");
            print(EndpointReport::unread(&diagnosis), diagnosis.exit);
        }
    }
}

fn print(endpoint: EndpointReport, exit: Exit) {
    let report = Report::new(vec![endpoint], exit, 0);
    let (mut plain, mut document) = (Vec::new(), Vec::new());
    text::write(&mut plain, &report, View::PLAIN).expect("a vector takes all");
    json::write(&mut document, &report).expect("a vector takes all");
    for output in [plain, document] {
        assert_printable(&String::from_utf8(output).expect("reports are UTF-8"));
    }
}

/// No control characters and nothing invisible.
fn assert_printable(text: &str) {
    let harmful = |c: char| c != '\n' && (c.is_control() || HIDDEN.contains(&c));
    assert!(!text.contains(harmful), "{text:?}");
}

/// Splits DER values. What is left over is the last one.
fn split(mut data: &[u8]) -> Vec<&[u8]> {
    let mut values = Vec::new();
    while !data.is_empty() && values.len() < MAX_CERTIFICATES {
        let (value, rest) = data.split_at(length(data).unwrap_or(data.len()).min(data.len()));
        values.push(value);
        data = rest;
    }
    values
}

/// The length of a DER value with its header (X.690 section 8.1.3), only in the forms that certificates
/// use.
fn length(data: &[u8]) -> Option<usize> {
    match *data {
        [_, short @ ..=0x7f, ..] => Some(2 + usize::from(short)),
        [_, 0x81, one, ..] => Some(3 + usize::from(one)),
        [_, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

fn anchors(presented: &[&[u8]]) -> AnchorList {
    let parsed = presented
        .iter()
        .filter_map(|der| Certificate::parse(der).ok());
    AnchorList::new(parsed.map(|certificate| Anchor {
        certificate: certificate.into(),
        settings: TrustSettings::default(),
    }))
}

fn rules(revocation: Revocation) -> Rules {
    Rules {
        now: NOW,
        revocation,
        purpose: Purpose::SslServer,
    }
}

/// Only the variable of the service file, and only that file.
#[derive(Default)]
struct Memory {
    service_file: Option<Vec<u8>>,
    read: RefCell<Vec<PathBuf>>,
}

impl World for Memory {
    fn var(&self, name: &str) -> Option<OsString> {
        (name == "PGSERVICEFILE" && self.service_file.is_some()).then(|| "services".into())
    }

    fn home(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/home/seed"))
    }

    fn user(&self) -> Option<Vec<u8>> {
        Some(b"seed".to_vec())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read.borrow_mut().push(path.to_owned());
        self.service_file
            .clone()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Leaf, intermediate and root whose CRLs are the seeds of the target `crl`.
const CRL_CHAIN: &[u8] = include_bytes!("../seeds/chain/good");

/// 2030-01-01T00:00:00Z; the seeds' certificates are valid then.
const NOW: i64 = 1_893_456_000;

/// rustls passes on at most 64 KiB of certificates: some two hundred.
const MAX_CERTIFICATES: usize = 200;

/// In addition to control characters: what reorders or breaks lines.
const HIDDEN: [char; 12] = [
    '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
    '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
];

/// A file, whose first byte says which kind: whatever is in it, a scan ends, and prints cleanly.
pub fn scan(data: &[u8]) {
    const NAMES: &[&str] = &[".env", "a.yml", "a.json", "a.py", "a.js", "a.ini", "a.sh", "a.xml", "a.md", "-"];
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let found = pgtls::scan::scan(&ScanRequest {
        input: Some(Pipe {
            name: name.into(),
            bytes: text.to_vec(),
        }),
        ..ScanRequest::default()
    });
    let report = ScanReport::of(&found, Strictness::Lenient, None);
    let mut printed = Vec::new();
    scan_text::write(&mut printed, &report, Listed::All, View::PLAIN).expect("memory");
    json::write(&mut printed, &report).expect("memory");
    assert_printable(&String::from_utf8(printed).expect("reports are UTF-8"));
}

/// A connection that passes by, in pieces: a byte for the side and the length, then the piece. What is seen does not
/// depend on the pieces, and prints cleanly.
pub fn conversation(data: &[u8]) {
    let (mut whole, mut slow) = (Conversation::default(), Conversation::default());
    let mut rest = data;
    while let Some((head, behind)) = rest.split_first() {
        let side = if head & 0x80 == 0 { Side::Application } else { Side::Server };
        let (piece, behind) = behind.split_at(usize::from(head & 0x7f).min(behind.len()));
        whole.hear(side, piece);
        piece.iter().for_each(|byte| slow.hear(side, &[*byte]));
        rest = behind;
    }
    assert_eq!(format!("{:?}", whole.seen()), format!("{:?}", slow.seen()));
    let connection = Connection {
        number: 1,
        to: To::Server,
        began_seconds: 0.0,
        seconds: 0.0,
        seen: whole.seen().clone(),
        bytes_sent: 0,
        bytes_received: 0,
        closed_by: Closer::Nobody,
        detail: None,
    };
    assert_printable(&trace_text::line(&connection));
    let mut document = Vec::new();
    json::write(&mut document, &connection).expect("a vector takes all");
    assert_printable(&String::from_utf8(document).expect("reports are UTF-8"));
}
