//! One connection for a server's whole first flight of TLS 1.2.

use super::line::{read, write};
use super::{Line, Unknown};
use crate::wire::tls::alert::Level;
use crate::wire::tls::flight::{Answer, FlightReader};
use crate::wire::tls::{Alert, TlsVersion};

impl Line {
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
