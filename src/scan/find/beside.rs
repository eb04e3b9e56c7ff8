//! What stands beside a string or beside a mode: a password, settings for TLS in words of a program.

use std::collections::{BTreeMap, BTreeSet};

use super::Clues;
use super::group::{Group, Groups, outer, server};
use super::ours::reader;
use super::parts::{self, Part};
use super::{jdbc, later};
use crate::conninfo::{Keyword, SslMode};
use crate::dialect::Dialect;
use crate::scan::candidate::{Accepts, Beside, Besides, Candidate, Form, Truth};
use crate::scan::document::Entry;
use crate::scan::kind::Kind;
use crate::scan::read::language::{JAVASCRIPT, PYTHON, RUBY};
use crate::scan::template::fill;

/// What stands beside the mode in words of a program.
pub(super) fn besides(groups: &Groups<'_>, group: &Group<'_>, clues: Clues<'_>) -> Besides {
    let details = groups.details(group);
    if let Some(accepts) = details.iter().find_map(|entry| accepts_all(entry)) {
        return Besides::Unverified(accepts);
    }
    let reader = reader(groups.document, group, clues);
    let named = group.get(Part::RejectUnauthorized);
    let tls = group
        .get(Part::Tls)
        .map(|entry| (entry, fill(&entry.value).text));
    // `DB_SSL_REJECT_UNAUTHORIZED=false`
    if let Some(entry) = named {
        match Truth::of(&fill(&entry.value).text) {
            Truth::No => return Besides::Unverified(Accepts::RejectUnauthorized),
            Truth::Yes | Truth::Neither => {}
        }
    }
    let is_on = tls
        .as_ref()
        .is_none_or(|(_, value)| Truth::of(value) == Truth::Yes);
    if !details.is_empty() || named.is_some() {
        let is_known = is_on
            && reader != Some(Dialect::Ecto)
            && verifies(groups, group, details)
            && details
                .iter()
                .all(|entry| reaches_driver(groups, group, entry))
            && (named.is_some() || reader == Some(Dialect::NodePostgres));
        return if is_known {
            Besides::Mode(SslMode::VerifyFull)
        } else {
            Besides::Something
        };
    }
    if let Some((entry, value)) = tls {
        let is_sure = reaches_driver(groups, group, entry)
            && !groups.has_inner(group.scope)
            && !groups.checks_itself
            && !groups.may_be_replaced(group.scope, entry.line);
        return match (Truth::of(&value), reader) {
            // Both verify chain and name unless they are told not to.
            (Truth::Yes, Some(Dialect::NodePostgres | Dialect::Ecto)) if is_sure => {
                Besides::Mode(SslMode::VerifyFull)
            }
            (Truth::Yes, _) => Besides::Something,
            (Truth::No, _) => Besides::Off,
            (Truth::Neither, _) => Besides::of_mode(&value, None),
        };
    }
    if groups.has_inner(group.scope) {
        Besides::Something
    } else {
        Besides::Nothing
    }
}

/// Options that leave the verification of Node's `tls.connect` as it is, if they do not end it themselves.
const HARMLESS: &[&str] = &[
    "rejectUnauthorized",
    "ca",
    "cert",
    "key",
    "pfx",
    "passphrase",
    "crl",
    "minVersion",
    "maxVersion",
    "ciphers",
    "ecdhCurve",
    "sigalgs",
    "require",
];

/// Whether options of Node's `tls.connect` surely verify the server. What is not known to be harmless is not sure.
fn verifies(groups: &Groups<'_>, group: &Group<'_>, details: &[&Entry]) -> bool {
    let is_of_node = |entry: &&Entry| {
        let scope = groups.document.scope(entry.scope);
        scope.is_some_and(|scope| scope.name == "ssl") && HARMLESS.contains(&entry.key.as_str())
    };
    let is_true = |entry: &&Entry| {
        !matches!(entry.key.as_str(), "rejectUnauthorized" | "require")
            || Truth::of(&entry.value) == Truth::Yes
    };
    let says_so = |entry: &&Entry| matches!(entry.key.as_str(), "rejectUnauthorized" | "ca");
    let last = details.iter().map(|entry| entry.line).max();
    details
        .iter()
        .all(|entry| is_of_node(entry) && is_true(entry))
        && details.iter().any(says_so)
        && !groups.checks_itself
        && !last.is_some_and(|line| groups.may_be_replaced(group.scope, line))
}

/// Whether a setting for TLS reaches the driver: Sequelize hands on those in `dialectOptions` alone.
fn reaches_driver(groups: &Groups<'_>, group: &Group<'_>, entry: &Entry) -> bool {
    let engine = group.get(Part::Engine);
    let is_sequelize = engine.is_some_and(|engine| engine.key == "dialect")
        || groups
            .document
            .path(group.scope)
            .any(|name| name.contains("Sequelize"));
    !is_sequelize
        || groups
            .document
            .path(entry.scope)
            .any(|name| name == "dialectOptions")
}

/// Whether an option ends the verification.
fn accepts_all(entry: &Entry) -> Option<Accepts> {
    match entry.key.as_str() {
        "rejectUnauthorized" if Truth::of(&fill(&entry.value).text) == Truth::No => {
            Some(Accepts::RejectUnauthorized)
        }
        "verify" if entry.value == "verify_none" => Some(Accepts::VerifyNone),
        _ => None,
    }
}

/// Gives strings the password and the settings for TLS that stand beside them.
pub(super) fn join(groups: &Groups<'_>, candidates: &mut [Candidate], clues: Clues<'_>) {
    let mut in_scope: BTreeMap<usize, usize> = BTreeMap::new();
    for candidate in candidates.iter().filter(|one| one.key.is_some()) {
        let count = in_scope.entry(candidate.scope).or_default();
        *count = count.saturating_add(1);
    }
    let definitions = Definitions::of(candidates);
    // `connectionString` alone, or `connectionString: DATABASE_URL`, by the definition that counts there.
    let mut users: BTreeMap<(&str, usize), Vec<&Group<'_>>> = BTreeMap::new();
    for group in &groups.groups {
        let url = group.get(Part::Url);
        let name = url.and_then(|entry| Some((referred(&entry.value)?, entry.line)));
        if let Some((name, line)) = name
            && let Some(defined) = definitions.of_use(name, line)
        {
            users.entry((name, defined)).or_default().push(group);
        }
    }
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| candidate.form == Form::Text)
    {
        let Some(name) = candidate.key.as_deref() else {
            candidate.beside = of_call(groups, candidate, clues);
            continue;
        };
        let prefix = parts::of(name).map(|name| name.prefix).unwrap_or_default();
        let scope = outer(groups.document, candidate.scope);
        // The lines of a script are no program with settings.
        let is_program = scope != 0 && !matches!(clues.kind, Kind::Lines(_));
        let beside = || {
            let counts = is_program || !prefix.is_empty();
            groups.first(scope, &prefix).filter(|_| counts)
        };
        let own = groups
            .of_string(scope, candidate.line, &prefix)
            .or_else(beside);
        let users = users.get(&(name, candidate.line));
        let users = users.map_or(&[][..], Vec::as_slice);
        // `PASSWORD` beside the one `DATABASE_URL` of a class.
        let is_alone = is_program && in_scope.get(&candidate.scope) == Some(&1);
        let unnamed = groups
            .first(scope, "")
            .filter(|group| is_alone && server(group).is_none());
        let password = own
            .into_iter()
            .chain(users.iter().copied())
            .chain(unnamed)
            .find_map(|group| group.keyword(Keyword::Password));
        candidate.password = password.map(|entry| Beside {
            value: entry.value.clone(),
            line: entry.line,
        });
        if let Some(own) = own
            && candidate.beside == Besides::Nothing
        {
            let beside = settings_of(groups, own, clues);
            candidate.beside = match precedence(groups, scope, clues) {
                Precedence::OfString => beside,
                Precedence::OfCall => beside.instead(),
            };
        }
        if let Some(weaker) = groups.weaker(candidate.scope, &prefix, candidate.beside)
            && !prefix.is_empty()
        {
            candidate.beside = weaker;
        }
        // Each program that uses it has settings of its own.
        let of_users = users
            .iter()
            .map(|group| settings_of(groups, group, clues))
            .reduce(Besides::worse);
        if let Some(of_users) = of_users
            && candidate.beside == Besides::Nothing
        {
            candidate.beside = of_users;
        }
    }
    by_environment(groups, candidates, clues);
    later::doubt(groups, candidates, clues);
    jdbc::add_properties(groups.document, candidates, clues);
}

/// What counts if a string and the call around it disagree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precedence {
    OfString,
    OfCall,
}

/// Arguments of Python's and Ruby's drivers and options of postgres.js replace what the string says.
pub(super) fn precedence(groups: &Groups<'_>, scope: usize, clues: Clues<'_>) -> Precedence {
    let Kind::Code(language) = clues.kind else {
        return Precedence::OfString;
    };
    let is_call = |scope: usize| scope != 0;
    let around = groups.document.scope(scope).and_then(|one| one.parent);
    let is_of_postgres_js = around
        .and_then(|around| groups.document.scope(around))
        .is_some_and(|around| around.name == "postgres");
    if (language.endings == PYTHON || language.endings == RUBY) && is_call(scope)
        || language.endings == JAVASCRIPT && is_of_postgres_js
    {
        Precedence::OfCall
    } else {
        Precedence::OfString
    }
}

/// What the other arguments of a call say of the string in it: `connect("host=h", sslmode="disable")`.
fn of_call(groups: &Groups<'_>, candidate: &Candidate, clues: Clues<'_>) -> Besides {
    let scope = outer(groups.document, candidate.scope);
    let group = groups.first(scope, "").filter(|_| scope != 0);
    match (group, precedence(groups, scope, clues)) {
        (Some(group), Precedence::OfCall) => settings_of(groups, group, clues).instead(),
        (Some(_), Precedence::OfString) | (None, _) => Besides::Nothing,
    }
}

/// Where the strings with one name are defined.
struct Definitions(BTreeMap<String, BTreeSet<usize>>);

impl Definitions {
    fn of(candidates: &[Candidate]) -> Self {
        let mut lines: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for candidate in candidates {
            if let Some(key) = &candidate.key {
                lines.entry(key.clone()).or_default().insert(candidate.line);
            }
        }
        Self(lines)
    }

    /// The line of the definition that counts in this one: the last before it, or the first of all.
    fn of_use(&self, name: &str, line: usize) -> Option<usize> {
        let lines = self.0.get(name)?;
        let before = lines.range(..=line).next_back();
        before.or_else(|| lines.first()).copied()
    }
}

const OF_NODE: &str = "NODE_TLS_REJECT_UNAUTHORIZED";

/// Node verifies nothing where a variable of its environment says so, whatever else a program asks for.
fn by_environment(groups: &Groups<'_>, candidates: &mut [Candidate], clues: Clues<'_>) {
    let document = groups.document;
    let scopes: BTreeMap<usize, &Entry> = document
        .entries
        .iter()
        .filter(|entry| entry.key.strip_prefix("process.env.").unwrap_or(&entry.key) == OF_NODE)
        .map(|entry| (entry.scope, entry))
        .collect();
    if scopes.is_empty() {
        return;
    }
    let is_program = match clues.kind {
        Kind::Code(language) => language.endings == JAVASCRIPT,
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Passwords | Kind::Prose => false,
    };
    for candidate in candidates {
        let set = if is_program {
            scopes.values().next().copied()
        } else {
            let mut around = document.around(candidate.scope);
            around.find_map(|scope| scopes.get(&scope).copied())
        };
        match set.map(|entry| Truth::of(&fill(&entry.value).text)) {
            Some(Truth::No) => candidate.beside = Besides::Unverified(Accepts::Environment),
            Some(Truth::Neither) => candidate.beside = candidate.beside.in_doubt(),
            Some(Truth::Yes) | None => {}
        }
    }
}

/// What a group says about TLS.
pub(super) fn settings_of(groups: &Groups<'_>, group: &Group<'_>, clues: Clues<'_>) -> Besides {
    match group.keyword(Keyword::SslMode) {
        Some(mode) => {
            let root = group.keyword(Keyword::SslRootCert);
            Besides::of_mode(&mode.value, root.map(|root| root.value.as_str()))
        }
        None => besides(groups, group, clues),
    }
}

/// The name in a reference.
pub(super) fn referred(value: &str) -> Option<&str> {
    value.strip_prefix("${")?.strip_suffix('}')
}
