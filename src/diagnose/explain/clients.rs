//! What prevents other clients from connecting, by finding code.

use super::chain;
use crate::clients::{Blamed, ClientVerdict, Failure, Obstacle};
use crate::diagnose::{Code, Diagnosis};

/// What one client would do, with the finding code of its obstacle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDiagnosis {
    /// What it would do, and why.
    pub verdict: ClientVerdict,
    /// The finding code of the obstacle, if there is one.
    pub code: Option<Code>,
}

/// Names the obstacle of each client; `diagnosis` is that of the check.
pub fn diagnose_clients(
    verdicts: Vec<ClientVerdict>,
    diagnosis: &Diagnosis,
) -> Vec<ClientDiagnosis> {
    let with_code = |verdict: ClientVerdict| {
        let obstacle = verdict.obstacle.as_ref();
        let code = obstacle.map(|obstacle| code(obstacle, diagnosis));
        ClientDiagnosis { verdict, code }
    };
    verdicts.into_iter().map(with_code).collect()
}

impl Diagnosis {
    /// Why the check failed, as far as it concerns other clients.
    pub fn failure(&self) -> Option<Failure<'_>> {
        let error = self.error.as_ref()?;
        let ours = [Code::ClientCertRefused, Code::ClientCertRequired];
        Some(Failure {
            words: &error.message,
            blamed: if ours.contains(&error.code) {
                Blamed::ClientCertificate
            } else {
                Blamed::Other
            },
        })
    }
}

fn code(obstacle: &Obstacle, diagnosis: &Diagnosis) -> Code {
    match obstacle {
        Obstacle::OfTheCheck => {
            let error = diagnosis.error.as_ref();
            error.map_or(Code::TlsFailure, |error| error.code)
        }
        Obstacle::Chain(kind, place) => chain::code(kind, *place),
        Obstacle::MalformedCertificate => Code::MalformedCertificate,
        Obstacle::NoCertificate => Code::TlsFailure,
        Obstacle::NoTls => Code::NoTls,
        Obstacle::NoHost => Code::BadConninfo,
        Obstacle::WrongHost => Code::HostNameMismatch,
        Obstacle::NoSan => Code::NoSan,
        Obstacle::CaAsLeaf => Code::CaAsLeaf,
        Obstacle::Version1 => Code::X509V1,
        Obstacle::WrongPurpose => Code::WrongPurpose,
        Obstacle::WeakKey => Code::WeakKey,
        Obstacle::UnsupportedAlgorithm => Code::UnsupportedAlgorithm,
        Obstacle::Stricter => Code::ClientsDiffer,
        Obstacle::NoRoots => Code::LibpqRootMissing,
        Obstacle::RootFileMissing => Code::RootFileMissing,
        Obstacle::RootFileInvalid => Code::RootFileInvalid,
        Obstacle::KeyForm => Code::ClientKeyFileInvalid,
        Obstacle::LargeHello => Code::LargeHelloDropped,
        Obstacle::UnknownKeyword => Code::UnknownKeyword,
        Obstacle::UnknownMode => Code::InvalidValue,
    }
}
