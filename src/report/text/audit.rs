//! The result of an audit for people: a table, with problems in capitals.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::View;
use super::page::{paint, wrap};
use crate::profile::Compliance;
use crate::report::accepted::tickets_told;
use crate::report::{
    AcceptedReport, Answer, AnswerReport, AuditReport, ProfileReport, ProtocolReport,
    RequirementReport, ShownReport, SuiteReport, day,
};
use crate::wire::tls::{TlsVersion, Weakness};

/// Writes the table.
pub(super) fn write(out: &mut dyn Write, audit: &AuditReport, view: View) -> io::Result<()> {
    let mut table = Table { out, view };
    writeln!(table.out)?;
    table.answer("plaintext", &audit.plaintext, Taste::Bad)?;
    let Some(tls) = &audit.tls else {
        table.answer("direct TLS", &audit.direct_tls, Taste::Neutral)?;
        table.answer("GSSAPI", &audit.gss, Taste::Neutral)?;
        return table.profiles(&audit.profiles);
    };
    for protocol in &tls.protocols {
        table.protocol(protocol)?;
    }
    table.answer("direct TLS", &audit.direct_tls, Taste::Neutral)?;
    table.answer("  no ALPN", &tls.direct_tls_without_alpn, Taste::Neutral)?;
    if let Some(large) = &tls.large_hello {
        table.answer("large hello", large, Taste::Neutral)?;
    }
    table.answer("GSSAPI", &audit.gss, Taste::Neutral)?;
    table.answer("injection", &tls.plaintext_behind_ssl_request, Taste::Bad)?;
    if !tls.certificates.is_empty() {
        table.row("certificate", "asked for in other ways", None)?;
    }
    for shown in &tls.certificates {
        table.certificate(shown)?;
    }
    if let Some(count) = tls.tls13_tickets {
        table.row("tickets", &tickets_told(count), None)?;
    }
    table.profiles(&audit.profiles)
}

/// Whether it is good if a server accepts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taste {
    Neutral,
    Bad,
}

struct Table<'a> {
    out: &'a mut dyn Write,
    view: View,
}

impl Table<'_> {
    fn answer(&mut self, label: &str, answer: &AnswerReport, taste: Taste) -> io::Result<()> {
        let (outcome, colour) = match (answer.outcome.known(), taste) {
            (Some(Answer::Unknown), _) => ("UNKNOWN".to_owned(), Some(AnsiColor::Yellow)),
            (Some(Answer::Accepted), Taste::Bad) => ("ACCEPTED".to_owned(), Some(AnsiColor::Red)),
            (Some(Answer::Accepted), Taste::Neutral) | (Some(Answer::Refused) | None, _) => {
                (answer.outcome.to_string(), None)
            }
        };
        let detail = answer.detail.iter().map(|detail| format!(": {detail}"));
        self.row(
            label,
            &format!("{outcome}{}", detail.collect::<String>()),
            colour,
        )
    }

    fn protocol(&mut self, protocol: &ProtocolReport) -> io::Result<()> {
        let taste = match protocol.version.known() {
            Some(TlsVersion::V1_0 | TlsVersion::V1_1) => Taste::Bad,
            Some(TlsVersion::V1_2 | TlsVersion::V1_3) | None => Taste::Neutral,
        };
        self.answer(&protocol.version.to_string(), &protocol.answer, taste)?;
        match &protocol.accepted {
            Some(accepted) => self.accepted(accepted),
            None => Ok(()),
        }
    }

    fn accepted(&mut self, accepted: &AcceptedReport) -> io::Result<()> {
        self.row("", &accepted.suites_told(), None)?;
        for suite in &accepted.suites {
            let (text, colour) = described(suite);
            self.row("", &format!("  {text}"), colour)?;
        }
        let groups = accepted.groups_told().into_iter();
        for line in groups.chain(accepted.features_told()) {
            self.row("", &line, None)?;
        }
        Ok(())
    }

    fn certificate(&mut self, shown: &ShownReport) -> io::Result<()> {
        let label = format!("  {}", shown.asked);
        match (&shown.subject, &shown.key) {
            (Some(subject), Some(key)) => {
                let until = day(shown.not_after.as_deref().unwrap_or_default());
                let (verdict, colour) = match shown.verifies {
                    Some(true) => ("verifies", None),
                    Some(false) => ("DOES NOT VERIFY", Some(AnsiColor::Red)),
                    None => ("not verified", None),
                };
                let text = format!("{verdict}: {subject}, {key}, until {until}");
                self.row(&label, &text, colour)
            }
            _ if shown.answer.outcome == Answer::Refused => {
                self.row(&label, "no certificate", None)
            }
            _ => self.answer(&label, &shown.answer, Taste::Neutral),
        }
    }

    fn profiles(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        for profile in profiles {
            writeln!(self.out)?;
            let text = format!("{}: {}", profile.name, profile.outcomes_told());
            self.row("profile", &text, None)?;
            self.row("", &format!("{} ({})", profile.title, profile.date), None)?;
            if let Some(note) = &profile.note {
                self.row("", note.as_str(), None)?;
            }
            for requirement in &profile.requirements {
                self.requirement(requirement)?;
            }
        }
        Ok(())
    }

    fn requirement(&mut self, requirement: &RequirementReport) -> io::Result<()> {
        let (word, colour) = match requirement.outcome.known() {
            Some(Compliance::Failed) => ("FAILED".to_owned(), Some(AnsiColor::Red)),
            Some(Compliance::Unknown) => ("UNKNOWN".to_owned(), Some(AnsiColor::Yellow)),
            Some(Compliance::Met | Compliance::NotApplicable | Compliance::NotChecked) | None => {
                (requirement.outcome.to_string().replace('-', " "), None)
            }
        };
        let observed = requirement.observed.iter();
        let observed: String = observed.map(|observed| format!(": {observed}")).collect();
        let RequirementReport {
            clause,
            requirement,
            ..
        } = requirement;
        let text = format!("{word}  {clause}  {requirement}{observed}");
        self.row("", &text, colour)
    }

    fn row(&mut self, label: &str, text: &str, colour: Option<AnsiColor>) -> io::Result<()> {
        let plain = wrap(text, &format!("  {label:<11} "), self.view.page);
        let Some(colour) = colour else {
            return writeln!(self.out, "{plain}");
        };
        // The word that matters is the first; it is coloured after wrapping, because colour codes
        // have no width.
        let word = text
            .split([' ', ':'])
            .find(|word| !word.is_empty())
            .unwrap_or(text);
        let style = Style::new().bold().fg_color(Some(colour.into()));
        let painted = paint(word, style, self.view.palette);
        writeln!(self.out, "{}", plain.replacen(word, &painted, 1))
    }
}

fn described(suite: &SuiteReport) -> (String, Option<AnsiColor>) {
    let worst: Vec<String> = suite
        .weaknesses
        .iter()
        .map(|weakness| match weakness.known() {
            Some(Weakness::Cbc | Weakness::StaticKey) => weakness.to_string(),
            Some(
                Weakness::Null
                | Weakness::Anonymous
                | Weakness::Export
                | Weakness::Rc4
                | Weakness::Des
                | Weakness::TripleDes,
            )
            | None => weakness.to_string().to_uppercase(),
        })
        .collect();
    let is_broken = worst
        .iter()
        .any(|word| word.chars().any(char::is_uppercase));
    let colour = match (is_broken, worst.is_empty()) {
        (true, _) => Some(AnsiColor::Red),
        (false, false) => Some(AnsiColor::Yellow),
        (false, true) => None,
    };
    let marks = if worst.is_empty() {
        String::new()
    } else {
        format!("  {}", worst.join(", "))
    };
    (format!("{}{marks}", suite.cipher), colour)
}
