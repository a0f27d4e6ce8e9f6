//! A resolver that asks name servers itself.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use oxg_protocol::host::HostName;

use super::{Resolve, Resolving};

/// How long an answer is kept, whatever it says of itself; and that there is none.
const MAX_TTL: Duration = Duration::from_secs(300);
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(30);
/// How many answers are kept.
const CACHED: u64 = 1024;
/// How long one server has to answer; [`Limits::dns_ms`](oxg_protocol::Limits) is for the whole.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks name servers over UDP, and over TCP where an answer does not fit. It gives every A and AAAA
/// answer, tries no search domain, and keeps answers as long as they say, at most 5 minutes.
///
/// Unlike [`SystemResolver`](super::SystemResolver) it takes no thread for each look-up, and giving
/// one up ends it.
pub struct HickoryResolver(TokioResolver);

impl HickoryResolver {
    /// Asks the servers that the system names in `/etc/resolv.conf`, after its `/etc/hosts`.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub fn system() -> io::Result<Self> {
        let builder = TokioResolver::builder_tokio().map_err(io::Error::other)?;
        Self::build(builder, ResolveHosts::Auto)
    }

    /// Asks these servers and nothing else.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if there is none.
    pub fn with_servers(servers: &[SocketAddr]) -> io::Result<Self> {
        if servers.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no name server"));
        }
        let at = |mut connection: ConnectionConfig, port| {
            connection.port = port;
            connection
        };
        let servers = servers.iter().map(|server| {
            let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let ways = ways.map(|way| at(way, server.port()));
            NameServerConfig::new(server.ip(), true, ways.to_vec())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        let provider = TokioRuntimeProvider::default();
        Self::build(TokioResolver::builder_with_config(config, provider), ResolveHosts::Never)
    }

    fn build(
        mut builder: ResolverBuilder<TokioRuntimeProvider>,
        hosts: ResolveHosts,
    ) -> io::Result<Self> {
        let options = builder.options_mut();
        // Both families, always: an address that is not asked for is not checked.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.use_hosts_file = hosts;
        options.timeout = TIMEOUT;
        options.cache_size = CACHED;
        options.positive_max_ttl = Some(MAX_TTL);
        options.negative_max_ttl = Some(MAX_NEGATIVE_TTL);
        builder.build().map(Self).map_err(io::Error::other)
    }
}

impl Resolve for HickoryResolver {
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a> {
        Box::pin(async move {
            // With the root dot no search domain is tried.
            let found = self.0.lookup_ip(format!("{name}.")).await.map_err(|error| {
                let kind = if error.is_no_records_found() {
                    io::ErrorKind::NotFound
                } else {
                    io::ErrorKind::Other
                };
                io::Error::new(kind, error)
            })?;
            Ok(found.iter().collect())
        })
    }
}

impl fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HickoryResolver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::net::UdpSocket;
    use tokio_util::task::AbortOnDropHandle;

    use super::*;

    /// The kinds of record in a question (RFC 1035, 3.2.2; RFC 3596, 2.1).
    const A: u16 = 1;
    const AAAA: u16 = 28;

    /// What the server answers: addresses with their time to live, or that there is no such name.
    type Script = fn(name: &str, kind: u16) -> Option<(u32, Vec<IpAddr>)>;

    /// A name server on loopback, and how often it was asked.
    async fn server(script: Script) -> (SocketAddr, Arc<AtomicU32>, AbortOnDropHandle<()>) {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let serving = tokio::spawn(async move {
            let mut space = [0; 1500];
            while let Ok((size, peer)) = socket.recv_from(&mut space).await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = answer(&space[..size], script);
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        (address, asked, AbortOnDropHandle::new(serving))
    }

    /// The message that answers `query` (RFC 1035, section 4).
    fn answer(query: &[u8], script: Script) -> Vec<u8> {
        let (mut at, mut labels) = (12, Vec::new());
        while query[at] != 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
            at = end;
        }
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let answer = script(&labels.join("."), kind);
        let code = if answer.is_none() { 3 } else { 0 };
        let (ttl, addresses) = answer.unwrap_or_default();
        let count = u8::try_from(addresses.len()).unwrap();
        let mut message = query[..2].to_vec();
        message.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
        message.extend(&query[12..at + 5]);
        for address in addresses {
            let bytes = match address {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            message.extend([0xc0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend([0, 1]);
            message.extend(ttl.to_be_bytes());
            message.extend([0, u8::try_from(bytes.len()).unwrap()]);
            message.extend(bytes);
        }
        message
    }

    fn shop(name: &str, kind: u16) -> Option<(u32, Vec<IpAddr>)> {
        let answers: &[&str] = match (name, kind) {
            ("shop.test", A) => &["93.184.215.14", "10.0.0.5"],
            ("shop.test", AAAA) => &["2606:4700::1"],
            ("v6.test", AAAA) => &["2606:4700::2"],
            ("v6.test", _) => &[],
            _ => return None,
        };
        Some((3600, answers.iter().map(|ip| ip.parse().unwrap()).collect()))
    }

    async fn lookup(resolver: &HickoryResolver, name: &str) -> io::Result<Vec<String>> {
        let mut all: Vec<_> =
            resolver.resolve(&name.parse().unwrap()).await?.iter().map(IpAddr::to_string).collect();
        all.sort_unstable();
        Ok(all)
    }

    #[tokio::test]
    async fn every_answer_of_both_families_is_given() {
        let (address, _, _serving) = server(shop).await;
        let resolver = HickoryResolver::with_servers(&[address]).unwrap();
        let all = lookup(&resolver, "shop.test").await.unwrap();
        assert_eq!(all, ["10.0.0.5", "2606:4700::1", "93.184.215.14"]);
        assert_eq!(lookup(&resolver, "v6.test").await.unwrap(), ["2606:4700::2"]);
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_is_an_error_and_no_other_name_is_tried() {
        let (address, asked, _serving) = server(shop).await;
        let resolver = HickoryResolver::with_servers(&[address]).unwrap();
        let error = lookup(&resolver, "missing.test").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        assert!(asked.load(Ordering::SeqCst) <= 2, "one question a family");
    }

    #[tokio::test]
    async fn an_answer_is_kept_as_long_as_it_says_and_one_for_no_time_is_not() {
        fn fleeting(_: &str, kind: u16) -> Option<(u32, Vec<IpAddr>)> {
            Some((0, if kind == A { vec![[93, 184, 215, 14].into()] } else { Vec::new() }))
        }
        for (script, again) in [(shop as Script, false), (fleeting, true)] {
            let (address, asked, _serving) = server(script).await;
            let resolver = HickoryResolver::with_servers(&[address]).unwrap();
            lookup(&resolver, "shop.test").await.unwrap();
            let before = asked.load(Ordering::SeqCst);
            lookup(&resolver, "shop.test").await.unwrap();
            assert_eq!(asked.load(Ordering::SeqCst) > before, again);
        }
    }

    #[test]
    fn without_a_server_there_is_no_resolver() {
        let error = HickoryResolver::with_servers(&[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
