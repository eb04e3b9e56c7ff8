//! Messages of operating systems, which any driver passes on.

use super::row;
use crate::diagnose::Code;
use crate::diagnose::symptom::Symptom;
use crate::diagnose::symptom::causes::*;

#[rustfmt::skip] // One message a line.
pub(super) const ROWS: &[Symptom] = &[
    // Chains.
    row(MACOS, &["certificate was not trusted"], &[ISSUER, NAME, (Code::ClientsDiffer, "macOS refuses certificates that are valid for more than 825 days")]),
    row(MACOS, &["bad certificate format"], &[ISSUER, NAME, LEAF_EXPIRED]),
    row(WINDOWS, &["issued by an authority that is not trusted"], &[ISSUER, INTERMEDIATE, SELF]),
    row(WINDOWS, &["certificate chain processed, but terminated in a root certificate"], &[ISSUER]),
    row(WINDOWS, &["cn name does not match the passed value"], &[NAME]),
    row(WINDOWS, &["target principal name is incorrect"], &[NAME]),
    row(WINDOWS, &["received certificate has expired"], &[LEAF_EXPIRED, MIDDLE_EXPIRED]),
    row(WINDOWS, &["unable to check revocation because the revocation server was offline"], &[(Code::ClientsDiffer, "Windows asks the CA's own server about revocation, and cannot reach it. libpq does not ask")]),
    // The wire.
    row(WINDOWS, &["do not possess a common algorithm"], &[VERSION, CIPHER]),
    // The network.
    row(ANY, &["enotfound"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["no such host"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["eai_again"], &[(Code::Dns, "the resolver does not answer")]),
    row(ANY, &["temporary failure in name resolution"], &[(Code::Dns, "the resolver does not answer")]),
    row(ANY, &["getaddrinfo failed"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["nodename nor servname provided"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["name or service not known"], &[(Code::Dns, "the name does not resolve")]),
    row(ANY, &["connection refused"], &[(Code::Refused, "no server listens there")]),
    row(ANY, &["econnrefused"], &[(Code::Refused, "no server listens there")]),
    row(ANY, &["timeout expired"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["connection timed out"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["etimedout"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["i/o timeout"], &[(Code::Timeout, "packets are dropped on the way")]),
    row(ANY, &["context deadline exceeded"], &[(Code::Timeout, "packets are dropped on the way")]),
];
