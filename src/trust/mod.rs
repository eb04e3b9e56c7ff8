//! What the user trusts: anchors with their source, CRLs, the client's own identity.

mod client_chain;
mod encryption;
pub mod identity;
mod identity_error;
mod pem;
mod private_key;
mod similar;

pub use client_chain::ChainFault;
pub use pem::PemFault;
pub use private_key::KeyFault;
