//! Servers with one fault each, for the tests of the client libraries.

use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
};

use crate::support::pki::{
    Ca, Documented, Served, critical_extension, expired, not_critical_basic_constraints,
    not_yet_valid,
};

/// A server's certificate, and the roots that its clients have.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) host: &'static str,
    pub(crate) served: Served,
    pub(crate) roots: String,
}

fn fault(name: &'static str, served: Served, roots: &Ca) -> Fault {
    Fault {
        name,
        host: "localhost",
        served,
        roots: roots.pem.clone(),
    }
}

fn at_address(fault: Fault) -> Fault {
    Fault {
        host: "127.0.0.1",
        ..fault
    }
}

fn with_roots(fault: Fault, roots: String) -> Fault {
    Fault { roots, ..fault }
}

/// One fault each; the first has none.
pub(crate) fn faults(documented: &Documented<'_>) -> Vec<Fault> {
    let root = Ca::root("root");
    let other = Ca::root("other");
    let good = || root.leaf(&["localhost"]);
    let between = root.intermediate("between");
    let below = || between.leaf(&["localhost"]);
    let old_between = root.intermediate_with("old", expired);
    let old_root = Ca::root_with("old root", expired);
    let limited = Ca::root_with("limited", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let too_deep = limited.intermediate("too deep");
    let fenced = Ca::root_with("fenced", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example".to_owned())],
            excluded_subtrees: vec![],
        });
    });
    let lax = Ca::root_with("lax", not_critical_basic_constraints);
    let no_usage = Ca::root_with("no usage", |params| params.key_usages.clear());
    let mut faults = vec![
        fault("nothing is wrong", good(), &root),
        fault("another root", good(), &other),
        fault("a root of the same name", good(), &Ca::root("root")),
        fault(
            "an expired certificate",
            root.leaf_with(&["localhost"], expired),
            &root,
        ),
        fault(
            "a certificate of the future",
            root.leaf_with(&["localhost"], not_yet_valid),
            &root,
        ),
        fault("an expired root", old_root.leaf(&["localhost"]), &old_root),
        fault("another name", root.leaf(&["db.example"]), &root),
        fault(
            "a CN and no SAN",
            root.leaf_with(&["localhost"], |params| params.subject_alt_names.clear()),
            &root,
        ),
        fault(
            "an address as SAN beside the CN",
            root.leaf_with(&["localhost"], |params| {
                params.subject_alt_names =
                    vec![rcgen::SanType::IpAddress("127.0.0.1".parse().unwrap())];
            }),
            &root,
        ),
        fault(
            "a CA as server certificate",
            root.leaf_with(&["localhost"], |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.key_usages.push(KeyUsagePurpose::KeyCertSign);
            }),
            &root,
        ),
        fault(
            "a certificate for clients",
            root.leaf_with(&["localhost"], |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
            &root,
        ),
        fault(
            "a key for encipherment only",
            root.leaf_with(&["localhost"], |params| {
                params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
            }),
            &root,
        ),
        fault(
            "no authority key identifier",
            root.leaf_with(&["localhost"], |params| {
                params.use_authority_key_identifier_extension = false;
            }),
            &root,
        ),
        fault(
            "an unknown critical extension",
            root.leaf_with(&["localhost"], critical_extension),
            &root,
        ),
        fault(
            "P-384",
            root.leaf_of(&PKCS_ECDSA_P384_SHA384, &["localhost"]),
            &root,
        ),
        fault(
            "P-521",
            root.leaf_of(&PKCS_ECDSA_P521_SHA512, &["localhost"]),
            &root,
        ),
        fault(
            "an intermediate that is sent",
            below().and(&between.pem),
            &root,
        ),
        fault("an intermediate that is not sent", below(), &root),
        fault(
            "an intermediate as root",
            below().and(&between.pem),
            &between,
        ),
        fault(
            "an expired intermediate",
            old_between.leaf(&["localhost"]).and(&old_between.pem),
            &root,
        ),
        fault("a root that is sent along", good().and(&root.pem), &root),
        fault(
            "a strange certificate sent along",
            good().and(&other.pem),
            &root,
        ),
        fault(
            "too many CAs",
            too_deep.leaf(&["localhost"]).and(&too_deep.pem),
            &limited,
        ),
        fault(
            "a name outside the constraint",
            fenced.leaf(&["localhost"]),
            &fenced,
        ),
        fault(
            "a CA whose basicConstraints are not critical",
            lax.leaf(&["localhost"]),
            &lax,
        ),
        fault(
            "a CA without keyUsage",
            no_usage.leaf(&["localhost"]),
            &no_usage,
        ),
        at_address(fault("an address", root.leaf(&["127.0.0.1"]), &root)),
        at_address(fault("an address and only a name", good(), &root)),
        at_address(fault(
            "an address and only a CN",
            root.leaf_with(&["127.0.0.1"], |params| params.subject_alt_names.clear()),
            &root,
        )),
        at_address(fault(
            "an address written as a name",
            root.leaf_with(&["db.example"], |params| {
                params.subject_alt_names =
                    vec![rcgen::SanType::DnsName("127.0.0.1".try_into().unwrap())];
            }),
            &root,
        )),
        at_address(fault(
            "an address and the name localhost",
            root.leaf(&["127.0.0.1", "localhost"]),
            &root,
        )),
    ];
    let leaf = good();
    let leaf_as_root = leaf.chain.clone();
    faults.push(with_roots(
        fault("the certificate itself as root", leaf, &root),
        leaf_as_root,
    ));
    let two = format!("{}{}", other.pem, root.pem);
    faults.push(with_roots(
        fault("two roots, the second fits", good(), &root),
        two,
    ));
    faults.extend(documented_faults(documented));
    faults
}

/// Faults made with the openssl command.
fn documented_faults(documented: &Documented<'_>) -> Vec<Fault> {
    let own = |name, served: Served, roots: String| Fault {
        name,
        host: "localhost",
        served,
        roots,
    };
    let san = "-extfile san.cnf";
    documented.write("san.cnf", "subjectAltName=DNS:localhost\n");
    let itself = documented.self_signed("localhost");
    let itself_as_root = itself.chain.clone();
    let root = documented.root("root");
    let recipe = documented.server("root", "localhost");
    let short = documented.server_with("root", "localhost", "-newkey rsa:1024", san);
    let ed25519 = documented.server_with("root", "localhost", "-newkey ed25519", san);
    let sha1 = documented.server_with("root", "localhost", "", &format!("-sha1 {san}"));
    let pss = documented.server_with(
        "root",
        "localhost",
        "",
        &format!("-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 {san}"),
    );
    vec![
        own("PostgreSQL's recipe: self-signed", itself, itself_as_root),
        own("PostgreSQL's recipe: version 1", recipe, root.clone()),
        own("RSA 1024", short, root.clone()),
        own("Ed25519", ed25519, root.clone()),
        own("SHA-1", sha1, root.clone()),
        own("RSA-PSS", pss, root),
    ]
}
