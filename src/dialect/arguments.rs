//! Commands that set variables: `docker run -e NAME=VALUE`, `kubectl create secret ... --from-literal=NAME=VALUE`,
//! `export NAME=VALUE NAME=VALUE`.

use std::iter;

use super::dotenv_line::{Form, Line, Quotes, Sign};
use super::shell::{Ending, words};

/// Programs whose arguments may be variables of another program.
const COMMANDS: &[&str] = &[
    "docker", "podman", "nerdctl", "kubectl", "oc", "helm", "heroku", "fly", "flyctl", "railway",
    "gh", "eb", "cf", "dokku", "az", "gcloud", "export", "setx",
];

/// Options of these programs with a `NAME=VALUE` that no program gets as a variable when it runs.
const OTHERS: &[&str] = &[
    "-l",
    "--label",
    "--labels",
    "--annotation",
    "--annotations",
    "--build-arg",
    "--log-opt",
    "--opt",
    "--selector",
    "--storage-opt",
    "--sysctl",
    "--tag",
    "--tags",
    "--ulimit",
];

/// The variables that one command sets, or several on one line; nothing if that is not what the text is.
pub(super) fn variables(text: &str) -> Option<Vec<Line>> {
    let (words, ending) = words(text.trim());
    if ending != Ending::Line || words.len() < 2 {
        return None;
    }
    let mut words = words.iter().map(|word| word.text.as_str()).peekable();
    while words
        .next_if(|word| matches!(*word, "sudo" | "$"))
        .is_some()
    {}
    let first = words.peek()?;
    let program = first.rsplit('/').next().unwrap_or(first);
    let is_command = COMMANDS.contains(&program);
    if is_command {
        words.next();
    }
    let all: Vec<&str> = words.collect();
    let before = iter::once("").chain(all.iter().copied());
    let found: Vec<Line> = before
        .zip(&all)
        .filter_map(|(before, word)| variable(before, word))
        .collect();
    // Without a command, every word must be a variable.
    let is_list = found.len() > 1 && found.len() == all.len();
    (is_list || is_command && !found.is_empty()).then_some(found)
}

/// `NAME=VALUE`, `-eNAME=VALUE`, `--env=NAME=VALUE`, unless it belongs to an option for something else, such as a label.
/// Names are in capitals: anything else is an option or a setting.
fn variable(before: &str, word: &str) -> Option<Line> {
    if OTHERS.contains(&before) {
        return None;
    }
    let word = match word.strip_prefix("--") {
        Some(long) => {
            let (name, value) = long.split_once('=')?;
            let is_other = OTHERS
                .iter()
                .any(|other| other.strip_prefix("--") == Some(name));
            (!is_other).then_some(value)?
        }
        None => word.strip_prefix("-e").unwrap_or(word),
    };
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name.then(|| Line {
        name: name.to_owned(),
        value: value.to_owned(),
        // The shell has removed them.
        quotes: Quotes::None,
        form: Form::Shell,
        sign: Sign::Bare,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> String {
        let found = variables(text).unwrap_or_default();
        let found = found
            .iter()
            .map(|line| format!("{}={}", line.name, line.value));
        found.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn variables_are_found_among_the_arguments() {
        for (text, expected) in [
            (
                "docker run --rm -e A=1 -eB=2 --env=C=3 --name=x app:latest",
                "A=1 B=2 C=3",
            ),
            (
                "kubectl create secret generic db --from-literal=URL='postgres://h/d?a=b&c'",
                "URL=postgres://h/d?a=b&c",
            ),
            ("sudo /usr/bin/docker run -e 'A=b c' app", "A=b c"),
            ("export PGHOST=h PGPORT=1", "PGHOST=h PGPORT=1"),
            ("PGHOST=h PGPORT=1", "PGHOST=h PGPORT=1"),
        ] {
            assert_eq!(pairs(text), expected, "{text}");
        }
        for other in [
            "A=1",
            "A=host=h port=1",
            "host=h port=1",
            "A=1 psql -h h",
            "docker ps -a",
            "A=1 B=2; C=3 D=4",
            "docker run --label A=1 --label=B=2 -l C=3 --build-arg D=4 app",
        ] {
            assert_eq!(pairs(other), "", "{other}");
        }
    }
}
