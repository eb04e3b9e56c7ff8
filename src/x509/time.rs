//! Certificate times as OpenSSL reads them.

use super::der::{Element, Malformed, Reader, Result, tag};

/// Seconds since 1970-01-01T00:00:00Z of a UTCTime or GeneralizedTime.
///
/// An inner `None` is a time that OpenSSL decodes but cannot compare. It compares only the two
/// forms of RFC 5280 section 4.1.2.5, each for any century (`X509_cmp_time` in
/// crypto/x509/x509_vfy.c).
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<i64>> {
    let element = reader.element()?;
    if is_time(&element) {
        whole(&element)
    } else {
        Err(Malformed)
    }
}

pub(super) fn read_optional(reader: &mut Reader<'_>) -> Result<Option<Option<i64>>> {
    let element = reader.optional(is_time)?;
    element.map(|element| whole(&element)).transpose()
}

/// A time without seconds: OpenSSL 3.0 decodes and never compares it, OpenSSL 3.3 and newer cannot decode what
/// it stands in ("utctime is too short", `asn1_ex_c2i` in crypto/asn1/tasn_dec.c). The stricter answer counts.
fn whole(element: &Element<'_>) -> Result<Option<i64>> {
    let shortest = match element.tag {
        tag::UTC_TIME => UTC_TIME,
        _ => GENERALIZED_TIME,
    };
    if element.bytes()?.len() < shortest {
        return Err(Malformed);
    }
    Ok(seconds(element))
}

/// Length of `YYMMDDHHMMSSZ`.
const UTC_TIME: usize = 13;
/// Length of `YYYYMMDDHHMMSSZ`.
const GENERALIZED_TIME: usize = 15;

fn is_time(element: &Element<'_>) -> bool {
    element.is_universal(tag::UTC_TIME) || element.is_universal(tag::GENERALIZED_TIME)
}

fn seconds(element: &Element<'_>) -> Option<i64> {
    let (year, tail) = element.bytes().ok()?.split_last_chunk::<11>()?;
    let [month, day, hour, minute, second] = pairs(tail)?;
    let year = match (element.tag, year) {
        (tag::UTC_TIME, [a, b]) => match pair(*a, *b)? {
            late @ 50.. => late.checked_add(1900)?,
            early => early.checked_add(2000)?,
        },
        (tag::GENERALIZED_TIME, [a, b, c, d]) => {
            pair(*a, *b)?.checked_mul(100)?.checked_add(pair(*c, *d)?)?
        }
        _ => return None,
    };
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let time = days_from_epoch(year, month, day)
        .checked_mul(24)?
        .checked_add(hour)?
        .checked_mul(60)?
        .checked_add(minute)?
        .checked_mul(60)?
        .checked_add(second)?;
    valid.then_some(time)
}

fn pairs(digits: &[u8; 11]) -> Option<[i64; 5]> {
    let [a, b, c, d, e, f, g, h, i, j, b'Z'] = *digits else {
        return None;
    };
    Some([
        pair(a, b)?,
        pair(c, d)?,
        pair(e, f)?,
        pair(g, h)?,
        pair(i, j)?,
    ])
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| char::from(byte).to_digit(10).map(i64::from);
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar; years 0 to 9999 cannot overflow.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Count years from March: the leap day is then the last day of its year.
    let shifted = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    let leap_days = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
    const DAYS_FROM_YEAR_0_TO_1970: i64 = 719_468;
    shifted * 365 + leap_days + day_of_year - DAYS_FROM_YEAR_0_TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tag: u32, text: &str) -> Option<i64> {
        try_parse(tag, text).unwrap()
    }

    fn try_parse(tag: u32, text: &str) -> Result<Option<i64>> {
        let mut der = vec![
            u8::try_from(tag).unwrap(),
            u8::try_from(text.len()).unwrap(),
        ];
        der.extend_from_slice(text.as_bytes());
        read(&mut Reader::new(&der))
    }

    #[test]
    fn both_forms_are_read_to_the_second() {
        for (tag, text, expected) in [
            (tag::UTC_TIME, "700101000000Z", Some(0)),
            (tag::UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (tag::UTC_TIME, "500101000000Z", Some(-631_152_000)),
            (tag::UTC_TIME, "240229120000Z", Some(1_709_208_000)),
            (
                tag::GENERALIZED_TIME,
                "20240229120000Z",
                Some(1_709_208_000),
            ),
            (
                tag::GENERALIZED_TIME,
                "99991231235959Z",
                Some(253_402_300_799),
            ),
            (
                tag::GENERALIZED_TIME,
                "19000301000000Z",
                Some(-2_203_891_200),
            ),
            (
                tag::GENERALIZED_TIME,
                "00000101000000Z",
                Some(-62_167_219_200),
            ),
        ] {
            assert_eq!(parse(tag, text), expected, "{text}");
        }
    }

    #[test]
    fn other_forms_cannot_be_compared() {
        for (tag, text) in [
            (tag::UTC_TIME, "700101000000+0000"),
            (tag::UTC_TIME, "700101000000z"),
            (tag::UTC_TIME, "19700101000000Z"),
            (tag::UTC_TIME, "70010100000aZ"),
            (tag::UTC_TIME, "701301000000Z"),
            (tag::UTC_TIME, "700230000000Z"),
            (tag::UTC_TIME, "230229000000Z"),
            (tag::UTC_TIME, "700101240000Z"),
            (tag::UTC_TIME, "700101000060Z"),
            (tag::GENERALIZED_TIME, "19700101000000.5Z"),
        ] {
            assert_eq!(parse(tag, text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_seconds_spoils_what_it_stands_in() {
        for (tag, text) in [
            (tag::UTC_TIME, ""),
            (tag::UTC_TIME, "7001010000Z"),
            (tag::GENERALIZED_TIME, "197001010000Z"),
            (tag::GENERALIZED_TIME, "700101000000Z"),
        ] {
            assert!(try_parse(tag, text).is_err(), "{text}");
        }
    }
}
