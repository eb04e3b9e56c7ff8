//! Settings of an environment that a job, a script or a later line inside of it replaces.

use super::verdicts;

#[test]
fn a_mode_that_a_job_or_its_script_replaces_does_not_pass() {
    let top = "  PGHOST: db.acme.io\n  PGUSER: u\n  PGSSLMODE: verify-full\n";
    for (jobs, expected) in [
        // A job with variables of its own.
        (
            "env:\n      PGSSLMODE: disable\n    steps:\n      - run: psql",
            "fail",
        ),
        (
            "steps:\n      - run: app\n        env:\n          PGSSLMODE: prefer",
            "fail",
        ),
        (
            "steps:\n      - env: {PGSSLMODE: \"${{ vars.M }}\"}\n        uses: x/y",
            "unknown",
        ),
        (
            "env:\n      PGSSLMODE: verify-full\n    steps:\n      - run: psql",
            "pass",
        ),
        (
            "env:\n      PGSSLROOTCERT: /r\n    steps:\n      - run: psql -c x",
            "pass",
        ),
        // Another server.
        (
            "env:\n      PGHOST: localhost\n      PGUSER: u\n      PGSSLMODE: disable\n    steps:\n      - run: psql -c x",
            "pass pass",
        ),
        (
            "steps:\n      - run: PGSSLMODE=disable psql -h localhost -c x",
            "pass pass",
        ),
        ("steps:\n      - run: ssh h 'PGSSLMODE=disable app'", "pass"),
        // Its scripts.
        ("steps:\n      - run: PGSSLMODE=disable psql", "fail"),
        ("steps:\n      - run: PGSSLMODE=disable ./app", "fail"),
        ("steps:\n      - run: env -u PGSSLMODE ./app", "fail"),
        ("steps:\n      - run: env -u PGSSLMODE psql -c x", "fail"),
        ("steps:\n      - run: PGSSLMODE=$M ./app", "unknown"),
        (
            "steps:\n      - run: |\n          export PGSSLMODE=disable\n          ./app",
            "fail",
        ),
        (
            "steps:\n      - run: |\n          if x; then export PGSSLMODE=disable; fi\n          ./app",
            "unknown",
        ),
        (
            "steps:\n      - run: |\n          . ./settings\n          psql -c x",
            "unknown",
        ),
        (
            "steps:\n      - run: |\n          . venv/bin/activate\n          psql -c x",
            "pass",
        ),
        ("steps:\n      - run: psql \"$ARGUMENTS\"", "unknown"),
        (
            "steps:\n      - run: sh -c 'PGSSLMODE=disable ./app'",
            "fail",
        ),
        (
            "steps:\n      - run: PGSSLMODE=verify-full psql -c x",
            "pass",
        ),
        ("steps:\n      - run: make test", "pass"),
        (
            "steps:\n      - run: echo PGSSLMODE=disable >> $GITHUB_ENV\n      - run: psql -c x",
            "unknown",
        ),
    ] {
        let text = format!("env:\n{top}jobs:\n  a:\n    {jobs}\n");
        let found = verdicts(&[(".github/workflows/a.yml", &text)]).join(" ");
        assert_eq!(found, expected, "{text}");
    }
    for (rest, expected) in [
        (
            "job:\n  variables:\n    PGSSLMODE: disable\n  script:\n    - psql\n",
            "fail",
        ),
        (
            "job:\n  script:\n    - export PGSSLMODE=disable\n    - psql\n",
            "fail",
        ),
        (
            "job:\n  before_script: ['export PGSSLMODE=disable']\n  script: [psql]\n",
            "fail",
        ),
        (
            "default:\n  before_script:\n    - export PGSSLMODE=disable\njob:\n  script:\n    - psql\n",
            "fail",
        ),
        ("job:\n  script:\n    - psql -c x\n", "pass"),
    ] {
        let text = format!("variables:\n{top}{rest}");
        assert_eq!(verdicts(&[(".gitlab-ci.yml", &text)]), [expected], "{text}");
    }
    // What runs before every job stands in none of them.
    let text = format!(
        "before_script:\n  - export PGSSLMODE=disable\njob:\n  variables:\n  {}  script:\n    - psql -c x\n",
        top.replace('\n', "\n  ")
    );
    assert_eq!(
        verdicts(&[(".gitlab-ci.yml", &text)]),
        ["unknown"],
        "{text}"
    );
}

#[test]
fn a_mode_that_the_command_of_a_container_replaces_does_not_pass() {
    for (command, expected) in [
        ("sh -c \"PGSSLMODE=disable app\"", "fail"),
        ("[\"sh\", \"-c\", \"PGSSLMODE=disable psql\"]", "fail"),
        ("[\"sh\", \"-c\", \"exec app\"]", "pass"),
        ("[env, PGSSLMODE=disable, app]", "fail"),
        ("app --all", "pass"),
    ] {
        let compose = format!(
            "services:\n  a:\n    environment:\n      PGHOST: db.acme.io\n      PGUSER: u\n      PGSSLMODE: verify-full\n    command: {command}\n"
        );
        assert_eq!(
            verdicts(&[("compose.yml", &compose)]),
            [expected],
            "{compose}"
        );
        let pod = format!(
            "spec:\n  containers:\n    - name: a\n      env:\n        - name: PGHOST\n          value: db.acme.io\n        - name: PGUSER\n          value: u\n        - name: PGSSLMODE\n          value: verify-full\n      command: {command}\n"
        );
        assert_eq!(verdicts(&[("pod.yaml", &pod)]), [expected], "{pod}");
    }
}

/// Other names than those of libpq.
#[test]
fn a_mode_of_other_variables_that_is_set_again_does_not_pass() {
    let set = "export DB_HOST=db.acme.io DB_USER=postgres DB_SSLMODE=verify-full";
    for (rest, expected) in [
        ("./app", "pass"),
        ("DB_SSLMODE=disable ./app", "fail"),
        ("export DB_SSLMODE=disable\n./app", "fail"),
        ("DB_SSLMODE=$M ./app", "unknown"),
        ("OTHER_SSLMODE=disable ./app", "pass"),
        (
            "DB_HOST=localhost DB_USER=u DB_SSLMODE=disable ./app",
            "pass pass",
        ),
    ] {
        let script = format!("{set}\n{rest}\n");
        assert_eq!(
            verdicts(&[("a.sh", &script)]).join(" "),
            expected,
            "{script}"
        );
    }
    let top = "env:\n  DB_HOST: db.acme.io\n  DB_USER: postgres\n  DB_SSLMODE: verify-full\n";
    for (job, expected) in [
        (
            "env: {DB_SSLMODE: disable}\n    steps: [{run: app}]",
            "fail",
        ),
        ("steps:\n      - run: DB_SSLMODE=disable ./app", "fail"),
        ("steps:\n      - run: ./app", "pass"),
    ] {
        let text = format!("{top}jobs:\n  a:\n    {job}\n");
        assert_eq!(verdicts(&[("ci.yml", &text)]), [expected], "{text}");
    }
    let batch = "set PGHOST=db.acme.io\nset PGUSER=u\nset PGSSLMODE=verify-full\nset PGSSLMODE=disable\napp\n";
    assert_eq!(verdicts(&[("a.bat", batch)]), ["fail"]);
}

/// Jobs and services may take their server from others.
#[test]
fn a_mode_of_an_heir_may_be_for_the_server_of_another() {
    let service = "  x:\n    environment:\n      PGHOST: db.acme.io\n      PGUSER: u\n      PGSSLMODE: verify-full\n";
    for (heir, expected) in [
        ("    extends: {file: base.yml, service: x}\n", "unknown"),
        ("    extends: x\n", "unknown"),
        ("", "pass"),
    ] {
        let text =
            format!("services:\n{service}  a:\n{heir}    environment:\n      PGSSLMODE: disable\n");
        assert_eq!(verdicts(&[("compose.yml", &text)]), [expected], "{text}");
    }
}

/// Somebody else sets it: the shell, a secret.
#[test]
fn a_mode_that_an_environment_inherits_is_not_known() {
    for (mode, expected) in [
        ("- PGSSLMODE", "unknown"),
        ("- PGSSLMODE=prefer", "fail"),
        ("- OTHER", "fail"),
    ] {
        let text = format!(
            "services:\n  a:\n    environment:\n      - PGHOST=db.acme.io\n      - PGUSER=u\n      {mode}\n"
        );
        assert_eq!(verdicts(&[("compose.yml", &text)]), [expected], "{text}");
    }
    let text = "services:\n  a:\n    environment:\n      PGHOST: db.acme.io\n      PGUSER: u\n      PGSSLMODE:\n";
    assert_eq!(verdicts(&[("compose.yml", text)]), ["unknown"]);
    let text = "spec:\n  containers:\n    - name: a\n      env:\n        - name: PGHOST\n          value: db.acme.io\n        - name: PGUSER\n          value: u\n        - name: PGSSLMODE\n          valueFrom: {configMapKeyRef: {name: x, key: y}}\n";
    assert_eq!(verdicts(&[("pod.yaml", text)]), ["unknown"]);
}

#[test]
fn a_mode_of_libpq_counts_for_the_url_beside_it() {
    let url = "DATABASE_URL=postgresql://u@db.acme.io/d";
    for (lines, expected) in [
        ("PGSSLMODE=verify-full", "pass"),
        ("PGSSLMODE=disable", "fail"),
        ("PGSSLMODE=${M}", "unknown"),
        ("OTHER=verify-full", "fail"),
    ] {
        assert_eq!(
            verdicts(&[(".env", &format!("{url}\n{lines}\n"))]),
            [expected],
            "{lines}"
        );
    }
    let top = "env:\n  DATABASE_URL: postgresql://u@db.acme.io/d\n  PGSSLMODE: verify-full\njobs:\n  a:\n    steps:\n      - run: app\n";
    assert_eq!(verdicts(&[("a.yml", top)]), ["pass"]);
    let step = format!("{top}        env:\n          PGSSLMODE: disable\n");
    assert_eq!(verdicts(&[("a.yml", &step)]), ["fail"]);
    // Not every driver reads it.
    let jdbc = top.replace("postgresql:", "jdbc:postgresql:");
    assert_eq!(verdicts(&[("a.yml", &jdbc)]), ["fail"]);
    let prisma = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    let files = [
        (
            ".env",
            "DATABASE_URL=postgresql://u@db.acme.io/d\nPGSSLMODE=verify-full\n",
        ),
        ("prisma/schema.prisma", prisma),
    ];
    assert_eq!(verdicts(&files), ["fail"]);
}
