//! Variables in commands of psql: they may hold settings for the connection.

use super::redirection::without_redirections;
use super::shell::{Rules, Shell};
use crate::dialect::psql_program;

impl Shell {
    /// Whether a variable in a word of a command may hold settings.
    pub(super) fn is_open(&self, command: &[&str]) -> bool {
        let words = without_redirections(command, |_| false);
        let Some((program, arguments)) = words.split_first() else {
            return false;
        };
        // make and systemd take words apart behind quotes, too.
        let keeps_words = !matches!(self.rules, Rules::Make | Rules::Unit);
        let before = [program].into_iter().chain(arguments);
        let mut pairs = before.zip(arguments);
        let is_whole = program.contains(char::is_whitespace) && program.contains('$');
        is_whole
            || program_of_variable(program).is_some()
            || pairs.any(|(before, word)| {
                let is_safe = is_value(program, before, word) || is_overruled(word);
                word.contains('$') && !(keeps_words && is_safe)
            })
    }
}

/// The program that the name of a variable promises: `$PSQL`, `${PG_DUMP:-pg_dump}`, `${PSQL_CMD[@]}`. What else the
/// variable holds is not known.
pub(super) fn program_of_variable(word: &str) -> Option<&'static str> {
    let name = word.strip_prefix('$')?.trim_start_matches(['$', '{']);
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let (name, behind) = name.split_at_checked(end.unwrap_or(name.len()))?;
    let name = name.to_ascii_lowercase();
    let name = ["_cmd", "_command", "_bin"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(&name);
    // `$PSQL/lib` is no program.
    let is_whole = behind.is_empty() || behind.ends_with('}');
    let programs = [name, &name.replacen("pg", "pg_", 1)];
    programs
        .into_iter()
        .find_map(psql_program)
        .filter(|_| is_whole)
}

/// Options of psql and its relatives whose value is no string with settings.
const VALUES: &[&str] = &["-h", "-p", "-U", "--host", "--port", "--username"];
/// The same for psql alone.
const VALUES_OF_PSQL: &[&str] = &["-c", "-f", "-v", "-o", "--command", "--file", "--set"];

/// Whether a word is the value of such an option.
fn is_value(program: &str, before: &str, word: &str) -> bool {
    let is_attached = |option: &&str| {
        let value = word.strip_prefix(*option);
        value.is_some_and(|value| !option.starts_with("--") || value.starts_with('='))
    };
    VALUES.contains(&before)
        || VALUES.iter().any(is_attached)
        || program.ends_with("psql") && VALUES_OF_PSQL.contains(&before)
}

/// Whether a URI says the mode behind all its variables: what they hold cannot change that.
fn is_overruled(word: &str) -> bool {
    let query = word.rsplit_once('?').map_or("", |(_, query)| query);
    word.contains("://")
        && !query.contains(['$', '}'])
        && query
            .split('&')
            .any(|setting| setting.starts_with("sslmode="))
}
