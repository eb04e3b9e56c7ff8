//! Codes that no round trip can have.

use pgtls::diagnose::Code;

/// Why there is none; `None` if there is one.
pub(crate) fn reason(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnknownKeyword
        | Code::InvalidValue
        | Code::BadConninfo
        | Code::WeakSslmode
        | Code::Dns
        | Code::HostNameMismatch
        | Code::RootFileMissing
        | Code::UnknownIssuer
        | Code::RootExpired
        | Code::RootFileInvalid
        | Code::RootFileBom
        | Code::CaRotation
        | Code::KeyFilePermissions
        | Code::ClientCertFileMissing
        | Code::ClientKeyFileMissing
        | Code::ClientCertFileInvalid
        | Code::ClientKeyFileInvalid
        | Code::ClientKeyMismatch
        | Code::DefaultSslmode
        | Code::StrongerMode
        | Code::HomeRootDecides
        | Code::BelowMinTls
        | Code::NoCommonVersion
        | Code::Closed
        | Code::WeakCipher
        | Code::BrokenCipher
        | Code::LegacyProtocol
        | Code::PlaintextAccepted
        | Code::LargeHelloDropped
        | Code::SelfSigned
        | Code::CrlFileMissing
        | Code::HelloRetryRequest
        | Code::ClientCertNotRequested
        | Code::ClientCertRequired
        | Code::PassfileIgnored
        | Code::ServerCertFileInvalid
        | Code::ServerCertFileMissing
        | Code::ServerKeyFileInvalid
        | Code::ServerKeyFileMissing
        | Code::ServerKeyMismatch
        | Code::MissingIntermediate
        | Code::ChainOrder
        | Code::ClientCertRefused
        | Code::CrlFileInvalid
        | Code::LoginFailed
        | Code::NoTls
        | Code::NoCommonCipher
        | Code::TlsAlert => return None,
        Code::ClientCertExpired
        | Code::Expired
        | Code::ExpiresSoon
        | Code::IntermediateExpired
        | Code::KeyUsage
        | Code::MalformedCertificate
        | Code::NameConstraint
        | Code::NoSan
        | Code::NotACa
        | Code::NotYetValid
        | Code::PathLength
        | Code::Revoked
        | Code::UnknownCriticalExtension
        | Code::UnsupportedAlgorithm
        | Code::WeakKey
        | Code::WeakSignature
        | Code::WrongPurpose
        | Code::X509V1
        | Code::CaAsLeaf
        | Code::NoChannelBinding => "a certificate authority must issue another certificate",
        Code::CommittedSecret
        | Code::NotSearched
        | Code::PlaintextPossible
        | Code::RootNotInTree
        | Code::ServerNotVerified => "a file of a program must change, and scan does not connect",
        Code::CommandFailed
        | Code::DoesNotVerify
        | Code::FallsBackToPlaintext
        | Code::NothingTraced
        | Code::PlaintextCancel
        | Code::PlaintextSession
        | Code::SendsNoSni => "it is about an application, whose settings pgtls does not see",
        Code::CrlExpired | Code::CrlMissing => "a certificate authority must publish another list",
        Code::CertificateRequest | Code::CertificateRequestInvalid | Code::HostsFileInvalid => {
            "it concerns files before they are deployed, without a server"
        }
        Code::Refused
        | Code::Timeout
        | Code::NotPostgres
        | Code::ServerError
        | Code::UnixSocket => "another server answers, or none: only the user knows the right one",
        Code::UnfinishedHandshake => {
            "only PostgreSQL 18 and newer can be limited to such a group; there the test repairs it"
        }
        Code::TlsFailure => {
            "the setting depends on the version of the server, or on a proxy in front of it"
        }
        Code::InsecureRenegotiation
        | Code::PlaintextInjection
        | Code::PlaintextProcessed
        | Code::TlsCompression => "the server needs another version",
        Code::LibpqRootMissing
        | Code::PublicRoot
        | Code::RetiredRoot
        | Code::RootRemoval
        | Code::SystemRoots => "it needs a server with a certificate of a public authority",
        Code::NotAuthenticated => "stronger-mode has the string, if one would pass",
        Code::ProfileViolated => "the message says what the profile asks; the profile is another's",
        Code::PinMismatch | Code::UnexpectedCertificate => {
            "only the user knows which certificate is right"
        }
        Code::AuditIncomplete | Code::LoginNotChecked | Code::UnverifiedLogin => {
            "it concerns the login, whose password pgtls does not guess"
        }
        Code::AmbiguousDialect
        | Code::EmptyConninfo
        | Code::MangledConninfo
        | Code::OtherDatabase
        | Code::RefusedByDriver => "only the user knows what the string was meant to be",
        Code::ChangedSinceBaseline | Code::ProtectionLost => {
            "only the user knows whether the change was meant"
        }
        Code::ForeignDialect | Code::SettingDiffers | Code::DriverDiffers => {
            "it says how another driver reads the string"
        }
        Code::ClientsDiffer
        | Code::OpensslConf
        | Code::LibpqVersionsDiffer
        | Code::OldOpensslDiffers
        | Code::OpensslVersionsDiffer
        | Code::NewerLibpq => "it says how other programs differ; nothing is broken",
        Code::RandomOrder => "it says what libpq does; nothing is broken",
        Code::SessionKeysLogged => "only the user knows whether the keys are wanted",
        Code::StaleResult => "nothing is known yet, and the next check of the schedule tells",
        Code::NotFinished => "the user ended the run; nothing is known yet",
        Code::SniDependent | Code::TlsTerminatedInBetween | Code::TlsUnconfirmed => {
            "it concerns what stands between the client and the server"
        }
    })
}
