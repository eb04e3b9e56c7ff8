//! What changes the meaning of assignments and of commands that are usual.

use super::{For, Row};

pub(super) const SCRIPTS: &[Row] = &[
    (
        For::All,
        "export PGSSLMODE=verify-full\nPGSSLMODE=disable shift 0\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nPGSSLMODE=disable times\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nfor i in 1; do PGSSLMODE=disable break; done\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nfor i in 1; do PGSSLMODE=disable continue; done\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() { PGSSLMODE=disable return; }\nf\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "readonly PGSSLMODE=disable\nexport PGSSLMODE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "declare -r PGSSLMODE=disable\nexport PGSSLMODE\nPGSSLMODE=verify-full psql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "declare -a PGSSLMODE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nunset 'PGSSLMODE[0]'\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\ntime { export PGSSLMODE=require; }\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\ntime -p { unset PGSSLMODE; }\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "time -p PGSSLMODE=verify-full psql -h a",
        &["pass"],
    ),
    (
        For::Bash,
        "declare -u PGSSLMODE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "declare -i PGSSLMODE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "shopt -s expand_aliases\nalias e=export\nexport PGSSLMODE=verify-full\ne PGSSLMODE=disable\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "alias export=:\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export() { :; }\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "enable -n export\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ntrap 'PGSSLMODE=disable' TERM\nkill $$\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nf() { PGSSLMODE=disable; }\ntrap f TERM\nkill $$\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ntrap 'rm -f x; exit 1' INT TERM\npsql -h a",
        &["pass"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nprintf -v 'PGSSLMODE[0]' disable\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nlet PGSSLMODE=1\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nX=$((PGSSLMODE=1))\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\n((PGSSLMODE=1))\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE\nX=${PGSSLMODE:=verify-full}\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "unset PGSSLMODE\nX=${PGSSLMODE:=disable}\nPGSSLMODE=verify-full; export PGSSLMODE\npsql -h a",
        &["unknown"],
    ),
];
