//! What a shell takes in another way than a reader.

use super::{For, Row};

pub(super) const SCRIPTS: &[Row] = &[
    (
        For::All,
        "export PGSSLMODE=verify-full # keep \\\nexport PGSSLMODE=disable\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "# keep \\\nexport PGSSLMODE=disable\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE = verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE: verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "env PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (For::All, "ENV PGSSLMODE verify-full\npsql -h a", &["fail"]),
    (
        For::All,
        "ENV X=y PGSSLMODE=verify-full\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "PGSSLMODE = verify-full\nexport PGSSLMODE\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE\nPGSSLMODE?=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "A=(\nexport PGSSLMODE=verify-full\n)\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "A=( export PGSSLMODE=verify-full )\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "set -x PGSSLMODE verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "set x -a; PGSSLMODE=verify-full\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<E-F\nexport PGSSLMODE=verify-full\nE-F\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<'E F'\nexport PGSSLMODE=verify-full\nE F\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<E <<F\nE\nexport PGSSLMODE=verify-full\nF\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "cat <<< x >/dev/null <<E\nexport PGSSLMODE=verify-full\nE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<E\n  E\nexport PGSSLMODE=verify-full\nE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<-E\n\tE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::All,
        "cat >/dev/null <<'E'\nx \\\nE\nexport PGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::All,
        "N=2\nX=$((1<<N))\nexport PGSSLMODE=verify-full\nN\nunset PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "# <<E\nexport PGSSLMODE=verify-full\nE\nunset PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\n\\unset PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "\\export PGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\n>/dev/null unset PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\n2> /dev/null unset PGSSLMODE>/dev/null\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ncommand -p unset PGSSLMODE\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nX=$'it\\'s'; unset PGSSLMODE; X=' '\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nc=unset\n$c PGSSLMODE\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nunset PGSSL{MODE,ROOTCERT}\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full $(cat weak.sh)\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nprintf -vPGSSLMODE disable\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "declare -n x=PGSSLMODE\nexport PGSSLMODE=verify-full\nx=disable\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "trap 'PGSSLMODE=disable' DEBUG\nexport PGSSLMODE=verify-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nPGSSLMODE[0]=disable\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "X=`\nexport PGSSLMODE=verify-full\n`\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "coproc {\nexport PGSSLMODE=verify-full\n}\npsql -h a",
        &["unknown"],
    ),
];
