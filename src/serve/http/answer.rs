//! Answers.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Request, Response, StatusCode};
use tokio::time::Instant;

use crate::serve::probe::{Failure, LONGEST, probe};
use crate::serve::{Core, metrics, page};

use super::auth::Denied;
use super::route::{Refused, Route};
use super::{Client, Page, Pages};

/// A body that is there as a whole.
pub(super) struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.0.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

type Answer = Response<Whole>;

impl Client {
    pub(super) async fn answer(&self, request: &Request<Incoming>) -> Answer {
        let credentials = request.headers().get(AUTHORIZATION);
        // Those who may ask now: somebody may have gone since the connection began.
        let inside = self.door.inside(&self.core);
        let admitted = inside.users().admit(credentials.map(HeaderValue::as_bytes));
        match admitted.await {
            Ok(()) => {}
            Err(Denied::Unknown) => {
                let mut answer = text(StatusCode::UNAUTHORIZED, "log in\n");
                let realm = HeaderValue::from_static("Basic realm=\"pgtls\", charset=\"UTF-8\"");
                answer.headers_mut().insert(WWW_AUTHENTICATE, realm);
                return answer;
            }
            Err(Denied::Busy) => return busy("too many passwords are being checked\n"),
        }
        let uri = request.uri();
        match Route::of(request.method(), uri.path(), uri.query()) {
            Ok(route) => self.follow(route, request.headers()).await,
            Err(Refused::NotFound) => text(
                StatusCode::NOT_FOUND,
                "there are /, /metrics, /probe?target=NAME, /-/healthy and /-/ready\n",
            ),
            Err(Refused::Method) => {
                let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD\n");
                let allowed = HeaderValue::from_static("GET, HEAD");
                answer.headers_mut().insert(ALLOW, allowed);
                answer
            }
            Err(Refused::Query(why)) => text(StatusCode::BAD_REQUEST, format!("{why}\n")),
        }
    }

    async fn follow(&self, route: Route, headers: &HeaderMap) -> Answer {
        match route {
            Route::Healthy => text(StatusCode::OK, "healthy\n"),
            Route::Ready if self.core.is_ready() => text(StatusCode::OK, "ready\n"),
            Route::Ready => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the first round of checks is not done\n",
            ),
            Route::Metrics => {
                let body = self.pages.metrics(&self.core);
                whole(StatusCode::OK, METRICS, body)
            }
            Route::States => {
                let body = self.pages.states(&self.core);
                whole(StatusCode::OK, HTML, body)
            }
            Route::Probe(name) => match probe(&self.core, &name, patience(headers)).await {
                Ok(metrics) => whole(StatusCode::OK, METRICS, metrics),
                Err(Failure::Unknown) => text(
                    StatusCode::NOT_FOUND,
                    "the configuration has no target of this name\n",
                ),
                Err(Failure::Forbidden(why)) => text(StatusCode::BAD_REQUEST, format!("{why}\n")),
                Err(Failure::Busy) => busy("too many checks are running\n"),
                Err(Failure::Broken) => text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the check broke off without a result\n",
                ),
            },
        }
    }
}

impl Pages {
    fn metrics(&self, core: &Core) -> Bytes {
        current(&self.metrics, core, || {
            let (board, schedule) = (core.board.borrow(), core.schedule.borrow());
            let totals = *core.totals.borrow();
            metrics::all(&board, &schedule, &totals, core.now()).into()
        })
    }

    fn states(&self, core: &Core) -> Bytes {
        current(&self.states, core, || {
            page::of(&core.board.borrow(), core.now()).into()
        })
    }
}

/// The page, made again if it is a second old, or something was logged since.
fn current(cache: &RefCell<Option<Page>>, core: &Core, make: impl FnOnce() -> Bytes) -> Bytes {
    let said = core.totals.borrow().said;
    let mut cache = cache.borrow_mut();
    if let Some(page) = &*cache
        && page.said == said
        && page.made.elapsed() < FRESH
    {
        return page.bytes.clone();
    }
    let made = Instant::now();
    let bytes = make();
    *cache = Some(Page {
        made,
        said,
        bytes: bytes.clone(),
    });
    bytes
}

/// How long the one who asks waits: Prometheus says it. Something is left for the way back.
fn patience(headers: &HeaderMap) -> Duration {
    let said = headers.get("x-prometheus-scrape-timeout-seconds");
    let said = said.and_then(|value| value.to_str().ok()?.parse::<f64>().ok());
    let said = said.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    said.unwrap_or(LONGEST)
        .saturating_sub(WAY_BACK)
        .clamp(WAY_BACK, LONGEST)
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    whole(status, PLAIN, body.into())
}

fn busy(why: &'static str) -> Answer {
    let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, why);
    answer
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

fn whole(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Whole(Some(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// However often somebody asks, a page of thousands of endpoints is made once in this time.
const FRESH: Duration = Duration::from_secs(1);

const PLAIN: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const WAY_BACK: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_ends_before_the_one_who_asked_gives_up() {
        let patience = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                let name = "x-prometheus-scrape-timeout-seconds";
                headers.insert(name, HeaderValue::from_static(value));
            }
            patience(&headers).as_millis()
        };
        assert_eq!(patience(Some("10.000000")), 9_500);
        assert_eq!(patience(Some("0.1")), 500);
        for other in [
            None,
            Some("-1"),
            Some("nan"),
            Some("inf"),
            Some("1e30"),
            Some("x"),
        ] {
            let most = patience(other);
            assert!(most == 60_000 || most == 59_500, "{other:?}: {most}");
        }
    }
}
