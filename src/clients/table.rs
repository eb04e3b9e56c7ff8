//! The clients: one table each, read by one engine.
//!
//! The behaviour of each is taken from its source: `fe-secure-openssl.c` of libpq, `LibPQFactory`
//! of pgjdbc, `NpgsqlConnector` of Npgsql, `configTLS` of pgx, `ssl` of lib/pq,
//! `pg-connection-string` and `connection.js` of node-postgres, `connection.js` of postgres.js,
//! `connect_utils.py` of asyncpg, `tls.rs` of sqlx-postgres, `connect_tls` of tokio-postgres.

use super::Basis;
use super::keys::KeyReader;
use super::profile::{
    Blocks, Check, Client, Crls, Fallback, Hello, Hostaddr, Meaning, Modes, Profile, RootFile,
    Roots, Sources, System, Taken, Unknown, Use, Without,
};
use super::verifier::{Engine, Forgiven, Names, PostQuantumKeys, Quirk, Verifier};

const ENCRYPT: Meaning = Meaning::Tls(Check::Nothing, Fallback::Never);
const ENCRYPT_IF_OFFERED: Meaning = Meaning::Tls(Check::Nothing, Fallback::WithoutTls);
const TRY_TO_ENCRYPT: Meaning = Meaning::Tls(Check::Nothing, Fallback::AfterFailure);
const CHAIN_IF_ROOTS: Meaning = Meaning::Tls(Check::ChainIfRoots, Fallback::Never);
const CHAIN: Meaning = Meaning::Tls(Check::Chain, Fallback::Never);
const FULL: Meaning = Meaning::Tls(Check::ChainAndName, Fallback::Never);
const FULL_IF_OFFERED: Meaning = Meaning::Tls(Check::ChainAndName, Fallback::WithoutTls);

/// libpq's modes, for the drivers that follow it.
const LIKE_LIBPQ: Modes = Modes {
    absent: TRY_TO_ENCRYPT,
    absent_with_files: TRY_TO_ENCRYPT,
    disable: Meaning::Plaintext,
    allow: Meaning::Plaintext,
    prefer: TRY_TO_ENCRYPT,
    require: CHAIN_IF_ROOTS,
    verify_ca: CHAIN,
    verify_full: FULL,
    ssl_true: CHAIN_IF_ROOTS,
    strange: Meaning::Unknown,
    no_verify: Meaning::Unknown,
};

const TRY_TO_VERIFY: Meaning = Meaning::Tls(Check::ChainIfRoots, Fallback::AfterFailure);

/// Every mode but `disable` means the same.
const ALWAYS_FULL: Modes = Modes {
    absent: Meaning::Plaintext,
    absent_with_files: FULL,
    disable: Meaning::Plaintext,
    allow: FULL,
    prefer: FULL,
    require: FULL,
    verify_ca: FULL,
    verify_full: FULL,
    ssl_true: FULL,
    strange: FULL,
    no_verify: FULL,
};

const TOKIO_POSTGRES: Modes = Modes {
    absent: FULL_IF_OFFERED,
    absent_with_files: FULL_IF_OFFERED,
    disable: Meaning::Plaintext,
    allow: Meaning::Unknown,
    prefer: FULL_IF_OFFERED,
    require: FULL,
    verify_ca: Meaning::Unknown,
    verify_full: Meaning::Unknown,
    ssl_true: Meaning::Unknown,
    strange: Meaning::Unknown,
    no_verify: Meaning::Unknown,
};

const TOKIO_POSTGRES_KNOWS: Unknown = Unknown::Refused(&[
    "sslmode",
    "sslnegotiation",
    "channel_binding",
    "connect_timeout",
    "keepalives",
]);

const STRING_ONLY: Sources = Sources {
    mode_variable: Use::Ignored,
    root_variable: Use::Ignored,
    services: Use::Ignored,
};

const EVERYWHERE: Sources = Sources {
    mode_variable: Use::Used,
    root_variable: Use::Used,
    services: Use::Used,
};

const GO: Verifier = Verifier {
    engine: Engine::OpenSsl,
    forgives: &[Forgiven::PartialChain, Forgiven::Rsa1024],
    quirks: &[Quirk::RsaPssSalt],
    names: Names::SanOnly,
    post_quantum: PostQuantumKeys::Refused(
        "Go up to 1.25 has no ML-DSA; newer versions were not measured",
    ),
};

const NODE: Verifier = Verifier {
    engine: Engine::OpenSsl,
    // Security level 1, up to Node.js 22.
    forgives: &[Forgiven::Rsa1024],
    quirks: &[],
    names: Names::CommonNameToo,
    post_quantum: PostQuantumKeys::Refused(
        "Node.js up to 22 has OpenSSL 3.0, which does not know ML-DSA; from 24 on it has OpenSSL 3.5, which does",
    ),
};

const PYTHON_KEYS: PostQuantumKeys = PostQuantumKeys::Refused(
    "it depends on Python's OpenSSL: 3.5 and newer know ML-DSA, older versions do not",
);

/// libpq's rules for names and files, and those of one OpenSSL.
const fn libpq(forgives: &'static [Forgiven], post_quantum: PostQuantumKeys) -> Verifier {
    Verifier {
        engine: Engine::OpenSsl,
        forgives,
        quirks: &[],
        names: Names::Libpq,
        post_quantum,
    }
}

/// libpq with one OpenSSL.
const fn libpq_profile(client: Client, basis: Basis, hello: Hello, verifier: Verifier) -> Profile {
    Profile {
        client,
        basis,
        modes: Modes {
            absent: TRY_TO_VERIFY,
            absent_with_files: TRY_TO_VERIFY,
            prefer: TRY_TO_VERIFY,
            ..LIKE_LIBPQ
        },
        sources: EVERYWHERE,
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Lenient,
            home: Use::Used,
            without: Without::Nobody,
            system: System::Word,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::All,
        },
        revocation: Crls::Checked,
        hostaddr: Hostaddr::ConnectedTo,
        verifier,
        keys: KeyReader::OpenSsl,
        hello,
    }
}

/// node-postgres, whose versions differ only in what the modes mean.
const fn node_postgres(client: Client, basis: Basis, hello: Hello, modes: Modes) -> Profile {
    Profile {
        client,
        basis,
        modes,
        sources: Sources {
            mode_variable: Use::Used,
            ..STRING_ONLY
        },
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Always,
            home: Use::Ignored,
            without: Without::Mozilla,
            system: System::File,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::All,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: NODE,
        keys: KeyReader::Node,
        hello,
    }
}

/// pgx, whose behaviour depends on the version of Go in few places.
const fn pgx(client: Client, hello: Hello) -> Profile {
    Profile {
        client,
        basis: Basis::Documented,
        modes: LIKE_LIBPQ,
        sources: EVERYWHERE,
        unknown: Unknown::PassedOn(&[
            "channel_binding",
            "connect_timeout",
            "ssl",
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "sslpassword",
            "sslsni",
            "sslnegotiation",
        ]),
        roots: Roots {
            file: RootFile::Always,
            home: Use::Used,
            without: Without::Machine,
            system: System::Word,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::Certificates,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: GO,
        keys: KeyReader::Pgx,
        hello,
    }
}

/// node-postgres 8.
const NODE_POSTGRES_8: Modes = Modes {
    no_verify: ENCRYPT,
    ..ALWAYS_FULL
};

const GO_HELLO: Hello =
    Hello::Depends("Go 1.24 and newer send one of that size, older versions do not");

const NODE_HELLO: Hello =
    Hello::Depends("Node.js 24 and newer send one of that size, older versions do not");

const PYTHON_HELLO: Hello = Hello::Depends(
    "it depends on Python's OpenSSL: 3.5 and newer send one of that size, older versions do not",
);

/// What newer versions of the runtime of a client do, shown where it matters.
pub(super) const NEWER: &[(Client, Profile)] = &[
    (Client::Pgx, pgx(Client::PgxGo124, Hello::Large)),
    (
        Client::NodePostgres,
        node_postgres(
            Client::NodePostgresNode24,
            Basis::Documented,
            Hello::Large,
            NODE_POSTGRES_8,
        ),
    ),
];

/// libpq by the OpenSSL that it is linked with. They are shown where they differ.
pub(super) const LIBPQ_LINES: &[Profile] = &[
    libpq_profile(
        Client::LibpqOpenSsl111,
        Basis::Documented,
        Hello::Small,
        // Its built-in security level is 1.
        libpq(
            &[Forgiven::Rsa1024, Forgiven::Sha1],
            PostQuantumKeys::Refused("OpenSSL 1.1.1 does not know ML-DSA"),
        ),
    ),
    libpq_profile(
        Client::LibpqOpenSsl30,
        Basis::Measured,
        Hello::Small,
        libpq(
            &[Forgiven::EmptyCrlScope],
            PostQuantumKeys::Refused("OpenSSL 3.0 to 3.4 do not know ML-DSA"),
        ),
    ),
    libpq_profile(
        Client::LibpqOpenSsl35,
        Basis::Measured,
        Hello::Large,
        libpq(&[], PostQuantumKeys::Verified),
    ),
];

pub(super) const PROFILES: &[Profile] = &[
    libpq_profile(
        Client::Libpq,
        Basis::Measured,
        Hello::Depends("OpenSSL 3.5 and newer send one of that size, older versions do not"),
        libpq(
            &[],
            PostQuantumKeys::Refused(
                "OpenSSL 3.0 to 3.4 do not know ML-DSA; with 3.5 and newer it connects",
            ),
        ),
    ),
    Profile {
        client: Client::Pgjdbc,
        basis: Basis::Documented,
        modes: Modes {
            require: ENCRYPT,
            ssl_true: FULL,
            ..LIKE_LIBPQ
        },
        sources: STRING_ONLY,
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Verifying,
            home: Use::Used,
            without: Without::Nobody,
            system: System::File,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::Java,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::OpenSsl,
            forgives: &[
                Forgiven::PartialChain,
                Forgiven::ExpiredAnchor,
                Forgiven::Rsa1024,
                Forgiven::Sha1,
            ],
            quirks: &[Quirk::DigitalSignature, Quirk::JavaNames],
            names: Names::Libpq,
            post_quantum: PostQuantumKeys::Refused(
                "Java's TLS has no ML-DSA; versions after 25 were not measured",
            ),
        },
        keys: KeyReader::Pgjdbc,
        hello: Hello::Depends("Java up to 26 sends a small one; newer versions were not measured"),
    },
    Profile {
        client: Client::Npgsql,
        basis: Basis::Documented,
        modes: Modes {
            absent: ENCRYPT_IF_OFFERED,
            absent_with_files: ENCRYPT_IF_OFFERED,
            prefer: ENCRYPT_IF_OFFERED,
            require: ENCRYPT,
            ..LIKE_LIBPQ
        },
        sources: Sources {
            root_variable: Use::Used,
            ..STRING_ONLY
        },
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Verifying,
            home: Use::Used,
            without: Without::Machine,
            system: System::File,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::CertificatesAlsoBehindMark,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::DotNet,
            forgives: &[],
            quirks: &[Quirk::NoUnderscore],
            names: Names::CommonNameToo,
            post_quantum: PostQuantumKeys::Refused(
                "it depends on the system's TLS library: OpenSSL 3.5 and newer know ML-DSA; others were not measured",
            ),
        },
        keys: KeyReader::DotNet,
        hello: Hello::Depends(
            "it depends on the system's TLS library: OpenSSL 3.5 and newer send one of that size",
        ),
    },
    pgx(Client::Pgx, GO_HELLO),
    Profile {
        client: Client::LibPq,
        basis: Basis::Documented,
        modes: Modes {
            absent: CHAIN_IF_ROOTS,
            absent_with_files: CHAIN_IF_ROOTS,
            prefer: TRY_TO_VERIFY,
            ..LIKE_LIBPQ
        },
        sources: EVERYWHERE,
        unknown: Unknown::PassedOn(&[
            "connect_timeout",
            "ssl",
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "sslsni",
            "sslnegotiation",
            "ssl_min_protocol_version",
            "ssl_max_protocol_version",
        ]),
        roots: Roots {
            file: RootFile::Lenient,
            home: Use::Used,
            without: Without::Machine,
            system: System::Word,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::Certificates,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: GO,
        keys: KeyReader::Go,
        hello: GO_HELLO,
    },
    node_postgres(
        Client::NodePostgres,
        Basis::Measured,
        NODE_HELLO,
        NODE_POSTGRES_8,
    ),
    node_postgres(
        Client::NodePostgres9,
        // As the warning of version 8 announces it: the meaning of `uselibpqcompat=true`.
        Basis::Documented,
        NODE_HELLO,
        Modes {
            prefer: ENCRYPT,
            require: CHAIN_IF_ROOTS,
            verify_ca: CHAIN,
            no_verify: ENCRYPT,
            ..ALWAYS_FULL
        },
    ),
    Profile {
        client: Client::PostgresJs,
        basis: Basis::Measured,
        modes: Modes {
            absent: Meaning::Plaintext,
            absent_with_files: Meaning::Plaintext,
            disable: Meaning::Plaintext,
            allow: ENCRYPT,
            prefer: ENCRYPT_IF_OFFERED,
            require: ENCRYPT,
            verify_ca: FULL,
            verify_full: FULL,
            ssl_true: FULL,
            strange: FULL,
            no_verify: FULL,
        },
        sources: STRING_ONLY,
        unknown: Unknown::PassedOn(&["sslmode", "ssl", "sslnegotiation", "connect_timeout"]),
        roots: Roots {
            file: RootFile::Never,
            home: Use::Ignored,
            without: Without::Mozilla,
            system: System::OwnVerified,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::All,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            names: Names::AddressAsLocalhost,
            ..NODE
        },
        keys: KeyReader::NotItsOwn,
        hello: NODE_HELLO,
    },
    Profile {
        client: Client::Asyncpg,
        basis: Basis::Measured,
        modes: Modes {
            // Not read: a setting for the server, which refuses it.
            ssl_true: TRY_TO_ENCRYPT,
            ..LIKE_LIBPQ
        },
        sources: EVERYWHERE,
        unknown: Unknown::PassedOn(&[
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "sslpassword",
            "sslcrl",
            "sslnegotiation",
            "ssl_min_protocol_version",
            "ssl_max_protocol_version",
        ]),
        roots: Roots {
            file: RootFile::Verifying,
            home: Use::Used,
            without: Without::Nobody,
            system: System::File,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::All,
        },
        revocation: Crls::Checked,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::OpenSsl,
            forgives: &[],
            quirks: &[Quirk::NoUnderscore],
            names: Names::CommonNameToo,
            post_quantum: PYTHON_KEYS,
        },
        keys: KeyReader::OpenSslPem,
        hello: PYTHON_HELLO,
    },
    Profile {
        client: Client::PythonDefaultContext,
        basis: Basis::Measured,
        modes: Modes {
            absent: FULL,
            disable: FULL,
            ..ALWAYS_FULL
        },
        sources: EVERYWHERE,
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Program,
            home: Use::Ignored,
            without: Without::Machine,
            system: System::Own,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::All,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::OpenSsl,
            forgives: &[Forgiven::PartialChain],
            quirks: &[Quirk::Rfc5280, Quirk::NoUnderscore],
            names: Names::CommonNameToo,
            post_quantum: PYTHON_KEYS,
        },
        keys: KeyReader::NotItsOwn,
        hello: PYTHON_HELLO,
    },
    Profile {
        client: Client::SqlxRustls,
        basis: Basis::Measured,
        modes: Modes {
            absent: ENCRYPT_IF_OFFERED,
            absent_with_files: ENCRYPT_IF_OFFERED,
            prefer: ENCRYPT_IF_OFFERED,
            require: ENCRYPT,
            // Meant to check only the chain, but the name is checked, too: `NoHostnameTlsVerifier`
            // expects an error of an older rustls.
            verify_ca: FULL,
            // Not read.
            ssl_true: ENCRYPT_IF_OFFERED,
            ..LIKE_LIBPQ
        },
        sources: Sources {
            services: Use::Ignored,
            ..EVERYWHERE
        },
        unknown: Unknown::Ignored,
        roots: Roots {
            file: RootFile::Verifying,
            home: Use::Ignored,
            without: Without::Mozilla,
            system: System::File,
            taken: Taken::All,
            beside: Without::Mozilla,
            blocks: Blocks::Certificates,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::Verified,
        verifier: Verifier {
            engine: Engine::Webpki,
            forgives: &[],
            quirks: &[Quirk::NoP521],
            names: Names::SanOnly,
            post_quantum: PostQuantumKeys::Refused("its cryptography library (ring) has no ML-DSA"),
        },
        keys: KeyReader::Rustls,
        hello: Hello::Small,
    },
    Profile {
        client: Client::TokioPostgresRustls,
        basis: Basis::Measured,
        modes: TOKIO_POSTGRES,
        sources: STRING_ONLY,
        unknown: TOKIO_POSTGRES_KNOWS,
        roots: Roots {
            file: RootFile::Program,
            home: Use::Ignored,
            without: Without::Program,
            system: System::Own,
            taken: Taken::All,
            beside: Without::Nobody,
            blocks: Blocks::Certificates,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::Webpki,
            forgives: &[],
            quirks: &[Quirk::PerhapsNoP521],
            names: Names::SanOnly,
            post_quantum: PostQuantumKeys::Refused(
                "ML-DSA works with aws-lc-rs from rustls 0.23.44 on, not with ring: it depends on the program",
            ),
        },
        keys: KeyReader::NotItsOwn,
        hello: Hello::Depends(
            "aws-lc-rs sends one of that size with newer versions of rustls, ring does not: it depends on the program",
        ),
    },
    Profile {
        client: Client::TokioPostgresNativeTls,
        basis: Basis::Measured,
        modes: TOKIO_POSTGRES,
        sources: STRING_ONLY,
        unknown: TOKIO_POSTGRES_KNOWS,
        roots: Roots {
            file: RootFile::Program,
            home: Use::Ignored,
            without: Without::Program,
            system: System::Own,
            taken: Taken::First,
            beside: Without::Machine,
            blocks: Blocks::Unmeasured,
        },
        revocation: Crls::Ignored,
        hostaddr: Hostaddr::ConnectedTo,
        verifier: Verifier {
            engine: Engine::OpenSsl,
            forgives: &[],
            quirks: &[Quirk::NoUnderscore],
            names: Names::CommonNameToo,
            post_quantum: PostQuantumKeys::Refused(
                "it depends on the system's OpenSSL: 3.5 and newer know ML-DSA, older versions do not",
            ),
        },
        keys: KeyReader::NotItsOwn,
        hello: Hello::Depends(
            "it depends on the system's OpenSSL: 3.5 and newer send one of that size, older versions do not",
        ),
    },
];
