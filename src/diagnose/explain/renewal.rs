//! Who replaces a certificate before it expires, and how.

use crate::diagnose::{Fix, Hint};
use crate::escape::escape;
use crate::trust::is_public;
use crate::verify::Judgement;
use crate::x509::Certificate;

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Role {
    /// The server's own, under a public root or not.
    Leaf(Authority),
    /// One between the server's own and the root, under a public root or not.
    Intermediate(Authority),
    /// The root that the client trusts.
    Root,
    /// One of the client's file.
    Client,
}

/// Who issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Authority {
    /// An authority of the public lists.
    Public,
    /// Any other.
    Private,
}

impl Role {
    /// The role of a certificate of the server's path.
    pub(in crate::diagnose) fn of(judgement: &Judgement, certificate: &Certificate) -> Self {
        let public = judgement.anchors().next_back().is_some_and(is_public);
        let authority = match public {
            true => Authority::Public,
            false => Authority::Private,
        };
        let own = judgement.certificates.first();
        if own.is_some_and(|own| own.der == certificate.der) {
            return Self::Leaf(authority);
        }
        match certificate.is_self_issued() {
            true => Self::Root,
            false => Self::Intermediate(authority),
        }
    }
}

/// What to do about a certificate that ends.
pub(in crate::diagnose) fn renewal(certificate: &Certificate, role: Role) -> Hint {
    match role {
        Role::Leaf(authority) => {
            let hint = Hint::say("The administrator of the server renews it, puts it into ssl_cert_file (PgBouncer: client_tls_cert_file) and reloads:")
                .fix(Fix::command("SELECT pg_reload_conf();"));
            match authority {
                Authority::Public => hint.then(SHORTER),
                Authority::Private => hint,
            }
        }
        Role::Intermediate(Authority::Public) => "The certificate authority replaces it: the next server certificate comes with the next intermediate. Nothing is to do but to renew the server certificate before then.".into(),
        Role::Intermediate(Authority::Private) => Hint::say(format!(
            "The certificate authority \"{}\" must issue it anew, before any server certificate below it fails. Then put the new one after the server certificate in ssl_cert_file (PgBouncer: client_tls_cert_file), and reload.",
            escape(&certificate.issuer.text)
        )),
        Role::Root => "Only the certificate authority can replace it. Ask the operator of the server which root comes next, and trust both until the server uses it: pgtls check --also-trust FILE rehearses that.".into(),
        Role::Client => Hint::say(format!(
            "Get a new client certificate from its issuer \"{}\", and replace the file that sslcert names.",
            escape(&certificate.issuer.text)
        ))
        .then(NONE_FOR_CLIENTS),
    }
}

/// CA/Browser Forum, ballot SC-081v3.
const SHORTER: &str = "Let a program do that: public authorities issue certificates of at most 100 days from 2027-03-15 on, and of 47 days from 2029-03-15 on.";

/// Chrome's root program, which Let's Encrypt and others follow.
const NONE_FOR_CLIENTS: &str = "A public authority issues none for clients any more, at the latest from 2027-03-15 on: then take one of a private authority that the server trusts.";
