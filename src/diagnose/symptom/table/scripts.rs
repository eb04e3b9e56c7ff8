//! Messages of drivers for Python, JavaScript, Erlang and Elixir.

use super::{general, row};
use crate::diagnose::Code;
use crate::diagnose::symptom::Symptom;
use crate::diagnose::symptom::causes::*;

#[rustfmt::skip] // One message a line.
pub(super) const ROWS: &[Symptom] = &[
    // Chains.
    row(PYTHON, &["missing authority key identifier"], &[STRICT]),
    row(PYTHON, &["basic constraints of ca cert not marked critical"], &[STRICT]),
    row(PYTHON, &["ca cert does not include key usage extension"], &[STRICT]),
    row(PYTHON, &["hostname mismatch, certificate is not valid for"], &[NAME]),
    row(PYTHON, &["ip address mismatch, certificate is not valid for"], &[NAME]),
    row(NODE, &["self_signed_cert_in_chain"], &[ISSUER]),
    row(NODE, &["unable_to_get_issuer_cert_locally"], &[ISSUER, INTERMEDIATE]),
    row(NODE, &["unable_to_get_issuer_cert"], &[(Code::UnknownIssuer, "the root file contains only an intermediate, not the root above it")]),
    row(NODE, &["unable_to_verify_leaf_signature"], &[INTERMEDIATE, ISSUER]),
    row(NODE, &["depth_zero_self_signed_cert"], &[SELF]),
    row(NODE, &["cert_has_expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED, ROOT_EXPIRED]),
    row(NODE, &["cert_not_yet_valid"], &[EARLY]),
    row(NODE, &["invalid_purpose"], &[(Code::WrongPurpose, "the certificate is for clients only")]),
    row(NODE, &["err_tls_cert_altname_invalid"], &[NAME]),
    row(NODE, &["does not match certificate's altnames"], &[NAME]),
    general(PRISMA, &["error opening a tls connection"], &[ISSUER, NAME, LEAF_EXPIRED, VERSION]),
    row(ERLANG, &["missing_subject_altnames"], &[(Code::NoSan, "the certificate has no subjectAltName")]),
    row(ERLANG, &["hostname_check_failed"], &[NAME]),
    row(ERLANG, &["verify_peer", "cacerts", "undefined"], &[(Code::RootFileMissing, "since OTP 26 the certificate is verified, and no CA is given: set ssl: [cacertfile: ...] or cacerts")]),
    row(ERLANG, &["bad_certificate", "cert_expired"], &[LEAF_EXPIRED]),
    general(ERLANG, &["unknown_ca"], &[ISSUER]),
    row(PYTHON, &["hostname", "doesn't match"], &[NAME]),
    row(ERLANG, &["selfsigned_peer"], &[SELF]),
    row(ERLANG, &["bad_cert", "cert_expired"], &[LEAF_EXPIRED]),
    // Files and strings.
    row(PYTHON, &["cannot determine location of user postgresql configuration directory"], &[ROOT_MISSING]),
    row(NODE, &["enoent", "open 'system'"], &[(Code::SystemRoots, "the driver takes sslrootcert=system for a file of that name")]),
    row(NODE, &["enoent", ".crt"], &[ROOT_MISSING]),
    row(NODE, &["enoent", ".pem"], &[ROOT_MISSING]),
    row(PYTHON, &["sslmode", "parameter must be one of"], &[MODE]),
    row("Python (asyncpg under SQLAlchemy)", &["connect() got an unexpected keyword argument 'sslmode'"], &[(Code::UnknownKeyword, "asyncpg takes ssl=require, or connect_args")]),
    // The wire.
    row(NODE, &["the server does not support ssl connections"], &[NO_TLS]),
    row(ERLANG, &["ssl not available"], &[NO_TLS]),
    row(PYTHON, &["wrong_version_number"], &[ALIEN, NO_TLS]),
    row(PYTHON, &["rejected ssl upgrade"], &[NO_TLS]),
    row(NODE, &["there was an error establishing an ssl connection"], &[ALIEN]),
    row(NODE, &["client network socket disconnected before secure tls connection was established"], &[NO_TLS, HUNG_UP]),
    row(NODE, &["connection terminated unexpectedly"], &[HUNG_UP]),
    row(PYTHON, &["unexpected connection_lost() call"], &[HUNG_UP]),
    row(PYTHON, &["connection was closed in the middle of operation"], &[NEED_CERTIFICATE, HUNG_UP]),
    row(NODE, &["bad protocol version"], &[VERSION]),
    general(ERLANG, &["tls_alert", "handshake_failure"], &[CIPHER, NEED_CERTIFICATE, SNI]),
    row(ERLANG, &["tls_alert", "protocol_version"], &[VERSION]),
    // Client certificates and logins.
    row(ERLANG, &["tls_alert", "certificate_required"], &[NEED_CERTIFICATE]),
    row(ERLANG, &["tls_alert", "unknown_ca", "received server alert"], &[REFUSED_CERTIFICATE]),
    row(ERLANG, &["tls_alert", "bad_certificate", "received server alert"], &[REFUSED_CERTIFICATE, NEED_CERTIFICATE]),
    // The network.
    row(PRISMA, &["can't reach database server at"], &[(Code::Refused, "no server listens there"), (Code::Dns, "the name does not resolve"), (Code::Timeout, "packets are dropped on the way, or the database was asleep: Prisma waits 5 seconds, connect_timeout=30 waits longer")]),
];
