//! Dialling: the addresses race, a little apart from each other (RFC 8305).

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an attempt is alone before the next one begins (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// The most addresses that are tried: a name may have thousands, and every one may refuse at once.
const MAX_ATTEMPTS: usize = 16;

/// A connection to the first of `addresses` that answers.
pub(super) async fn dial(addresses: &[IpAddr], port: u16) -> io::Result<(IpAddr, TcpStream)> {
    race(addresses, |address| async move {
        let stream = TcpStream::connect(SocketAddr::new(address, port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    })
    .await
}

/// The first of `addresses` to which `connect` succeeds. A failed attempt lets the next begin at
/// once; those that are still under way in the end are given up.
async fn race<S, F>(addresses: &[IpAddr], connect: impl Fn(IpAddr) -> F) -> io::Result<(IpAddr, S)>
where
    S: Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut queue = alternating(addresses);
    queue.truncate(MAX_ATTEMPTS);
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = queue.pop_front() {
            let attempt = connect(address);
            attempts.spawn(async move { Ok((address, attempt.await?)) });
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(connected))) => return Ok(connected),
                Some(Ok(Err(error))) => last = error,
                Some(Err(error)) => last = io::Error::other(error),
                None => return Err(last),
            },
            () = sleep(ATTEMPT_DELAY), if !queue.is_empty() => {}
        }
    }
}

/// The addresses with the families in turn, that of the first one first (RFC 8305, section 4).
fn alternating(addresses: &[IpAddr]) -> VecDeque<IpAddr> {
    let is_first =
        |address: &&IpAddr| addresses.first().map(IpAddr::is_ipv4) == Some(address.is_ipv4());
    let (first, second): (Vec<&IpAddr>, Vec<&IpAddr>) = addresses.iter().partition(is_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = VecDeque::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(first.next());
        order.extend(second.next());
    }
    order
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;

    use super::*;

    /// What an address does: answers or refuses after so many ms.
    type Script = (&'static str, bool, u64);

    /// Races the scripted addresses; who won and after how many ms, and who was dialled when.
    async fn raced(script: &'static [Script]) -> (Option<String>, u128, Vec<(String, u128)>) {
        let start = Instant::now();
        let dialled = Arc::new(Mutex::new(Vec::new()));
        let addresses: Vec<IpAddr> = script.iter().map(|(ip, ..)| ip.parse().unwrap()).collect();
        let won = race(&addresses, |address| {
            dialled.lock().unwrap().push((address.to_string(), start.elapsed().as_millis()));
            async move {
                let scripted = script.iter().find(|(ip, ..)| address.to_string() == *ip);
                let (_, answers, after) = scripted.unwrap();
                sleep(Duration::from_millis(*after)).await;
                if *answers { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
            }
        })
        .await;
        let won = won.ok().map(|(address, ())| address.to_string());
        let dialled = std::mem::take(&mut *dialled.lock().unwrap());
        (won, start.elapsed().as_millis(), dialled)
    }

    fn at(dialled: &[(&str, u128)]) -> Vec<(String, u128)> {
        dialled.iter().map(|(ip, ms)| ((*ip).to_owned(), *ms)).collect()
    }

    #[test]
    fn families_alternate_from_that_of_the_first_answer() {
        let parse = |all: &[&str]| all.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<_>>();
        let order =
            alternating(&parse(&["2001:4860::1", "2001:4860::2", "8.8.8.8", "2001:4860::3"]));
        assert_eq!(order, parse(&["2001:4860::1", "8.8.8.8", "2001:4860::2", "2001:4860::3"]));
        assert!(alternating(&[]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_in_time_is_the_only_one_dialled() {
        let (won, after, dialled) = raced(&[("8.8.8.8", true, 249), ("8.8.4.4", true, 0)]).await;
        assert_eq!((won.as_deref(), after), (Some("8.8.8.8"), 249));
        assert_eq!(dialled, at(&[("8.8.8.8", 0)]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_starts_after_the_delay_and_the_fastest_wins() {
        let (won, after, dialled) = raced(&[
            ("2001:4860::1", true, 10_000),
            ("2001:4860::2", true, 10_000),
            ("8.8.8.8", true, 300),
        ])
        .await;
        assert_eq!((won.as_deref(), after), (Some("8.8.8.8"), 550));
        assert_eq!(dialled, at(&[("2001:4860::1", 0), ("8.8.8.8", 250), ("2001:4860::2", 500)]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_still_wins_over_slower_ones() {
        let (won, after, _) = raced(&[("8.8.8.8", true, 400), ("8.8.4.4", true, 400)]).await;
        assert_eq!((won.as_deref(), after), (Some("8.8.8.8"), 400));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_lets_the_next_start_at_once_and_the_last_one_is_the_answer() {
        let (won, after, dialled) = raced(&[("8.8.8.8", false, 5), ("8.8.4.4", false, 7)]).await;
        assert_eq!((won, after), (None, 12));
        assert_eq!(dialled, at(&[("8.8.8.8", 0), ("8.8.4.4", 5)]));
    }

    #[tokio::test(start_paused = true)]
    async fn of_very_many_addresses_a_few_are_tried() {
        let all: Vec<IpAddr> = (0..=255).map(|last| [8, 8, 8, last].into()).collect();
        let tried = Arc::new(Mutex::new(0));
        let refused = race(&all, |_| {
            *tried.lock().unwrap() += 1;
            async { Err::<(), _>(io::ErrorKind::ConnectionRefused.into()) }
        });
        assert_eq!(refused.await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(*tried.lock().unwrap(), MAX_ATTEMPTS);
    }
}
