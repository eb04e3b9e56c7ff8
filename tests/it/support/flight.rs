//! What a server of TLS 1.2 says first, made by hand.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::peer::Conversation;
use super::pki::Served;

/// The extensions of a server that takes part in secure renegotiation, and their length.
pub(crate) const RENEGOTIATION_INFO: &[u8] = &[0, 5, 0xff, 1, 0, 1, 0];

/// The random bytes of the ClientHello, which begins behind the SSLRequest.
pub(crate) fn client_random(conversation: &Conversation) -> [u8; 32] {
    let heard = conversation.heard();
    // Record, message and version.
    *heard[8 + 5 + 4 + 2..].first_chunk().unwrap()
}

/// A ServerHello.
pub(crate) fn hello(random: &[u8; 32], suite: u16, extensions: &[u8]) -> Vec<u8> {
    let suite = suite.to_be_bytes();
    let body = [&[3, 3][..], random, &[0], &suite, &[0], extensions].concat();
    message_of(2, &body)
}

/// The parameters of X25519, with a share.
pub(crate) fn point() -> Vec<u8> {
    [&[3, 0, 29, 32][..], &[9; 32]].concat()
}

/// The scheme, and the signature.
pub(crate) fn sign(signer: &Served, message: &[u8]) -> ([u8; 2], Vec<u8>) {
    let random = SystemRandom::new();
    let key = KeyPair::from_pem(&signer.key).unwrap().serialize_der();
    if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key) {
        return (
            [4, 3],
            key.sign(&random, message).unwrap().as_ref().to_vec(),
        );
    }
    let key = RsaKeyPair::from_pkcs8(&key).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
        .unwrap();
    ([4, 1], signature)
}

/// A ServerKeyExchange.
pub(crate) fn exchange(body: &[u8]) -> Vec<u8> {
    message_of(12, body)
}

/// One record: the ServerHello, the certificates, the ServerKeyExchange or nothing, and the end.
pub(crate) fn flight(hello: Vec<u8>, served: &Served, exchange: Vec<u8>) -> Vec<u8> {
    let certificates = CertificateDer::pem_slice_iter(served.chain.as_bytes());
    let list: Vec<u8> = certificates
        .flat_map(|certificate| block24(&certificate.unwrap()))
        .collect();
    let certificates = message_of(11, &block24(&list));
    let messages = [hello, certificates, exchange, message_of(14, &[])];
    [&[22, 3, 3][..], &block16(&messages.concat())].concat()
}

/// The bytes behind their length.
pub(crate) fn block16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

fn block24(bytes: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

fn message_of(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &block24(body)].concat()
}
