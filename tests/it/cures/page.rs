//! The page docs/fixes.md.

use pgtls::diagnose::Code;

use super::{Cured, none};

pub(crate) fn page(cured: &[Cured]) -> String {
    let mut codes: Vec<Code> = cured.iter().map(|one| one.code).collect();
    codes.sort();
    codes.dedup();
    let mut text = format!(
        "# What pgtls can fix\n\n\
         pgtls prints a corrected string, a command or a setting only after it has judged that it helps. This table is written by a\n\
         test: it breaks each thing on a real PostgreSQL, applies what pgtls prints, and asks pgtls and psql again.\n\n\
         {} finding codes have such a round trip; {} round trips in all. The list below the table says why the others have none.\n\n\
         | code | what was broken | applied | verdict after |\n| --- | --- | --- | --- |\n",
        codes.len(),
        cured.len(),
    );
    let mut rows: Vec<&Cured> = cured.iter().collect();
    rows.sort_by_key(|one| (one.code, one.broken));
    for one in rows {
        let applied: Vec<String> = one
            .applied
            .iter()
            .map(|fix| format!("`{}`", fix.replace('|', "\\|")))
            .collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            one.code.name(),
            one.broken,
            applied.join("<br>"),
            one.verdict
        ));
    }
    text.push_str("\n## Codes without a round trip\n\n");
    for code in Code::ALL {
        if let Some(reason) = none::reason(*code) {
            text.push_str(&format!("- `{}`: {reason}\n", code.name()));
        }
    }
    text
}
