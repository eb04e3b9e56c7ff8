//! Words of the language of a shell, and lists of commands.

use super::{For, Row};

pub(super) const SCRIPTS: &[Row] = &[
    // Words behind psql are its own.
    (
        For::All,
        "PGSSLMODE=disable psql -v PGSSLMODE=verify-full -h a",
        &["fail"],
    ),
    (For::All, "psql -v ON_ERROR_STOP=1 -h a", &["fail"]),
    (For::All, "psql -h a -v PGSSLMODE=verify-full", &["fail"]),
    (
        For::All,
        "psql >/dev/null -h a; psql -h b 2>/dev/null",
        &["fail", "fail"],
    ),
    // Functions.
    (
        For::All,
        "f () { export PGSSLMODE=verify-full; }\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "f() {\n export PGSSLMODE=disable\n}\nexport PGSSLMODE=verify-full\nf\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "f()\n{\n psql -h a\n}\nexport PGSSLMODE=verify-full\nf\nexport PGSSLMODE=disable\nf",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() { psql -h a; }\nf",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() { psql -h a; }\nPGSSLMODE=disable f",
        &["unknown"],
    ),
    (
        For::All,
        "f() ( export PGSSLMODE=verify-full )\nf\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "function f {\n export PGSSLMODE=disable\n}\nexport PGSSLMODE=verify-full; f; psql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "f() { export PGSSLMODE=disable; }\ng() { f; }\nexport PGSSLMODE=verify-full\ng\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "g() { f; psql -h a; }\nexport PGSSLMODE=verify-full\nf() { export PGSSLMODE=disable; }\ng",
        &["unknown"],
    ),
    // Blocks in one line.
    (
        For::All,
        "case x in (y) export PGSSLMODE=verify-full ;; esac\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "case x in y|x) PGSSLMODE=disable psql -h a;; *) psql -h b;; esac",
        &["fail", "fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ncase x in x) export PGSSLMODE=disable;; esac; psql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full; for x in 1 2; do psql -h a; done",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nfor x in 1 2; do psql -h a; export PGSSLMODE=disable; done",
        &["unknown"],
    ),
    (
        For::All,
        "for x in 1; do export PGSSLMODE=verify-full; psql -h a; done; psql -h b",
        &["pass", "unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nfor PGSSLMODE in disable; do psql -h a; done",
        &["unknown"],
    ),
    (
        For::All,
        "if export PGSSLMODE=disable; then :; else :; fi; psql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nif export PGSSLMODE=disable; false; then :; else psql -h a; fi",
        &["fail"],
    ),
    (
        For::All,
        "if false; then export PGSSLMODE=verify-full; else psql -h a; fi",
        &["fail"],
    ),
    // `&&` and `||`.
    (
        For::All,
        "true || export PGSSLMODE=verify-full && psql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "true && export PGSSLMODE=verify-full && psql -h a",
        &["pass"],
    ),
    (
        For::All,
        "false &&\n export PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "true ||\n\n export PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full && false || psql -h a",
        &["pass"],
    ),
    (
        For::Bash,
        "[[ a || b ]] && export PGSSLMODE=verify-full\n[[ x =~ (y|z) ]] || psql -h a",
        &["unknown"],
    ),
    // The same in other words.
    (
        For::All,
        "export PGSSLMODE=verify-full;psql -h a",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=disable&&psql -h a|cat",
        &["fail"],
    ),
    (
        For::All,
        "psql -h a -d postgres://a.acme.io/d?connect_timeout=3&sslmode=verify-full",
        &["fail"],
    ),
    (
        For::All,
        "psql() { PGSSLMODE=disable command psql \"$@\"; }\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "f() { local PGSSLMODE=disable; psql -h a; }\nexport PGSSLMODE=verify-full\nf",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nPGSSLMODE= psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nexport PGSSLMODE=\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=disable PGSSLMODE=verify-full # x\nif psql -h a; then exec psql -h b; fi",
        &["pass", "pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\n(unset PGSSLMODE; psql -h a) && psql -h b",
        &["fail", "pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nunset -v PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nfalse || { export PGSSLMODE=disable; }; psql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() if true; then export PGSSLMODE=disable; fi\nexport PGSSLMODE=verify-full\nf\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\ncase x in x) export PGSSLMODE=disable ;& y) psql -h a;; esac",
        &["unknown"],
    ),
    (
        For::All,
        "case x in\n y) ;;\n *) export PGSSLMODE=verify-full\nesac\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nsh <<E\npsql -h a\nE",
        &["unknown"],
    ),
    (
        For::All,
        "docker exec c sh <<E\nexport PGSSLMODE=disable\npsql -h a\nE",
        &["fail"],
    ),
    (
        For::All,
        "PGSSLMODE=verify-full psql -h a | PGSSLMODE=disable psql -h b",
        &["pass", "fail"],
    ),
    (
        For::All,
        "{ PGSSLMODE=verify-full; export PGSSLMODE; }; psql -h a",
        &["pass"],
    ),
    (
        For::All,
        "readonly PGSSLMODE=verify-full; psql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "a=(x PGSSLMODE=verify-full)\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "while read x; do export PGSSLMODE=verify-full; done <weak.sh\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ntrap 'psql -h a' EXIT\nexport PGSSLMODE=disable",
        &["unknown"],
    ),
    (
        For::All,
        "sh -c 'true ||\nexport PGSSLMODE=verify-full\npsql -h a'",
        &["unknown"],
    ),
    (
        For::All,
        "while : || true; do psql -h a; break; done",
        &["fail"],
    ),
];
