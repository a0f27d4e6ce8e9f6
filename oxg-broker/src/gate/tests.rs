use std::io;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::stream::Gate;
use super::*;

const TWO: &[u8] = b"POST /a HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                     PUT /b HTTP/1.1\r\nhost: b\r\ncontent-length: 2\r\n\r\n\r\nGET /c HTTP/1.1\r\nhost: b\r\n\r\n";

/// What passes of these parts, in order, and the violation that ends it.
fn feed(gate: &mut impl Gate, parts: &[&[u8]]) -> (Vec<u8>, Option<Violation>) {
    let (mut held, mut out) = (Vec::new(), Vec::new());
    for part in parts {
        held.extend_from_slice(part);
        while !held.is_empty() {
            match gate.step(&held) {
                Ok(0) => break,
                Ok(passed) => out.extend(held.drain(..passed)),
                Err(violation) => return (out, Some(violation)),
            }
        }
    }
    (out, None)
}

fn requests(parts: &[&[u8]]) -> (Vec<u8>, Option<Violation>) {
    feed(&mut RequestGate::new(1024), parts)
}

/// What passes of the response to one request.
fn response(is_head: bool, limit: usize, parts: &[&[u8]]) -> (Vec<u8>, Option<Violation>) {
    let mut gate = ResponseGate::new(limit);
    gate.turns().begin(is_head);
    assert!(gate.is_beginning());
    assert_eq!(gate.begin(), Ok(()));
    feed(&mut gate, parts)
}

#[test]
fn good_requests_pass_unchanged_at_every_split() {
    for at in 0..=TWO.len() {
        let (left, right) = TWO.split_at(at);
        assert_eq!(requests(&[left, right]), (TWO.to_vec(), None), "split at {at}");
    }
}

#[test]
fn a_head_at_the_limit_passes_and_one_byte_more_does_not() {
    let head = |size: usize| {
        let start = "GET / HTTP/1.1\r\nhost: b\r\nx: ";
        format!("{start}{}\r\n\r\n", "y".repeat(size - start.len() - 4)).into_bytes()
    };
    assert_eq!(requests(&[&head(1024)]).1, None);
    assert_eq!(requests(&[&head(1025)]).1, Some(Violation::HeadTooLarge(1024)));
    assert_eq!(requests(&[&[b'x'; 1024]]).1, Some(Violation::HeadTooLarge(1024)));
}

#[test]
fn a_malformed_chunk_ends_the_stream_in_both_directions() {
    let post = "POST /a HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for body in [
        "3 \r\nabc\r\n",
        "0x3\r\nabc\r\n",
        "3\nabc\r\n",
        "3\r\nabcd\r\n",
        "3;x=y\r\nabc\r\n",
        "\r\n",
    ] {
        let parts = |head: &'static str| [head.as_bytes(), body.as_bytes()];
        assert_eq!(requests(&parts(post)).1, Some(Violation::Chunk), "{body:?}");
        assert_eq!(response(false, 1024, &parts(ok)).1, Some(Violation::Chunk), "{body:?}");
    }
}

const GOOD: &str = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\
                    content-length: 4\r\n\r\nb\n\r\n";

#[test]
fn one_response_passes_and_what_follows_it_does_not() {
    let more = format!("{GOOD}H");
    let passed = (GOOD.as_bytes().to_vec(), Some(Violation::Unasked));
    assert_eq!(response(false, 1024, &[more.as_bytes()]), passed);
    for (is_head, whole) in [
        (true, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"),
        (true, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        (true, "HTTP/1.1 200 OK\r\n\r\n"),
        (false, "HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n"),
        (false, "HTTP/1.1 204 No Content\r\n\r\n"),
        (false, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    ] {
        let (passed, violation) = response(is_head, 1024, &[whole.as_bytes(), b"x"]);
        assert_eq!((passed, violation), (whole.into(), Some(Violation::Unasked)), "{whole:?}");
    }
    let endless = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(response(false, 1024, &[endless]), (endless.to_vec(), None));
}

#[test]
fn the_heads_of_a_response_are_limited_together_and_so_are_interim_ones() {
    let heads = GOOD.find("b\n").unwrap();
    assert_eq!(response(false, heads, &[GOOD.as_bytes()]).1, None);
    assert!(response(false, heads - 1, &[GOOD.as_bytes()]).1.is_some());
    let flood = |count| "HTTP/1.1 103 x\r\n\r\n".repeat(count) + "HTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(response(false, 1 << 20, &[flood(16).as_bytes()]).1, None);
    let violation = response(false, 1 << 20, &[flood(17).as_bytes()]).1;
    assert_eq!(violation, Some(Violation::TooManyInterim));
}

/// A gated connection to a target, its other end, and its turns.
fn connection()
-> (Gated<tokio::io::DuplexStream, ResponseGate>, tokio::io::DuplexStream, std::sync::Arc<Turns>) {
    let (near, far) = duplex(1024);
    let gate = ResponseGate::new(1024);
    let turns = gate.turns();
    (Gated::new(near, gate), far, turns)
}

#[tokio::test]
async fn responses_follow_their_requests_on_one_connection() {
    let (mut near, mut far, turns) = connection();
    for (is_head, answer) in [
        (false, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        (true, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (false, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        turns.begin(is_head);
        near.write_all(b"request").await.unwrap();
        far.write_all(answer.as_bytes()).await.unwrap();
        let mut got = vec![0; answer.len()];
        near.read_exact(&mut got).await.unwrap();
        assert_eq!(got, answer.as_bytes());
        assert!(turns.are_over());
    }
    far.write_all(b"x").await.unwrap();
    assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn no_request_leaves_where_something_came_before_it_or_the_target_hung_up() {
    let (mut near, mut far, turns) = connection();
    far.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    turns.begin(false);
    assert!(near.write_all(b"request").await.is_err());
    assert!(turns.is_unwritten());
    drop(near);
    let mut sent = Vec::new();
    far.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, b"");

    let (mut near, far, turns) = connection();
    drop(far);
    turns.begin(false);
    let error = near.write_all(b"request").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

proptest! {
    #[test]
    fn splitting_requests_changes_nothing(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), at in 0..300_usize) {
        let mut input = TWO.to_vec();
        input.append(&mut bytes);
        let (left, right) = input.split_at(at.min(input.len()));
        let (whole, split) = (requests(&[&input]), requests(&[left, right]));
        prop_assert_eq!(whole.1, split.1);
        prop_assert!(whole.1.is_some() || whole.0 == split.0);
    }

    #[test]
    fn splitting_responses_changes_nothing(at in 0..90_usize, byte in 0..80_usize, with: u8) {
        let mut bytes = GOOD.as_bytes().to_vec();
        let (at, byte) = (at.min(bytes.len()), byte.min(bytes.len() - 1));
        bytes[byte] = with;
        let (left, right) = bytes.split_at(at);
        let whole = response(false, 1024, &[&bytes]);
        let split = response(false, 1024, &[left, right]);
        prop_assert_eq!(whole.1, split.1);
        prop_assert!(whole.1.is_some() || whole.0 == split.0);
    }
}
