//! What a request asks for. Pure.

use hyper::Method;

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/metrics`
    Metrics,
    /// `/probe`, with what it names.
    Probe(String),
    /// `/-/healthy`
    Healthy,
    /// `/-/ready`
    Ready,
    /// `/`
    States,
}

/// Why there is nothing for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is nothing at this path.
    NotFound,
    /// The method is neither GET nor HEAD.
    Method,
    /// The query is not one, for this reason.
    Query(&'static str),
}

impl Route {
    pub(super) fn of(method: &Method, path: &str, query: Option<&str>) -> Result<Self, Refused> {
        let route = match path {
            "/metrics" => Ok(Self::Metrics),
            "/-/healthy" => Ok(Self::Healthy),
            "/-/ready" => Ok(Self::Ready),
            "/" => Ok(Self::States),
            "/probe" => Err(query.unwrap_or_default()),
            _ => return Err(Refused::NotFound),
        };
        if method != Method::GET && method != Method::HEAD {
            return Err(Refused::Method);
        }
        match route {
            Ok(route) => Ok(route),
            Err(query) => target(query).map(Self::Probe).map_err(Refused::Query),
        }
    }
}

/// The one value of `target`. Every other parameter is a mistake, as it would change nothing.
fn target(query: &str) -> Result<String, &'static str> {
    const MISSING: &str = "say what to check: /probe?target=NAME";
    let mut target = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(MISSING)?;
        if name != "target" {
            return Err("target is the one parameter of /probe");
        }
        if target.replace(decoded(value)?).is_some() {
            return Err("set target once");
        }
    }
    target.filter(|target| !target.is_empty()).ok_or(MISSING)
}

/// The text that a form encodes like this (URL Standard, "application/x-www-form-urlencoded").
fn decoded(value: &str) -> Result<String, &'static str> {
    const WRONG: &str = "write a percent sign as %25, and other characters as % and two digits";
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    let byte = rest.next().ok_or(WRONG)?;
                    let digit = char::from(byte).to_digit(16).ok_or(WRONG)?;
                    u8::try_from(digit).map_err(|_| WRONG)
                };
                let (high, low) = (digit()?, digit()?);
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| "the target is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, query: Option<&str>) -> Result<Route, Refused> {
        Route::of(&Method::GET, path, query)
    }

    #[test]
    fn each_path_is_one_route_and_everything_else_is_nothing() {
        assert_eq!(get("/metrics", None), Ok(Route::Metrics));
        assert_eq!(get("/metrics", Some("x=%zz")), Ok(Route::Metrics));
        assert_eq!(get("/-/healthy", None), Ok(Route::Healthy));
        assert_eq!(get("/-/ready", None), Ok(Route::Ready));
        assert_eq!(get("/", None), Ok(Route::States));
        for path in [
            "",
            "/metrics/",
            "//metrics",
            "/Metrics",
            "/%6detrics",
            "/../etc/passwd",
            "*",
        ] {
            assert_eq!(get(path, None), Err(Refused::NotFound), "{path}");
        }
    }

    #[test]
    fn only_reading_is_allowed() {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            assert_eq!(Route::of(&method, "/metrics", None), Err(Refused::Method));
            assert_eq!(Route::of(&method, "/x", None), Err(Refused::NotFound));
        }
        assert_eq!(Route::of(&Method::HEAD, "/", None), Ok(Route::States));
    }

    #[test]
    fn a_probe_names_one_target() {
        for (query, target) in [
            ("target=orders", "orders"),
            ("target=a%20b+c%2B", "a b c+"),
            ("target=d%3a7", "d:7"),
            ("target=a=b", "a=b"),
            ("target=caf%C3%A9", "caf\u{e9}"),
            ("&target=a&", "a"),
        ] {
            let route = get("/probe", Some(query));
            assert_eq!(route, Ok(Route::Probe(target.to_owned())), "{query}");
        }
        for query in [
            "",
            "target",
            "target=",
            "target=%",
            "target=%4",
            "target=%zz",
            "target=%+1",
            "target=%ff",
            "target=a&target=b",
            "target=a&module=x",
            "Target=a",
        ] {
            let route = get("/probe", Some(query));
            assert!(
                matches!(route, Err(Refused::Query(_))),
                "{query}: {route:?}"
            );
        }
        assert!(matches!(get("/probe", None), Err(Refused::Query(_))));
    }
}
