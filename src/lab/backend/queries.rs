//! Statements and their answers: the simple and the extended query protocol.

use std::io::{self, Read, Write};

use super::Session;
use crate::lab::answer::{Answer, Transaction, Value, answer};
use crate::lab::message::{Encoding, result_encoding, string};
use crate::wire::Malformed;
use crate::wire::postgres::error::{self, Severity, sqlstate};
use crate::wire::postgres::frame::{backend, length_word};

impl<S: Read + Write> Session<'_, S> {
    /// A simple query, which may contain several statements.
    pub(super) fn query(&mut self, body: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(body.split(|byte| *byte == 0).next().unwrap_or(body));
        let answers: Vec<Answer> = text
            .split(';')
            .map(answer)
            .filter(|answer| *answer != Answer::Empty)
            .collect();
        if answers.is_empty() {
            self.message(backend::EMPTY_QUERY_RESPONSE, &[]);
        }
        for answer in answers {
            self.describe_rows(&answer, Encoding::Text);
            self.perform(&answer, Encoding::Text);
            if answer == Answer::Impossible {
                break;
            }
        }
        self.skipping = false;
        self.ready()
    }

    pub(super) fn parse(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let (name, rest) = string(body)?;
        let (text, _) = string(rest)?;
        if self.statements.len() >= MAX_NAMES && !self.statements.contains_key(name) {
            return Err(Malformed);
        }
        let answer = answer(&String::from_utf8_lossy(text));
        self.statements.insert(name.to_vec(), answer);
        self.message(backend::PARSE_COMPLETE, &[]);
        Ok(())
    }

    pub(super) fn bind(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let (portal, rest) = string(body)?;
        let (statement, rest) = string(rest)?;
        let encoding = result_encoding(rest)?;
        let answer = self.statements.get(statement).ok_or(Malformed)?.clone();
        if self.portals.len() >= MAX_NAMES && !self.portals.contains_key(portal) {
            return Err(Malformed);
        }
        self.portals.insert(portal.to_vec(), (answer, encoding));
        self.message(backend::BIND_COMPLETE, &[]);
        Ok(())
    }

    pub(super) fn describe(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let (kind, rest) = body.split_first().ok_or(Malformed)?;
        let (name, _) = string(rest)?;
        let (answer, encoding) = if *kind == b'S' {
            let answer = self.statements.get(name).ok_or(Malformed)?.clone();
            self.message(backend::PARAMETER_DESCRIPTION, &[0, 0]);
            (answer, Encoding::Text)
        } else {
            self.portals.get(name).ok_or(Malformed)?.clone()
        };
        match answer {
            Answer::Row { .. } | Answer::NoRows => self.describe_rows(&answer, encoding),
            Answer::Empty | Answer::Done(..) | Answer::Impossible => {
                self.message(backend::NO_DATA, &[])
            }
        }
        Ok(())
    }

    pub(super) fn execute(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let (name, _) = string(body)?;
        let (answer, encoding) = self.portals.get(name).ok_or(Malformed)?.clone();
        self.perform(&answer, encoding);
        Ok(())
    }

    pub(super) fn close(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let (kind, rest) = body.split_first().ok_or(Malformed)?;
        let (name, _) = string(rest)?;
        if *kind == b'S' {
            self.statements.remove(name);
        } else {
            self.portals.remove(name);
        }
        self.message(backend::CLOSE_COMPLETE, &[]);
        Ok(())
    }

    /// RowDescription, if there is something to describe.
    fn describe_rows(&mut self, answer: &Answer, encoding: Encoding) {
        match answer {
            Answer::Row { column, value } => {
                let (kind, size) = value.kind();
                let mut body = vec![0, 1];
                body.extend_from_slice(column.as_bytes());
                body.extend([0; 7]);
                body.extend(kind.to_be_bytes());
                body.extend(size.to_be_bytes());
                body.extend((-1_i32).to_be_bytes());
                body.extend([0, u8::from(encoding == Encoding::Binary)]);
                self.message(backend::ROW_DESCRIPTION, &body);
            }
            Answer::NoRows => self.message(backend::ROW_DESCRIPTION, &[0, 0]),
            Answer::Empty | Answer::Done(..) | Answer::Impossible => {}
        }
    }

    /// The rows and the completion.
    fn perform(&mut self, answer: &Answer, encoding: Encoding) {
        match answer {
            Answer::Empty => self.message(backend::EMPTY_QUERY_RESPONSE, &[]),
            Answer::Row { value, .. } => {
                let value = value.encode(encoding);
                let body = [&[0, 1], &length_word(value.len())[..], &value].concat();
                self.message(backend::DATA_ROW, &body);
                self.message(backend::COMMAND_COMPLETE, b"SELECT 1\0");
            }
            Answer::NoRows => self.message(backend::COMMAND_COMPLETE, b"SELECT 0\0"),
            Answer::Done(tag, transaction) => {
                match transaction {
                    Transaction::Begins => self.in_transaction = true,
                    Transaction::Ends => self.in_transaction = false,
                    Transaction::Stays => {}
                }
                self.message(backend::COMMAND_COMPLETE, format!("{tag}\0").as_bytes());
            }
            Answer::Impossible => {
                self.skipping = true;
                let reason = "there is no database behind this endpoint";
                let error = error::encode(Severity::Error, sqlstate::FEATURE_NOT_SUPPORTED, reason);
                self.reply.extend(error);
            }
        }
    }
}

impl Value {
    /// Type and size, as in `pg_type`.
    fn kind(&self) -> (u32, i16) {
        match self {
            Self::Number(_) => (23, 4),
            Self::Text(_) => (25, -1),
        }
    }

    fn encode(&self, encoding: Encoding) -> Vec<u8> {
        match (self, encoding) {
            (Self::Number(number), Encoding::Binary) => number.to_be_bytes().to_vec(),
            (Self::Number(number), Encoding::Text) => number.to_string().into_bytes(),
            (Self::Text(text), _) => text.as_bytes().to_vec(),
        }
    }
}

/// The maximum number of prepared statements, and of portals, of a session.
pub(super) const MAX_NAMES: usize = 256;
