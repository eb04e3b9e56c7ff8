//! Certificate authorities that live as long as the process.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

/// An authority with its key: a self-signed root, or one below a root.
pub struct Authority {
    /// Its certificate as PEM. That of a root can be used for `sslrootcert`.
    pub root_pem: String,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Issued {
    /// Leaf first, without the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

/// The validity of a certificate.
#[derive(Clone, Copy)]
pub(super) struct Period {
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

impl Period {
    /// Days relative to `now`.
    pub(super) fn days(now: OffsetDateTime, from: i64, until: i64) -> Self {
        Self {
            from: now + Duration::days(from),
            until: now + Duration::days(until),
        }
    }
}

impl Authority {
    /// Makes a fresh authority, valid from a day before `now` for ten years.
    ///
    /// # Errors
    /// If the crypto library fails.
    pub fn new(common_name: &str, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        Self::root(
            common_name,
            Period::days(now, -1, 3650),
            KeyPair::generate()?,
        )
    }

    /// Issues a server certificate for `names`, host names or addresses, valid for ninety days.
    ///
    /// # Errors
    /// If a name is invalid, or the crypto library fails.
    pub fn issue(&self, names: &[&str], now: OffsetDateTime) -> Result<Issued, rcgen::Error> {
        let key = KeyPair::generate()?;
        self.sign(server(names, Period::days(now, -1, 90))?, &key)
    }

    pub(super) fn root(name: &str, period: Period, key: KeyPair) -> Result<Self, rcgen::Error> {
        let params = authority(name, period);
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            root_pem: certificate.pem(),
            certificate: certificate.into(),
            issuer: Issuer::new(params, key),
        })
    }

    /// A CA below this one.
    pub(super) fn subordinate(&self, name: &str, period: Period) -> Result<Self, rcgen::Error> {
        self.subordinate_for(name, period, KeyPair::generate()?)
    }

    pub(super) fn subordinate_for(
        &self,
        name: &str,
        period: Period,
        key: KeyPair,
    ) -> Result<Self, rcgen::Error> {
        let mut params = authority(name, period);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Self {
            root_pem: certificate.pem(),
            certificate: certificate.into(),
            issuer: Issuer::new(params, key),
        })
    }

    /// A copy of this authority's key, for another certificate of the same authority.
    pub(super) fn key(&self) -> Result<KeyPair, rcgen::Error> {
        KeyPair::try_from(self.issuer.key().serialize_der())
    }

    pub(super) fn sign(
        &self,
        params: CertificateParams,
        key: &KeyPair,
    ) -> Result<Issued, rcgen::Error> {
        let certificate = params.signed_by(key, &self.issuer)?;
        Ok(Issued {
            chain: vec![certificate.into()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    /// A CRL with these serial numbers, as PEM.
    pub(super) fn crl(
        &self,
        revoked: Vec<SerialNumber>,
        now: OffsetDateTime,
    ) -> Result<String, rcgen::Error> {
        let revoked_at = now - Duration::hours(1);
        let entry = |serial_number| RevokedCertParams {
            serial_number,
            revocation_time: revoked_at,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: revoked_at,
            next_update: now + Duration::days(90),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.into_iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer)?.pem()
    }
}

/// A server certificate for `names`, the first of which is the CN.
pub(super) fn server(names: &[&str], period: Period) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names.clone())?;
    params.distinguished_name = common_name(names.first().map_or("", String::as_str));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = period.from;
    params.not_after = period.until;
    Ok(params)
}

/// A subject with only a CN, or an empty one.
pub(super) fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    if !name.is_empty() {
        subject.push(DnType::CommonName, name);
    }
    subject
}

fn authority(name: &str, period: Period) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = period.from;
    params.not_after = period.until;
    params
}
