//! Who replaces a certificate before it expires, and how.

use crate::diagnose::{Fix, Hint};
use crate::escape::escape;
use crate::trust::is_public;
use crate::verify::Judgement;
use crate::x509::Certificate;

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Role {
    /// The server's own.
    Leaf,
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
        let own = judgement.certificates.first();
        if own.is_some_and(|own| own.der == certificate.der) {
            return Self::Leaf;
        }
        if certificate.is_self_issued() {
            return Self::Root;
        }
        let public = judgement.anchors().next_back().is_some_and(is_public);
        Self::Intermediate(match public {
            true => Authority::Public,
            false => Authority::Private,
        })
    }
}

/// What to do about a certificate that ends.
pub(in crate::diagnose) fn renewal(certificate: &Certificate, role: Role) -> Hint {
    match role {
        Role::Leaf => Hint::say("The administrator of the server renews it, puts it into ssl_cert_file and reloads:")
            .fix(Fix::command("SELECT pg_reload_conf();")),
        Role::Intermediate(Authority::Public) => "The certificate authority replaces it: the next server certificate comes with the next intermediate. Nothing is to do but to renew the server certificate before then.".into(),
        Role::Intermediate(Authority::Private) => Hint::say(format!(
            "The certificate authority \"{}\" must issue it anew, before any server certificate below it fails. Then put the new one after the server certificate in ssl_cert_file, and reload.",
            escape(&certificate.issuer.text)
        )),
        Role::Root => "Only the certificate authority can replace it. Ask the operator of the server which root comes next, and trust both until the server uses it: pgtls check --also-trust FILE rehearses that.".into(),
        Role::Client => Hint::say(format!(
            "Get a new client certificate from its issuer \"{}\", and replace the file that sslcert names.",
            escape(&certificate.issuer.text)
        )),
    }
}
