//! Dockerfiles, Makefiles, units and scripts in which the mode of one command is not that of another.

use super::doubtful::verdicts;

fn judged(name: &str, rows: &[(&str, &[&str])]) {
    for (text, expected) in rows {
        assert_eq!(verdicts(&[(name, text)]), *expected, "{text}");
    }
}

#[test]
fn a_stage_of_an_image_has_the_variables_of_its_base_alone() {
    judged(
        "Dockerfile",
        &[
            (
                "FROM x\nENV PGSSLMODE=verify-full\nFROM y\nRUN psql -h db.acme.io\n",
                &["fail"],
            ),
            (
                "FROM x AS base\nENV PGSSLMODE=verify-full\nFROM y\nFROM --platform=linux/arm64 base\nRUN psql -h db.acme.io\n",
                &["pass"],
            ),
            (
                "FROM x as base\nENV PGHOST=db.acme.io PGUSER=u\nFROM y\nENV PGSSLMODE=verify-full\n",
                &["fail"],
            ),
            (
                "FROM x as base\nENV PGHOST=db.acme.io PGUSER=u\nFROM base\nENV PGSSLMODE=verify-full\n",
                &["fail", "pass"],
            ),
            // What is set while the image is built does not exist when it runs.
            (
                "FROM x\nARG PGSSLMODE=verify-full\nRUN psql -h db.acme.io\nCMD psql -h e.acme.io\n",
                &["pass", "fail"],
            ),
            (
                "FROM x\nARG PGSSLMODE=verify-full\nENV PGHOST=db.acme.io PGUSER=u\n",
                &["fail"],
            ),
            (
                "ARG PGSSLMODE=verify-full\nFROM x\nRUN psql -h db.acme.io\n",
                &["fail"],
            ),
            // The last value counts when it runs.
            (
                "FROM x\nENV PGSSLMODE=verify-full\nCMD psql -h db.acme.io\nENV PGSSLMODE=disable\n",
                &["fail"],
            ),
            (
                "FROM x\nenv PGSSLMODE verify-full\nCMD [\"psql\",\"-h\",\"db.acme.io\"]\n",
                &["pass"],
            ),
            (
                "FROM x\nENTRYPOINT [\"psql\", \"-h\", \"db.acme.io\"]\n",
                &["fail"],
            ),
            (
                "FROM x\nHEALTHCHECK --interval=3s CMD psql -h db.acme.io\n",
                &["fail"],
            ),
            (
                "FROM x\nENV PGHOST=db.acme.io PGUSER=u PGSSLMODE=verify-full\nRUN PGSSLMODE=disable ./migrate\n",
                &["fail"],
            ),
            (
                "FROM x\nENV PGSSLMODE=disable\nRUN <<E\nexport PGSSLMODE=verify-full\npsql -h db.acme.io\nE\n",
                &["pass"],
            ),
            // A shell takes it for something else.
            (
                "FROM x\nRUN <<E\nexport PGSSLMODE = verify-full\npsql -h db.acme.io\nE\n",
                &["unknown"],
            ),
        ],
    );
}

#[test]
fn a_recipe_gets_what_the_whole_makefile_exports() {
    judged(
        "Makefile",
        &[
            (
                "dump:\n\tpsql -h db.acme.io\nexport PGSSLMODE = verify-full\n",
                &["pass"],
            ),
            (
                "export PGSSLMODE = verify-full\ndump:\n\tpsql -h db.acme.io\nunexport PGSSLMODE\n",
                &["fail"],
            ),
            (
                "ifdef PRODUCTION\nexport PGSSLMODE = verify-full\nendif\ndump:\n\tpsql -h db.acme.io\n",
                &["unknown"],
            ),
            (
                "export PGSSLMODE = verify-full\nifeq ($(A),b)\nexport PGSSLMODE = disable\nelse ifeq ($(A),c)\nX = 1\nendif\ndump:\n\tpsql -h db.acme.io\n",
                &["unknown"],
            ),
            (
                "export PGSSLMODE = verify-full\na b: export PGSSLMODE = disable\na:\n\tpsql -h db.acme.io\n",
                &["unknown"],
            ),
            (
                "export PGSSLMODE = verify-full\n-include .env\ndump:\n\tpsql -h db.acme.io\n",
                &["unknown"],
            ),
            (
                "dump:\n\tif x; then export PGSSLMODE=verify-full; fi; psql -h db.acme.io\n",
                &["unknown"],
            ),
        ],
    );
}

#[test]
fn an_apostrophe_in_a_unit_is_no_quote() {
    let text = "[Unit]\nDescription=Ann's job\n[Service]\nEnvironment=PGSSLMODE=disable\nEnvironment=\"DATABASE_URL=postgres://u@db.acme.io/d\"\nDescription=Bob's job\n";
    judged("job.service", &[(text, &["fail"])]);
    // One that nothing closes hides no line.
    let text = "X=it's\npsql -h db.acme.io\n";
    judged("a.sh", &[(text, &["fail"])]);
}

/// Settings of a unit are one string for what it runs, and a later line may set, replace or remove them.
#[test]
fn a_unit_has_the_mode_that_counts_at_its_end() {
    let settings = "[Service]\nEnvironment=PGHOST=db.acme.io PGUSER=u PGSSLMODE=verify-full\n";
    for (rest, verdict) in [
        ("ExecStart=/app\n", "pass"),
        ("ExecStart=/usr/bin/psql -c x\n", "pass"),
        ("Environment=PGSSLMODE=disable\nExecStart=/app\n", "fail"),
        ("ExecStart=/usr/bin/env PGSSLMODE=disable /app\n", "fail"),
        ("UnsetEnvironment=PGSSLMODE\nExecStart=/app\n", "unknown"),
        ("EnvironmentFile=/etc/app\nExecStart=/app\n", "unknown"),
        ("Environment=\nExecStart=/app\n", "unknown"),
    ] {
        judged("job.service", &[(&format!("{settings}{rest}"), &[verdict])]);
    }
}

/// Settings of the environment are one string, and every program that gets them counts.
#[test]
fn a_program_with_another_mode_counts_for_the_settings_beside_it() {
    let settings = "export PGHOST=db.acme.io PGUSER=u PGSSLMODE=verify-full\n";
    for (rest, verdict) in [
        ("./app\n", "pass"),
        ("cd x && ./app\n", "pass"),
        ("export PGSSLMODE=disable; ./app\n", "fail"),
        ("export PGSSLMODE=disable\n", "fail"),
        ("PGSSLMODE=disable ./migrate\n./app\n", "fail"),
        (
            "./app\nif x; then export PGSSLMODE=disable; fi\n./job\n",
            "unknown",
        ),
        ("unset PGSSLMODE\npsql -c x\n", "fail"),
        // They are for another server.
        ("PGHOST=localhost PGSSLMODE=disable ./test\n", "pass"),
        ("docker run -e PGSSLMODE=disable x\n", "pass"),
        ("command -v psql || exit 1\n", "pass"),
    ] {
        let found = verdicts(&[("a.sh", &format!("{settings}{rest}"))]);
        assert_eq!(found.first().map(String::as_str), Some(verdict), "{rest}");
    }
    judged(
        "a.sh",
        &[
            (
                "export PGSSLMODE=verify-full\nPGHOST=db.acme.io PGUSER=u ./app\n",
                &["pass"],
            ),
            (
                "PGHOST=db.acme.io PGUSER=u PGSSLMODE=verify-full sudo ./app\n",
                &["unknown"],
            ),
        ],
    );
}

/// What an unknown program does with the environment is not known, and what another machine gets is known.
#[test]
fn a_mode_reaches_a_program_elsewhere_only_if_it_is_handed_on() {
    let verified = "export PGSSLMODE=verify-full\n";
    for (command, verdict) in [
        ("sshpass -p x ssh h psql -h db.acme.io", "fail"),
        ("ssh h 'cd x && psql -h db.acme.io'", "fail"),
        ("ssh h \"PGSSLMODE=verify-full psql -h db.acme.io\"", "pass"),
        (
            "ssh h '\nexport PGSSLMODE=verify-full\npsql -h db.acme.io\n'",
            "pass",
        ),
        (
            "gcloud compute ssh vm --command 'psql -h db.acme.io'",
            "fail",
        ),
        (
            "aws ecs execute-command --command \"psql -h db.acme.io\"",
            "fail",
        ),
        ("docker exec -e PGSSLMODE c psql -h db.acme.io", "pass"),
        (
            "docker exec c env PGSSLMODE=verify-full psql -h db.acme.io",
            "pass",
        ),
        ("kubectl exec p -- env -i psql -h db.acme.io", "fail"),
        ("su postgres -c 'psql -h db.acme.io'", "unknown"),
        ("retry 5 psql -h db.acme.io", "unknown"),
        ("sudo -u postgres sh -c 'psql -h db.acme.io'", "unknown"),
    ] {
        let found = verdicts(&[("a.sh", &format!("{verified}{command}\n"))]);
        assert_eq!(found, [verdict], "{command}");
    }
}
