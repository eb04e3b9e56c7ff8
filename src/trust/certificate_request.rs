//! A file with a request for a certificate, as `openssl req` reads it.

use super::pem::{PemFault, blocks};
use crate::x509::{CertificateRequest, ParseError};

/// Why a file with a request cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// A broken block.
    #[error(transparent)]
    Pem(#[from] PemFault),
    /// Contents that are not a request.
    #[error("the request in it is damaged: {0}")]
    Damaged(#[from] ParseError),
    /// OpenSSL would read the first one only.
    #[error("it contains {0} requests")]
    Several(usize),
}

/// Reads a request, PEM or DER; `None` if the file is something else, such as a certificate.
pub fn certificate_request(contents: &[u8]) -> Option<Result<CertificateRequest, RequestFault>> {
    let mut requests = Vec::new();
    let mut broken = None;
    for block in blocks(contents) {
        match block {
            Ok(block) if is_request(block.label) => requests.push(block.contents),
            Ok(block) if block.label.ends_with(b"CERTIFICATE") => return None,
            Ok(_) => {}
            Err(fault) => broken = broken.or(Some(fault)),
        }
    }
    match (requests.as_slice(), broken) {
        ([], Some(fault)) if names_a_request(contents) => Some(Err(fault.into())),
        ([], _) => CertificateRequest::parse(contents).ok().map(Ok),
        ([one], _) => Some(CertificateRequest::parse(one).map_err(RequestFault::Damaged)),
        (several, _) => Some(Err(RequestFault::Several(several.len()))),
    }
}

fn is_request(label: &[u8]) -> bool {
    LABELS.contains(&label)
}

fn names_a_request(contents: &[u8]) -> bool {
    let begin = |label: &[u8]| [b"-----BEGIN ", label, b"-----"].concat();
    let has = |text: &[u8]| memchr::memmem::find(contents, text).is_some();
    LABELS.iter().any(|label| has(&begin(label)))
}

/// `PEM_STRING_X509_REQ` and `PEM_STRING_X509_REQ_OLD`.
const LABELS: [&[u8]; 2] = [b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"];

#[cfg(test)]
mod tests {
    use super::super::encode_pem;
    use super::*;

    fn der() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_request_is_read_from_pem_and_from_der() {
        let der = der();
        let pem = encode_pem("CERTIFICATE REQUEST", &der);
        let old = encode_pem("NEW CERTIFICATE REQUEST", &der);
        let key = encode_pem("PRIVATE KEY", b"0");
        let expected = CertificateRequest::parse(&der).unwrap();
        for contents in [
            der.clone(),
            pem.clone().into_bytes(),
            old.into_bytes(),
            format!("{key}{pem}").into_bytes(),
        ] {
            let read = certificate_request(&contents).unwrap().unwrap();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn what_is_not_one_good_request_is_told_apart() {
        let pem = encode_pem("CERTIFICATE REQUEST", &der());
        let certificate = encode_pem("CERTIFICATE", b"0");
        for other in ["", "text", &certificate, &format!("{pem}{certificate}")] {
            assert_eq!(certificate_request(other.as_bytes()), None, "{other}");
        }
        let read = |text: &str| certificate_request(text.as_bytes()).unwrap();
        assert_eq!(read(&format!("{pem}{pem}")), Err(RequestFault::Several(2)));
        let cut = pem.split("-----END").next().unwrap();
        assert_eq!(
            read(cut),
            Err(RequestFault::Pem(PemFault::NoEnd { line: 1 }))
        );
        let damaged = read(&encode_pem("CERTIFICATE REQUEST", b"0"));
        assert!(
            matches!(damaged, Err(RequestFault::Damaged(_))),
            "{damaged:?}"
        );
    }
}
