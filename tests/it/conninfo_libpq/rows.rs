//! The table of connection strings, and the service files that some of them read.

use std::fmt;
use std::path::Path;

use super::Ask;

/// A connection string with its environment.
#[derive(Debug)]
pub(crate) struct Row {
    /// How it is given to libpq.
    pub ask: Ask,
    /// The string; `{port}` is replaced with a port that refuses.
    pub text: Vec<u8>,
    /// The whole environment but `HOME`; `{dir}` is replaced with the directory of the service files.
    pub env: Vec<(&'static str, Vec<u8>)>,
    /// The first major version of libpq that agrees with us.
    pub since: u32,
    /// Why older versions do not.
    pub reason: &'static str,
}

impl Row {
    fn new(ask: Ask, text: &[u8]) -> Self {
        Self {
            ask,
            text: text.to_vec(),
            env: Vec::new(),
            since: 0,
            reason: "",
        }
    }

    fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.as_bytes().to_vec()));
        self
    }

    fn since(mut self, version: u32, reason: &'static str) -> Self {
        (self.since, self.reason) = (version, reason);
        self
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {:?}",
            self.ask,
            String::from_utf8_lossy(&self.text)
        )?;
        for (name, value) in &self.env {
            write!(f, " {name}={:?}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Row {
    Row::new(Ask::Parse, text.as_bytes())
}

fn connect(text: &str) -> Row {
    Row::new(Ask::Connect, text.as_bytes())
}

/// A string with a server that refuses, so that the rest of it is judged and nothing else happens.
fn judged(text: &str) -> Row {
    connect(&format!("host=127.0.0.1 port={{port}} {text}"))
}

/// Like [`judged`], with the settings in a service file.
fn service(section: &str) -> Row {
    judged(&format!("service={section}")).env("PGSERVICEFILE", "{dir}/services.conf")
}

/// Writes the service files that the rows name.
pub(crate) fn write_files(directory: &Path) {
    let write = |name: &str, text: &[u8]| {
        std::fs::write(directory.join(name), text).expect("a temporary file is written")
    };
    write(
        ".pg_service.conf",
        b"[home]\nuser=from-home\ndbname=db-home\n",
    );
    write(
        "services.conf",
        b"# a comment\n\
          \n\
          user=before-any-section\n\
          [good]\n\
          user=svc-user\n\
          \x20 dbname=svc-db \t\n\
          # sslmode=disable\n\
          sslmode=verify-ca\n\
          user=second-does-not-count\n\
          [other]\n\
          user=other\n\
          [blanks]\n\
          user = x\n\
          [quotes]\n\
          user='quoted'\n\
          application_name=a b\\c=d\n\
          [empty]\n\
          user=\n\
          dbname=\n\
          [unknown]\n\
          nonsense=1\n\
          [ssl]\n\
          ssl=true\n\
          [requiressl]\n\
          requiressl=1\n\
          [nested]\n\
          service=good\n\
          [nosign]\n\
          user\n\
          [trail]anything\n\
          user=trail\n\
          [good]\n\
          user=second-section-of-the-name\n\
          [ spaced ]\n\
          user=spaced\n\
          []\n\
          user=nameless\n\
          [badmode]\n\
          sslmode=required\n\
          [system]\n\
          sslrootcert=system\n\
          [bytes]\n\
          user=\xff\xfe\n\
          [nul]\n\
          user=a\0b\n\
          [Good]\n\
          user=capital\n\
          [last]\n\
          user=last-line-without-line-feed",
    );
    write(
        "bom.conf",
        b"\xef\xbb\xbf[first]\nuser=first\n[second]\nuser=second\n",
    );
    write("crlf.conf", b"[svc]\r\nuser=crlf\r\n");
    let long = |length: usize| {
        [
            b"[a]\nuser=a\n[b]\n#".as_slice(),
            &vec![b'x'; length - 1],
            b"\n[c]\nuser=c\n",
        ]
        .concat()
    };
    write("long-1021.conf", &long(1021));
    write("long-1022.conf", &long(1022));
    std::fs::create_dir(directory.join("directory.conf")).expect("a temporary directory is made");
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    [
        keyword_value(),
        uris(),
        values(),
        endpoints(),
        environment(),
        services(),
        generated(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const SYSTEM_IS_A_FILE: &str = "older libpq takes system for a file name";

const NEW_KEYWORD: &str = "the keyword is newer";

fn keyword_value() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        "",
        "   ",
        "\t\n",
        "host=localhost",
        "host=localhost port=5432 dbname=db user=me password=secret sslmode=verify-full",
        "sslmode=verify-full sslrootcert=DigiCertGlobalRootCA.crt.pem host=db.example.com dbname=citus user=citus password=x",
        "sslmode=verify-ca sslrootcert=root.crt host=db.example.com dbname=postgres user=mylogin@mypgserver",
        " host = localhost   port\t=\n5432 ",
        "host='local host'",
        "host=''",
        "host=",
        "host= ",
        "host= port=1",
        "host=\tport=1",
        "host='' port=1",
        "host='a'port=1",
        "host='a' port=1",
        "host=a'b'c",
        "host=a'b c'",
        "host='it''s'",
        r"host='it\'s'",
        r"host='a\\b'",
        r"host=a\\b",
        r"sslrootcert=c:\ssl\root.crt",
        r"sslrootcert='c:\ssl\root.crt'",
        r"sslrootcert=c:\\ssl\\root.crt",
        r"host=a\ b",
        r"host=\'a\'",
        r"host=a\",
        r"host='a\",
        r"host='a\'",
        "host='",
        "host='abc",
        "password='abc",
        "host=a host=b",
        "host=a port=1 host=",
        "host",
        "host localhost",
        "host port=1",
        "host=a b",
        "host=a b c=d",
        "=a",
        " =a",
        "= a",
        "==",
        "host==a",
        "host=a=b",
        "Host=a",
        "HOST=a",
        "sslmod=require",
        "ssl=true",
        "ssl=on",
        "requiressl=1",
        "requiressl=0",
        "requiressl=",
        "requiressl=10",
        "requiressl=1 sslmode=disable",
        "sslmode=disable requiressl=1",
        "tty=x",
        "authtype=x",
        "pool_size=3",
        "host=h,other port=1,2",
        "service=x",
        "sslmode=required",
        "sslmode=VERIFY-FULL",
        "port=abc",
        "passfile=/tmp/x replication=1 fallback_application_name=me options='-c a=b'",
        "keepalives=1 keepalives_idle=2 keepalives_interval=3 keepalives_count=4 tcp_user_timeout=5",
        "krbsrvname=a gsslib=b gssencmode=c requirepeer=d client_encoding=e target_session_attrs=f",
        "postgres:/host/db",
        "postgresql:host",
        "Postgresql://host/db",
        "jdbc:postgresql://host/db?user=me&password=x",
        "host=h;password=x",
        "host=\x0bport=1",
        "host=a\x0cport=1",
        "h\u{f6}st=a",
        "user=J\u{fc}rgen",
    ]
    .map(parse)
    .into();
    rows.push(Row::new(Ask::Parse, b"user=\xff\xfe password=\xe9"));
    rows.push(Row::new(Ask::Parse, b"user='\x80\x81"));
    // U+00A0 is not white space for libpq.
    rows.push(parse("user=a\u{a0}b"));
    rows.extend([
        parse("sslnegotiation=direct").since(17, NEW_KEYWORD),
        parse("sslcertmode=allow").since(16, NEW_KEYWORD),
        parse("require_auth=md5").since(16, NEW_KEYWORD),
        parse("load_balance_hosts=random").since(16, NEW_KEYWORD),
        parse("gssdelegation=1").since(16, NEW_KEYWORD),
        parse("min_protocol_version=3.0 max_protocol_version=3.2").since(18, NEW_KEYWORD),
        parse("scram_client_key=a scram_server_key=b").since(18, NEW_KEYWORD),
        parse("oauth_issuer=a oauth_client_id=b oauth_client_secret=c oauth_scope=d")
            .since(18, NEW_KEYWORD),
        parse("sslkeylogfile=a").since(18, NEW_KEYWORD),
    ]);
    rows
}

fn uris() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        "postgresql://",
        "postgres://",
        "postgresql:///",
        "postgresql://host",
        "postgres://host/",
        "postgresql://host/db",
        "postgresql://host:5433/db",
        "postgresql://host:/db",
        "postgresql://:5433/db",
        "postgresql://:/db",
        "postgresql://user@host/db",
        "postgresql://user:pw@host:5433/db?sslmode=verify-full&application_name=x",
        "postgresql://user:@host",
        "postgresql://:pw@host",
        "postgresql://:@host",
        "postgresql://@host",
        "postgresql://user@",
        "postgresql://user:pa:ss@host",
        "postgresql://user:p@ss@host/db",
        "postgresql://u:pa/ss@host/db",
        "postgresql://u:pa?ss@host/db",
        "postgresql://u:pa#ss@host/db#frag",
        "postgresql://u%40corp:p%40ss%2F%3A@host/d%2Fb",
        "postgresql://h?user=a@b",
        "postgresql://h?user=a%40b",
        "postgresql://h/?user=a@b",
        "postgresql://[::1]",
        "postgresql://[::1]:5433/db",
        "postgresql://[2001:db8::1],[2001:db8::2]:5433/db",
        "postgresql://u@[::1]?sslmode=require",
        "postgresql://[::1",
        "postgresql://[",
        "postgresql://[]",
        "postgresql://[]/db",
        "postgresql://[::1]x",
        "postgresql://[::1]5432",
        "postgresql://[::1]]",
        "postgresql://::1/db",
        "postgresql://a,b",
        "postgresql://a,b/db",
        "postgresql://a:1,b:2/db",
        "postgresql://a:1,b/db",
        "postgresql://a,b:2/db",
        "postgresql://a,,b",
        "postgresql://,",
        "postgresql://,a",
        "postgresql://a:1,",
        "postgresql://:1,:2/",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/db",
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://@/db?host=/tmp",
        "postgresql:///db?host=h&port=1&host=h2",
        "postgresql://host/db?port=1",
        "postgresql://host:2/db?port=1",
        "postgresql://host/db?dbname=other",
        "postgresql://host/db/more?user=x",
        "postgresql://host//db",
        "postgresql://host?",
        "postgresql://host/?",
        "postgresql://host/db?sslmode=require&",
        "postgresql://host/db?&sslmode=require",
        "postgresql://host/db?user=a&&port=1",
        "postgresql://host/db?user",
        "postgresql://host/db?user&port=1",
        "postgresql://host/db?user=",
        "postgresql://host/db?=x",
        "postgresql://host/db?user=a=b",
        "postgresql://host/db?user==",
        "postgresql://host/db?user=a?b",
        "postgresql://host/db?user=a+b",
        "postgresql://host/db?nonsense=1",
        "postgresql://host/db?Sslmode=require",
        "postgresql://host/db?ssl=true",
        "postgresql://host/db?ssl=TRUE",
        "postgresql://host/db?SSL=true",
        "postgresql://host/db?ssl=false",
        "postgresql://host/db?ssl=tru%65",
        "postgresql://host/db?ssl=true&sslmode=disable",
        "postgresql://host/db?sslmode=disable&ssl=true",
        "postgresql://host/db?requiressl=1",
        "postgresql://host/db?requiressl=0",
        "postgresql://host/db?us%65r=x",
        "postgresql://host/db?user=%",
        "postgresql://host/db?user=%4",
        "postgresql://host/db?user=%zz",
        "postgresql://host/db?user=%4g",
        "postgresql://host/db?user=%00",
        "postgresql://host/db?user=a%00b",
        "postgresql://host/db?%zz=a",
        "postgresql://host/db?u%00=a",
        "postgresql://u%zz@host",
        "postgresql://u:%zz@host",
        "postgresql://u:p%00@host",
        "postgresql://ho%zzst",
        "postgresql://host:%zz",
        "postgresql://host:%3541",
        "postgresql://host/%zz",
        "postgresql://host/d%20b",
        "postgresql://host/%C3%BC",
        "postgresql://host/%ff",
        "postgresql://ho%2Cst/db",
        "postgresql://host/db#fragment",
        r"postgresql://host/db?sslrootcert=c:\ssl\root.crt",
        "postgresql://host/db?password='x'",
        "postgresql://host/db\n",
        "postgresql://host/\tdb",
        "postgresql://host/db?user=\u{fc}",
        " postgresql://host/db",
    ]
    .map(parse)
    .into();
    rows.push(Row::new(
        Ask::Parse,
        b"postgresql://\xff:\xfe@\xe9/\x80?user=\xfc",
    ));
    rows.extend(
        [
            "postgresql://ho st/db",
            "postgresql://host/d b",
            "postgresql://host/db?user=a b",
            "postgresql://host/db?us er=a",
            "postgresql://host/db?user=a b%zz",
            "postgresql://a ,b/db",
            "postgresql://u:p w@host",
        ]
        .map(|text| parse(text).since(18, "older libpq keeps spaces in URIs")),
    );
    rows.extend(
        [
            "postgresql:// host/db",
            "postgresql://host /db",
            "postgresql:// u : p @ host : 1 / db ? application_name = x ",
            "postgresql://host/db ?user=x",
            "postgresql://host/db? user=x",
            "postgresql://host/db?user=x ",
        ]
        .map(|text| {
            parse(text).since(
                u32::MAX,
                "older libpq keeps the space, newer libpq drops it",
            )
        }),
    );
    rows.extend([
        parse("postgresql://host/db?user=%zz b"),
        parse("postgresql://host?sslnegotiation=direct").since(17, NEW_KEYWORD),
    ]);
    rows
}

fn values() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        "",
        "sslmode=disable",
        "sslmode=allow",
        "sslmode=prefer",
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslmode=''",
        "sslmode=required",
        "sslmode=verify_full",
        "sslmode=VERIFY-FULL",
        "sslmode=no-verify",
        "sslmode='require '",
        "sslmode='require user=x'",
        "channel_binding=disable",
        "channel_binding=require",
        "channel_binding=''",
        "channel_binding=Require",
        "gssencmode=disable",
        "gssencmode=''",
        "gssencmode=Prefer",
        "target_session_attrs=read-write",
        "target_session_attrs=prefer-standby",
        "target_session_attrs=''",
        "target_session_attrs=master",
        "ssl_min_protocol_version=TLSv1.3",
        "ssl_min_protocol_version=tlsv1.3",
        "ssl_min_protocol_version=''",
        "ssl_min_protocol_version=TLSv1.4",
        "ssl_min_protocol_version=SSLv3",
        "ssl_min_protocol_version=1.2",
        "ssl_min_protocol_version=' TLSv1.2'",
        "ssl_min_protocol_version=x sslmode=disable",
        "ssl_max_protocol_version=TLSv1.1",
        "ssl_max_protocol_version=TLSv1.2",
        "ssl_max_protocol_version=''",
        "ssl_max_protocol_version=nonsense",
        "ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1",
        "ssl_min_protocol_version='' ssl_max_protocol_version=TLSv1",
        "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
        "connect_timeout=3",
        "connect_timeout=0",
        "connect_timeout=-1",
        "connect_timeout=+3",
        "connect_timeout=' 3 '",
        "connect_timeout=''",
        "connect_timeout=' '",
        "connect_timeout=3s",
        "connect_timeout=1.5",
        "connect_timeout=0x3",
        "connect_timeout=2147483647",
        "connect_timeout=2147483648",
        "connect_timeout=-2147483649",
        "connect_timeout=99999999999999999999",
        "keepalives=0",
        "keepalives=no",
        "keepalives=''",
        "keepalives=' 1 '",
        "keepalives_idle=x",
        "keepalives_idle=''",
        "keepalives_interval=x",
        "keepalives_count=x",
        "keepalives=0 keepalives_idle=x keepalives_count=''",
        "tcp_user_timeout=x",
        "tcp_user_timeout=''",
        "tcp_user_timeout=-5",
        "keepalives=0 tcp_user_timeout=x",
        "sslsni=0",
        "sslsni=''",
        "sslsni=yes",
        "sslcompression=x",
        "replication=x",
        "sslcrl=/nonexistent sslcrldir='' sslcert=x sslkey=",
        "user='' dbname=''",
        "user=me",
        "user=me dbname=''",
        "password=x",
        "passfile=/nonexistent",
        "application_name=x fallback_application_name=y",
    ]
    .map(judged)
    .into();
    rows.extend(
        [
            "sslrootcert=system sslmode=require",
            "sslrootcert=system sslmode=disable",
            "sslrootcert=system sslmode=verify-ca",
        ]
        .map(|text| judged(text).since(16, SYSTEM_IS_A_FILE)),
    );
    rows.extend([
        judged("sslrootcert=system sslmode=verify-full"),
        judged("sslrootcert=system").since(16, SYSTEM_IS_A_FILE),
        judged("sslrootcert=System sslmode=require"),
        judged("sslrootcert=./system sslmode=require"),
    ]);
    rows.extend(new_keywords());
    rows
}

/// Keywords that came after libpq 15.
fn new_keywords() -> Vec<Row> {
    const KEY: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    let mut rows: Vec<Row> = [
        "sslnegotiation=direct",
        "sslnegotiation=direct sslmode=prefer",
        "sslnegotiation=direct sslmode=disable",
        "sslnegotiation=direct sslmode=require",
        "sslnegotiation=direct sslrootcert=system",
        "sslnegotiation=direct sslrootcert=system sslmode=allow",
        "sslnegotiation=''",
        "sslnegotiation=Direct",
        "sslcertmode=disable",
        "sslcertmode=require",
        "sslcertmode=''",
        "sslcertmode=prefer",
        "load_balance_hosts=random",
        "load_balance_hosts=''",
        "load_balance_hosts=1",
        "gssdelegation=x",
        "require_auth=scram-sha-256",
        "require_auth=password,md5,gss,sspi,scram-sha-256,none,oauth",
        "require_auth=!password,!none,!oauth",
        "require_auth=none",
        "require_auth=!none",
        "require_auth=''",
        "require_auth=,",
        "require_auth=md5,",
        "require_auth=!",
        "require_auth=!!md5",
        "require_auth=' md5'",
        "require_auth=MD5",
        "require_auth=scram",
        "require_auth=md5,md5",
        "require_auth=none,none",
        "require_auth=!none,!none",
        "require_auth=!gss,!sspi",
        "require_auth=gss,sspi,gss",
        "require_auth=oauth,oauth",
        "require_auth=!oauth,!oauth",
        "require_auth=md5,!password",
        "require_auth=!password,md5",
        "require_auth=!password,nonsense",
        "min_protocol_version=3.0",
        "min_protocol_version=3.2",
        "min_protocol_version=3.1",
        "min_protocol_version=latest",
        "min_protocol_version=''",
        "max_protocol_version=3.0",
        "max_protocol_version=Latest",
        "max_protocol_version=3",
        "min_protocol_version=3.2 max_protocol_version=3.0",
        "min_protocol_version=latest max_protocol_version=3.0",
        "min_protocol_version=latest max_protocol_version=3.2",
        "min_protocol_version=3.2 max_protocol_version=latest",
        "scram_client_key=''",
        "scram_client_key=nonsense",
        "scram_client_key=QUFB",
        "scram_server_key=QUFB",
        "sslkeylogfile=/nonexistent/x",
        "oauth_issuer=x oauth_client_id=y oauth_client_secret=z oauth_scope=",
    ]
    .map(judged)
    .into();
    rows.extend([
        judged(&format!("scram_client_key={KEY}")),
        judged(&format!("scram_server_key='{KEY}'")),
        judged(&format!("scram_client_key=' {KEY}'")),
        judged(&format!("scram_client_key={}", KEY.trim_end_matches('='))),
    ]);
    rows.into_iter()
        .map(|row| {
            let since = born(&row);
            row.since(since, NEW_KEYWORD)
        })
        .collect()
}

/// The first version with the newest word of such a row.
fn born(row: &Row) -> u32 {
    let text = String::from_utf8_lossy(&row.text);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["none,oauth", "!none,!oauth"]) {
        18
    } else if has(&[
        "sslcertmode",
        "load_balance_hosts",
        "require_auth",
        "gssdelegation",
    ]) {
        16
    } else if has(&["sslnegotiation"]) {
        17
    } else {
        18
    }
}

fn endpoints() -> Vec<Row> {
    [
        "port={port}",
        "host='' port={port}",
        "host=/nonexistent port={port}",
        "host=@nonexistent port={port}",
        "host=/nonexistent port={port} keepalives=x tcp_user_timeout=y",
        "host=127.0.0.1,127.0.0.2 port={port}",
        "host=127.0.0.1,127.0.0.2 port={port},{port}",
        "host=127.0.0.1,127.0.0.2 port={port},{port},{port}",
        "host=127.0.0.1,127.0.0.2,127.0.0.3 port={port},{port}",
        "host=127.0.0.1 port={port},{port}",
        "port={port},{port}",
        "port=,",
        "host=/nonexistent, port={port}",
        "host=,/nonexistent port={port}",
        "hostaddr=127.0.0.1 port={port}",
        "hostaddr=127.0.0.1 host=db.example port={port}",
        "hostaddr=127.0.0.1 host='' port={port}",
        "hostaddr=127.0.0.1 host=a,b port={port}",
        "hostaddr=127.0.0.1,127.0.0.2 host=a port={port}",
        "hostaddr=127.0.0.1,127.0.0.2 host=a,b,c port={port}",
        "hostaddr=127.0.0.1,127.0.0.2 host=a,b port={port}",
        "hostaddr=127.0.0.1,127.0.0.2 port={port},{port}",
        "hostaddr=127.0.0.1,127.0.0.2 port=1,2,3",
        "hostaddr=127.0.0.1, host=a,127.0.0.1 port={port}",
        "hostaddr=, host=127.0.0.1,127.0.0.1 port={port}",
        "hostaddr=127.0.0.1 host=/nonexistent port={port}",
        "hostaddr=127.1 port={port}",
        "hostaddr=2130706433 port={port}",
        "hostaddr=0x7f000001 port={port}",
        "hostaddr=0X7F.1 port={port}",
        "hostaddr=0177.0.0.1 port={port}",
        "hostaddr=127.0.1 port={port}",
        "hostaddr=127.65536 port={port}",
        "hostaddr=127.16777216 port={port}",
        "hostaddr=08.0.0.1 port={port}",
        "hostaddr=0x.1 port={port}",
        "hostaddr=127.0.0.256 port={port}",
        "hostaddr=256.0.0.1 port={port}",
        "hostaddr=4294967296 port={port}",
        "hostaddr=1.2.3.4.5 port={port}",
        "hostaddr=127.0.0. port={port}",
        "hostaddr=.1 port={port}",
        "hostaddr=+1 port={port}",
        "hostaddr=-1 port={port}",
        "hostaddr='127.0.0.1 ' port={port}",
        "hostaddr=' 127.0.0.1' port={port}",
        "hostaddr=127.0.0.1:5432 port={port}",
        "hostaddr=127.0.0.1%lo port={port}",
        "hostaddr=::1 port={port}",
        "hostaddr=::1%1 port={port}",
        "hostaddr=::1%lo port={port}",
        "hostaddr=::1% port={port}",
        "hostaddr=[::1] port={port}",
        "hostaddr=::ffff:127.0.0.1 port={port}",
        "hostaddr=::ffff:127.1 port={port}",
        "hostaddr=1::2::3 port={port}",
        "hostaddr=12345::1 port={port}",
        "hostaddr=localhost port={port}",
        "hostaddr=db.example port={port}",
        "hostaddr=/tmp port={port}",
        "host=127.0.0.1 port=' +0{port} '",
        "host=127.0.0.1 port=0",
        "host=127.0.0.1 port=-1",
        "host=127.0.0.1 port=65536",
        "host=127.0.0.1 port=4294972728",
        "host=127.0.0.1 port=0x1538",
        "host=127.0.0.1 port=5432x",
        "host=127.0.0.1 port='1 2'",
        "host=127.0.0.1 port=' '",
        "host=/nonexistent port=0",
        "host=/nonexistent port=abc",
        "postgresql://127.0.0.1:{port}/db",
        "postgresql://127.0.0.1,127.0.0.2/db?port={port}",
        "postgresql://[::1]:{port},127.0.0.1:{port}/db",
        "postgresql://%2Fnonexistent:{port}/db",
        "postgresql://127.0.0.1:abc/db",
        "postgresql://u:pa/ss@127.0.0.1/db",
    ]
    .map(connect)
    .into()
}

fn environment() -> Vec<Row> {
    vec![
        judged("")
            .env("PGUSER", "env-user")
            .env("PGDATABASE", "env-db")
            .env("PGPASSWORD", "env-pw"),
        judged("user=s dbname=d")
            .env("PGUSER", "env-user")
            .env("PGDATABASE", "env-db"),
        judged("").env("PGUSER", "").env("PGDATABASE", ""),
        judged("user=").env("PGUSER", "env-user"),
        connect("")
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", "{port}")
            .env("PGHOSTADDR", ""),
        connect("port={port}").env("PGHOSTADDR", "127.0.0.1"),
        connect("port={port}").env("PGHOSTADDR", "localhost"),
        connect("port={port}").env("PGHOST", ""),
        connect("port={port}").env("PGHOST", "127.0.0.1,127.0.0.2"),
        connect("host=127.0.0.1 port=")
            .env("PGPORT", "nonsense")
            .env("PGHOSTADDR", "127.0.0.1"),
        connect("host=127.0.0.1").env("PGPORT", "nonsense"),
        connect("host=127.0.0.1").env("PGPORT", "1,2"),
        connect("postgresql://127.0.0.1:{port}/").env("PGDATABASE", "env-db"),
        connect("postgresql://127.0.0.1:{port}/db").env("PGDATABASE", "env-db"),
        judged("").env("PGSSLMODE", "require"),
        judged("").env("PGSSLMODE", ""),
        judged("").env("PGSSLMODE", "required"),
        judged("sslmode=disable").env("PGSSLMODE", "required"),
        judged("sslmode=").env("PGSSLMODE", "require"),
        judged("").env("PGREQUIRESSL", "1"),
        judged("").env("PGREQUIRESSL", "10"),
        judged("").env("PGREQUIRESSL", "0"),
        judged("").env("PGREQUIRESSL", ""),
        judged("")
            .env("PGREQUIRESSL", "1")
            .env("PGSSLMODE", "allow"),
        judged("sslmode=verify-ca").env("PGREQUIRESSL", "1"),
        judged("sslrootcert=system")
            .env("PGREQUIRESSL", "1")
            .since(16, SYSTEM_IS_A_FILE),
        judged("")
            .env("PGSSLROOTCERT", "system")
            .since(16, SYSTEM_IS_A_FILE),
        judged("")
            .env("PGSSLROOTCERT", "/r")
            .env("PGSSLCRL", "/c")
            .env("PGSSLCRLDIR", "/d")
            .env("PGSSLCERT", "/e"),
        judged("")
            .env("PGSSLKEY", "/k")
            .env("PGSSLSNI", "0")
            .env("PGSSLCOMPRESSION", "1"),
        judged("")
            .env("PGSSLMINPROTOCOLVERSION", "TLSv1")
            .env("PGSSLMAXPROTOCOLVERSION", "TLSv1.1"),
        judged("").env("PGSSLMAXPROTOCOLVERSION", "TLSv1.1"),
        judged("").env("PGSSLMINPROTOCOLVERSION", ""),
        judged("").env("PGCONNECT_TIMEOUT", "5"),
        judged("").env("PGCONNECT_TIMEOUT", ""),
        judged("")
            .env("PGCHANNELBINDING", "require")
            .env("PGGSSENCMODE", "disable")
            .env("PGTARGETSESSIONATTRS", "any"),
        judged("").env("PGCHANNELBINDING", ""),
        judged("").env("PGTARGETSESSIONATTRS", "primary2"),
        judged("")
            .env("PGAPPNAME", "a")
            .env("PGOPTIONS", "-c x=y")
            .env("PGCLIENTENCODING", "UTF8"),
        judged("")
            .env("PGPASSFILE", "/p")
            .env("PGREQUIREPEER", "x")
            .env("PGKRBSRVNAME", "k")
            .env("PGGSSLIB", "g"),
        judged("")
            .env("PGKEEPALIVES", "x")
            .env("PGSSLPASSWORD", "x")
            .env("PGREPLICATION", "x"),
        judged("")
            .env("PGSSLNEGOTIATION", "x")
            .since(17, NEW_KEYWORD),
        judged("").env("PGSSLCERTMODE", "x").since(16, NEW_KEYWORD),
        judged("").env("PGREQUIREAUTH", "x").since(16, NEW_KEYWORD),
        judged("")
            .env("PGLOADBALANCEHOSTS", "x")
            .since(16, NEW_KEYWORD),
        judged("")
            .env("PGMINPROTOCOLVERSION", "x")
            .since(18, NEW_KEYWORD),
        judged("")
            .env("PGMAXPROTOCOLVERSION", "x")
            .since(18, NEW_KEYWORD),
        judged("").env("pgsslmode", "x"),
    ]
}

fn services() -> Vec<Row> {
    let with = |file: &'static str, section: &str| {
        judged(&format!("service={section}")).env("PGSERVICEFILE", file)
    };
    let mut rows: Vec<Row> = [
        "good",
        "other",
        "blanks",
        "quotes",
        "empty",
        "unknown",
        "ssl",
        "requiressl",
        "nested",
        "nosign",
        "trail",
        "goo",
        "good]",
        "Good",
        "GOOD",
        "' spaced '",
        "spaced",
        "''",
        "badmode",
        "bytes",
        "nul",
        "last",
        "nosuch",
    ]
    .map(service)
    .into();
    rows.extend([
        service("system").since(16, SYSTEM_IS_A_FILE),
        service("good")
            .env("PGUSER", "env-user")
            .env("PGSSLMODE", "nonsense")
            .env("PGAPPNAME", "env-app"),
        judged("service=good user=string sslmode=require")
            .env("PGSERVICEFILE", "{dir}/services.conf"),
        judged("service=nosign user=string").env("PGSERVICEFILE", "{dir}/services.conf"),
        judged("")
            .env("PGSERVICEFILE", "{dir}/services.conf")
            .env("PGSERVICE", "good"),
        judged("service=other")
            .env("PGSERVICEFILE", "{dir}/services.conf")
            .env("PGSERVICE", "good"),
        judged("")
            .env("PGSERVICEFILE", "{dir}/services.conf")
            .env("PGSERVICE", ""),
        judged("").env("PGSERVICEFILE", "{dir}/nonexistent.conf"),
        connect("postgresql://127.0.0.1:{port}/?service=good")
            .env("PGSERVICEFILE", "{dir}/services.conf"),
        connect("postgresql://127.0.0.1:{port}/db?service=good")
            .env("PGSERVICEFILE", "{dir}/services.conf"),
        judged("service=home"),
        judged("service=nosuch"),
        judged("service=home").env("PGSERVICEFILE", "{dir}/services.conf"),
        judged("service=home").env("PGSERVICEFILE", "{dir}/nonexistent.conf"),
        judged("service=home").env("PGSERVICEFILE", ""),
        judged("service=good").env("PGSERVICEFILE", "{dir}/directory.conf"),
        judged("service=home")
            .env("PGSERVICEFILE", "{dir}/bom.conf")
            .env("PGSYSCONFDIR", "{dir}/nonexistent"),
        judged("servicefile=nonexistent.conf").since(19, NEW_KEYWORD),
        judged("oauth_ca_file=x").since(19, NEW_KEYWORD),
        with("{dir}/bom.conf", "first"),
        with("{dir}/bom.conf", "second"),
        with("{dir}/crlf.conf", "svc"),
        with("{dir}/long-1021.conf", "a"),
        with("{dir}/long-1021.conf", "c"),
        with("{dir}/long-1022.conf", "a"),
        with("{dir}/long-1022.conf", "b"),
        with("{dir}/long-1022.conf", "c"),
    ]);
    rows
}

/// Strings of random pieces of the grammars, the same ones every time.
fn generated() -> Vec<Row> {
    const KEYWORD_VALUE: &[&str] = &[
        "host",
        "port",
        "user",
        "sslmode",
        "password",
        "ssl",
        "requiressl",
        "=",
        "=",
        "=",
        " ",
        " ",
        "'",
        "'",
        "\\",
        "a",
        "\t",
        "\n",
        "1",
        ",",
        "%20",
        "x y",
        "\u{e9}",
        "=''",
        "\\'",
    ];
    // No spaces: older libpq keeps them.
    const URI: &[&str] = &[
        "h",
        "u",
        "p",
        ":",
        ":",
        "@",
        "@",
        "/",
        "/",
        "?",
        "?",
        "&",
        "=",
        "[",
        "]",
        "::1",
        ",",
        "%20",
        "%",
        "%4",
        "%zz",
        "%00",
        "user=",
        "sslmode=",
        "ssl=true",
        "dbname",
        "port=1",
        "\t",
        "#",
        "+",
        "'",
        "\\",
        "%2F",
        "requiressl=1",
        "&user=x",
    ];
    // Knuth's multiplier and increment for a linear congruential generator of 64 bits.
    let mut state: u64 = 1;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits fit") % below
    };
    (0..2_000)
        .map(|index| {
            let (start, pieces) = if index % 2 == 0 {
                ("", KEYWORD_VALUE)
            } else {
                ("postgresql://", URI)
            };
            let count = random(9) + 1;
            let rest: String = (0..count).map(|_| pieces[random(pieces.len())]).collect();
            parse(&format!("{start}{rest}"))
        })
        .collect()
}
