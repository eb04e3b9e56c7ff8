//! Does the server offer GSSAPI encryption?

use super::{Asking, Gaps, Inquiry, asking};
use crate::inquiry::{Line, Unknown, read, write};
use crate::wire::postgres::frame::backend;
use crate::wire::postgres::startup::{GSSENC_GRANTED, GSSENC_REQUEST, NOT_GRANTED, request};

/// How a server reacts to a GSSENCRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gss {
    /// It offers GSSAPI encryption.
    Offered,
    /// It refuses, sends an error (before PostgreSQL 12), or hangs up.
    Refused,
}

impl Gaps for Gss {}

/// Asks for GSSAPI encryption, which pgtls does not speak.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answer = gss(&inquiry.line);
    vec![asking(answer, |audit, answer| audit.gss = answer.into())]
}

async fn gss(line: &Line) -> Result<Gss, Unknown> {
    let until = line.until()?;
    let mut stream = line.connect(until).await?;
    write(&mut stream, &request(GSSENC_REQUEST), until).await?;
    let mut answer = Vec::new();
    match read(&mut stream, &mut answer, until).await {
        Ok(0) | Err(Unknown::Closed) => return Ok(Gss::Refused),
        Ok(_) => {}
        Err(unknown) => return Err(unknown),
    }
    match answer.first() {
        Some(&GSSENC_GRANTED) => Ok(Gss::Offered),
        Some(&(NOT_GRANTED | backend::ERROR_RESPONSE)) => Ok(Gss::Refused),
        _ => Err(Unknown::NotPostgres),
    }
}
