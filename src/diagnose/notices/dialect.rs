//! What is lost or means something else in a string of another driver, and the driver's own words for a change.

use super::driver_files::taken_by;
use super::{Code, Finding, Hint, Stage, info, warning};
use crate::clients::{self, Client};
use crate::conninfo::{ConnInfo, SslMode, parse};
use crate::demands::{Demands, Strictness, Verification};
use crate::diagnose::{Advice, Diagnosis, Fix, FixKind, apply_strictness};
use crate::dialect::{Dialect, Passwords, ReadAs, Stack, Weight, translate};
use crate::escape::escape;
use crate::exit::Exit;
use crate::trust;

/// How the string was read. Nothing for libpq's own.
fn of_reading(read_as: &ReadAs, conninfo: &ConnInfo) -> Vec<Finding> {
    let dialect = read_as.dialect;
    if dialect == Dialect::Libpq {
        return Vec::new();
    }
    let message = format!("read as {}", dialect.title());
    let mut hint = Hint::say("In libpq's words:").show(escape(&conninfo.redacted()));
    let infos = read_as
        .notes
        .iter()
        .filter(|note| note.weight == Weight::Info);
    for note in infos {
        hint = hint.then(format!("{}: {}.", note.setting, note.message));
    }
    if conninfo.sslmode.value < SslMode::VerifyFull && !is_libpqs(dialect) {
        let words = dialect.own_words();
        let words = words.string.unwrap_or(words.program);
        hint = hint
            .then(format!(
                "In {}'s own words, chain and name are verified with:",
                dialect.driver()
            ))
            .show(words);
    }
    let mut found = vec![info(Code::ForeignDialect, Stage::Conninfo, message).hint(hint)];
    let warnings = read_as
        .notes
        .iter()
        .filter(|note| note.weight != Weight::Info);
    found.extend(warnings.map(|note| {
        let message = format!("{}: {}", note.setting, note.message);
        warning(Code::SettingDiffers, Stage::Conninfo, message)
    }));
    found
}

/// The client library whose rules for certificates are those of a driver, where they differ from libpq's.
#[must_use]
pub const fn client_of(stack: Stack) -> Option<Client> {
    match stack {
        Stack::Java => Some(Client::Pgjdbc),
        Stack::Dotnet => Some(Client::Npgsql),
        Stack::NodePostgres => Some(Client::NodePostgres),
        Stack::PostgresJs => Some(Client::PostgresJs),
        Stack::Go => Some(Client::Pgx),
        Stack::Asyncpg => Some(Client::Asyncpg),
        Stack::NativeTls => Some(Client::TokioPostgresNativeTls),
        Stack::Libpq | Stack::Other => None,
    }
}

impl Diagnosis {
    /// The same for a string of another driver: how it was read, and each change in the driver's own words, too.
    #[must_use]
    pub fn of_dialect(
        mut self,
        read_as: &ReadAs,
        conninfo: &ConnInfo,
        demands: &Demands,
        fault: Option<&trust::Error>,
    ) -> Self {
        if read_as.dialect == Dialect::Libpq {
            return self;
        }
        let taken = fault.and_then(|fault| taken_by(read_as, conninfo, fault));
        if let Some(error) = &mut self.error {
            let driver = read_as.driver();
            error.hint = match taken {
                // No words of the driver's own: its string works as it is.
                Some(why) => Hint::say(format!(
                    "libpq refuses this file; {driver} takes it: {why}. For {driver} nothing needs to change. For libpq:"
                ))
                .and(std::mem::take(&mut error.hint)),
                None => in_own_words(&error.hint, read_as.dialect),
            };
        }
        for finding in &mut self.findings {
            finding.hint = in_own_words(&finding.hint, read_as.dialect);
        }
        let mut findings = of_reading(read_as, conninfo);
        findings.append(&mut self.findings);
        self.findings = findings;
        self.findings.sort_by_key(|finding| finding.level);
        let doubt = read_as
            .notes
            .iter()
            .find(|note| note.weight == Weight::Doubt);
        if let (Verification::Required, Exit::Passed, Some(doubt)) =
            (demands.verification, self.exit, doubt)
        {
            let message = format!(
                "{} may go on without proof, and --require-verified demands proof: {}: {}",
                read_as.driver(),
                doubt.setting,
                doubt.message
            );
            self.error = Some(Finding::error(
                Code::NotAuthenticated,
                Stage::Policy,
                message,
            ));
            self.exit = Exit::Unmet;
        }
        apply_strictness(&mut self, demands.strictness);
        self
    }

    /// The same with what the driver's own rules for certificates say of this server, if that differs.
    #[must_use]
    pub fn with_driver(
        self,
        read_as: &ReadAs,
        verification: &clients::Verification,
        strictness: Strictness,
    ) -> Self {
        let driver = read_as.driver();
        let finding = match (self.exit, verification) {
            (Exit::Untrusted | Exit::WrongHost, clients::Verification::Accepts) => info(
                Code::DriverDiffers,
                Stage::Verify,
                format!(
                    "{driver} would accept this certificate: its rules are looser than libpq's here"
                ),
            ),
            (Exit::Passed | Exit::Unmet, clients::Verification::Refuses(reason)) => warning(
                Code::DriverDiffers,
                Stage::Verify,
                format!("{driver} refuses this server: {reason}"),
            )
            .hint(
                "The verdict is libpq's. Fix the certificate, so that the driver accepts it, too.",
            ),
            _ => return self,
        };
        self.with(finding, strictness)
    }
}

/// Whether the words of the dialect are libpq's own.
const fn is_libpqs(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::Libpq | Dialect::PsqlCommand | Dialect::DotenvLine
    )
}

/// Adds the driver's own words to every change of the connection string.
fn in_own_words(hint: &Hint, dialect: Dialect) -> Hint {
    if is_libpqs(dialect) {
        return hint.clone();
    }
    let mut lines = Hint::default();
    for advice in hint.lines() {
        lines = match advice {
            Advice::Say(text) => lines.then(text.clone()),
            Advice::Show(text) => lines.show(text.clone()),
            Advice::Do(fix) => {
                let own = own(fix, dialect);
                let lines = lines.fix(fix.clone());
                match own {
                    Some(own) => lines.and(own),
                    None => lines,
                }
            }
        };
    }
    lines
}

/// A libpq string in the words of a driver, or what its program must say instead.
fn own(fix: &Fix, dialect: Dialect) -> Option<Hint> {
    if fix.kind != FixKind::String {
        return None;
    }
    let settings = parse(fix.after.as_bytes()).ok()?;
    let whole = settings
        .iter()
        .any(|made| made.keyword.as_str().starts_with("host"));
    if !whole {
        return None;
    }
    let settings: Vec<_> = settings
        .into_iter()
        .map(|made| (made.keyword, made.value))
        .collect();
    let translation = translate(&settings, dialect, Passwords::Masked);
    let driver = dialect.driver();
    if translation.keeps_the_promise() {
        let text = escape(&translation.text).to_string();
        let key = translation.key_command.as_ref().map(|command| {
            Hint::say(format!(
                "For {driver}, write the private key as PKCS#8, which is not encrypted:"
            ))
            .show(command.as_str())
        });
        let string = Hint::say(format!("For {driver}:")).show(text);
        return Some(Hint::from(key).and(string));
    }
    let words = dialect.own_words().program;
    Some(
        Hint::say(format!(
            "{driver} cannot say that in a string. In the program:"
        ))
        .show(words),
    )
}
