//! Are the README and the pages of `docs/` true? Every command there runs unchanged, in a home where its hosts,
//! files and variables exist. Links, exit codes and the keys of `pgtls.toml` are compared with the program.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::client::Client;
use pgtls::exit::Exit;
use pgtls::lab::{Authority, Endpoint};
use pgtls::trust::encode_pem;
use time::OffsetDateTime;

/// The hosts on the pages with a good certificate.
const HOSTS: &[&str] = &[
    "db.example.com",
    "orders.db.example.com",
    "db-1",
    "db-2",
    "mypgserver.postgres.database.azure.com",
    "127.0.0.1",
];

/// What comes before a command that is not alone on its line.
const BEFORE: &[&str] = &[
    "$ ",
    "- run: ",
    "script: ",
    "*/15 * * * *  ",
    "command_line  /usr/local/bin/",
    "npm install --no-save pg@8.23.1 && ",
];

/// What is in another place here than on a reader's machine.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/etc/pgtls/", ""),
    ("/etc/", ""),
    ("/reports/", ""),
    ("/var/lib/node_exporter/", ""),
    // All strings go to the only pod.
    ("+1))/10", "+1))/1"),
    (" port=5432 ", " "),
    ("$(DATABASE_URL)", "$DATABASE_URL"),
    ("$HOSTADDRESS$", "127.0.0.1"),
    ("$ARG1$", "verify-full"),
    ("$ARG2$", "root.crt"),
];

/// The endpoint of a `pgtls.toml` on a page that shows none.
const AN_ENDPOINT: &str = r#"
[[endpoint]]
name = "orders"
conninfo = "host=orders.db.example.com user=app password=${ORDERS_PASSWORD} sslmode=verify-full sslrootcert=root.crt"
"#;

#[test]
fn every_command_works() {
    let mut count = 0;
    let mut wrong = Vec::new();
    // The topic `cures` runs what docs/fixes.md shows, and `trace` what docs/trace.md does: that needs a database behind
    // the endpoint. docs/screens.md shows fixed reports.
    let fixed = ["fixes.md", "screens.md", "trace.md"];
    for page in pages()
        .into_iter()
        .filter(|page| !fixed.contains(&page.name.as_str()))
    {
        let house = House::new(&page);
        for example in page.examples() {
            count += 1;
            let (code, output) = house.run(&example.command);
            if code != example.expected() || !output.contains(example.shown_error().unwrap_or("")) {
                let command = &example.command;
                wrong.push(format!("{}: {command}\nexit {code}: {output}", page.name));
            }
        }
    }
    assert!(count > 60, "{count} commands only");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for page in all_texts() {
        let directory = page.path.parent().unwrap();
        for link in page.text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.contains("://") && !directory.join(target).exists() {
                broken.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

/// A recipe that names an old file misleads its reader.
#[test]
fn every_file_that_a_text_names_exists() {
    let mut missing = Vec::new();
    for page in all_texts() {
        let spans = page.text.split('`').skip(1).step_by(2);
        let paths = spans.filter(|span| {
            let ours = [
                "src/", "tests/", "docs/", "benches/", "fuzz/", ".ci/", ".github/",
            ];
            let pattern = |part: &str| part.bytes().all(|b| b.is_ascii_uppercase());
            ours.iter().any(|start| span.starts_with(start))
                && !span.contains(' ')
                && !span
                    .split(['/', '.'])
                    .any(|part| !part.is_empty() && pattern(part))
        });
        missing.extend(
            paths
                .filter(|path| !root().join(path).exists())
                .map(|path| format!("{}: {path}", page.name)),
        );
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Words that confuse a reader whose first language is not English, or that have another meaning here.
const ODD: &[&str] = &[
    "mend", "mends", "mended", "whoever", "somebody", "nobody", "vouch", "vouches", "shall",
];

fn odd_words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| ODD.contains(&word.to_lowercase().as_str()))
}

#[test]
fn the_words_are_plain() {
    let codes = std::fs::read_dir(root().join("src/diagnose/pages")).unwrap();
    let codes = codes.map(|file| Page::read(file.unwrap().path()));
    let mut odd = Vec::new();
    for page in all_texts().into_iter().chain(codes) {
        odd.extend(odd_words(&page.text).map(|word| format!("{}: {word}", page.name)));
    }
    assert!(odd.is_empty(), "{odd:?}");
}

/// The same for what the program prints: the string literals of `src`, and the help of its options.
#[test]
fn the_words_of_the_messages_are_plain() {
    let mut odd = Vec::new();
    let mut literals = 0;
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let help = path.starts_with(root().join("src/cli"));
        let is_comment = |line: &&str| line.trim_start().starts_with("//");
        let (comments, code): (Vec<&str>, Vec<&str>) = text.lines().partition(is_comment);
        // Neither an escaped quotation mark nor a character literal of one ends a string.
        let code = code
            .join("\n")
            .replace("\\\\", "")
            .replace("\\\"", "")
            .replace("'\"'", "");
        let strings: Vec<&str> = code.split('"').skip(1).step_by(2).collect();
        literals += strings.len();
        let comments = comments.into_iter().filter(|_| help);
        let texts = strings.into_iter().chain(comments);
        let found = texts.flat_map(odd_words);
        odd.extend(found.map(|word| format!("{}: {word}", path.display())));
    }
    assert!(literals > 2_000, "{literals} string literals only");
    assert!(odd.is_empty(), "{odd:?}");
}

/// All Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let readme = Page::read(root().join("README.md"));
    let (_, behind) = readme.text.split_once("\n## Exit codes\n").unwrap();
    let rows: Vec<&str> = behind
        .lines()
        .skip_while(|line| !line.starts_with("| ---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let row = |exit: &Exit| format!("| {} | {} |", exit.number(), exit.meaning());
    assert_eq!(rows, Exit::ALL.iter().map(row).collect::<Vec<_>>());
}

/// The program lists the keys that it knows if it finds an unknown one.
#[test]
fn every_key_of_the_configuration_is_documented() {
    let reference = Page::read(root().join("docs/config.md")).text;
    for table in [
        "[policy]",
        "[policy.audit]",
        "[[endpoint]]",
        "[endpoint.audit]",
    ] {
        let client = Client::new();
        let endpoint = "[[endpoint]]\nconninfo = \"host=a\"\n";
        let text = match table {
            "[[endpoint]]" | "[endpoint.audit]" => format!("{endpoint}\n[endpoint.audit]\nx = 1\n"),
            _ => format!("{endpoint}\n{table}\nx = 1\n"),
        };
        let text = match table {
            "[[endpoint]]" => format!("{endpoint}x = 1\n"),
            _ => text,
        };
        client.write("pgtls.toml", text);
        let run = client.pgtls(&["check", "--config", "pgtls.toml"]);
        assert_eq!(run.code, 2, "{run:?}");
        let keys: Vec<&str> = run.stderr.split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 5 && keys[0] == "x", "{table}: {run:?}");
        for key in &keys[1..] {
            let named =
                reference.contains(&format!("`{key}`")) || reference.contains(&format!(".{key}]`"));
            assert!(named, "{table}: docs/config.md does not describe {key}");
        }
    }
}

/// A page for readers.
struct Page {
    path: PathBuf,
    name: String,
    text: String,
}

/// A command of a page.
#[derive(Debug)]
struct Example {
    command: String,
    /// What the page shows it to print.
    shown: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and all of docs/.
fn pages() -> Vec<Page> {
    let files = root().join("docs").read_dir().unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.insert(0, root().join("README.md"));
    paths.into_iter().map(Page::read).collect()
}

/// The pages, and the other texts at the top and beside the code.
fn all_texts() -> Vec<Page> {
    let others = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "RELEASING.md",
        "SECURITY.md",
        "benches/README.md",
        "certs/README.md",
        "fuzz/README.md",
    ];
    let others = others.map(|name| Page::read(root().join(name)));
    pages().into_iter().chain(others).collect()
}

impl Example {
    fn expected(&self) -> i32 {
        let verdict = self.shown.lines().next().unwrap_or_default();
        match verdict.split_once("  exit ") {
            Some((_, code)) => code.parse().unwrap(),
            None if self.command.ends_with(" --help") => 0,
            // The root of the test is not one of Azure's.
            None if self.command.contains("sslrootcert=azure.crt") => 6,
            // The endpoint has no database, and it says so.
            None if self.command.contains("--login") => 3,
            None if self.command.starts_with("pgtls audit ") => 3,
            None => 0,
        }
    }

    /// `error CODE:`, if the page shows one.
    fn shown_error(&self) -> Option<&str> {
        let line = self
            .shown
            .lines()
            .find(|line| line.starts_with("  error "))?;
        line.split_inclusive(':').next()
    }
}

impl Page {
    fn read(path: PathBuf) -> Self {
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(&path).unwrap(),
            path,
        }
    }

    /// The commands of all blocks of code, one per line, and then those within sentences that have no
    /// placeholders.
    fn examples(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = Vec::new();
        for block in self.blocks() {
            for line in joined(block) {
                match (command(&line), examples.last_mut()) {
                    (Some(command), _) => examples.push(Example {
                        command,
                        shown: String::new(),
                    }),
                    (None, Some(last)) if block.starts_with("console") => {
                        last.shown.push_str(&line);
                        last.shown.push('\n');
                    }
                    (None, _) => {}
                }
            }
        }
        let prose = self.text.split("\n```").step_by(2);
        let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
        examples.extend(spans.filter_map(mentioned).map(|command| Example {
            command,
            shown: String::new(),
        }));
        examples
    }

    /// The blocks of code.
    fn blocks(&self) -> impl Iterator<Item = &str> {
        self.text.split("\n```").skip(1).step_by(2)
    }

    /// The page's own `pgtls.toml`.
    fn configuration(&self) -> String {
        let parts = self.blocks().filter_map(|b| b.strip_prefix("toml\n"));
        let mut text = parts.collect::<Vec<_>>().join("\n");
        if !text.contains("[[endpoint]]") {
            text.push_str(AN_ENDPOINT);
        }
        text
    }
}

/// The lines of a block; continued lines are joined.
fn joined(block: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in block.lines() {
        match lines.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push_str(line.trim());
            }
            // Folded YAML.
            Some(last) if line.trim().starts_with("--") && !block.starts_with("console") => {
                last.push_str(&format!(" {}", line.trim()));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn command(line: &str) -> Option<String> {
    let line = line.trim();
    let arguments = line
        .strip_prefix("args: [")
        .and_then(|l| l.strip_suffix(']'));
    if let Some(arguments) = arguments {
        return Some(format!("pgtls {}", arguments.replace(", ", " ")));
    }
    let before = BEFORE.iter().find_map(|before| line.strip_prefix(before));
    let line = before.unwrap_or(line);
    let program = line.split(' ').find(|word| !word.contains('='));
    (program == Some("pgtls")).then(|| line.to_owned())
}

/// The command that a sentence names. If it has no arguments, it is run with --help. A word in capitals makes
/// it a pattern.
fn mentioned(span: &str) -> Option<String> {
    let words: Vec<&str> = span.split(' ').collect();
    let pattern = |word: &&str| {
        word.bytes()
            .all(|b| b.is_ascii_uppercase() || b"./|".contains(&b))
    };
    match words.as_slice() {
        ["pgtls", ..] if span.contains(['|', '\n']) || words.iter().any(pattern) => None,
        ["pgtls", last] | ["pgtls", .., last] if words.len() == 2 || last.starts_with('-') => {
            Some(format!("{span} --help"))
        }
        ["pgtls", ..] => Some(span.to_owned()),
        _ => None,
    }
}

/// A home with everything that the commands name, and one endpoint for all their hosts.
struct House {
    client: Client,
    endpoint: Endpoint,
}

impl House {
    fn new(page: &Page) -> Self {
        let now = OffsetDateTime::now_utc();
        let authority = Authority::new("CA of the pages", now).unwrap();
        let issued = authority.issue(HOSTS, now).unwrap();
        let client = Client::new();
        for file in ["root.crt", "new-root.crt", "certs/root.crt"] {
            client.write(file, &authority.root_pem);
        }
        let chain = encode_pem("CERTIFICATE", &issued.chain[0]);
        let key = encode_pem("PRIVATE KEY", issued.key.secret_der());
        client.write("server.crt", chain);
        client.write("server.key", &key);
        let own = rcgen::KeyPair::from_pem(&key).unwrap();
        let names: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
        let request = rcgen::CertificateParams::new(names).unwrap();
        let request = request.serialize_request(&own).unwrap();
        client.write("server.csr", request.pem().unwrap());
        let private = Permissions::from_mode(0o600);
        std::fs::set_permissions(client.home.path().join("server.key"), private).unwrap();
        let string = "host=db.example.com user=app sslmode=verify-full sslrootcert=root.crt";
        client.write("endpoints.txt", format!("# one\n{string}\n"));
        client.write(
            ".pg_service.conf",
            format!("[production]\n{}\n", string.replace(' ', "\n")),
        );
        client.write("pgtls.toml", page.configuration());
        Self {
            client,
            endpoint: Endpoint::start(issued).unwrap(),
        }
    }

    /// Runs a command in a shell, and returns its exit code and output. A command of the lab would run until
    /// Ctrl-C or needs other programs, so only its options are parsed.
    fn run(&self, command: &str) -> (i32, String) {
        let mut command = command.to_owned();
        for (there, here) in ELSEWHERE {
            command = command.replace(there, here);
        }
        if let Some(lab) = command.find("pgtls lab") {
            let end = command
                .find(" -- ")
                .or_else(|| command.find("  "))
                .unwrap_or(command.len());
            command = format!("{} --help", &command[lab..end]);
        }
        let hosts = command.matches("db-").count().max(1);
        let programs = Path::new(env!("CARGO_BIN_EXE_pgtls")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let string = "postgresql://app@db.example.com/app?sslrootcert=root.crt";
        let output = self
            .client
            .other("sh")
            .env("PATH", path)
            .env("PGHOSTADDR", vec!["127.0.0.1"; hosts].join(","))
            .env("PGPORT", self.endpoint.address.port().to_string())
            .env("PGUSER", "app")
            .env("PGSSLROOTCERT", "root.crt")
            .env("SSL_CERT_FILE", "root.crt")
            .env("DATABASE_URL", string)
            .env("LEGACY_DATABASE_URL", string)
            .env("ORDERS_PASSWORD", "a quoted 'password'")
            .env("JOB_COMPLETION_INDEX", "0")
            .args(["-c", &command])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap(), text)
    }
}
