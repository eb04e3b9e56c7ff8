//! What was observed at an endpoint: session, trust, name, rehearsals, login and clients.

use maud::{Markup, html};

use super::{EndpointReport, audit};
use crate::report::{
    ClientReport, LoginReport, RehearsalReport, RotationReport, TimingsReport, TlsReport,
};

pub(super) fn rows(endpoint: &EndpointReport) -> Markup {
    html! {
        h4 { "Session and trust" }
        dl.evidence {
            @if let Some(tls) = &endpoint.tls { (session(tls)) }
            (request(endpoint))
            (trust(endpoint))
            (name(endpoint))
            @if let Some(rotation) = &endpoint.rotation { (rehearsals(rotation)) }
            @if let Some(login) = &endpoint.login { (login_row(login)) }
            @if let Some(timings) = &endpoint.timings_ms { (duration(timings)) }
            @if endpoint.tls.is_none() && endpoint.certificates.is_none() && endpoint.certificate_request.is_none() && endpoint.timings_ms.is_none() {
                (row("Observed", &html! { "nothing: no connection was made" }))
            }
        }
        @if let Some(clients) = &endpoint.clients { (client_table(clients)) }
        @if let Some(found) = &endpoint.audit { (audit::section(found)) }
    }
}

fn row(label: &str, value: &Markup) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

fn session(tls: &TlsReport) -> Markup {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(tls.protocol.as_ref().map(ToString::to_string));
    parts.extend(tls.cipher.as_ref().map(ToString::to_string));
    parts.extend(tls.bits.map(|bits| format!("{bits} bits")));
    let group = tls.group.as_ref().map(|group| match tls.post_quantum {
        Some(true) => format!("{group} (post-quantum)"),
        Some(false) => format!("{group} (not post-quantum)"),
        None => group.to_string(),
    });
    html! {
        (row("Session", &html! { (parts.join(", ")) }))
        @if let Some(group) = group { (row("Key exchange", &html! { (group) })) }
        (row("Server name (SNI)", &html! {
            @if let Some(sni) = &tls.sni { (sni) } @else { "not sent" }
        }))
        @if let Some(alpn) = &tls.alpn { (row("ALPN", &html! { (alpn) })) }
        (row("Client certificate", &html! { (tls.client_certificate) }))
    }
}

fn trust(endpoint: &EndpointReport) -> Markup {
    html! {
        @if let Some(trust) = &endpoint.trust {
            (row("Trust", &html! {
                (trust.source)
                @if let Some(path) = &trust.path { ": " code { (path) } }
                @if let Some(origin) = &trust.origin { ", from " (origin) }
            }))
            (row("Ends at", &html! {
                @if let Some(anchor) = &trust.anchor { (anchor) } @else { "no trusted root" }
            }))
            @if let Some(crl) = &trust.crl { (row("CRL", &html! { (crl) })) }
        }
    }
}

fn request(endpoint: &EndpointReport) -> Markup {
    html! {
        @if let Some(request) = &endpoint.certificate_request {
            (row("Certificate request", &html! {
                (request.subject) ", " (request.key) ", its own signature: " (request.signature)
            }))
        }
    }
}

fn name(endpoint: &EndpointReport) -> Markup {
    html! {
        @if let Some(names) = &endpoint.name_match {
            (row("Host name", &html! {
                @if let Some(host) = &endpoint.host { (host) ": " }
                @match (&names.matched, &names.rule) {
                    (Some(matched), Some(rule)) => { "matches " (matched) " (" (rule) ")" },
                    _ => "matches no name of the certificate",
                }
            }))
        }
    }
}

fn rehearsals(rotation: &RotationReport) -> Markup {
    let verdict = |rehearsal: &RehearsalReport| match &rehearsal.code {
        None => "pass".to_owned(),
        Some(code) => format!("exit {} ({code})", rehearsal.exit_code.number()),
    };
    html! {
        (row("Today's roots", &html! { (verdict(&rotation.today)) }))
        (row("New roots alone", &html! { (verdict(&rotation.alone)) ", with " code { (rotation.file) } }))
        (row("Both", &html! { (verdict(&rotation.both)) }))
    }
}

fn login_row(login: &LoginReport) -> Markup {
    html! {
        (row("Login", &html! {
            "user " (login.user) ", database " (login.database) ": "
            @if login.succeeded { "succeeded" } @else { "failed" }
            @if let Some(method) = &login.method { ", " (method) }
            @if let Some(binding) = &login.channel_binding { ", bound to the TLS channel (" (binding) ")" }
        }))
        @if let Some(version) = &login.server_version { (row("Server version", &html! { (version) })) }
        @if let Some(pooler) = &login.pooler { (row("Pooler", &html! { (pooler) })) }
    }
}

fn duration(timings: &TimingsReport) -> Markup {
    row("Time", &html! { (format!("{:.1} ms", timings.total)) })
}

fn client_table(clients: &[ClientReport]) -> Markup {
    html! {
        h4 { "Other client libraries" }
        div.wide role="group" aria-label="Other client libraries" tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "Client" } th scope="col" { "Outcome" } th scope="col" { "Certificate" }
                    th scope="col" { "Why" } th scope="col" { "Known from" }
                } }
                tbody {
                    @for client in clients {
                        tr {
                            th scope="row" { (client.client) } td { (client.outcome) } td { (client.certificate) }
                            td { (client.reason) } td { (client.basis) }
                        }
                    }
                }
            }
        }
    }
}
