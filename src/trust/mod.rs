//! What the user trusts: anchors with their source, CRLs, the client's own identity.
