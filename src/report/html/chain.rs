//! The chain of an endpoint, drawn from the server's certificate up to the root.

use maud::{Markup, html};

use super::{EndpointReport, day, left, urgency};
use crate::report::{CertificateReport, Role};
use crate::words::first_few;

pub(super) fn drawing(endpoint: &EndpointReport) -> Markup {
    let certificates = endpoint.certificates.as_deref().unwrap_or_default();
    let path = in_order(certificates);
    let unused = certificates.iter().filter(|one| one.role == Role::Unused);
    let unused: Vec<&CertificateReport> = unused.collect();
    html! {
        @if !path.is_empty() {
            h4 { "Certificate chain" }
            ol.chain {
                @for certificate in path { li { (card(certificate)) } }
            }
        }
        @if !unused.is_empty() {
            h4 { "Sent, but not used" }
            ul.chain.unused {
                @for certificate in unused { li { (card(certificate)) } }
            }
        }
        @if let Some(client) = &endpoint.client_certificate {
            h4 { "The client's own certificate" }
            ol.chain {
                li { (card(&client.certificate)) }
                @for certificate in &client.chain { li { (card(certificate)) } }
            }
            p.note {
                "From " code { (client.file) }
                @if client.sent { ", sent to the server." } @else { ", not sent: the server did not ask for it." }
            }
        }
    }
}

fn card(certificate: &CertificateReport) -> Markup {
    let days = certificate.days_left;
    let names = &certificate.names;
    html! {
        div.card {
            p.subject { span.role { (certificate.role) } " " strong { (certificate.subject) } }
            dl {
                div { dt { "Valid" } dd {
                    (day(&certificate.not_before)) " to " (day(&certificate.not_after))
                    " " span.badge.(urgency(days)) { (left(days)) }
                } }
                div { dt { "Key" } dd { (certificate.key) ", " (certificate.signature_algorithm) } }
                @if !names.is_empty() {
                    div { dt { "Names" } dd { (first_few(names, MAX_NAMES, ", ")) } }
                }
                div { dt { "Issuer" } dd { (certificate.issuer) } }
                div { dt { "Serial" } dd { code { (certificate.serial) } } }
                div { dt { "SHA-256" } dd { code { (certificate.sha256_fingerprint) } } }
            }
        }
    }
}

/// The certificates of the path from the server's own upwards: a server may send them in any order.
fn in_order(certificates: &[CertificateReport]) -> Vec<&CertificateReport> {
    let mut left: Vec<&CertificateReport> = certificates
        .iter()
        .filter(|one| one.role != Role::Unused)
        .collect();
    let mut path: Vec<&CertificateReport> = Vec::new();
    while !left.is_empty() {
        let above = path
            .last()
            .and_then(|last| left.iter().position(|one| one.subject == last.issuer));
        path.push(left.remove(above.unwrap_or(0)));
    }
    path
}

/// Names of a certificate that are listed before "and N more".
const MAX_NAMES: usize = 20;
