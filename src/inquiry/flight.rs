//! One connection for a server's whole first flight of TLS 1.2.

use super::line::{read, write};
use super::{Line, Offer, Unknown};
use crate::wire::tls::alert::Level;
use crate::wire::tls::flight::{Answer, FlightReader};
use crate::wire::tls::{Alert, TlsVersion};

impl Line {
    /// The server's own certificate, as TLS 1.2 shows it in answer to this offer; `None` if there is none.
    pub(crate) async fn shown(&self, offer: Offer<'_>) -> Result<Option<Vec<u8>>, Unknown> {
        let answer = self.first_flight(&self.hello(offer)).await?;
        Ok(match answer {
            Answer::Flight(flight) => flight.certificates.into_iter().next(),
            Answer::Tls13 { .. } | Answer::Alert(_) | Answer::Malformed => None,
        })
    }

    /// Sends a ClientHello, reads the answer up to the ServerHelloDone, and hangs up.
    pub(crate) async fn first_flight(&self, hello: &[u8]) -> Result<Answer, Unknown> {
        let until = self.until()?;
        let (mut stream, _) = self.ready(self.negotiation, until).await?.into_parts();
        write(&mut stream, hello, until).await?;
        let mut reader = FlightReader::default();
        let mut arrived = Vec::new();
        let answer = loop {
            arrived.clear();
            if read(&mut stream, &mut arrived, until).await? == 0 {
                return Err(Unknown::Closed);
            }
            if let Some(answer) = reader.hear(&arrived) {
                break answer;
            }
        };
        // Tells the server not to wait for the rest. If it has already gone, that does not matter.
        let goodbye = Alert::CLOSE_NOTIFY.encode(Level::Warning, TlsVersion::V1_2);
        let _ = write(&mut stream, &goodbye, until).await;
        Ok(answer)
    }
}
