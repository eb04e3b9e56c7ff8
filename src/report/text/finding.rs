//! What the findings of several reports have in common.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::View;
use super::page::{paint, wrap};
use crate::diagnose::{Advice, Code, Fix, Hint, Level};

/// `error does-not-verify`, in the colour of the level.
pub(crate) fn label(level: Level, code: Code, view: View) -> String {
    let colour = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Info => AnsiColor::Cyan,
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    paint(&format!("{level} {code}"), style, view.palette)
}

/// What was observed and what to do, below the label.
pub(crate) fn write_body(
    out: &mut dyn Write,
    message: &str,
    hint: &Hint,
    view: View,
) -> io::Result<()> {
    writeln!(out, "{}", wrap(message, "  ", view.page))?;
    for advice in hint.lines() {
        match advice {
            Advice::Say(text) => writeln!(out, "{}", wrap(text, "    ", view.page))?,
            Advice::Show(text) | Advice::Do(Fix { after: text, .. }) => {
                writeln!(out, "        {text}")?;
            }
        }
    }
    Ok(())
}
