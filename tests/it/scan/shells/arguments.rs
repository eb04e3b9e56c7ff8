//! Variables in the arguments of psql, and in what the environment gives it.

use super::{For, Row, scanned};

pub(super) const SCRIPTS: &[Row] = &[
    (
        For::All,
        "O='sslmode=disable'\nexport PGSSLMODE=verify-full\npsql -h a $O",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a -d \"$O\"",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a --dbname=\"$O\"",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nset -- sslmode=disable\npsql -h a \"$@\"",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() { psql -h a \"$1\"; }\nf sslmode=disable",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a `echo sslmode=disable`",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a \"$(echo sslmode=disable)\"",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a -p $P",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\npsql -h a {-q,-X}",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a \"dbname=d${X:+ sslmode=disable}\"",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a -p \"$P\" -U \"$U\" -c \"select $X\" >\"$F\"",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\npsql -h a >out.$N",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nPGUSER=$U psql -h a",
        &["pass"],
    ),
    (For::All, "psql -h a \"$@\"", &["fail"]),
    (For::All, "PGSSLMODE=disable psql -h a $O", &["fail"]),
    (
        For::All,
        "M=disable\nexport PGSSLMODE=${M:-verify-full}\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "PGSSLMODE=disable\nexport PGSSLMODE=${PGSSLMODE:-verify-full}\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=require PGSSLROOTCERT=${R-/r}\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=${M:-disable}\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "PSQL=psql\nPGSSLMODE=disable $PSQL -h a\nPGSSLMODE=disable \"${PSQL}\" -h b",
        &["fail", "fail"],
    ),
    (
        For::All,
        "PSQL='env PGSSLMODE=disable psql'\nexport PGSSLMODE=verify-full\n$PSQL -h a",
        &["unknown"],
    ),
    (
        For::All,
        "PSQL_CMD='env PGSSLMODE=disable psql'\nPGSSLMODE=verify-full ${PSQL_CMD} -h a",
        &["unknown"],
    ),
    (For::All, "${PSQL:-psql} -h a", &["fail"]),
    (For::All, "env -S 'PGSSLMODE=disable psql -h a'", &["fail"]),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv -S\"PGSSLMODE=disable psql\" -h a\nenv -vS \"psql -h b\"",
        &["fail", "pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv --split-string='-u PGSSLMODE psql -h a'",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv -S 'PGSSLMODE=disable\\_psql -h b' psql -h a",
        &["unknown"],
    ),
];

/// The same without a host for the programs of the table.
const OTHERS: &[(&str, &str)] = &[
    (
        "export PGSSLMODE=verify-full\npsql -h a.acme.io *",
        "unknown",
    ),
    (
        "export PGSSLMODE=verify-full\nexport PGHOST=db.acme.io\npsql $O",
        "unknown",
    ),
    (
        "export PGSSLMODE=verify-full\npsql \"host=a.acme.io sslmode=verify-full sslrootcert=/r dbname=$O\"",
        "unknown",
    ),
    (
        "psql \"postgres://a.acme.io/d?sslmode=verify-full&sslrootcert=/r&application_name=$O\"",
        "unknown",
    ),
    (
        "psql \"postgres://a.acme.io/d?sslrootcert=/r&sslmode=${M:-verify-full}\"",
        "unknown",
    ),
    (
        "export PGSSLMODE=verify-full\npsql \"postgres://u:$P@a.acme.io/d\"",
        "unknown",
    ),
    (
        "psql \"postgres://u:$P@a.acme.io/d?sslmode=verify-full&sslrootcert=/r\"",
        "pass",
    ),
];

#[test]
fn a_variable_may_hold_settings() {
    for (script, expected) in OTHERS {
        let found = scanned(script);
        let verdicts: Vec<&str> = found
            .iter()
            .map(|(_, verdict, _)| verdict.as_str())
            .collect();
        assert_eq!(verdicts, [*expected], "{script}");
    }
}
