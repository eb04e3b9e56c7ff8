use super::*;
use crate::conninfo::Nowhere;
use crate::conninfo::fake::Fake;

fn pairs(text: &str) -> String {
    let (words, _) = words(text);
    let Ok(Some(given)) = given(&words) else {
        return String::new();
    };
    let found = given.variables.iter();
    let found = found.map(|line| format!("{}={}", line.name, line.value));
    found.collect::<Vec<_>>().join(" ")
}

fn read_alone(text: &str) -> Result<Option<Reading>, Fault> {
    read(text, &Nowhere)
}

#[test]
fn variables_are_found_among_the_arguments() {
    for (text, expected) in [
        (
            "docker run --rm -e A=1 -eB=2 --env=C=3 --name=x app:latest",
            "A=1 B=2 C=3",
        ),
        (
            "kubectl create secret generic db --from-literal=URL='postgres://h/d?a=b&c'",
            "URL=postgres://h/d?a=b&c",
        ),
        ("sudo /usr/bin/docker run -e 'A=b c' app", "A=b c"),
        ("export PGHOST=h PGPORT=1", "PGHOST=h PGPORT=1"),
        ("PGHOST=h PGPORT=1", "PGHOST=h PGPORT=1"),
        // pflag of docker and kubectl.
        (
            "docker run -e=A=1 -itd -iteB=2 -ite C=3 -ie=D=4 app",
            "A=1 B=2 C=3 D=4",
        ),
        ("docker compose -f x run --env A=1 web", "A=1"),
        (
            "docker run -e ConnectionStrings__Db=Host=h app",
            "ConnectionStrings__Db=Host=h",
        ),
        // Arguments of other options, and of the command.
        (
            "docker run -e A=1 --name A=2 --add-host A=3 app A=4 -e A=5 --x=A=6",
            "A=1",
        ),
        (
            "docker run -e A=1 --label B=2 -l C=3 -v D=4:/x --unknown E=5 -e F=6 app G=7",
            "A=1 F=6",
        ),
        (
            "kubectl set env deploy/x A=1 B- -e C=3 -e=D=4",
            "A=1 C=3 D=4",
        ),
        ("kubectl run x --image=y --env=A=1 -- app B=2", "A=1"),
        ("kubectl run psql --image=y --env=A=1 -- psql B=2", "A=1"),
        ("docker-compose run --rm -e A=1 web", "A=1"),
        (
            "DATABASE_URL=postgres://h/d npm start",
            "DATABASE_URL=postgres://h/d",
        ),
        (
            "env A=1 DATABASE_URL=postgres://h/d ./app -x",
            "A=1 DATABASE_URL=postgres://h/d",
        ),
    ] {
        assert_eq!(pairs(text), expected, "{text}");
    }
    for other in [
        "A=1",
        "A=host=h port=1",
        "host=h port=1",
        "A=1 psql -h h",
        "docker ps -a",
        "docker run --label A=1 --label=B=2 -l C=3 --build-arg D=4 app",
        "docker build -e A=1 .",
    ] {
        assert_eq!(pairs(other), "", "{other}");
    }
    assert_eq!(read_alone("PGHOST=1 PGPORT=2; C=3 D=4"), Ok(None));
}

/// What runs in the container has the variables beneath its own string. psql was asked.
#[test]
fn a_command_of_psql_behind_the_options_is_read() {
    let options = "-e PGHOST=h -e PGSSLMODE=verify-full";
    for (command, host, mode) in [
        ("db psql", "h", "verify-full"),
        ("db psql sslmode=disable", "h", "disable"),
        ("db psql -h i", "i", "verify-full"),
        ("db psql -d postgresql://u@i/d?sslmode=allow", "i", "allow"),
        ("db env PGSSLMODE=disable psql", "h", "disable"),
        ("--entrypoint psql db sslmode=disable", "h", "disable"),
        ("--unknown db psql -h i", "i", "verify-full"),
    ] {
        for before in ["docker exec", "podman run -it"] {
            let line = format!("{before} {options} {command}");
            let reading = read_alone(&line).unwrap().unwrap();
            assert_eq!(reading.get(Keyword::Host), Some(host.as_bytes()), "{line}");
            assert_eq!(
                reading.get(Keyword::SslMode),
                Some(mode.as_bytes()),
                "{line}"
            );
        }
    }
    let line = "kubectl exec pod -- env PGHOST=h PGSSLMODE=require psql sslmode=disable";
    let reading = read_alone(line).unwrap().unwrap();
    assert_eq!(reading.get(Keyword::SslMode), Some(&b"disable"[..]));
}

#[test]
fn what_a_command_may_set_elsewhere_is_not_passed_over() {
    let refused = |text: &str| read_alone(text).is_err();
    for text in [
        // Values from where the command runs.
        "docker run -e PGHOST=h -e PGSSLMODE app",
        "docker run -e PGHOST=h --env=PGSSLROOTCERT app",
        "docker run -e PGHOST=h -e DATABASE_URL app",
        "export PGHOST=h PGSSLMODE",
        "export -n PGHOST=h PGSSLMODE=verify-full",
        "docker run -e PGHOST=h -e \"$MODE\" app",
        "docker run -e PGHOST=h -e $X=disable app",
        "docker run -e PGHOST=h -e PG{SSLMODE=disable,X=y} app",
        "export PGHOST=h $X",
        // Commands with variables and strings of their own.
        "docker exec -e PGHOST=h db env -u PGSSLMODE psql",
        "docker exec -e PGHOST=h db sh -c 'PGSSLMODE=disable app'",
        "docker exec -e PGHOST=h db sh -c 'psql -h i'",
        "docker exec -e PGHOST=h db su postgres -c 'sslmode=disable app'",
        "docker exec -e PGHOST=h db app postgres://i/d",
        "docker exec -e PGHOST=h db env PGSSLMODE=disable app",
        "kubectl run x --env=PGHOST=h -- sh -c 'PGSSLMODE=disable app'",
    ] {
        assert!(refused(text), "{text}");
    }
    for (text, warned) in [
        ("docker run --env-file x.env -e PGHOST=h app", true),
        ("docker run --env-file=x.env -e PGHOST=h db psql", true),
        ("docker compose run -e PGHOST=h web", true),
        ("podman run --env-host -e PGHOST=h app", true),
        ("kubectl set env deploy/x --from=secret/y PGHOST=h", true),
        ("docker run -e PGHOST=h $OPTIONS app", true),
        ("docker run -e PGHOST=h \"${OPTIONS[@]}\" app", true),
        ("kubectl run x --image=y --env=PGHOST=h $OPTIONS", true),
        (
            "docker run -e PGHOST=h -v $PWD:/x $REGISTRY/app:$TAG",
            false,
        ),
        // A password says nothing about TLS, and nothing else does so here.
        (
            "docker run --rm -e PGHOST=h -e PGPASSWORD -e DEBUG app ./start --verbose",
            false,
        ),
        (
            "docker run -p 80:80 -e PGHOST=h postgres:17 -c log_statement=all",
            false,
        ),
        ("export PGHOST=h PATH", false),
    ] {
        let reading = read_alone(text).unwrap().unwrap();
        let notes = reading.notes.len();
        assert_eq!(notes > 0, warned, "{text}: {:?}", reading.notes);
    }
}

/// A container and a cluster have neither the variables nor the files of this machine.
#[test]
fn what_runs_elsewhere_has_an_environment_of_its_own() {
    let world = Fake::default().var("PGSSLMODE", "require");
    // Without a mode, the strictest one is asked for.
    for (text, mode) in [
        ("export PGHOST=h PGPORT=1", "require"),
        ("docker run -e PGHOST=h app", "verify-full"),
        ("docker exec -e PGHOST=h db psql", "verify-full"),
        (
            "kubectl create secret generic x --from-literal=PGHOST=h",
            "verify-full",
        ),
    ] {
        let reading = read(text, &world).unwrap().unwrap();
        let conninfo = reading.complete(&world).unwrap();
        assert_eq!(conninfo.sslmode.value.to_string(), mode, "{text}");
    }
}

/// A command that sets nothing, and runs psql elsewhere.
#[test]
fn psql_in_a_container_is_read_without_variables_too() {
    for text in [
        "docker exec -it pg psql -U ann -h h postgres",
        "docker run -it --rm postgres psql -h h -U ann",
        "kubectl exec -it pg-0 -- psql -h h -U ann",
        "kubectl run psql --rm -it --image=postgres --env=PGPASSWORD=x -- psql 'postgres://ann@h/d'",
    ] {
        let reading = read_alone(text).unwrap().unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{text}");
        assert_eq!(reading.get(Keyword::User), Some(&b"ann"[..]), "{text}");
    }
    let url = "DATABASE_URL='postgres://h/d?sslmode=require' npx prisma migrate deploy";
    let reading = read_alone(url).unwrap().unwrap();
    assert_eq!(reading.get(Keyword::SslMode), Some(&b"require"[..]));
}

#[test]
fn what_the_shell_puts_in_is_one_word() {
    for text in [
        "docker run -e SHA=$(git rev-parse HEAD) -e DATABASE_URL=postgres://h/d app",
        "docker run --name app-`date +%s` -e DATABASE_URL=postgres://h/d app",
        "export DATABASE_URL=postgres://h/d KEY=$(openssl rand -hex 8)",
    ] {
        let reading = read_alone(text).unwrap().unwrap();
        assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{text}");
    }
    let elsewhere = "docker run -e PGHOST=h -e X=$(cat a b) --env-file prod.env app";
    assert!(!read_alone(elsewhere).unwrap().unwrap().notes.is_empty());
}

/// The command in the container may replace what it gets.
#[test]
fn a_command_that_sets_the_variable_again_is_refused() {
    for command in [
        "env DATABASE_URL=x ./app",
        "sh -c 'DATABASE_URL=$OTHER ./app'",
        "sh -c 'unset DATABASE_URL; ./app'",
        "sh -c 'A=2 ./app'",
    ] {
        let text = format!("docker run -e A=1 -e DATABASE_URL=postgres://h/d app {command}");
        assert!(
            matches!(read_alone(&text), Err(Fault::Beyond { .. })),
            "{text}"
        );
    }
}
