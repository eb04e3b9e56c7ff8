//! Prometheus' text exposition format: help, type and samples of a metric.

use std::fmt::{self, Write as _};

use crate::escape::escape;

/// Metrics as text.
#[derive(Default)]
pub(crate) struct Text(pub(crate) String);

impl Text {
    /// Adds help, type and samples; nothing if there is no sample.
    pub(crate) fn family(&mut self, family: Family, fill: impl FnOnce(&mut Samples<'_>)) {
        let Self(text) = self;
        let Family { name, help, kind } = family;
        let before = text.len();
        for part in [
            "# HELP ",
            name,
            " ",
            help,
            "\n# TYPE ",
            name,
            " ",
            kind.word(),
            "\n",
        ] {
            text.push_str(part);
        }
        let head = text.len();
        fill(&mut Samples {
            text,
            name,
            common: "",
        });
        if text.len() == head {
            text.truncate(before);
        }
    }
}

/// Takes the samples of one metric.
pub(crate) struct Samples<'a> {
    text: &'a mut String,
    name: &'static str,
    /// Labels that each of them has, ready to be written.
    common: &'a str,
}

impl Samples<'_> {
    /// The same for samples that have these labels besides, made by [`ready`].
    pub(crate) fn with<'a>(&'a mut self, common: &'a str) -> Samples<'a> {
        Samples {
            text: self.text,
            name: self.name,
            common,
        }
    }

    /// Adds one.
    pub(crate) fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        self.part("", labels, value);
    }

    /// Adds one of a metric whose samples have several names: this follows its own.
    pub(crate) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: f64) {
        let Self { text, name, common } = self;
        text.push_str(name);
        text.push_str(suffix);
        if !common.is_empty() || !labels.is_empty() {
            text.push('{');
            text.push_str(common);
            if !common.is_empty() && !labels.is_empty() {
                text.push(',');
            }
            push_labels(text, labels);
            text.push('}');
        }
        text.push(' ');
        push_number(text, value);
        text.push('\n');
    }
}

/// Labels as they are written.
pub(crate) fn ready(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    push_labels(&mut text, labels);
    text
}

fn push_labels(text: &mut String, labels: &[(&str, &str)]) {
    for (place, (name, value)) in labels.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        // Writing to a string cannot fail.
        let _ = write!(Quoted(text), "{}", escape(value));
        text.push('"');
    }
}

/// What must not end the quotes.
struct Quoted<'a>(&'a mut String);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for part in piece.split_inclusive(['\\', '"']) {
            match part.strip_suffix(['\\', '"']) {
                None => self.0.push_str(part),
                Some(before) => {
                    self.0.push_str(before);
                    self.0.push('\\');
                    self.0
                        .push_str(part.get(before.len()..).unwrap_or_default());
                }
            }
        }
        Ok(())
    }
}

/// To the millionth: more digits are noise of the arithmetic.
fn push_number(text: &mut String, value: f64) {
    if value.is_nan() {
        return text.push_str("NaN");
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "{value:.6}");
    let digits = text.trim_end_matches('0').trim_end_matches('.');
    text.truncate(digits.len());
}

/// A metric with all its series.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
}

/// What a metric counts.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// What is there now.
    Gauge,
    /// What only grows.
    Counter,
    /// How often a value was within each of several bounds.
    Histogram,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_noise() {
        for (value, text) in [
            (0.000_710_999_999_999_999_9, "0.000711"),
            (1_795_737_600.0, "1795737600"),
            (0.0, "0"),
            (10.0, "10"),
            (f64::NAN, "NaN"),
        ] {
            let mut written = String::new();
            push_number(&mut written, value);
            assert_eq!(written, text);
        }
    }

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(
            ready(&[("a", "a\"b\\c\nd"), ("b", "\"\"")]),
            r#"a="a\"b\\c\\x0ad",b="\"\"""#
        );
    }
}
