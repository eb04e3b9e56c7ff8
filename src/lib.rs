//! pgtls checks TLS to PostgreSQL endpoints with libpq's own rules.
//!
//! It **reads a conninfo**, **gathers trust**, **connects**, **negotiates**, **shakes hands**,
//! **verifies**, **diagnoses**, **reports** and **exits**. The modules stand in that order, and
//! none knows one that comes after it:
//!
//! | module | from | to |
//! | --- | --- | --- |
//! | [`conninfo`] | text, environment, service files | parameters with their origin, endpoints |
//! | [`x509`] | DER | certificates and CRLs as plain facts |
//! | [`trust`] | parameters | trust anchors, CRLs, client identity, the level demanded |
//! | [`verify`] | chain, trust, moment | what OpenSSL finds wrong with it |

pub mod conninfo;
pub mod trust;
pub mod verify;
pub mod x509;
