//! One connection as it passes by: negotiation, then TLS, GSSAPI or plain text. Pure; what it keeps is bounded.
//!
//! What is read depends on the order of the bytes, and not on the pieces in which they arrive. Where the server sends what
//! PostgreSQL does not send, only the application is read from then on: it may still begin a session in plain text.

use std::collections::VecDeque;

use super::gssapi::Exchange;
use super::handshake::Watch;
use super::login::{Attention, Login, shown_error};
use super::negotiation::{Answer, Opening, Request, answer, opening, step};
use super::records::{NotTls, Records};
use super::seen::{Channel, Handshake, Seen, Side, Step};
use super::startup::Startup;
use crate::wire::Malformed;
use crate::wire::postgres::error::{MAX_ERROR, ServerError};

/// Reads both directions of a connection, in whatever pieces they pass.
#[derive(Debug, Default)]
pub struct Conversation {
    seen: Seen,
    stage: Stage,
    /// What the application has asked for, and the server has not answered.
    asked: VecDeque<Request>,
    ear: Ear,
    /// What the application sent, as far as it could not be read yet.
    kept: Vec<u8>,
}

/// What the application does.
#[derive(Debug, Default)]
enum Stage {
    /// It sends packets without a kind.
    #[default]
    Opening,
    /// It may begin TLS: the server has agreed.
    MayBeginTls(Box<Watch>),
    /// It may begin GSSAPI.
    MayBeginGssapi,
    Tls(Box<Watch>),
    Gssapi(Box<Exchange>),
    Login(Box<Login>),
    /// TLS has told all that it tells. The application may still go on in plain text.
    AfterTls(Box<Records>),
    /// What follows is only counted.
    Over,
}

/// How the server is read.
#[derive(Debug, Default)]
enum Ear {
    /// As what the application does requires.
    #[default]
    Open,
    /// It answers a request with an error.
    Error(Vec<u8>),
    /// Nothing that it sends can be understood, or is needed.
    Deaf,
}

impl Conversation {
    /// What one side sends. In the order in which it passes.
    pub fn hear(&mut self, side: Side, bytes: &[u8]) {
        let attention = match side {
            Side::Application => self.application(bytes),
            Side::Server => self.server(bytes),
        };
        if attention == Attention::Over {
            self.stage = match std::mem::take(&mut self.stage) {
                Stage::Tls(watch) => Stage::AfterTls(Box::new(watch.rest())),
                Stage::Opening
                | Stage::MayBeginTls(_)
                | Stage::MayBeginGssapi
                | Stage::Gssapi(_)
                | Stage::Login(_)
                | Stage::AfterTls(_)
                | Stage::Over => Stage::Over,
            };
            self.ear = Ear::Deaf;
            self.asked.clear();
            self.kept = Vec::new();
        }
    }

    /// What was seen so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Is there more to read? If not, what follows is only counted.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::AfterTls(_) | Stage::Over)
    }

    fn application(&mut self, bytes: &[u8]) -> Attention {
        match &mut self.stage {
            Stage::Over => Attention::Needed,
            Stage::Opening | Stage::MayBeginTls(_) | Stage::MayBeginGssapi => {
                self.kept.extend_from_slice(bytes);
                self.open()
            }
            Stage::Tls(watch) => {
                let heard = watch.hear(Side::Application, bytes, &mut self.seen);
                heard.unwrap_or_else(|NotTls| self.left_tls())
            }
            Stage::AfterTls(records) => match records.feed(bytes, |_| {}) {
                Ok(()) => Attention::Needed,
                Err(NotTls) => self.left_tls(),
            },
            Stage::Login(login) => login.client(bytes, &mut self.seen),
            Stage::Gssapi(exchange) => {
                let heard = exchange.hear(Side::Application, bytes, &mut self.seen);
                heard.unwrap_or_else(|Malformed| self.foreign())
            }
        }
    }

    /// The application sent what no client of PostgreSQL sends.
    fn foreign(&mut self) -> Attention {
        self.decide(Step::Foreign);
        Attention::Over
    }

    /// The application had begun TLS, and sent plain text.
    fn left_tls(&mut self) -> Attention {
        self.seen.channel = Channel::Plaintext;
        self.decide(Step::PlaintextAfterTls);
        self.stage = Stage::Over;
        Attention::Over
    }

    /// Reads packets without a kind, and what comes after them.
    fn open(&mut self) -> Attention {
        // Removed at once, because what follows them may be long.
        let mut requests = 0_usize;
        while let Opening::Request(request, length) =
            opening(self.kept.get(requests..).unwrap_or_default())
        {
            requests = requests.saturating_add(length);
            self.ask(request);
        }
        self.kept.drain(..requests);
        match opening(&self.kept) {
            Opening::More | Opening::Request(..) => Attention::Needed,
            Opening::Startup(packet, length) => {
                let startup = Startup::read(packet);
                self.login(startup, length)
            }
            Opening::Cancel => {
                self.decide(Step::PlaintextCancel);
                Attention::Over
            }
            Opening::Tls if !self.may_be_a_token() => self.tls(),
            Opening::Foreign if matches!(self.stage, Stage::MayBeginGssapi) => self.gssapi(),
            // Tokens of GSSAPI have no mark: the answer tells what they are.
            Opening::Tls | Opening::Foreign if self.may_be_a_token() => Attention::Needed,
            Opening::Tls | Opening::Foreign => self.foreign(),
        }
    }

    fn ask(&mut self, request: Request) {
        self.step(request.step());
        match (&self.ear, self.asked.len() < MAX_ASKED) {
            (Ear::Open, true) => self.asked.push_back(request),
            // No answer could be told from another.
            (Ear::Open, false) => {
                self.decide(Step::TooManyRequests);
                self.no_longer_listen();
            }
            (Ear::Error(_) | Ear::Deaf, _) => {}
        }
    }

    /// Does the application wait for the answer to a request for GSSAPI, or should it?
    fn may_be_a_token(&self) -> bool {
        self.asked.back() == Some(&Request::Gssapi) && self.kept.len() <= MAX_KEPT
    }

    /// A StartupMessage of this length came, in plain text.
    fn login(&mut self, startup: Startup, length: usize) -> Attention {
        self.seen.startup = Some(startup);
        self.seen.channel = Channel::Plaintext;
        self.decide(Step::PlaintextStartup);
        let kept = std::mem::take(&mut self.kept);
        let mut login = Box::new(Login::default());
        let attention = login.client(kept.get(length..).unwrap_or_default(), &mut self.seen);
        self.stage = Stage::Login(login);
        attention
    }

    /// The application begins TLS.
    fn tls(&mut self) -> Attention {
        if !self.seen.has(Step::SslRequest) {
            self.step(Step::DirectTls);
        }
        let kept = std::mem::take(&mut self.kept);
        let mut watch = match std::mem::take(&mut self.stage) {
            Stage::MayBeginTls(watch) => watch,
            Stage::Opening
            | Stage::MayBeginGssapi
            | Stage::Tls(_)
            | Stage::Gssapi(_)
            | Stage::Login(_)
            | Stage::AfterTls(_)
            | Stage::Over => Box::default(),
        };
        let heard = watch.hear(Side::Application, &kept, &mut self.seen);
        self.stage = Stage::Tls(watch);
        heard.unwrap_or_else(|NotTls| self.left_tls())
    }

    /// The application begins GSSAPI.
    fn gssapi(&mut self) -> Attention {
        let kept = std::mem::take(&mut self.kept);
        let mut exchange = Box::new(Exchange::default());
        match exchange.hear(Side::Application, &kept, &mut self.seen) {
            Ok(attention) => {
                self.stage = Stage::Gssapi(exchange);
                attention
            }
            Err(Malformed) => self.foreign(),
        }
    }

    fn server(&mut self, bytes: &[u8]) -> Attention {
        let mut rest = bytes;
        while let ([byte, behind @ ..], Ear::Open) = (rest, &self.ear) {
            let Some(request) = self.asked.pop_front() else {
                break;
            };
            rest = behind;
            if self.answered(request, *byte) == Attention::Over {
                return Attention::Over;
            }
        }
        if rest.is_empty() {
            return Attention::Needed;
        }
        match (&mut self.ear, &mut self.stage) {
            (Ear::Deaf, _) => Attention::Needed,
            (Ear::Error(error), _) => {
                error.extend_from_slice(rest);
                self.failed()
            }
            // Before it was asked.
            (Ear::Open, Stage::Opening | Stage::MayBeginGssapi) => self.strange(),
            (Ear::Open, Stage::MayBeginTls(watch)) => {
                let heard = watch.hear(Side::Server, rest, &mut self.seen);
                match (heard, self.seen.handshake) {
                    // Plain text before TLS.
                    (_, Handshake::NotTls) => self.strange(),
                    // The application may still send plain text.
                    (Ok(Attention::Over), _) => {
                        self.no_longer_listen();
                        Attention::Needed
                    }
                    (Ok(Attention::Needed) | Err(NotTls), _) => Attention::Needed,
                }
            }
            (Ear::Open, Stage::Tls(watch)) => {
                let heard = watch.hear(Side::Server, rest, &mut self.seen);
                heard.unwrap_or(Attention::Over)
            }
            (Ear::Open, Stage::Login(login)) => login.server(rest, &mut self.seen),
            (Ear::Open, Stage::Gssapi(exchange)) => {
                let heard = exchange.hear(Side::Server, rest, &mut self.seen);
                heard.unwrap_or_else(|Malformed| self.strange())
            }
            (Ear::Open, Stage::AfterTls(_) | Stage::Over) => Attention::Needed,
        }
    }

    /// The server answers a request.
    fn answered(&mut self, request: Request, byte: u8) -> Attention {
        let answer = answer(request, byte);
        match answer {
            Answer::Granted => {
                self.step(step(request, answer));
                if let (Stage::Opening, Request::Tls) = (&self.stage, request) {
                    self.seen.handshake = Handshake::NotBegun;
                    self.stage = Stage::MayBeginTls(Box::default());
                } else if let (Stage::Opening, Request::Gssapi) = (&self.stage, request) {
                    self.stage = Stage::MayBeginGssapi;
                }
            }
            Answer::Refused => self.step(step(request, answer)),
            Answer::Error => {
                self.step(step(request, answer));
                self.no_longer_listen();
                self.ear = Ear::Error(Vec::new());
            }
            Answer::Strange => return self.strange(),
        }
        self.go_on()
    }

    /// The server sent what PostgreSQL does not send. From now on only the application is read.
    fn strange(&mut self) -> Attention {
        if !self.seen.has(Step::StrangeAnswer) {
            self.step(Step::StrangeAnswer);
        }
        self.no_longer_listen();
        self.go_on()
    }

    fn no_longer_listen(&mut self) {
        self.ear = Ear::Deaf;
        self.asked.clear();
    }

    /// Reads what the application has sent before it was answered.
    fn go_on(&mut self) -> Attention {
        match self.stage {
            Stage::Opening | Stage::MayBeginTls(_) | Stage::MayBeginGssapi => self.open(),
            Stage::Tls(_)
            | Stage::Gssapi(_)
            | Stage::Login(_)
            | Stage::AfterTls(_)
            | Stage::Over => Attention::Needed,
        }
    }

    /// Reads an error when it is whole, or long enough.
    fn failed(&mut self) -> Attention {
        if let Ear::Error(error) = &self.ear
            && (ServerError::is_whole(error) || error.len() >= MAX_ERROR)
        {
            self.seen.server_error = Some(shown_error(error));
            self.ear = Ear::Deaf;
        }
        Attention::Needed
    }

    fn step(&mut self, step: Step) {
        if self.seen.steps.len() < MAX_STEPS {
            self.seen.steps.push(step);
        }
    }

    /// A step that is judged, whatever came before it.
    fn decide(&mut self, step: Step) {
        self.seen.steps.push(step);
    }
}

/// What an application may send before a request for GSSAPI is answered (bytes).
const MAX_KEPT: usize = 64 * 1024;

/// Requests that may wait for their answers.
const MAX_ASKED: usize = 8;

/// GSSAPI, TLS and a startup, each with its answer, twice.
const MAX_STEPS: usize = 12;

#[cfg(test)]
mod tests;
