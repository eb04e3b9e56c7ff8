//! Does what pgtls prints cure what is broken? Everything is broken on a real server, each printed fix is applied as a
//! user would, and pgtls and psql look again. The table of that is the page docs/fixes.md.

mod chains;
mod files;
mod fronts;
mod none;
mod page;
mod peers;
mod rounds;
mod strings;
mod ward;

use pgtls::diagnose::Code;

/// A broken thing, what was done about it, and what came of it.
pub(crate) struct Cured {
    /// The code of its finding.
    pub(crate) code: Code,
    /// What was broken.
    pub(crate) broken: &'static str,
    /// The fixes that were applied, in order.
    pub(crate) applied: Vec<String>,
    /// The verdict afterwards.
    pub(crate) verdict: String,
}

#[test]
fn every_fix_works_with_the_newest_server_too() {
    let Some(mut ward) = ward::Ward::open_newest() else {
        return;
    };
    let cured = rounds::all(&mut ward, rounds::Server::Newest);
    assert!(cured.len() > 50, "{}", cured.len());
}

#[test]
fn every_fix_that_is_printed_works_and_the_page_lists_it() {
    let Some(mut ward) = ward::Ward::open() else {
        return;
    };
    if !fronts::are_installed() {
        return;
    }
    let cured = rounds::all(&mut ward, rounds::Server::Installed);
    for code in Code::ALL {
        let proven = cured.iter().any(|one| one.code == *code);
        let excused = none::reason(*code).is_some();
        assert!(
            proven != excused,
            "{code}: proven {proven}, excused {excused}"
        );
    }
    let page = page::page(&cured);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fixes.md");
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, page,
        "PGTLS_UPDATE_DOCS=1 cargo test cures rewrites docs/fixes.md"
    );
}
