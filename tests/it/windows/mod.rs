//! Does pgtls.exe say what libpq.dll says? Under Wine, against a real server.
//!
//! `.ci/windows` makes both and the programs that run them. What libpq.dll reads and from where is written in
//! `docs/platforms.md`, whose table this test checks: `PGTLS_UPDATE_DOCS=1` writes it again.

mod cases;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use nix::unistd::{User, geteuid};

use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;
use cases::{CASES, Case, Libpq};

/// When a program of Windows is killed, in seconds: a whole run takes some minutes.
const DEADLINE: &str = "1800";

/// Wine's directories are shared by the tests.
static TURN: Mutex<()> = Mutex::new(());

/// A machine with Windows' own programs, pgtls.exe and libpq.dll.
struct Machine {
    /// What `.ci/windows` made.
    made: PathBuf,
}

impl Machine {
    fn find() -> Option<Self> {
        let made = PathBuf::from(Tool::Windows.find()?);
        Some(Self { made })
    }

    /// A path on drive C.
    fn drive(&self, path: &str) -> PathBuf {
        self.made.join("prefix/drive_c").join(path)
    }

    fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.drive(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Runs one of Windows' programs in a directory and returns what it writes on standard output.
    fn run(&self, directory: &Path, program: &str, arguments: &[&OsStr]) -> String {
        let out = directory.join("standard-output");
        // Not a pipe: Wine's services inherit it and keep it open.
        let file = fs::File::create(&out).unwrap();
        // Wine itself may hang.
        let status = Command::new("timeout")
            .args(["--kill-after=10", DEADLINE, "wine"])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.made)
            .env("LANG", "C.UTF-8")
            .env("WINEPREFIX", self.made.join("prefix"))
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .arg(self.made.join(program))
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .status();
        let text = fs::read_to_string(&out).unwrap();
        assert!(status.unwrap().success(), "{program}: {text}");
        text
    }
}

/// A path of Linux as Windows' programs see it.
fn of_drive_z(path: &Path) -> String {
    format!("z:{}", path.display())
}

/// What both said of a case.
struct Said {
    pgtls: i32,
    libpq: i32,
    /// Of libpq, and pgtls' report.
    words: [String; 2],
}

/// Runs them all.
fn ask(machine: &Machine, text: &str) -> Vec<Said> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("cases"), text).unwrap();
    let pgtls = of_drive_z(&machine.made.join("pgtls.exe"));
    let libpq = of_drive_z(&machine.made.join("libpq/libpq.dll"));
    let arguments = ["cases", "cases", &pgtls, &libpq].map(OsStr::new);
    let answers = machine.run(directory.path(), "referee.exe", &arguments);
    let of_line = |line: &str| {
        let numbers: Vec<i32> = line
            .split(' ')
            .map(|number| number.parse().unwrap_or_else(|_| panic!("{answers}")))
            .collect();
        let [number, pgtls, libpq] = numbers[..] else {
            panic!("{answers}")
        };
        let words = ["libpq", "pgtls"].map(|end| {
            let file = directory.path().join(format!("{number}.{end}"));
            String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
        });
        Said {
            pgtls,
            libpq,
            words,
        }
    };
    answers.lines().map(of_line).collect()
}

#[test]
fn pgtls_exe_connects_where_libpq_dll_does_and_refuses_where_it_does() {
    let Some(machine) = Machine::find() else {
        return;
    };
    let root = Ca::root("root");
    let Some(server) = prepared(&root) else {
        return;
    };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let user = User::from_uid(geteuid()).unwrap().unwrap().name;
    let roaming = format!("users/{user}/AppData/Roaming/postgresql");
    let hash = write_files(&machine, &root, server.port, &roaming);
    let fill_in = |text: &str| {
        let base = "host=localhost port=PORT user=postgres dbname=postgres sslmode=verify-full";
        let uri = "postgresql://localhost:PORT/postgres?sslmode=verify-full";
        let uri = match text.contains("user=") {
            true => uri.to_owned(),
            false => uri.replace("//", "//postgres@"),
        };
        text.replace("BASE", base)
            .replace("URI", &uri)
            .replace("LONG", &format!("c:/w/{}", LONG.join("/")))
            .replace("=PORT", &format!("={}", server.port))
            .replace(":PORT", &format!(":{}", server.port))
            .replace("HOME\\", &format!("c:\\{}\\", roaming.replace('/', "\\")))
            .replace("OPENSSL", "c:\\Program Files\\Common Files\\SSL")
            .replace("HASH", &hash)
    };
    let mut text = String::new();
    for case in CASES {
        for line in case.world.split(';').filter(|line| !line.is_empty()) {
            text += &format!("{}\n", fill_in(line).replace('@', ";"));
        }
        for option in ["check", "--login", "--format", "json", "--timeout", "10"] {
            text += &format!("option {option}\n");
        }
        text += &format!("string {}\n", fill_in(case.string));
    }
    let said = ask(&machine, &text);
    assert_eq!(said.len(), CASES.len(), "{}", text);
    let wrong: Vec<String> = CASES
        .iter()
        .zip(&said)
        .filter_map(|(case, said)| fault(case, said))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        CASES.len(),
        wrong.join("\n")
    );
    compare_table(&said);
}

/// What is wrong with the answers to a case.
fn fault(case: &Case, said: &Said) -> Option<String> {
    let expected = case.libpq == Libpq::Connects;
    let (ours, theirs) = (said.pgtls == 0, said.libpq == 0);
    let wrong = if theirs != expected {
        "libpq.dll does not do what the row says"
    } else if ours != theirs {
        "they differ"
    } else if said.pgtls > 8 || said.libpq > 1 {
        "it did not run to its end"
    } else {
        return None;
    };
    let Case { what, string, .. } = case;
    let [libpq, report] = &said.words;
    let error = report.lines().find(|line| line.contains("\"message\""));
    let shown = error.unwrap_or(report).trim();
    Some(format!(
        "{what}: {string}\n  {wrong}\n  pgtls: {} {shown}\n  libpq: {} {libpq}",
        said.pgtls, said.libpq
    ))
}

/// The table of the page.
fn compare_table(said: &[Said]) {
    let mut table = String::from("| case | libpq 18 | pgtls |\n| --- | --- | --- |\n");
    for (case, said) in CASES.iter().zip(said) {
        let theirs = match case.libpq {
            Libpq::Connects => "connects",
            Libpq::Refuses => "refuses",
        };
        let ours = match said.pgtls {
            0 => "passes".to_owned(),
            code => format!("exit {code}"),
        };
        table += &format!("| {} | {theirs} | {ours} |\n", case.what);
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/platforms.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of table -->").unwrap();
    let current = format!("{before}<!-- table -->\n{table}<!-- end of table -->{after}");
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        fs::write(&page, &current).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&page).unwrap(),
        current,
        "docs/platforms.md: run this test with PGTLS_UPDATE_DOCS=1"
    );
}

fn prepared(root: &Ca) -> Option<Postgres> {
    if !has_openssl() {
        return None;
    }
    let mut server = Postgres::start(&root.leaf(&["localhost"]))?;
    let user = User::from_uid(geteuid()).unwrap().unwrap().name;
    for role in [user.as_str(), "müller"] {
        server.sql(&format!("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE \"{role}\" LOGIN; END IF; END $$"));
    }
    server.sql("CREATE ROLE ann LOGIN PASSWORD 'hunter2'");
    server.sql("CREATE ROLE eva LOGIN PASSWORD 'sesamé'");
    server.authenticate("hostssl all ann all scram-sha-256\nhostssl all eva all scram-sha-256");
    server.configure(&root.leaf(&["localhost"]), &[]);
    Some(server)
}

/// Parts of a path that is too long.
const LONG: [&str; 3] = [
    "an-ordinary-name-of-a-directory-that-is-long-but-not-too-long-to-be-the-name-of-one-directory-xxxxxx",
    "a-second-name-of-a-directory-that-is-long-but-not-too-long-to-be-the-name-of-one-directory-xxxxxxxxx",
    "a-third-name-of-a-directory-that-is-long-but-not-too-long-to-be-the-name-of-one-directory-xxxxxxxxxx",
];

/// Writes what the cases name, and returns the hash of the root's name.
fn write_files(machine: &Machine, root: &Ca, port: u16, roaming: &str) -> String {
    let other = Ca::root("other");
    let client = root.client("postgres");
    let place = machine.drive(roaming);
    let _ = fs::remove_dir_all(&place);
    let _ = fs::remove_dir_all(machine.drive("w"));
    let _ = fs::remove_dir_all(machine.drive("else"));
    let openssl = "Program Files/Common Files/SSL";
    let _ = fs::remove_dir_all(machine.drive(openssl));
    fs::create_dir_all(&place).unwrap();
    fs::create_dir_all(machine.drive(openssl).join("certs")).unwrap();
    let pem = root.pem.replace('\r', "");
    let crlf = pem.replace('\n', "\r\n");
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        [0xff, 0xfe]
            .into_iter()
            .chain(units.flat_map(u16::to_le_bytes))
            .collect()
    };
    let bom = |text: &str| format!("\u{feff}{text}");
    for (name, text) in [
        ("root.crt", pem.clone()),
        ("with blank/root.crt", pem.clone()),
        ("café/root.crt", pem.clone()),
        ("한글/root.crt", pem.clone()),
        (&format!("{}/root.crt", LONG.join("/")), pem.clone()),
        ("other.crt", other.pem.clone()),
        ("crlf.crt", crlf.clone()),
        ("cr.crt", pem.replace('\n', "\r")),
        ("bom.crt", bom(&pem)),
        ("line-before.crt", format!("\x1a\r\n{crlf}")),
        ("before.crt", format!("\x1a{crlf}")),
        ("after.crt", format!("{crlf}\x1a")),
        ("client.crt", client.chain.clone()),
        ("client.key", client.key.clone()),
        ("café/client.key", client.key.clone()),
        ("한글/client.key", client.key.clone()),
        ("other.key", other.client("x").key),
        ("other.crl", other.crl(1, -1..30, Vec::new())),
    ] {
        machine.write(&format!("w/{name}"), text);
    }
    machine.write("w/utf16.crt", utf16(&crlf));
    machine.write("else/postgresql/root.crt", &pem);
    machine.write("else/.postgresql/root.crt", &pem);
    let service = |path: &str| {
        format!(
            "[s]\nhost=localhost\nport={port}\nuser=postgres\ndbname=postgres\nsslmode=verify-full\nsslrootcert={path}\n"
        )
    };
    let good = service(r"c:\w\root.crt");
    let (within, rest) = good.split_once("sslrootcert").unwrap();
    let password = "localhost:*:*:ann:hunter2\r\nlocalhost:*:*:eva:sesamé\r\n";
    for (name, text) in [
        ("service.conf", good.clone()),
        ("café/service.conf", good.clone()),
        ("etc/pg_service.conf", good.clone()),
        ("service-crlf.conf", good.replace('\n', "\r\n")),
        ("service-after.conf", format!("{good}\x1arubbish")),
        ("service-before.conf", format!("# old\n\x1a\n{good}")),
        (
            "service-within.conf",
            format!("{within}\x1a\nsslrootcert{rest}"),
        ),
        ("service-bom.conf", bom(&good)),
        ("service-utf8.conf", service(r"c:\w\café\root.crt")),
        ("pgpass.conf", password.to_owned()),
        ("pgpass-before.conf", format!("\x1a\r\n{password}")),
        ("pgpass-after.conf", format!("{password}\x1a")),
        ("pgpass-bom.conf", bom(password)),
    ] {
        machine.write(&format!("w/{name}"), text);
    }
    machine.write("w/service-utf16.conf", utf16(&good));
    let ansi: Vec<u8> = service(r"c:\w\café\root.crt")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    machine.write("w/service-ansi.conf", ansi);
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-subject_hash", "-in"])
        .arg(machine.drive("w/root.crt"))
        .output()
        .unwrap();
    let hash = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    machine.write(&format!("w/hashed/{hash}.0"), &pem);
    hash
}
