//! What the verdict on an endpoint rests on, one row for each kind of evidence.

use std::io::{self, Write};

use super::page::{count, duration, unbroken, wrap};
use super::{Detail, Page, View};
use crate::escape::Shown;
use crate::report::{
    CertificateReport, ClientCertificateUse, EndpointReport, LoginMethod, RehearsalReport,
    TlsReport, TrustSource, Verdict, day,
};
use crate::words::{Named, first_few};

/// Writes all rows, the same for a pass and for a failure.
pub(super) fn write(out: &mut dyn Write, endpoint: &EndpointReport, view: View) -> io::Result<()> {
    let mut rows = Rows { out, view };
    if let Some(tls) = &endpoint.tls {
        rows.tls(tls, endpoint.verdict)?;
    }
    rows.chain(endpoint.certificates.as_deref().unwrap_or_default())?;
    rows.request(endpoint)?;
    rows.client(endpoint)?;
    rows.trust(endpoint)?;
    rows.name(endpoint)?;
    rows.rotation(endpoint)?;
    rows.login(endpoint)?;
    rows.timings(endpoint)
}

struct Rows<'a> {
    out: &'a mut dyn Write,
    view: View,
}

impl Rows<'_> {
    fn row(&mut self, label: &str, text: &str) -> io::Result<()> {
        let indent = format!("  {label:<6} ");
        writeln!(self.out, "{}", wrap(text, &indent, self.view.page))
    }

    /// psql's own line, only if psql would print it: after a connection that passed. A program that reads the report
    /// finds it whole.
    fn tls(&mut self, tls: &TlsReport, verdict: Verdict) -> io::Result<()> {
        let (Some(protocol), Some(cipher), Some(bits)) = (&tls.protocol, &tls.cipher, tls.bits)
        else {
            return Ok(());
        };
        let line = match verdict {
            Verdict::Pass => {
                let cipher = unbroken(&format!("cipher: {cipher}"));
                let facts = format!("(protocol: {protocol}, {cipher}, bits: {bits}");
                format!("SSL connection {facts}, compression: off)")
            }
            Verdict::Fail => format!("{protocol}, {cipher}, {bits} bits"),
        };
        let line = match self.view.page {
            Page::Stream => unbroken(&line),
            Page::Columns(_) => line,
        };
        self.row("tls", &line)?;
        let mut details = Vec::new();
        let post_quantum = match tls.post_quantum {
            Some(true) => " (post-quantum)",
            Some(false) | None => "",
        };
        let group = tls.group.as_ref();
        details.extend(group.map(|group| format!("group {group}{post_quantum}")));
        if tls.hello_retry_request {
            details.push("after a HelloRetryRequest".to_owned());
        }
        details.extend(tls.alpn.as_ref().map(|alpn| format!("ALPN {alpn}")));
        details.push(match &tls.sni {
            Some(sni) => format!("SNI {sni}"),
            None => "no SNI".to_owned(),
        });
        if tls.client_certificate != ClientCertificateUse::NotRequested {
            details.push(format!("client certificate {}", tls.client_certificate));
        }
        self.row("", &details.join(", "))
    }

    fn chain(&mut self, certificates: &[CertificateReport]) -> io::Result<()> {
        for (index, certificate) in certificates.iter().enumerate() {
            let label = if index == 0 { "chain" } else { "" };
            let CertificateReport {
                role, subject, key, ..
            } = certificate;
            self.row(label, &format!("{role}: {subject}"))?;
            let algorithm = &certificate.signature_algorithm;
            self.row("", &format!("  {key}, {algorithm}, {}", until(certificate)))?;
            self.identity(certificate)?;
        }
        Ok(())
    }

    fn request(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(request) = &endpoint.certificate_request else {
            return Ok(());
        };
        self.row("asks", &request.subject)?;
        let level = request.security_level.map_or_else(String::new, |level| {
            format!(" (OpenSSL's security level {level})")
        });
        self.row("", &format!("  {}{level}", request.key))?;
        let (algorithm, signature) = (&request.signature_algorithm, &request.signature);
        self.row(
            "",
            &format!("  its own signature: {signature}, {algorithm}"),
        )?;
        match request.names.as_slice() {
            [] => Ok(()),
            names => self.row(
                "",
                &format!("  names {}", first_few(names, MAX_NAMES, ", ")),
            ),
        }
    }

    /// What tells one certificate from another of the same name, on request.
    fn identity(&mut self, certificate: &CertificateReport) -> io::Result<()> {
        match self.view.detail {
            Detail::Brief => return Ok(()),
            Detail::Full => {}
        }
        self.row("", &format!("  issued by {}", certificate.issuer))?;
        let from = day(&certificate.not_before);
        let serial = &certificate.serial;
        self.row("", &format!("  serial {serial}, valid from {from}"))?;
        if !certificate.names.is_empty() {
            self.row(
                "",
                &format!("  names {}", first_few(&certificate.names, MAX_NAMES, ", ")),
            )?;
        }
        self.row("", &format!("  SHA-256 {}", certificate.sha256_fingerprint))
    }

    /// The client's own certificate, and what became of it.
    fn client(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(client) = &endpoint.client_certificate else {
            return Ok(());
        };
        let certificate = &client.certificate;
        let known = endpoint.tls.as_ref().map(|tls| &tls.client_certificate);
        let purposes = match client.purposes.as_slice() {
            [] => String::new(),
            purposes => {
                let names: Vec<&str> = purposes.iter().map(Shown::as_str).collect();
                format!(", for {}", names.join(" and "))
            }
        };
        let used = known.map_or_else(String::new, |known| format!(", {known}"));
        let file = unbroken(&client.file);
        self.row("client", &format!("{} ({file}){used}", certificate.subject))?;
        let key = &certificate.key;
        self.row("", &format!("  {key}{purposes}, {}", until(certificate)))?;
        match self.view.detail {
            Detail::Brief => {
                let (issuer, serial) = (&certificate.issuer, &certificate.serial);
                self.row("", &format!("  issued by {issuer}, serial {serial}"))?;
            }
            Detail::Full => self.identity(certificate)?,
        }
        for above in &client.chain {
            let subject = &above.subject;
            self.row("", &format!("  intermediate: {subject}, {}", until(above)))?;
            self.identity(above)?;
        }
        Ok(())
    }

    fn trust(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(trust) = &endpoint.trust else {
            return Ok(());
        };
        let source = &trust.source;
        let roots = match (source.known(), &trust.path) {
            (Some(TrustSource::System), _) => "the roots of this machine".to_owned(),
            (Some(TrustSource::Bundled), _) => "the built-in roots".to_owned(),
            (Some(TrustSource::Mozilla), _) => "Mozilla's roots, built in".to_owned(),
            (Some(TrustSource::SslRootCert | TrustSource::Trust | TrustSource::Home) | None, _) => {
                let path = trust.path.as_ref();
                path.map_or_else(|| source.to_string(), |path| unbroken(path))
            }
        };
        let place = match &trust.origin {
            Some(origin) => format!("{roots} ({source}, from {origin})"),
            None if trust.path.is_none() && roots == source.to_string() => roots,
            None => format!("{roots} ({source})"),
        };
        self.row("trust", &place)?;
        match &trust.crl {
            Some(crl) => self.row("crl", &unbroken(crl)),
            None => Ok(()),
        }
    }

    fn name(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(names) = &endpoint.name_match else {
            return Ok(());
        };
        let (Some(matched), Some(rule)) = (&names.matched, &names.rule) else {
            let wanted = endpoint.host.as_deref().unwrap_or("(none)");
            self.row("name", &format!("wanted     {wanted}"))?;
            return self.row(
                "",
                &format!("presented  {}", first_few(&names.names, MAX_NAMES, ", ")),
            );
        };
        self.row("name", &format!("{matched} ({rule})"))
    }

    fn rotation(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(rotation) = &endpoint.rotation else {
            return Ok(());
        };
        let verdict = |rehearsal: &RehearsalReport| match &rehearsal.code {
            None => "pass".to_owned(),
            Some(code) => format!("exit {} ({code})", rehearsal.exit_code.number()),
        };
        let today = format!("with today's roots: {}", verdict(&rotation.today));
        self.row("roots", &today)?;
        let file = unbroken(&rotation.file);
        self.row(
            "",
            &format!("with {file} alone: {}", verdict(&rotation.alone)),
        )?;
        self.row("", &format!("with both: {}", verdict(&rotation.both)))
    }

    fn login(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(login) = &endpoint.login else {
            return Ok(());
        };
        let who = format!("user {}, database {}", login.user, login.database);
        let how = match (&login.method, &login.channel_binding) {
            (Some(Named::Known(LoginMethod::None)), _) => ", no password asked for".to_owned(),
            (Some(method), Some(_)) => format!(", {method} bound to this channel"),
            (Some(method), None) => format!(", {method}"),
            (None, _) => String::new(),
        };
        let came = match (login.succeeded, &login.sqlstate) {
            (true, _) => "",
            (false, Some(_)) => "refused: ",
            // The server may not even have been asked.
            (false, None) => "none: ",
        };
        self.row("login", &format!("{came}{who}{how}"))?;
        if let Some(version) = &login.server_version {
            self.row("", &format!("server version {version}"))?;
        }
        let Some(session) = &login.pg_stat_ssl else {
            return Ok(());
        };
        let same = match login.same_session {
            Some(true) => "as negotiated here",
            Some(false) => "NOT what was negotiated here",
            None => "the same as here, but not proven to be the same session",
        };
        let parts = [&session.version, &session.cipher, &session.client_dn];
        let parts: Vec<&str> = parts.into_iter().flatten().map(Shown::as_str).collect();
        let seen = if session.ssl {
            parts.join(", ")
        } else {
            "no TLS".to_owned()
        };
        self.row("", &format!("pg_stat_ssl: {seen} ({same})"))
    }

    fn timings(&mut self, endpoint: &EndpointReport) -> io::Result<()> {
        let Some(timings) = &endpoint.timings_ms else {
            return Ok(());
        };
        let steps = [
            ("resolve", timings.resolve),
            ("connect", timings.connect),
            ("SSLRequest", timings.ssl_request),
            ("handshake", timings.handshake),
        ];
        let total = duration(timings.total);
        // The unit of the whole is not repeated.
        let unit = total.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let steps: Vec<String> = steps
            .into_iter()
            .filter_map(|(step, time)| {
                let time = duration(time?);
                Some(format!(
                    "{step} {}",
                    time.strip_suffix(unit).unwrap_or(&time)
                ))
            })
            .collect();
        let steps = if steps.is_empty() {
            String::new()
        } else {
            format!(" ({})", steps.join(", "))
        };
        let login = endpoint.login.as_ref();
        let login = login.map_or_else(String::new, |login| {
            format!("; login {}", duration(login.took_ms))
        });
        self.row("time", &format!("{total}{steps}{login}"))
    }
}

/// When a certificate ends, and how long that is.
fn until(certificate: &CertificateReport) -> String {
    let left = match usize::try_from(certificate.days_left) {
        Err(_) => "expired".to_owned(),
        Ok(days) => format!("{} left", count(days, "day")),
    };
    format!("until {} ({left})", day(&certificate.not_after))
}

/// Names of a certificate that are listed before "and N more".
const MAX_NAMES: usize = 20;
