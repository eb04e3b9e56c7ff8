use super::*;
use crate::conninfo::fake::Fake;

fn entries(text: &str, section: &str, world: &Fake) -> Option<Vec<(String, String, usize)>> {
    let config = Config::read(text.as_bytes(), Path::new("/o.cnf"), world).ok()?;
    let entries = config.section(section).iter();
    let shown = entries.map(|entry| (entry.name.to_string(), entry.value.to_string(), entry.line));
    Some(shown.collect())
}

fn one(text: &str, section: &str, world: &Fake) -> Option<String> {
    let entries = entries(text, section, world)?;
    entries.last().map(|(_, value, _)| value.clone())
}

#[test]
fn values_are_quoted_escaped_continued_and_commented() {
    for (line, value) in [
        ("a = b c  ", "b c"),
        ("a=b # c", "b"),
        ("a = \"b # c\"", "b # c"),
        ("a = 'b'c", "bc"),
        ("a = b\\#c", "b#c"),
        ("a = b\\\n c", "b c"),
        ("a = b\\", "b"),
        ("a = b\\\n", "b"),
        ("a = b\\\\\\\na = c", "c"),
        ("a = b\na = c", "c"),
        ("x::a = b\n[y]\n", "b"),
    ] {
        let text = format!("[x]\n{line}");
        assert_eq!(
            one(&text, "x", &Fake::default()).as_deref(),
            Some(value),
            "{line}"
        );
    }
}

#[test]
fn variables_are_those_of_the_section_of_the_file_and_of_the_environment() {
    let world = Fake::default().var("HOME_OF", "/h");
    let text = |value: &str| format!("d = 1\n[other]\no = 2\n[x]\ns = 3\na = {value}");
    for (value, expected) in [
        ("$d", Some("1")),
        ("${s}4", Some("34")),
        ("$(other::o)", Some("2")),
        ("$other::o/5", Some("2/5")),
        ("$ENV::HOME_OF/x", Some("/h/x")),
        ("$nothing", None),
        ("$ENV::NOTHING", None),
    ] {
        assert_eq!(
            one(&text(value), "x", &world).as_deref(),
            expected,
            "{value}"
        );
    }
    let pragma = format!(".pragma = dollarid:on\n{}", text("$d"));
    assert_eq!(one(&pragma, "x", &world).as_deref(), Some("$d"));
}

#[test]
fn included_files_are_read_in_place_and_missing_ones_are_not() {
    let world = Fake::default()
        .file("/etc/policy", "Groups = P-256\n[z]\nlast = 1")
        .file("/etc/loop", ".include /etc/loop");
    for line in [".include /etc/policy", ".include = /etc/policy"] {
        let text = format!("[x]\n{line}\nin_z = 2");
        assert_eq!(one(&text, "x", &world).as_deref(), Some("P-256"), "{line}");
        assert_eq!(one(&text, "z", &world).as_deref(), Some("2"));
    }
    let missing = "[x]\n.include /etc/none\na = b";
    assert_eq!(one(missing, "x", &world).as_deref(), Some("b"));
    assert_eq!(entries(".include /etc/loop", "x", &world), None);
}

#[test]
fn a_directory_stands_for_its_files_and_too_many_refuse_the_file() {
    let mut world = Fake::default()
        .file("/etc/d/a.CNF", "a = 1")
        .file("/etc/d/b.conf", "a = 2")
        .file("/etc/d/c.txt", "a = 3");
    let text = "[x]\n.include /etc/d";
    assert_eq!(one(text, "x", &world).as_deref(), Some("2"));
    for number in 0..100 {
        world = world.file(&format!("/etc/d/{number}.txt"), "");
    }
    let config = Config::read(text.as_bytes(), Path::new("/o.cnf"), &world);
    assert!(matches!(config, Err(Refused::TooMuch)));
}

#[test]
fn lines_are_those_of_the_standard_library() {
    for text in [
        "",
        "\n",
        "a",
        "a\n",
        "\n\na",
        "a\r\nb\r\n",
        "a\n\r\n",
        "ü\nü",
    ] {
        assert_eq!(
            lines(text).collect::<Vec<_>>(),
            text.lines().collect::<Vec<_>>(),
            "{text:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_read_too() {
    let config = Config::read(
        b"[x]\na = \xff\nb = c",
        Path::new("/o.cnf"),
        &Fake::default(),
    );
    let config = config.unwrap();
    assert_eq!(config.value("x", "b"), Some("c"));
    assert_eq!(config.value("x", "a"), Some("\u{fffd}"));
}

#[test]
fn a_line_without_meaning_refuses_the_file() {
    for text in ["[x", "word", "a = ${b"] {
        assert_eq!(entries(text, "x", &Fake::default()), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-c$={}():.\\[\\]#\\\\\"'\\n ]{0,80}") {
        let _ = entries(&text, "default", &Fake::default());
    }
}
