//! The key exchange group secp521r1, which rustls does not have and OpenSSL offers by default. A
//! server can be limited to it (`ssl_ecdh_curve = 'secp521r1'`). In TLS 1.2 a server also needs it to
//! use an ECDSA key on P-521 (RFC 8422 section 5.1).

use std::fmt;

use aws_lc_rs::agreement::{
    ECDH_P521, EphemeralPrivateKey, PublicKey, UnparsedPublicKey, agree_ephemeral,
};
use aws_lc_rs::rand::SystemRandom;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// The group, for a rustls provider.
#[derive(Debug)]
pub(super) struct Secp521r1;

impl SupportedKxGroup for Secp521r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let private = EphemeralPrivateKey::generate(&ECDH_P521, &SystemRandom::new())
            .map_err(|_| GetRandomFailed)?;
        let public = private.compute_public_key().map_err(|_| GetRandomFailed)?;
        Ok(Box::new(Exchange { private, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

struct Exchange {
    private: EphemeralPrivateKey,
    public: PublicKey,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let refused = PeerMisbehaved::InvalidKeyShare;
        // aws-lc-rs also accepts compressed points, which TLS does not allow (RFC 8446 section 4.2.8.2).
        if peer.first() != Some(&UNCOMPRESSED) {
            return Err(refused.into());
        }
        let peer = UnparsedPublicKey::new(&ECDH_P521, peer);
        agree_ephemeral(self.private, peer, refused.into(), |secret| {
            Ok(SharedSecret::from(secret))
        })
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

/// SEC 1 section 2.3.3.
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_agree_on_a_secret_of_the_size_of_the_field() {
        let (ours, theirs) = (Secp521r1.start().unwrap(), Secp521r1.start().unwrap());
        let (our_point, their_point) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        let ours = ours.complete(&their_point).unwrap();
        let theirs = theirs.complete(&our_point).unwrap();
        assert_eq!(ours.secret_bytes(), theirs.secret_bytes());
        // TLS keeps leading zeros (RFC 8446 section 7.4.2, RFC 8422 section 5.10).
        assert_eq!(ours.secret_bytes().len(), 66);
    }

    #[test]
    fn a_point_in_another_form_or_off_the_curve_is_refused() {
        let point = Secp521r1.start().unwrap().pub_key().to_vec();
        let mut compressed = point[..67].to_vec();
        compressed[0] = 2;
        let mut outside = point.clone();
        outside[132] ^= 1;
        for wrong in [&[][..], &[4], &compressed, &outside, &point[1..]] {
            let refused = Secp521r1.start().unwrap().complete(wrong);
            assert!(refused.is_err(), "{wrong:?}");
        }
    }
}
