//! What of the environment reaches a command.

use super::{For, Row};

pub(super) const SCRIPTS: &[Row] = &[
    // Shells in the shell.
    (
        For::All,
        "export PGSSLMODE=verify-full | cat\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full &\nwait\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full & psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "{ export PGSSLMODE=verify-full; } | cat; psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "(export PGSSLMODE=verify-full; psql -h a); psql -h b",
        &["pass", "fail"],
    ),
    (
        For::All,
        "(\n export PGSSLMODE=verify-full\n psql -h a)\npsql -h b",
        &["pass", "fail"],
    ),
    (
        For::All,
        "X=$(export PGSSLMODE=verify-full; psql -h a)\npsql -h b",
        &["pass", "fail"],
    ),
    (
        For::All,
        "X=$(\n export PGSSLMODE=verify-full\n)\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full; X=$(psql -h a)",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full; unset PGSSLMODE; X=\"$(psql -h a)\"",
        &["fail"],
    ),
    (
        For::Bash,
        "cat <(export PGSSLMODE=verify-full) >/dev/null; psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "echo '\nexport PGSSLMODE=verify-full\n' >/dev/null\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "echo \"\nexport PGSSLMODE=verify-full\n\" >/dev/null\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "cat >/dev/null <<E\nexport PGSSLMODE=verify-full\n(\nE\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "sh -c 'PGSSLMODE=disable psql -h a'; PGSSLMODE=verify-full sh -c 'psql -h b'",
        &["fail", "pass"],
    ),
    (
        For::All,
        "PGSSLMODE=verify-full sh -c 'unset PGSSLMODE; psql -h a'",
        &["fail"],
    ),
    // What reaches a program.
    (
        For::All,
        "export PGSSLMODE=verify-full\ntimeout 60 docker exec c psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nnice -n 1 docker exec c sh -c 'psql -h a'",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\necho x | xargs docker exec c psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ntimeout 60 psql -h a; nice -n 1 psql -h b",
        &["pass", "pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv --unset=PGSSLMODE psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv -uPGSSLMODE psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\ntimeout 60 env -u PGSSLMODE psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nenv - PATH=\"$PATH\" psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "PGSSLMODE=verify-full env -i PATH=\"$PATH\" psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "PGSSLMODE=verify-full env -u PGSSLMODE psql -h a",
        &["fail"],
    ),
    (
        For::All,
        "env -i PATH=\"$PATH\" PGSSLMODE=verify-full psql -h a",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\n./weaken psql -h a",
        &["unknown"],
    ),
    // What other files do.
    (
        For::All,
        "export PGSSLMODE=verify-full\n. ./weak.sh\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\neval 'PGSSLMODE=disable'\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        ". ./weak.sh\nexport PGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nread PGSSLMODE <weak.sh\npsql -h a",
        &["unknown"],
    ),
    // How variables are exported.
    (
        For::All,
        "export PGSSLMODE\nPGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::Bash,
        "export -n PGSSLMODE=verify-full\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "declare -rx PGSSLMODE=verify-full; psql -h a",
        &["pass"],
    ),
    (
        For::All,
        "set -ea\nPGSSLMODE=verify-full\npsql -h a",
        &["pass"],
    ),
    (
        For::All,
        "set -a\nset +ea\nPGSSLMODE=verify-full\npsql -h a",
        &["fail"],
    ),
    (
        For::All,
        "set -o allexport\nset +o allexport\nPGSSLMODE=verify-full\npsql -h a",
        &["fail"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify\nPGSSLMODE+=-full\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nPGSSLMODE=disable :\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full X=$(psql -h a;\n psql -h b)",
        &["fail", "fail"],
    ),
    (
        For::All,
        "((echo \"$(psql -h a)\" >/dev/null; true) |\n PGSSLMODE=verify-full psql -h b)",
        &["fail", "pass"],
    ),
    (
        For::All,
        "X=$(sh <<E\nexport PGSSLMODE=disable # don't\npsql -h a\nE\n)\nexport PGSSLMODE=verify-full\npsql -h b",
        &["fail", "pass"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nexport $(cat weak.sh)\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nwhile read line; do export \"$line\"; psql -h a; done <weak.sh",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nX=PGSSLMODE\nunset $X\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "export PGSSLMODE=verify-full\nalias psql='PGSSLMODE=disable psql'\npsql -h a",
        &["unknown"],
    ),
    (
        For::Bash,
        "export PGSSLMODE=verify-full\nmapfile PGSSLMODE <weak.sh\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        ": \"${PGSSLMODE:=verify-full}\"\nexport PGSSLMODE\npsql -h a",
        &["unknown"],
    ),
    (
        For::All,
        "set -a\n. ./weak.sh\nset +a\npsql -h a",
        &["unknown"],
    ),
];
