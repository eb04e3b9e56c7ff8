//! Signature algorithms.

use super::der::*;

/// How to sign, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Algorithm {
    pub(crate) der: Vec<u8>,
    pub(super) options: &'static [&'static str],
}

pub(crate) fn ecdsa_sha256() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.2")]),
        options: &["-sha256"],
    }
}

pub(crate) fn ecdsa_sha256_null() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.2"), &null()]),
        options: &["-sha256"],
    }
}

pub(crate) fn ecdsa_sha1() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.1")]),
        options: &["-sha1"],
    }
}

pub(crate) fn ecdsa_sha224() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.1")]),
        options: &["-sha224"],
    }
}

pub(crate) fn ecdsa_sha384() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.3")]),
        options: &["-sha384"],
    }
}

pub(crate) fn ecdsa_sha512() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.4")]),
        options: &["-sha512"],
    }
}

fn rsa(number: u8, options: &'static [&'static str]) -> Algorithm {
    let kind = format!("1.2.840.113549.1.1.{number}");
    Algorithm {
        der: seq(&[&oid(&kind), &null()]),
        options,
    }
}

pub(crate) fn rsa_md5() -> Algorithm {
    rsa(4, &["-md5"])
}

pub(crate) fn rsa_sha1() -> Algorithm {
    rsa(5, &["-sha1"])
}

pub(crate) fn rsa_sha256() -> Algorithm {
    rsa(11, &["-sha256"])
}

pub(crate) fn rsa_sha256_without_null() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.11")]),
        options: &["-sha256"],
    }
}

pub(crate) fn rsa_sha384() -> Algorithm {
    rsa(12, &["-sha384"])
}

pub(crate) fn rsa_sha512() -> Algorithm {
    rsa(13, &["-sha512"])
}

pub(crate) fn rsa_sha224() -> Algorithm {
    rsa(14, &["-sha224"])
}

fn pss(digest: &str, salt: &[u8], options: &'static [&'static str]) -> Algorithm {
    let digest = seq(&[&oid(digest), &null()]);
    let mask = seq(&[&oid("1.2.840.113549.1.1.8"), &digest]);
    let parameters = seq(&[&wrap(0, &digest), &wrap(1, &mask), &wrap(2, &int(salt))]);
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.10"), &parameters]),
        options,
    }
}

pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";

pub(crate) fn pss_sha256() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:32",
    ];
    pss(SHA256, &[32], OPTIONS)
}

pub(crate) fn pss_sha256_salt_20() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:20",
    ];
    pss(SHA256, &[20], OPTIONS)
}

pub(crate) fn pss_sha256_salt_max() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:222",
    ];
    pss(SHA256, &[0, 222], OPTIONS)
}

pub(crate) fn pss_sha384() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha384",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:48",
    ];
    pss(SHA384, &[48], OPTIONS)
}

/// RSASSA-PSS without parameters, which the identifier does not allow.
pub(crate) fn pss_bare() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.10")]),
        options: &["-sha256"],
    }
}

pub(crate) fn ed25519() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.3.101.112")]),
        options: &[],
    }
}

pub(crate) fn ed448() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.3.101.113")]),
        options: &[],
    }
}
