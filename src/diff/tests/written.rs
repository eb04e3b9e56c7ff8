//! What each format says of a comparison.

use super::settings::of_strings;
use super::*;
use crate::report::schema;
use crate::report::text::Palette;

#[test]
fn an_endpoint_of_one_report_alone_is_not_compared() {
    let both = of_strings(&[
        "host=h user=a sslmode=require",
        "host=h user=b sslmode=require",
    ]);
    let one = of_strings(&["host=h user=a sslmode=require"]);
    let first_line = |old, new| {
        let mut out = Vec::new();
        text(&mut out, &Diff::of(old, new), Palette::Plain).unwrap();
        let out = String::from_utf8(out).unwrap();
        out.lines().next().unwrap().to_owned()
    };
    let head =
        "PASS  no protection was lost  (1 compared: 0 lost, 0 changed, 0 renewed, 1 the same";
    for (old, new, tail) in [
        (&one, &one, ")"),
        (&one, &both, "; not compared: 1 new)"),
        (&both, &one, "; not compared: 1 gone)"),
    ] {
        assert_eq!(first_line(old, new), format!("{head}{tail}"));
    }
}

#[test]
fn what_does_not_fit_into_a_summary_is_counted() {
    let strings = vec!["host=h sslmode=verify-full"; 300];
    let weaker = vec!["host=h sslmode=require"; 300];
    let diff = Diff::of(&of_strings(&strings), &of_strings(&weaker));
    let whole = markdown_within(&diff, usize::MAX);
    assert!(!whole.contains("too long"));
    for limit in [1_000, 10_000, whole.len().saturating_sub(1)] {
        let text = markdown_within(&diff, limit);
        assert!(text.len() <= limit, "{limit}: {}", text.len());
        assert!(text.contains("changes are not listed"), "{text}");
    }
}

#[test]
fn endpoints_with_one_name_are_told_apart() {
    let three = of_strings(&["host=h user=a sslmode=require"; 3]);
    let one = of_strings(&["host=h user=a sslmode=require"]);
    let diff = Diff::of(&three, &one);
    let labels: Vec<&str> = diff.all().map(|one| one.label.as_str()).collect();
    let all = [
        "db.example.com:5432",
        "db.example.com:5432 #2",
        "db.example.com:5432 #3",
    ];
    assert_eq!(labels, all);
}

/// With `PGTLS_UPDATE_SCHEMA` set the file is written instead of compared.
#[test]
fn the_committed_schema_is_that_of_the_types() {
    let schema = schema::schema::<write::Document<'_>>();
    schema::compare("src/diff/schema.json", &schema);
}

#[test]
fn colour_changes_no_word() {
    let stronger = changed(&[("/tls/protocol", json!("TLSv1.3"))]);
    let weaker = changed(&[("/tls/protocol", json!("TLSv1.2"))]);
    for diff in [Diff::of(&stronger, &weaker), Diff::of(&weaker, &stronger)] {
        let [plain, coloured] = [Palette::Plain, Palette::Colour].map(|palette| {
            let mut out = Vec::new();
            text(&mut out, &diff, palette).unwrap();
            String::from_utf8(out).unwrap()
        });
        assert!(
            !plain.contains('\x1b') && coloured.contains("\x1b["),
            "{coloured}"
        );
        let parts = coloured.split('\x1b').enumerate();
        let parts = parts.map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('m').unwrap().1,
        });
        assert_eq!(parts.collect::<String>(), plain);
    }
}

#[test]
fn every_format_says_the_same() {
    let old = changed(&[("/tls/protocol", json!("TLSv1.3"))]);
    let mut new = changed(&[
        ("/tls/protocol", json!("TLSv1.2")),
        (NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1)),
        (
            "/certificates/0/issuer",
            json!("CN = @you <b>|[x](https://evil.example)"),
        ),
    ]);
    new.endpoints.remove(1);
    let diff = Diff::of(&old, &new);
    let mut all = Vec::new();
    text(&mut all, &diff, Palette::Plain).unwrap();
    for write in [json, markdown, github] {
        all.extend_from_slice(b"\n----\n");
        write(&mut all, &diff).unwrap();
    }
    all.extend_from_slice(b"\n----\n");
    insta::assert_snapshot!(String::from_utf8(all).unwrap());
}
