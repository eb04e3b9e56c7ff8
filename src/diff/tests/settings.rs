//! Settings of the connection string: what protects less is lost, and no change goes unsaid.

use super::*;

/// `endpoints` with their connection strings, all of one server.
pub(super) fn of_strings(strings: &[&str]) -> Run {
    let mut report = serde_json::to_value(sample::report()).unwrap();
    let first = report["endpoints"][0].clone();
    let endpoints = strings.iter().map(|string| {
        let mut endpoint = first.clone();
        endpoint["conninfo"] = json!(string);
        let mode = string.rsplit_once("sslmode=").unwrap().1;
        endpoint["sslmode"] = json!(mode.split(' ').next().unwrap());
        endpoint
    });
    report["endpoints"] = endpoints.collect();
    report["verdict"] = json!("pass");
    report["exit_code"] = json!(0);
    Run::read(report.to_string().as_bytes()).unwrap()
}

/// Two users of one server, in another order, and each with another mode: the one that lost must not be taken for the
/// one that gained.
#[test]
fn the_same_user_and_database_are_compared_although_the_mode_changed() {
    let old = of_strings(&[
        "host=h user=app dbname=orders sslmode=verify-full sslrootcert=a.crt",
        "host=h user=report dbname=orders sslmode=require",
    ]);
    let new = of_strings(&[
        "dbname=orders user=report host=h sslrootcert=a.crt sslmode=verify-full",
        "host=h user=app dbname=orders channel_binding=require sslmode=require",
    ]);
    let diff = Diff::of(&old, &new);
    let of = |place: usize| -> Vec<Kind> {
        let changes = &diff.endpoints[place].changes;
        changes.iter().map(|change| change.kind).collect()
    };
    assert_eq!(of(0), [Kind::ModeStronger]);
    assert_eq!(of(1), [Kind::ModeWeaker, Kind::SettingStronger]);
    assert_eq!(diff.exit(), Exit::Unmet);
}

/// Each pair is compared in both directions: what is lost in one is gained in the other.
#[test]
fn a_setting_that_protects_less_is_lost_and_one_that_protects_more_is_told() {
    for (stronger, weaker) in [
        ("channel_binding=require", ""),
        ("channel_binding=require", "channel_binding=prefer"),
        ("", "channel_binding=disable"),
        ("require_auth=scram-sha-256", ""),
        (
            "require_auth=scram-sha-256",
            "require_auth=scram-sha-256,md5",
        ),
        ("require_auth=!password,!md5", "require_auth=!password"),
        ("require_auth=!none", "require_auth=''"),
        ("ssl_min_protocol_version=TLSv1.3", ""),
        ("", "ssl_min_protocol_version=TLSv1"),
        ("", "ssl_min_protocol_version=''"),
        ("", "ssl_max_protocol_version=TLSv1.2"),
        ("sslcertmode=require", ""),
        ("sslcertmode=require", "sslcertmode=disable"),
        ("sslnegotiation=direct", ""),
        ("gssencmode=disable", "gssencmode=prefer"),
        ("requirepeer=postgres", ""),
        ("", "sslcompression=1"),
        ("", "sslkeylogfile=keys.log"),
    ] {
        let of = |settings: &str| {
            let string = format!("host=h password=*** {settings} sslmode=verify-full");
            of_strings(&[string.as_str()])
        };
        let (stronger, weaker) = (of(stronger), of(weaker));
        let lost = Diff::of(&stronger, &weaker);
        let message = lost.endpoints[0].changes[0].message();
        assert_eq!(
            kinds(&stronger, &weaker),
            [Kind::SettingWeaker],
            "{message}"
        );
        assert_eq!(lost.exit(), Exit::Unmet, "{message}");
        assert_eq!(
            kinds(&weaker, &stronger),
            [Kind::SettingStronger],
            "{message}"
        );
        assert_eq!(kinds(&weaker, &weaker), []);
    }
    // Neither list is within the other: a way to log in is new.
    let of =
        |methods: &str| of_strings(&[&format!("host=h require_auth={methods} sslmode=require")]);
    assert_eq!(kinds(&of("md5"), &of("oauth")), [Kind::SettingWeaker]);
}

/// A service file, a variable of the environment: the string itself is as it was.
#[test]
fn a_setting_counts_wherever_it_is_set() {
    let of = |protection: &str| changed(&[("/protection", json!(protection))]);
    let (bound, unbound) = (of("channel_binding=require"), of(""));
    assert_eq!(kinds(&bound, &unbound), [Kind::SettingWeaker]);
    assert_eq!(kinds(&unbound, &bound), [Kind::SettingStronger]);
    assert_eq!(kinds(&bound, &bound), []);
    assert_eq!(kinds(&of("new_setting=1"), &unbound), [Kind::Unranked]);
    // An older version did not write it.
    assert_eq!(kinds(&changed(&[]), &bound), []);
    // It moved from the string into the environment.
    let string = |settings: &str| json!(format!("host=db.example.com {settings}"));
    let moved = |settings: &str| {
        changed(&[
            ("/conninfo", string(settings)),
            ("/protection", json!("require_auth=scram-sha-256")),
        ])
    };
    assert_eq!(
        kinds(&moved("require_auth=scram-sha-256"), &moved("")),
        [Kind::StringChanged]
    );
}

#[test]
fn no_change_of_a_string_goes_unsaid() {
    let of = |string: &str| of_strings(&[&format!("host=h {string} sslmode=verify-full")]);
    let said = |old: &str, new: &str| {
        let diff = Diff::of(&of(old), &of(new));
        let changes = diff.endpoints[0].changes.iter();
        changes
            .map(|one| one.message().to_string())
            .collect::<Vec<_>>()
    };
    let told = |names: &str| {
        [format!(
            "these settings of the string are not as they were: {names}"
        )]
    };
    assert_eq!(said("sslcert=a sslkey=b", ""), told("sslcert, sslkey"));
    assert_eq!(
        said("sslcertmode=allow", "sslcertmode=disable"),
        told("sslcertmode")
    );
    assert_eq!(said("", "sslrootcert=other.crt"), told("sslrootcert"));
    assert_eq!(
        said("user=a", "user=b password=***"),
        told("user, password")
    );
    assert_eq!(
        said("channel_binding=require", "channel_binding=disable"),
        [
            "the connection had channel_binding=require and now has channel_binding=disable, which protects less"
        ]
    );
    assert!(said("user=a dbname=b", "dbname='b' user=a").is_empty());
    // Only a newer version knows the setting.
    let newer = of("new_setting=1");
    assert_eq!(kinds(&of("user=a"), &newer), [Kind::Unranked]);
    assert_eq!(kinds(&newer, &newer), []);
}
