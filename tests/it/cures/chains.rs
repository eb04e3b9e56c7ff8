//! What is broken in the order or number of certificates, which whoever has the files can fix.

use pgtls::diagnose::Code;

use super::Cured;
use super::ward::{Broken, GOOD, Referee, Ward, codes, settings_of};
use crate::support::client::{Answer, Client};
use crate::support::pki::{Ca, Served, published_at};

/// Every round trip about them.
pub(crate) fn all(ward: &mut Ward) -> Vec<Cured> {
    let intermediate = ward.root.intermediate("Example Issuing CA");
    let leaf = intermediate.leaf_with(&["db.example", "localhost"], |params| {
        params
            .custom_extensions
            .push(published_at(b"http://ca.example/issuing.crt"));
    });
    let policy = ward.root.intermediate("Example Policy CA");
    let issuing = policy.intermediate("Example Issuing CA 2");
    let below = issuing.leaf(&["db.example", "localhost"]);
    let disordered = Served {
        chain: format!("{}{}{}", below.chain, policy.pem, issuing.pem),
        key: below.key.clone(),
    };
    let both = format!("{}{}", issuing.pem, policy.pem);
    let parts = [&leaf.chain, &intermediate.pem];
    vec![
        served(
            ward,
            Code::MissingIntermediate,
            "a server that does not send its intermediate",
            &leaf,
            parts,
        ),
        served(
            ward,
            Code::ChainOrder,
            "a server that sends two intermediates in the wrong order",
            &disordered,
            [&below.chain, &both],
        ),
        of_the_client(ward),
    ]
}

/// The operator has both files that the printed command names.
fn served(
    ward: &mut Ward,
    code: Code,
    broken: &'static str,
    bad: &Served,
    [leaf, intermediate]: [&String; 2],
) -> Cured {
    ward.server.serve(bad);
    let string = GOOD.replace("PORT", &ward.server.port.to_string());
    let client = ward.client();
    let before = client.check(&string);
    let name = code.name().to_owned();
    assert!(codes(&before).contains(&name), "{broken}: {before:?}");
    let lines = settings_of(&before, code);
    let command = lines
        .first()
        .unwrap_or_else(|| panic!("{broken}: {before:?}"));
    client.write("server.pem", leaf);
    client.write("intermediate.pem", intermediate);
    client.take_command(command);
    let made = std::fs::read_to_string(client.home.path().join("server.crt")).unwrap();
    ward.server.serve(&Served {
        chain: made,
        key: bad.key.clone(),
    });
    let after = client.check(&string);
    assert!(
        after.code == 0 && !codes(&after).contains(&name),
        "{broken}: {command} leads to {after:?}"
    );
    assert_eq!(client.psql(&string), Answer::Tls, "{broken}");
    ward.restore();
    Cured {
        code,
        broken,
        applied: vec![command.clone()],
        verdict: "pgtls passes, psql connects over TLS".to_owned(),
    }
}

/// The client's certificate comes from an intermediate, which only the root file has.
fn of_the_client(ward: &mut Ward) -> Cured {
    let clients = Ca::root("Clients");
    let intermediate = clients.intermediate("Clients Issuing CA");
    let own = intermediate.client("postgres");
    let authority = ward.server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, &clients.pem).unwrap();
    let client: Client = ward.client();
    client.write("root.crt", format!("{}{}", ward.root.pem, intermediate.pem));
    client.write("my.crt", &own.chain);
    super::files::private(&client, "my.key", &own.key);
    let string = format!("{GOOD} sslcert=my.crt sslkey=my.key");
    let broken = Broken {
        code: Code::ClientCertRefused,
        what: "a client certificate without its intermediate, which the root file has",
        arguments: &[],
        string: &string,
        settings: &[("ssl_ca_file", "clients.crt")],
        psql: Referee::Connects,
    };
    ward.round(&client, &broken)
}
