//! What a file is, by its name.

use std::path::Path;

use super::document::Document;
use super::read::language::{Language, of_ending};
use super::read::lines::Style;
use super::read::{code, ini, lines, prose, yaml};

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Variables, one a line.
    Lines(Style),
    /// Sections with settings.
    Ini,
    /// YAML.
    Yaml,
    /// Source code, JSON, XML, Terraform.
    Code(&'static Language),
    /// A password file of libpq.
    Passwords,
    /// Anything else.
    Prose,
}

/// Whether a file is for use, or shows how to write one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Programs read it.
    Use,
    /// People read it: documentation, `.env.example`.
    Example,
}

/// Whether a file can have connection strings without a word that says so.
pub(super) fn is_always_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Kind::of(&name).is_ours() || name.contains("pg_service")
}

/// Whether a file is text by its name.
pub(super) fn is_of_text(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match Kind::of(&name) {
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Code(_) | Kind::Passwords => true,
        Kind::Prose => false,
    }
}

/// Endings of names that say that it is an example of the file.
const EXAMPLES: &[&str] = &[
    "example", "sample", "template", "tmpl", "tpl", "dist", "default", "defaults",
];

/// Endings of documentation.
pub(super) const DOCUMENTS: &[&str] = &[
    "md", "mdx", "markdown", "rst", "adoc", "asciidoc", "txt", "html", "htm", "org",
];

impl Kind {
    /// The kind of a file by its path with `/`.
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        // `database.yml.example` is read as `database.yml`.
        let base = EXAMPLES
            .iter()
            .chain(&["erb", "j2", "gotmpl", "bak", "orig", "old"])
            .find_map(|end| lower.strip_suffix(end)?.strip_suffix('.'))
            .filter(|base| base.contains('.') && !base.starts_with(".env"))
            .unwrap_or(&lower);
        match base {
            "pgpass" | ".pgpass" | "pgpass.conf" => return Self::Passwords,
            _ if base.starts_with(".pgpass.") => return Self::Passwords,
            "pg_service.conf" | ".pg_service.conf" | "pgbouncer.ini" | "odbc.ini" | ".odbc.ini" => {
                return Self::Ini;
            }
            "jenkinsfile" => return of_ending("groovy").map_or(Self::Prose, Self::Code),
            "gemfile" | "rakefile" | "vagrantfile" => {
                return of_ending("rb").map_or(Self::Prose, Self::Code);
            }
            _ => {}
        }
        let is_env = base == ".env"
            || base.starts_with(".env.")
            || base.ends_with(".env")
            || base.starts_with("env.") && !base.contains(".y")
            || base == ".flaskenv";
        let is_docker = base.starts_with("dockerfile")
            || base.ends_with(".dockerfile")
            || base.starts_with("containerfile");
        let is_shell = matches!(
            base,
            ".envrc" | ".bashrc" | ".zshrc" | ".profile" | ".bash_profile" | "procfile"
        );
        if is_env {
            return Self::Lines(Style::Env);
        }
        if is_docker {
            return Self::Lines(Style::Docker);
        }
        if is_shell {
            return Self::Lines(Style::Shell);
        }
        if matches!(base, "makefile" | "gnumakefile" | "justfile") {
            return Self::Lines(Style::Make);
        }
        let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "yml" | "yaml" => Self::Yaml,
            "ini" | "cfg" | "conf" | "toml" | "cnf" => Self::Ini,
            "properties" => Self::Lines(Style::Properties),
            "sh" | "bash" | "zsh" | "ksh" | "fish" => Self::Lines(Style::Shell),
            "service" => Self::Lines(Style::Unit),
            "mk" => Self::Lines(Style::Make),
            "bat" | "cmd" => Self::Lines(Style::Batch),
            _ => of_ending(ending).map_or(Self::Prose, Self::Code),
        }
    }

    /// Whether such a file is about PostgreSQL, whatever words are in it.
    fn is_ours(self) -> bool {
        match self {
            Self::Passwords => true,
            Self::Lines(_) | Self::Ini | Self::Yaml | Self::Code(_) | Self::Prose => false,
        }
    }

    /// The kind of a file by its path with `/` and its text: a program may have no ending.
    pub(super) fn of_file(path: &str, text: &str) -> Self {
        let kind = Self::of(path);
        let program = match kind {
            Self::Prose => text.strip_prefix("#!").and_then(|rest| rest.lines().next()),
            Self::Lines(_) | Self::Ini | Self::Yaml | Self::Code(_) | Self::Passwords => None,
        };
        // `#!/usr/bin/env -S node --x`
        let words = program.unwrap_or_default().split_whitespace();
        let mut names = words.map(|word| word.rsplit('/').next().unwrap_or_default());
        let Some(name) = names.find(|name| *name != "env" && !name.starts_with('-')) else {
            return kind;
        };
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let ending = match name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" => return Self::Lines(Style::Shell),
            "python" => "py",
            "node" | "bun" | "deno" | "tsx" | "ts-node" => "js",
            "ruby" => "rb",
            "perl" => "pl",
            "php" => "php",
            "elixir" => "exs",
            "groovy" => "groovy",
            "lua" => "lua",
            "pwsh" => "ps1",
            _ => return kind,
        };
        of_ending(ending).map_or(kind, Self::Code)
    }

    /// The kind of a text without a name: what comes from a pipe.
    pub(super) fn of_text(text: &str) -> Self {
        if text.starts_with("#!") {
            return Self::of_file("", text);
        }
        let first = text.trim_start();
        if first.starts_with(['{', '[']) && !first.starts_with("{{") {
            return of_ending("json").map_or(Self::Prose, Self::Code);
        }
        let is_yaml = first.starts_with("---") || first.starts_with("apiVersion:");
        let is_map = first
            .lines()
            .next()
            .is_some_and(|line| line.ends_with(':') && !line.contains(' '));
        if is_yaml || is_map {
            return Self::Yaml;
        }
        Self::Prose
    }

    /// Reads a text of this kind. The number of its first line is given.
    pub(super) fn read(self, text: &str, first_line: usize) -> Document {
        match self {
            Self::Lines(style) => lines::read(text, style, first_line),
            Self::Ini => ini::read(text, first_line),
            Self::Yaml => yaml::read(text, first_line),
            Self::Code(language) => code::read(text, language, first_line),
            Self::Passwords | Self::Prose => prose::read(text, first_line),
        }
    }
}

impl Purpose {
    /// The purpose of a file by its path with `/`.
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let mut parts = name.split(['.', '-', '_']).skip(1);
        let is_example = parts.any(|part| EXAMPLES.contains(&part));
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if is_example || DOCUMENTS.contains(&ending) || name.starts_with("readme") {
            Self::Example
        } else {
            Self::Use
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        let kind = |path: &str| match Kind::of(path) {
            Kind::Lines(Style::Shell) => "shell",
            Kind::Lines(Style::Docker) => "docker",
            Kind::Lines(Style::Unit) => "unit",
            Kind::Lines(Style::Make) => "make",
            Kind::Lines(Style::Env) => "env",
            Kind::Lines(Style::Properties) => "properties",
            Kind::Lines(Style::Batch) => "batch",
            Kind::Ini => "ini",
            Kind::Yaml => "yaml",
            Kind::Code(language) => language.endings.first().copied().unwrap_or_default(),
            Kind::Passwords => "passwords",
            Kind::Prose => "prose",
        };
        for (path, expected) in [
            (".env", "env"),
            ("a/.env.production", "env"),
            (".env.example", "env"),
            ("prod.env", "env"),
            ("Dockerfile", "docker"),
            ("app.service", "unit"),
            ("Makefile", "make"),
            ("src/main/resources/application.properties", "properties"),
            ("application.yml", "yaml"),
            ("config/database.yml.erb", "yaml"),
            ("appsettings.Production.json", "json"),
            ("main.tf", "tf"),
            ("pg_service.conf", "ini"),
            ("pyproject.toml", "ini"),
            ("settings.py", "py"),
            ("web.config", "xml"),
            ("README.md", "prose"),
            ("LICENSE", "prose"),
            (".pgpass", "passwords"),
            (".pgpass.example", "passwords"),
            ("roles/db/files/pgpass", "passwords"),
            (".envrc", "shell"),
            (".bashrc", "shell"),
            (".flaskenv", "env"),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
        for path in [
            "README.md",
            ".env.example",
            "config/app.sample.yml",
            "a.env.dist",
        ] {
            assert_eq!(Purpose::of(path), Purpose::Example, "{path}");
        }
        for path in [".env", "settings.py", "src/example.py"] {
            assert_eq!(Purpose::of(path), Purpose::Use, "{path}");
        }
    }
}
