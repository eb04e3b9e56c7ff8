//! A throw-away PostgreSQL server with TLS: its own data directory, a free loopback port.
//!
//! It ends with its owner: on drop, or, if the test process is killed, by the signal that the
//! kernel then sends.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::statvfs::statvfs;
use nix::unistd::{Pid, Uid, User};
use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::pki::Served;
pub(crate) use super::port::{Port, closed_port};
use super::skip::skip;

/// A running server; it stops when dropped.
pub(crate) struct Postgres {
    directory: TempDir,
    account: Account,
    server: Child,
    generation: u32,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    _reserved: Port,
}

impl Postgres {
    /// Starts the installed server; `None`, with a visible line, if there is none.
    pub(crate) fn start(served: &Served) -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed");
            return None;
        };
        Self::start_from(&programs, served)
    }

    /// Starts the server whose programs are in `programs`.
    pub(crate) fn start_from(programs: &Path, served: &Served) -> Option<Self> {
        let account = match Account::find() {
            Ok(account) => account,
            Err(missing) => {
                skip(&missing);
                return None;
            }
        };
        let directory = match memory() {
            Some(memory) => tempfile::tempdir_in(memory).unwrap(),
            None => tempfile::tempdir().unwrap(),
        };
        account.own(directory.path());
        account.initialise(programs, &directory.path().join("data"));
        for _ in 0..ATTEMPTS {
            write_configuration(directory.path(), &account, served, &[], 0);
            let reserved = Port::reserve();
            let port = reserved.number;
            let mut server = account.spawn(programs, directory.path(), port);
            if is_ready(&mut server, directory.path()) {
                return Some(Self {
                    directory,
                    account,
                    server,
                    generation: 0,
                    port,
                    _reserved: reserved,
                });
            }
        }
        let log = fs::read_to_string(directory.path().join("log"));
        panic!("PostgreSQL does not start:\n{}", log.unwrap_or_default());
    }

    /// Serves another certificate, with all settings as at the start.
    pub(crate) fn serve(&mut self, served: &Served) {
        self.configure(served, &[]);
    }

    /// Serves a certificate under settings of postgresql.conf, and returns when both are in force.
    pub(crate) fn configure(&mut self, served: &Served, settings: &[(&str, &str)]) {
        self.generation += 1;
        let before = self.log().len();
        let generation = self.generation;
        write_configuration(
            self.directory.path(),
            &self.account,
            served,
            settings,
            generation,
        );
        signal(&self.server, Signal::SIGHUP);
        // The postmaster reloads everything before it accepts the next connection, so that a
        // session with the new setting proves that the new certificate is served, too.
        wait_until("the reload", || {
            let shown = self.try_sql("SHOW pgtls.generation");
            shown.is_ok_and(|shown| shown == generation.to_string())
        });
        let log = self.log();
        let news = log.get(before..).unwrap_or_default();
        assert!(
            !news.contains("not reloaded") && !news.contains("contains errors"),
            "PostgreSQL refuses the configuration:\n{news}"
        );
    }

    /// Puts lines at the head of pg_hba.conf, above the one that trusts every user. In force from
    /// the next [`Self::configure`] on.
    pub(crate) fn authenticate(&self, lines: &str) {
        self.admit(&format!("{lines}\n{TRUST_ALL}"));
    }

    /// Writes the whole pg_hba.conf. In force from the next [`Self::configure`] on. The tests' own
    /// statements need a line for local connections.
    pub(crate) fn admit(&self, text: &str) {
        fs::write(self.directory.path().join("data/pg_hba.conf"), text).unwrap();
    }

    /// Runs a statement over the Unix-domain socket, without TLS.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.try_sql(statement).unwrap()
    }

    fn try_sql(&self, statement: &str) -> Result<String, tokio_postgres::Error> {
        let socket = format!(".s.PGSQL.{}", self.port);
        let socket = self.socket_directory().join(socket);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        runtime.unwrap().block_on(ask(&socket, statement))
    }

    /// The directory of the Unix-domain socket.
    pub(crate) fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("log")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: an immediate shutdown, which also ends the children.
        signal(&self.server, Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

/// The directory of the newest installed `initdb`, `postgres` and `psql`: the real programs, not
/// the wrappers that a distribution puts into the path.
pub(crate) fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = debian
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists())
        .max_by_key(|(version, _)| *version);
    if let Some((_, programs)) = newest {
        return Some(programs);
    }
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let programs = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    programs.join("initdb").exists().then_some(programs)
}

/// Tries again and again until `done`, up to a limit.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The account that runs the servers, which refuse to run as root.
pub(crate) struct Account(Option<User>);

impl Account {
    /// Our own account, or `postgres` if we are root.
    pub(crate) fn find() -> Result<Self, String> {
        if Command::new("setpriv").arg("--version").output().is_err() {
            return Err("setpriv (util-linux) is not installed".to_owned());
        }
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        match User::from_name("postgres") {
            Ok(Some(user)) => Ok(Self(Some(user))),
            _ => Err("there is no user \"postgres\" to run PostgreSQL as".to_owned()),
        }
    }

    /// Makes the account own a file or directory.
    pub(crate) fn own(&self, path: &Path) {
        if let Some(user) = &self.0 {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
    }

    /// A command under this account that ends with our process.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        if let Some(user) = &self.0 {
            command.arg(format!("--reuid={}", user.uid));
            command.arg(format!("--regid={}", user.gid));
            command.arg("--clear-groups");
        }
        command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
        command
    }

    /// A fresh data directory: a copy of one that initdb, which takes seconds, made once.
    fn initialise(&self, programs: &Path, data: &Path) {
        let template = template(programs);
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if template.exists() {
            drop(turn);
            copy(&template, data);
        } else {
            self.initdb(programs, data);
            self.shrink(programs, data);
            // Another process may do the same: the first one wins, and all results are equal.
            let ours = template.with_extension(std::process::id().to_string());
            // Left by a killed process with the same ID.
            let _ = fs::remove_dir_all(&ours);
            copy(data, &ours);
            if fs::rename(&ours, &template).is_err() {
                fs::remove_dir_all(&ours).unwrap();
            }
        }
        let main = data.join("postgresql.conf");
        let text = fs::read_to_string(&main).unwrap();
        fs::write(&main, format!("{text}\n{SETTINGS}include 'case.conf'\n")).unwrap();
        fs::write(data.join("pg_hba.conf"), TRUST_ALL).unwrap();
        fs::write(data.join("openssl.cnf"), OPENSSL).unwrap();
    }

    fn initdb(&self, programs: &Path, data: &Path) {
        let output = self
            .command(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=postgres"])
            // Small WAL segments, because the directory is copied for every server.
            .args(["--locale=C", "--encoding=UTF8", "--wal-segsize=1", "-D"])
            .arg(data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "initdb in {}, which user postgres must be able to read: {}",
            programs.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Removes what no test needs, because the directory is copied for every server: a database, and
    /// segments of the WAL that are made in advance.
    fn shrink(&self, programs: &Path, data: &Path) {
        let mut server = self
            .command(&programs.join("postgres"))
            .args(["--single", "-D"])
            .arg(data)
            .args([
                "-c",
                "fsync=off",
                "-c",
                "min_wal_size=2MB",
                "-c",
                "max_wal_size=2MB",
            ])
            .arg("postgres")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let statements = "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0';\n\
                          DROP DATABASE template0;\n";
        server
            .stdin
            .take()
            .unwrap()
            .write_all(statements.as_bytes())
            .unwrap();
        assert!(server.wait().unwrap().success(), "postgres --single");
        let segments = fs::read_dir(data.join("pg_wal")).unwrap();
        let mut segments: Vec<PathBuf> = segments
            .map(|segment| segment.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        segments.sort();
        // The first ones are in use.
        for segment in segments.iter().skip(2) {
            fs::remove_file(segment).unwrap();
        }
    }

    fn spawn(&self, programs: &Path, directory: &Path, port: u16) -> Child {
        let log = fs::File::create(directory.join("log")).unwrap();
        let data = directory.join("data");
        self.command(&programs.join("postgres"))
            .env("OPENSSL_CONF", data.join("openssl.cnf"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(directory)
            .args(["-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }
}

/// Where the data directory that all others are copies of is kept: below cargo's target directory,
/// one for each release and account.
fn template(programs: &Path) -> PathBuf {
    let output = Command::new(programs.join("postgres"))
        .arg("--version")
        .output()
        .unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let version: String = version.chars().filter(char::is_ascii_digit).collect();
    let name = format!("postgresql-{version}-smaller-{}", Uid::effective());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A file system in memory with room for the servers of all tests that run at once, if there is one. A data directory has
/// hundreds of files, which a disk takes ten times as long to make.
fn memory() -> Option<&'static Path> {
    let memory = Path::new("/dev/shm");
    let space = statvfs(memory).ok()?;
    let free = u128::from(space.blocks_available()) * u128::from(space.fragment_size());
    (free > ROOM).then_some(memory)
}

/// With owners and permissions.
fn copy(from: &Path, to: &Path) {
    assert!(
        run(Command::new("cp").arg("-a").arg(from).arg(to)),
        "cp -a {}",
        from.display()
    );
}

fn write_configuration(
    directory: &Path,
    account: &Account,
    served: &Served,
    settings: &[(&str, &str)],
    generation: u32,
) {
    let data = directory.join("data");
    let key = data.join("server.key");
    fs::write(data.join("server.crt"), &served.chain).unwrap();
    fs::write(&key, &served.key).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    account.own(&key);
    let mut text = format!("pgtls.generation = {generation}\n");
    for (name, value) in settings {
        text.push_str(&format!("{name} = '{value}'\n"));
    }
    fs::write(data.join("case.conf"), text).unwrap();
}

/// Whether the server is running. If not, it has ended.
fn is_ready(server: &mut Child, directory: &Path) -> bool {
    let status = directory.join("data/postmaster.pid");
    let mut ready = false;
    wait_until("PostgreSQL to start", || {
        let lines = fs::read_to_string(&status).unwrap_or_default();
        ready = lines
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready");
        ready || server.try_wait().unwrap().is_some()
    });
    ready
}

/// The values of all rows, one in each line. Not with psql, which takes ten times as long.
async fn ask(socket: &Path, statement: &str) -> Result<String, tokio_postgres::Error> {
    let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    let mut config = tokio_postgres::Config::new();
    config.user("postgres").dbname("postgres");
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    let asking = async move {
        let mut values = Vec::new();
        for message in client.simple_query(statement).await? {
            if let SimpleQueryMessage::Row(row) = message {
                values
                    .extend((0..row.len()).filter_map(|column| row.get(column).map(str::to_owned)));
            }
        }
        Ok(values.join("\n"))
    };
    let (answer, _) = tokio::join!(asking, connection);
    answer
}

/// Sends a signal to a process that this one started.
pub(crate) fn signal(process: &Child, signal: Signal) {
    let pid = Pid::from_raw(process.id().try_into().unwrap());
    kill(pid, signal).unwrap();
}

fn run(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
logging_collector = off
log_line_prefix = '[%p] '
fsync = off
max_connections = 70
shared_buffers = 16MB
ssl = on
";

/// The server may serve any certificate. The clients are to refuse it.
const OPENSSL: &str = "\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
CipherString = DEFAULT@SECLEVEL=0
";

const TRUST_ALL: &str = "local all all trust\nhost all all all trust\n";

/// For eight servers of some 30 MB each, four times over (bytes).
const ROOM: u128 = 1 << 30;

/// One thread at a time makes the data directory that is copied.
static TURN: Mutex<()> = Mutex::new(());

/// The maximum of attempts to start, each on another port.
const ATTEMPTS: usize = 5;

/// A machine under load may need seconds for what takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(5);
