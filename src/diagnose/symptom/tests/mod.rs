//! The table of messages, and the page that it makes.

mod drivers;
mod programs;
mod systems;

use std::fs;
use std::path::Path;

use super::*;

/// The page of all messages, by who prints them.
fn page() -> String {
    let mut page = String::from(
        "# Error messages of drivers\n\n\
         What a message can mean, most likely first. Give `pgtls explain` the whole message, with hosts and paths, and it\n\
         finds the row; `pgtls check` with the same connection string then tells which cause it is. The words stand in small\n\
         letters here. `...` is what differs from case to case. A test writes this page from the table that\n\
         `pgtls explain` uses.\n",
    );
    let mut speakers: Vec<&str> = symptoms().map(|symptom| symptom.said_by).collect();
    speakers.sort_unstable();
    speakers.dedup();
    for speaker in speakers {
        page += &format!("\n## {speaker}\n\n| message | finding codes |\n| --- | --- |\n");
        let mut rows: Vec<&Symptom> = symptoms()
            .filter(|symptom| symptom.said_by == speaker)
            .collect();
        rows.sort_unstable_by_key(|symptom| symptom.parts);
        for symptom in rows {
            let causes: Vec<String> = symptom
                .causes
                .iter()
                .map(|(code, what)| format!("`{}`: {what}", code.name()))
                .collect();
            page += &format!(
                "| `{}` | {} |\n",
                symptom.parts.join(" ... "),
                causes.join("<br>")
            );
        }
    }
    page
}

/// `PGTLS_UPDATE_DOCS=1 cargo test --lib symptom` writes it.
#[test]
fn the_page_of_messages_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        fs::write(&file, page()).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap_or_default(), page());
}

#[test]
fn every_row_finds_itself_and_has_a_cause() {
    let mut hidden = Vec::new();
    for symptom in symptoms() {
        let text = symptom.parts.join(" x ");
        assert_eq!(text, text.to_lowercase());
        assert!(!symptom.causes.is_empty(), "{text}");
        // A more specific row would hide it.
        let found = Symptom::of(&text).unwrap();
        if found.causes != symptom.causes {
            hidden.push(format!("{text}: {:?}", found.parts));
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

#[test]
#[rustfmt::skip] // One message a line.
fn a_row_for_one_fault_is_found_before_one_that_any_fault_has() {
    let npgsql = "Npgsql.NpgsqlException (0x80004005): Exception while performing SSL handshake ---> \
        System.Security.Authentication.AuthenticationException: The remote certificate";
    let callback = "was rejected by the provided RemoteCertificateValidationCallback.";
    let chain = "is invalid because of errors in the certificate chain:";
    let alert = "{:tls_alert, {:handshake_failure, ~c\"TLS client: In state certify at ssl_handshake.erl:2123 \
        generated CLIENT ALERT: Fatal - Handshake Failure\\n {bad_cert,hostname_check_failed}\"}}";
    let procedure = "is invalid according to the validation procedure:";
    let mut wrong = Vec::new();
    for (text, codes) in [
        (format!("{npgsql} {callback}"), &[Code::UnknownIssuer, Code::HostNameMismatch, Code::MissingIntermediate][..]),
        (format!("{npgsql} {chain} PartialChain"), &[Code::MissingIntermediate, Code::UnknownIssuer]),
        (format!("{npgsql} {chain} UntrustedRoot"), &[Code::UnknownIssuer]),
        (format!("{npgsql} {chain} NotTimeValid"), &[Code::Expired, Code::RootExpired, Code::NotYetValid]),
        (format!("{npgsql} {procedure} RemoteCertificateNameMismatch"), &[Code::HostNameMismatch]),
        (format!("{npgsql} {procedure} RemoteCertificateNameMismatch, RemoteCertificateChainErrors"), &[Code::HostNameMismatch]),
        (alert.to_owned(), &[Code::HostNameMismatch]),
        ("{:tls_alert, {:unknown_ca, ~c\"TLS client: In state connection received SERVER ALERT: Fatal - Unknown CA\\n\"}}".to_owned(), &[Code::ClientCertRefused]),
        ("{:tls_alert, {:unknown_ca, ~c\"TLS client: In state certify generated CLIENT ALERT: Fatal - Unknown CA\\n\"}}".to_owned(), &[Code::UnknownIssuer]),
        ("tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-27T10:00:00Z is after 2026-01-01T00:00:00Z".to_owned(), &[Code::Expired, Code::RootExpired]),
        ("pq: unsupported sslmode \"prefer\"; only \"require\" (default), \"verify-full\", \"verify-ca\", and \"disable\" supported".to_owned(), &[Code::ClientsDiffer, Code::InvalidValue]),
        ("invalid connection string: invalid value for option `sslmode`".to_owned(), &[Code::ClientsDiffer, Code::InvalidValue]),
    ] {
        let found = Symptom::of(&text).map_or_else(Vec::new, |found| found.causes.iter().map(|cause| cause.0).collect());
        if found != codes {
            wrong.push(format!("{text}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As the drivers print them, with hosts, paths and versions of all kinds.
#[test]
#[rustfmt::skip] // One message a line.
fn the_messages_of_drivers_are_recognised() {
    let mut wrong = Vec::new();
    for (text, code) in [
        ("psql: error: connection to server at \"db.x\" (10.0.0.1), port 5432 failed: SSL error: certificate verify failed", Code::UnknownIssuer),
        ("SSL error: certificate verify failed: unable to get local issuer certificate", Code::UnknownIssuer),
        ("root certificate file \"/nonexistent/.postgresql/root.crt\" does not exist\nEither provide the file, use the system's trusted roots", Code::RootFileMissing),
        ("could not read root certificate file \"C:/x.crt\": no certificate or crl found", Code::RootFileInvalid),
        ("weak sslmode \"require\" may not be used with sslrootcert=system (use \"verify-full\")", Code::WeakSslmode),
        ("server certificate for \"db.internal\" (and 1 other name) does not match host name \"x\"", Code::HostNameMismatch),
        ("server does not support SSL, but SSL was required", Code::NoTls),
        ("received invalid response to SSL negotiation: H", Code::NotPostgres),
        ("server closed the connection unexpectedly\n\tThis probably means", Code::Closed),
        ("SSL error: tlsv1 alert protocol version", Code::NoCommonVersion),
        ("SSL error: sslv3 alert handshake failure", Code::NoCommonCipher),
        ("SSL error: tlsv13 alert certificate required", Code::ClientCertRequired),
        ("FATAL:  connection requires a valid client certificate", Code::ClientCertRequired),
        ("SSL error: tlsv1 alert unknown ca", Code::ClientCertRefused),
        ("private key file \"/k\" has group or world access; file must have permissions u=rw (0600) or less", Code::KeyFilePermissions),
        ("could not load private key file \"/k\": key values mismatch", Code::ClientKeyMismatch),
        ("could not open certificate file \"/root/.postgresql/postgresql.crt\": Permission denied", Code::ClientCertFileInvalid),
        ("invalid sslmode value: \"required\"", Code::InvalidValue),
        ("invalid connection option \"sslmod\"", Code::UnknownKeyword),
        ("could not translate host name \"h\" to address: Name or service not known", Code::Dns),
        ("FATAL: no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\", no encryption", Code::WeakSslmode),
        ("no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\", SSL on", Code::LoginFailed),
        ("FATAL: SCRAM channel binding check failed", Code::TlsTerminatedInBetween),
        ("could not find digest for NID UNDEF", Code::NoChannelBinding),
        ("Error: self signed certificate in certificate chain\n code: 'SELF_SIGNED_CERT_IN_CHAIN'", Code::UnknownIssuer),
        ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Code::MissingIntermediate),
        ("Error: unable to verify the first certificate", Code::MissingIntermediate),
        ("DEPTH_ZERO_SELF_SIGNED_CERT self-signed certificate", Code::SelfSigned),
        ("Hostname/IP does not match certificate's altnames: Host: x. is not in the cert's altnames: DNS:y", Code::HostNameMismatch),
        ("Error: The server does not support SSL connections", Code::NoTls),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", Code::UnknownIssuer),
        ("x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"R\")", Code::UnknownIssuer),
        ("x509: certificate is valid for a.b, c.d, not e.f", Code::HostNameMismatch),
        ("x509: certificate relies on legacy Common Name field, use SANs instead", Code::NoSan),
        ("x509: certificate has expired or is not yet valid: current time 2026-11-27T10:00:00Z is after 2026-01-01T00:00:00Z", Code::Expired),
        ("pq: SSL is not enabled on the server", Code::NoTls),
        ("tls error: server refused TLS connection", Code::NoTls),
        ("invalid peer certificate: UnknownIssuer", Code::UnknownIssuer),
        ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", Code::CaAsLeaf),
        ("invalid peer certificate: Other(OtherError(UnsupportedCertVersion))", Code::X509V1),
        ("certificate not valid for name \"x\"; certificate is only valid for DnsName(\"y\")", Code::HostNameMismatch),
        ("javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target", Code::UnknownIssuer),
        ("PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed", Code::Expired),
        ("org.postgresql.util.PSQLException: Could not open SSL root certificate file /root/.postgresql/root.crt.", Code::RootFileMissing),
        ("The hostname x could not be verified by hostnameverifier PgjdbcHostnameVerifier.", Code::HostNameMismatch),
        ("The remote certificate was rejected by the provided RemoteCertificateValidationCallback.", Code::UnknownIssuer),
        ("The remote certificate is invalid because of errors in the certificate chain: PartialChain", Code::MissingIntermediate),
        ("SSL connection requested. No SSL enabled connection from this host is configured.", Code::NoTls),
        ("TypeError: connect() got an unexpected keyword argument 'sslmode'", Code::UnknownKeyword),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'x'. (_ssl.c:1006)", Code::HostNameMismatch),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)", Code::Expired),
        ("ConnectionError: PostgreSQL server at \"h:5432\" rejected SSL upgrade", Code::NoTls),
        ("connect ECONNREFUSED 127.0.0.1:5432", Code::Refused),
        ("dial tcp 10.0.0.1:5432: i/o timeout", Code::Timeout),
        ("error occurred while attempting to establish a TLS connection: server does not support TLS", Code::NoTls),
        ("psycopg2.OperationalError: sslmode value \"verify-full\" invalid when SSL support is not compiled in", Code::ClientsDiffer),
        ("org.postgresql.util.PSQLException: FATAL: no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database \"d\"", Code::WeakSslmode),
        ("FATAL: pg_hba.conf rejects connection for host \"1.2.3.4\", user \"u\", database \"d\", SSL encryption", Code::LoginFailed),
        ("FATAL: pg_hba.conf rejects connection for host \"1.2.3.4\", user \"u\", database \"d\", no encryption", Code::WeakSslmode),
        ("FATAL: SSL connection is required. Please specify SSL options and retry.", Code::WeakSslmode),
        ("pgbouncer cannot connect to server: server refused SSL", Code::NoTls),
        ("ERROR: FATAL: SSL required", Code::WeakSslmode),
        ("FATAL: unsupported startup parameter: extra_float_digits", Code::UnknownKeyword),
        ("FATAL: unsupported frontend protocol 1234.5680: server supports 2.0 to 3.0", Code::NotPostgres),
        ("FATAL: unsupported frontend protocol 1234.5679: server supports 1.0 to 3.0", Code::NoTls),
        ("javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites are inappropriate)", Code::NoCommonVersion),
        ("javax.net.ssl.SSLException: Unsupported or unrecognized SSL message", Code::NotPostgres),
        ("java.net.UnknownHostException: db.internal", Code::Dns),
        ("Connection to localhost:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.", Code::Refused),
        ("error:0A00018A:SSL routines:tls_process_ske_dhe:dh key too small", Code::WeakCipher),
        ("LOG:  could not load server certificate file \"server.crt\": ee key too small", Code::WeakKey),
        ("LOG:  could not load server certificate file \"server.crt\": ca md too weak", Code::WeakSignature),
        ("LOG:  could not accept SSL connection: http request", Code::NotPostgres),
        ("LOG:  could not accept SSL connection: tlsv1 alert unknown ca", Code::UnknownIssuer),
        ("LOG:  invalid length of startup packet", Code::NotPostgres),
        ("LOG:  received direct SSL connection request without ALPN protocol negotiation extension", Code::TlsFailure),
        ("Can't reach database server at `db.internal`:`5432`", Code::Refused),
        ("P1011: Error opening a TLS connection: bad certificate format", Code::UnknownIssuer),
        ("Error opening a TLS connection: The certificate was not trusted.", Code::UnknownIssuer),
        ("Error opening a TLS connection: A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider. (os error -2146762487)", Code::UnknownIssuer),
        ("The certificate's CN name does not match the passed value. (os error -2146762481)", Code::HostNameMismatch),
        ("Npgsql.NpgsqlException (0x80004005): Exception while performing SSL handshake", Code::UnknownIssuer),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Basic Constraints of CA cert not marked critical (_ssl.c:1032)", Code::ClientsDiffer),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", Code::NotPostgres),
        ("Error: ENOENT: no such file or directory, open 'system'", Code::SystemRoots),
        ("Error: ENOENT: no such file or directory, open '/etc/certs/root.crt'", Code::RootFileMissing),
        ("Error: getaddrinfo EAI_AGAIN db", Code::Dns),
        ("remote error: tls: bad certificate", Code::ClientCertRefused),
        ("tls: first record does not look like a TLS handshake", Code::NotPostgres),
        ("** (Postgrex.Error) ssl not available", Code::NoTls),
        ("{:options, :incompatible, [verify: :verify_peer, cacerts: :undefined]}", Code::RootFileMissing),
        ("SSL error: unsafe legacy renegotiation disabled", Code::InsecureRenegotiation),
        ("SSL SYSCALL error: no SSL error reported", Code::Closed),
        ("SSL SYSCALL error: Connection reset by peer", Code::Closed),
        ("SSL error: tlsv1 unrecognized name", Code::TlsAlert),
        ("SSL error: tlsv1 alert no application protocol", Code::TlsAlert),
        ("SSL error: ssl/tls alert decrypt error", Code::ClientCertRefused),
        ("SSL error: no suitable key share", Code::NoCommonCipher),
        ("SSL error: legacy sigalg disallowed or unsupported", Code::NoCommonCipher),
        ("private key file \"/k\" must be owned by the current user or root", Code::KeyFilePermissions),
        ("private key file \"/k\" is not a regular file", Code::ClientKeyFileInvalid),
        ("FATAL:  private key file \"server.key\" must be owned by the database user or root", Code::KeyFilePermissions),
        ("LOG:  private key file \"server.key\" cannot be reloaded because it requires a passphrase", Code::UnexpectedCertificate),
        ("LOG:  could not load server certificate file \"server.crt\": no start line", Code::ServerCertFileInvalid),
        ("LOG:  check of private key failed: key values mismatch", Code::ServerKeyMismatch),
        ("could not load system root certificate paths: system lib", Code::SystemRoots),
        ("could not get server's host name from server certificate", Code::HostNameMismatch),
        ("SSL certificate's name contains embedded null", Code::HostNameMismatch),
        ("This may indicate that the server does not support any SSL protocol version between TLSv1.2 and TLSv1.3.", Code::NoCommonVersion),
        ("received unencrypted data after SSL response", Code::PlaintextInjection),
        ("weak sslmode \"prefer\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")", Code::WeakSslmode),
        ("invalid sslnegotiation value: \"direc\"", Code::InvalidValue),
        ("invalid integer value or port: invalid port number: \"x\"", Code::InvalidValue),
        ("could not match 2 port numbers to 3 hosts", Code::BadConninfo),
        ("GSSAPI encryption required but was impossible (possibly no credential cache, no server support, or using a local socket)", Code::WeakSslmode),
        ("channel binding required but not supported by server's authentication request", Code::NoChannelBinding),
        ("channel binding required, but SSL not in use", Code::WeakSslmode),
        ("server did not request an SSL certificate", Code::ClientCertNotRequested),
        ("LOG:  could not accept SSL connection: peer did not return a certificate", Code::ClientCertRequired),
        ("DETAIL:  Client certificate verification failed at depth 0: unable to get local issuer certificate.", Code::ClientCertRefused),
        ("LOG:  provided user name (a) and authenticated user name (b) do not match", Code::LoginFailed),
        ("FATAL:  role \"x\" is not permitted to log in", Code::LoginFailed),
        ("FATAL:  database \"x\" does not exist", Code::LoginFailed),
        ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", Code::ServerError),
        ("verify error:num=47:permitted subtree violation", Code::NameConstraint),
        ("error 62 at 0 depth lookup: hostname mismatch", Code::HostNameMismatch),
        ("error 7 at 1 depth lookup: certificate signature failure", Code::UnknownIssuer),
        ("ssl.CertificateError: hostname 'db' doesn't match 'x.example'", Code::HostNameMismatch),
        ("x509: a root or intermediate certificate is not authorized to sign for this name: DNS name \"x\" is not permitted by any constraint", Code::NameConstraint),
        ("invalid peer certificate: certificate not valid yet: verification time 1 (UNIX), but certificate is not valid until 2", Code::NotYetValid),
        ("io.netty.handler.ssl.SslHandshakeTimeoutException: handshake timed out after 10000ms", Code::Timeout),
        ("javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_required", Code::ClientCertRequired),
        ("{:tls_alert, {:handshake_failure, ~c\"TLS client: ...\"}}", Code::NoCommonCipher),
    ] {
        let found = Symptom::of(text).map(|found| found.causes[0].0);
        if found != Some(code) {
            wrong.push(format!("{text}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cause_of_a_message_is_named_in_order() {
    let mut wrong = Vec::new();
    let messages = [programs::MESSAGES, drivers::MESSAGES, systems::MESSAGES];
    for (text, codes) in messages.into_iter().flatten() {
        let found: Vec<Code> = Symptom::of(text)
            .map(|found| found.causes.iter().map(|cause| cause.0).collect())
            .unwrap_or_default();
        if found != *codes {
            wrong.push(format!("{text}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_message_is_not_found_within_longer_words() {
    for text in [
        "",
        "hello",
        "syntax error at or near \"SELEC\"",
        "ModuleNotFoundError: No module named 'psycopg2'",
        "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'",
        "java.io.FileNotFoundException: data.csv (No such file or directory)",
        "System.IO.FileNotFoundException: Could not find file '/app/data.csv'.",
        "KeyError: 'not_econnrefused_yet'",
    ] {
        assert_eq!(Symptom::of(text), None, "{text}");
    }
}
