//! Curves that a key spells out. OpenSSL compares the numbers with those of the curves that it knows
//! (`EC_GROUP_new_from_ecparameters` in crypto/ec/ec_asn1.c), and uses such a key like one on the named curve. Only in a
//! chain that is verified it minds (`check_curve` in crypto/x509/x509_vfy.c).

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;

use super::der::{Element, Result, tag};
use super::key::Curve;

/// The curve of these ECParameters (RFC 3279 section 2.3.5), if TLS has it.
pub(super) fn named(parameters: &Element<'_>) -> Result<Option<Curve>> {
    let mut parts = parameters.children()?;
    parts.universal(tag::INTEGER)?.integer()?;
    let mut field = parts.universal(tag::SEQUENCE)?.children()?;
    if field.oid()? != PRIME_FIELD {
        return Ok(None);
    }
    let prime = magnitude(field.universal(tag::INTEGER)?.integer()?);
    let mut curve = parts.universal(tag::SEQUENCE)?.children()?;
    let a = curve.universal(tag::OCTET_STRING)?.bytes()?;
    let b = curve.universal(tag::OCTET_STRING)?.bytes()?;
    let seed = match curve.is_empty() {
        true => &[],
        false => curve.universal(tag::BIT_STRING)?.bit_string()?.bytes,
    };
    let generator = parts.universal(tag::OCTET_STRING)?.bytes()?;
    let order = magnitude(parts.universal(tag::INTEGER)?.integer()?);
    // SEC 1 section 2.3.3: the form, x, and y unless the form tells it.
    let (Some((form, point)), Some(last)) = (generator.split_first(), generator.last()) else {
        return Ok(None);
    };
    let x = point.get(..prime.len()).unwrap_or_default();
    let sign = 1 & if *form == UNCOMPRESSED { last } else { form };
    let mut context = Context::new(&SHA256);
    for part in [prime, a, b, seed, x, &[sign], order] {
        context.update(part);
    }
    let digest = HEXLOWER.encode(context.finish().as_ref());
    let mut known = KNOWN.iter();
    let known = known.find(|(_, digests)| digests.contains(&digest.as_str()));
    Ok(known.map(|(curve, _)| *curve))
}

fn magnitude(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

const PRIME_FIELD: &str = "1.2.840.10045.1.1";

/// SEC 1 section 2.3.3.
const UNCOMPRESSED: u8 = 4;

/// SHA-256 of the numbers (SEC 2), with the seed from which the curve was made and without.
const KNOWN: [(Curve, [&str; 2]); 3] = [
    (
        Curve::P256,
        [
            "18900e131179afc62e74b5b35b4a49ac3f5d14194b1d23166476791abaec1d53",
            "382e11fb7f3be30f02d82576d18fdc4d0d1b113b1181cef1cd46b29a9c779a48",
        ],
    ),
    (
        Curve::P384,
        [
            "58420671caf859142fcf57b7ad8f4ab1bd734f85506c2a1346ef8878ab1f5c84",
            "097165029bbc8c1cb4c70798fb56b1d1c7c759b6f58b76668edd97115542600d",
        ],
    ),
    (
        Curve::P521,
        [
            "70f5d7f06af2ad520e02db0349a01f7c1ac8bb3411bbb7cdff24e8e7b58ed096",
            "dff56ca7918ac549e4175525f7eff07f99a94f4914d3e2acb0d64fb8699473c0",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::der::Reader;
    use super::*;

    /// P-256 without a seed, up to the generator, and what follows that.
    const BEFORE: &str = "020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
    const X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    const ORDER: &str =
        "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101";

    fn read(der: &[u8]) -> Option<Curve> {
        let element = Reader::new(der).element().unwrap();
        named(&element).unwrap()
    }

    #[test]
    fn every_number_counts() {
        let with = |before: &str, generator: &str, order: &str| {
            let body = [before, "0421", generator, order].concat();
            let body = HEXLOWER.decode(body.as_bytes()).unwrap();
            let length = u8::try_from(body.len()).unwrap();
            read(&[&[0x30, 0x81, length][..], &body].concat())
        };
        let generator = format!("03{X}");
        assert_eq!(with(BEFORE, &generator, ORDER), Some(Curve::P256));
        assert_eq!(with(BEFORE, &format!("02{X}"), ORDER), None);
        let other = |text: &str| text.replacen("d2", "d3", 1);
        assert_eq!(with(&other(BEFORE), &generator, ORDER), None);
        let far = generator.replace("c296", "c297");
        assert_eq!(with(BEFORE, &far, ORDER), None);
        let order = ORDER.replace("2551", "2553");
        assert_eq!(with(BEFORE, &generator, &order), None);
    }

    #[test]
    fn openssl_spells_them_out_in_every_form() {
        for (name, curve) in [
            ("prime256v1", Some(Curve::P256)),
            ("secp384r1", Some(Curve::P384)),
            ("secp521r1", Some(Curve::P521)),
            ("secp256k1", None),
        ] {
            for form in ["compressed", "uncompressed", "hybrid"] {
                let made = Command::new("openssl")
                    .args(["ecparam", "-name", name, "-param_enc", "explicit"])
                    .args(["-conv_form", form, "-outform", "DER"])
                    .output();
                let Ok(made) = made else {
                    eprintln!("skipped: openssl is not installed");
                    return;
                };
                assert_eq!(read(&made.stdout), curve, "{name} {form}");
            }
        }
    }
}
