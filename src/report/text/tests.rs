//! Whole screens, as they are read at night. After a deliberate change, read each of them.

use super::*;
use crate::diagnose::Code;
use crate::exit::Exit;
use crate::report::sample;

/// The pages that must work: a phone, the usual terminal, a wide one.
const WIDTHS: [usize; 3] = [40, 80, 120];

fn screen(report: &Report, view: View) -> String {
    let mut out = Vec::new();
    write(&mut out, report, view).unwrap();
    String::from_utf8(out).unwrap()
}

fn on(columns: usize) -> View {
    View {
        page: Page::of(columns),
        ..View::PLAIN
    }
}

/// One report at every width, as one snapshot.
fn screens(name: &str, report: &Report) {
    let screens = WIDTHS.map(|columns| {
        let ruler = "-".repeat(columns.min(100));
        format!("{ruler} {columns}\n{}", screen(report, on(columns)))
    });
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("screen-{name}"), screens.join("\n"));
    });
}

fn fleet(passing: usize, failing: usize) -> Report {
    let passing = (1..=passing).map(|number| sample::quiet(&format!("db-{number:02}")));
    let failing = (1..=failing).map(|number| {
        let mut endpoint = sample::wrong_host();
        endpoint.name = Some(format!("orders-{number}").into());
        if number % 4 == 0 {
            endpoint.exit_code = Exit::Untrusted;
            if let Some(error) = &mut endpoint.error {
                error.code = Code::Expired.into();
                error.message = "certificate \"CN = orders\" expired 3 days ago".into();
                error.hint = "Install the renewed certificate on the server, and reload it.".into();
            }
        }
        endpoint
    });
    let mut all: Vec<EndpointReport> = passing.chain(failing).collect();
    if let Some(first) = all.first_mut() {
        *first = sample::passing();
    }
    sample::with(&all)
}

#[test]
fn every_screen_can_be_read() {
    screens("pass", &sample::with(&[sample::passing()]));
    screens("failure", &sample::with(&[sample::wrong_host()]));
    screens("unverified", &sample::with(&[sample::unverified()]));
    screens("sixty-pass", &fleet(60, 0));
    screens("forty-with-eight-failures", &fleet(32, 8));
    screens(
        "audit",
        &sample::with(&[sample::audited("db", Exit::Unmet)]),
    );
    screens("three-audits", &audits(3));
    screens("request", &sample::with(&[sample::requested()]));
    let mut interrupted = fleet(3, 0);
    interrupted.endpoints.push(sample::unfinished());
    interrupted.exit_code = Exit::Interrupted;
    interrupted.verdict = Verdict::Fail;
    screens("interrupted", &interrupted);
}

#[test]
fn a_request_is_neither_a_pass_nor_a_failure_of_a_server() {
    let text = screen(&sample::with(&[sample::requested()]), on(80));
    assert!(text.starts_with("OPEN  server.csr"), "{text}");
    let text = screen(
        &sample::with(&[sample::passing(), sample::requested()]),
        on(80),
    );
    assert!(text.contains("1 open (certificate requests)"), "{text}");
    assert!(!text.contains("1 failed"), "{text}");
}

fn audits(count: usize) -> Report {
    let audits = (1..=count).map(|number| {
        let exit = if number % 5 == 2 {
            Exit::Unmet
        } else {
            Exit::Passed
        };
        sample::audited(&format!("db-{number:02}"), exit)
    });
    sample::with(&audits.collect::<Vec<_>>())
}

#[test]
fn many_healthy_servers_fit_on_a_page_or_two() {
    for (report, most) in [(fleet(60, 0), 80), (fleet(40, 0), 50), (audits(40), 80)] {
        let lines = screen(&report, on(80)).lines().count();
        assert!(lines <= most, "{lines}");
    }
}

#[test]
fn a_failure_is_told_once() {
    let text = screen(&fleet(32, 8), on(80));
    assert_eq!(text.matches("orders-3").count(), 1, "{text}");
    assert!(
        text.starts_with("FAIL  32 of 40 endpoints passed  exit"),
        "{text}"
    );
}

#[test]
fn verbose_shows_every_endpoint_and_what_tells_certificates_apart() {
    let full = View {
        detail: Detail::Full,
        ..on(80)
    };
    let text = screen(&fleet(3, 1), full);
    assert_eq!(text.matches("\n  tls ").count(), 4, "{text}");
    for detail in ["serial 01ab", &"00".repeat(32), "names db.example.com"] {
        assert!(text.contains(detail), "{detail}: {text}");
    }
}

#[test]
fn only_failures_on_request_and_in_the_order_that_was_asked_for() {
    let view = |order, selection| View {
        order,
        selection,
        ..on(80)
    };
    let report = fleet(2, 2);
    let text = screen(&report, view(Order::Worst, Selection::Failures));
    assert!(!text.contains("\nPASS"), "{text}");
    assert!(text.contains("4 endpoints: 2 passed, 2 failed"), "{text}");
    for (order, first, second) in [
        (Order::Worst, "orders-1", "db-02"),
        (Order::Input, "db.example.com:5432", "db-02"),
        (Order::Name, "db-02", "orders-2"),
        (Order::Expiry, "db.example.com:5432", "db-02"),
    ] {
        let text = screen(&report, view(order, Selection::All));
        let place = |name: &str| text.find(&format!("  {name}")).unwrap();
        assert!(place(first) < place(second), "{order:?}: {text}");
    }
}

#[test]
fn psqls_line_is_whole_where_a_program_may_read_it() {
    let line = "  tls    SSL connection (protocol: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, bits: 256, compression: off)\n";
    let report = sample::with(&[sample::passing()]);
    assert!(screen(&report, View::PLAIN).contains(line));
    assert!(!screen(&report, on(80)).contains(line));
}

/// Words that are longer than the line may stick out. Everything else fits.
#[test]
fn no_line_is_wider_than_the_page() {
    for report in [
        fleet(5, 3),
        audits(3),
        sample::with(&[sample::wrong_host()]),
    ] {
        for columns in [40, 60, 80, 100] {
            for line in screen(&report, on(columns)).lines() {
                let is_one_word = !line.trim().contains(' ');
                let is_to_paste =
                    line.starts_with("        ") || line.contains("More: pgtls explain");
                let fits = line.chars().count() <= columns;
                assert!(fits || is_one_word || is_to_paste, "{columns}: {line}");
            }
        }
    }
}
