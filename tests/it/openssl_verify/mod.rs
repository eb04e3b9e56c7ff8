//! Does `verify` judge chains as OpenSSL does, in every version that libpq uses?
//!
//! Every chain goes through [`pgtls::verify::check`] and through the OpenSSL of every libpq of this machine, set up
//! as libpq sets it up. Both must give the same verdict and, if they refuse, the same first error, or one of the
//! stated differences must say why not. And what pgtls reports for rustls-webpki must be its own verdict.

mod corpus;
mod differences;
mod engine;
mod matrix;
mod pkits;
mod referee;
mod rows;
mod world;
mod worlds;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use self::differences::{Difference, Kind, explanation, kind};
use self::referee::Referee;
use self::world::{Made, Outcome};
use self::worlds::Recipe;
use crate::support::library::{Library, libraries};
use crate::support::sample::one_in;
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

/// Chains on which a row differs from an OpenSSL.
struct Disagreement {
    case: String,
    library: &'static Library,
    kind: Kind,
    explanation: Option<&'static Difference>,
    text: String,
}

#[test]
fn chains_are_judged_as_openssl_judges_them() {
    if !has_openssl() || libraries().is_empty() {
        return;
    }
    let mut cases = rows::all();
    cases.extend(corpus::singles_and_pairs());
    assert!(cases.len() >= 300, "only {} chains", cases.len());
    let step = if std::env::var_os("PGTLS_UPDATE_MATRIX").is_some() {
        1
    } else {
        one_in(4, "the chains for OpenSSL")
    };
    let chunks: Vec<_> = cases.chunks(CHUNK).step_by(step).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    side_by_side(|referees| {
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let made: Vec<Made> = chunk.iter().map(|(_, world)| world.make()).collect();
            let disagreements = compare(&made, referees, |at| chunk[at].0.clone());
            found.lock().unwrap().extend(disagreements);
            for (made, (name, _)) in made.iter().zip(*chunk) {
                assert_engines_agree(name, made);
            }
        }
    });
    let found = found.into_inner().unwrap();
    assert_explained(&found);
    println!(
        "{} chains, {} libraries, {} explained differences",
        cases.len(),
        referees_of().len(),
        found.len()
    );
    let topics = cases.iter().map(|(name, _)| matrix::topic(name)).collect();
    if step == 1 {
        matrix::check(&topics, &found);
    }
}

#[test]
fn the_certificates_of_pkits_are_judged_as_openssl_judges_them() {
    let Some(vectors) = Tool::Vectors.find() else {
        return;
    };
    if libraries().is_empty() {
        return;
    }
    let cases = pkits::cases(&Path::new(&vectors).join("x509/PKITS_data"));
    assert!(cases.len() >= 800, "only {} chains", cases.len());
    let step = one_in(8, "the chains of PKITS");
    let chunks: Vec<_> = cases.chunks(10).step_by(step).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    side_by_side(|referees| {
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let names: Vec<&String> = chunk.iter().map(|(name, _)| name).collect();
            let made = chunk.iter().map(|(_, made)| made);
            let disagreements = compare(made, referees, |at| names[at].clone());
            found.lock().unwrap().extend(disagreements);
        }
    });
    let found = found.into_inner().unwrap();
    assert_explained(&found);
    println!(
        "{} chains, {} libraries, {} explained differences",
        cases.len(),
        referees_of().len(),
        found.len()
    );
}

/// `PGTLS_WORLDS` is the number of worlds, `PGTLS_WORLD_SEED` that of the first.
#[test]
fn random_worlds_are_judged_as_openssl_judges_them() {
    if !has_openssl() || libraries().is_empty() {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().unwrap());
    let first: u64 = number("PGTLS_WORLD_SEED").unwrap_or(20_261_127);
    let count: u64 = number("PGTLS_WORLDS").unwrap_or(500);
    let next = AtomicU64::new(0);
    let passes = AtomicUsize::new(0);
    let explained = AtomicUsize::new(0);
    let unexplained = Mutex::new(Vec::new());
    side_by_side(|referees| {
        loop {
            let start = next.fetch_add(CHUNK as u64, Ordering::Relaxed);
            if start >= count {
                break;
            }
            let seeds = first + start..first + count.min(start + CHUNK as u64);
            let recipes: Vec<Recipe> = seeds.map(Recipe::new).collect();
            let made: Vec<Made> = recipes.iter().map(|recipe| recipe.make().0).collect();
            let found = compare(&made, referees, |at| at.to_string());
            for disagreement in found {
                if disagreement.explanation.is_some() {
                    explained.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let recipe = recipes[disagreement.case.parse::<usize>().unwrap()].clone();
                let text = smallest(recipe, disagreement.library, referees);
                unexplained.lock().unwrap().push(text);
            }
            for (recipe, made) in recipes.iter().zip(&made) {
                assert_engines_agree(&recipe.seed.to_string(), made);
                passes.fetch_add(usize::from(made.judge().passes), Ordering::Relaxed);
            }
        }
    });
    let unexplained = unexplained.into_inner().unwrap();
    println!(
        "{count} worlds from {first}, {} pass, {} libraries, {} explained differences, {} unexplained",
        passes.into_inner(),
        referees_of().len(),
        explained.into_inner(),
        unexplained.len()
    );
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

/// Cases that are given to a referee at once.
const CHUNK: usize = 50;

/// One library for each version of OpenSSL, but only the newest of 1.1.1.
fn referees_of() -> Vec<&'static Library> {
    let newest_old = libraries()
        .iter()
        .map(|library| library.openssl)
        .filter(|version| version.is_old())
        .max();
    let mut chosen: Vec<&Library> = Vec::new();
    for library in libraries() {
        let outdated = library.openssl.is_old() && Some(library.openssl) != newest_old;
        if !outdated && chosen.iter().all(|other| other.openssl != library.openssl) {
            chosen.push(library);
        }
    }
    chosen
}

/// Runs the work on every core, each with its own referees.
fn side_by_side(work: impl Fn(&mut [Referee]) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut referees: Vec<Referee> =
                    referees_of().into_iter().map(Referee::start).collect();
                work(&mut referees);
            });
        }
    });
}

fn compare<'a>(
    made: impl IntoIterator<Item = &'a Made>,
    referees: &mut [Referee],
    name: impl Fn(usize) -> String,
) -> Vec<Disagreement> {
    let made: Vec<&Made> = made.into_iter().collect();
    let lines: String = made.iter().map(|made| made.line()).collect();
    let ours: Vec<Outcome> = made.iter().map(|made| made.judge()).collect();
    let mut found = Vec::new();
    for referee in referees {
        let library = referee.library;
        for (at, theirs) in referee.judge(&lines).iter().enumerate() {
            let (made, ours) = (&made[at], &ours[at]);
            let kind = kind(ours, theirs, library.openssl);
            let told = ours.old.filter(|_| library.openssl.is_old());
            if let Some(told) = told
                && kind != Some(Kind::told(told))
            {
                found.push(Disagreement {
                    case: name(at),
                    library,
                    kind: Kind::told(told),
                    explanation: None,
                    text: format!("{library}: {}, pgtls says {told:?}", theirs.text),
                });
            }
            if let Some(kind) = kind {
                found.push(Disagreement {
                    case: name(at),
                    library,
                    kind,
                    explanation: explanation(made, ours, theirs, library.openssl),
                    text: format!("{library}: {}, pgtls: {}", theirs.text, ours.text),
                });
            }
        }
    }
    found
}

/// A world on which a library differs, with as few changes as possible.
fn smallest(recipe: Recipe, library: &Library, referees: &mut [Referee]) -> String {
    let of_library = |referee: &&mut Referee| referee.library.openssl == library.openssl;
    let referee = referees.iter_mut().find(of_library).unwrap();
    let mut differs = |made: &Made| {
        let found = compare(
            std::slice::from_ref(made),
            std::slice::from_mut(referee),
            |_| String::new(),
        );
        found
            .into_iter()
            .find(|found| found.explanation.is_none())
            .map(|found| found.text)
    };
    let recipe = recipe.smallest(|made| differs(made).is_some());
    let (made, changes) = recipe.make();
    format!(
        "PGTLS_WORLD_SEED={} PGTLS_WORLDS=1: {}: {}\n  as judge.py reads it: {}",
        recipe.seed,
        changes.join(", "),
        differs(&made).unwrap_or_default(),
        made.line()
    )
}

fn assert_engines_agree(name: &str, made: &Made) {
    if let Some((ours, theirs)) = engine::verdicts(made) {
        assert_eq!(
            ours, theirs,
            "{name}: strict {ours}, rustls-webpki {theirs}"
        );
    }
}

fn assert_explained(found: &[Disagreement]) {
    let unexplained: Vec<String> = found
        .iter()
        .filter(|found| found.explanation.is_none())
        .map(|found| format!("{}: {}", found.case, found.text))
        .collect();
    assert!(
        unexplained.is_empty(),
        "{}:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
}
