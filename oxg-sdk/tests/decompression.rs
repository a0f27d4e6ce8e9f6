//! Compressed bodies: what comes out, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use oxg_sdk::channel::{Body, BrokerChannel, ChannelError};
use oxg_sdk::clients::http::{Decompression, DecompressionError, HttpClient, HttpError, secret};
use oxg_sdk::http::{HeaderMap, Request, Response};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    compress_to_vec(content, CompressionLevel::Fastest)
}

/// "hello\n": one block that is not compressed, and the empty last one.
const BROTLI: [u8; 10] = *b"\x50\x00\x10hello\n\x03";

/// A client whose target answers with `content` in pieces of `piece` bytes, and what it was asked.
fn target(coding: &str, content: Vec<u8>, piece: usize) -> (HttpClient, Arc<Mutex<HeaderMap>>) {
    let asked = Arc::new(Mutex::new(HeaderMap::new()));
    let (seen, coding) = (Arc::clone(&asked), coding.to_owned());
    let service = tower::service_fn(move |request: Request<Body>| {
        *seen.lock().unwrap() = request.headers().clone();
        let pieces: Vec<_> =
            content.chunks(piece).map(|piece| Ok::<_, ChannelError>(piece.to_vec())).collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let answer = Response::builder()
            .header("content-encoding", &coding)
            .header("content-length", content.len())
            .body(body)
            .unwrap();
        std::future::ready(Ok(answer))
    });
    (HttpClient::new(BrokerChannel::from_service(service)), asked)
}

async fn decoded(coding: &str, content: Vec<u8>, piece: usize) -> Result<Bytes, HttpError> {
    let (http, _) = target(coding, content, piece);
    http.get("http://shop.test/").send().await?.max_bytes(64 << 20).bytes().await
}

async fn refusal(coding: &str, content: Vec<u8>) -> DecompressionError {
    match decoded(coding, content, 1000).await {
        Err(HttpError::Decompression(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bodies_come_decoded_and_without_the_fields_of_the_coding() {
    let text = "the quick brown fox ".repeat(1000);
    let (http, asked) = target("gzip", gzip(text.as_bytes()), 7);
    let page = http.get("http://shop.test/").send().await.unwrap();
    assert_eq!(asked.lock().unwrap()["accept-encoding"], "gzip, br, zstd");
    assert!(page.headers().get("content-encoding").is_none());
    assert!(page.headers().get("content-length").is_none());
    assert_eq!(page.text().await.unwrap(), text);
    let twice = zstd(&gzip(text.as_bytes()));
    assert_eq!(decoded("gzip, zstd", twice, 100).await.unwrap(), text);
    let members = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(decoded("gzip", members, 3).await.unwrap(), "one two");
    let frames = [zstd(b"one "), zstd(b"two")].concat();
    assert_eq!(decoded("zstd", frames, 3).await.unwrap(), "one two");
    assert_eq!(decoded("br", BROTLI.to_vec(), 1).await.unwrap(), "hello\n");
    assert_eq!(decoded("gzip", Vec::new(), 1).await.unwrap(), "");
}

#[tokio::test]
async fn what_the_author_or_the_broker_decides_is_left_alone() {
    let coded = gzip(b"text");
    let (http, _) = target("gzip", coded.clone(), 100);
    let own = http.get("http://shop.test/").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(own.headers()["content-encoding"], "gzip");
    assert_eq!(own.bytes().await.unwrap(), coded);
    let (http, asked) = target("gzip", coded.clone(), 100);
    let request = http.get("http://shop.test/").header("x-key", secret("key").raw());
    assert_eq!(request.send().await.unwrap().bytes().await.unwrap(), coded);
    assert!(asked.lock().unwrap().get("accept-encoding").is_none());
    assert_eq!(decoded("rot13", coded.clone(), 100).await.unwrap(), coded);
}

#[tokio::test]
async fn a_bomb_is_an_error_long_before_it_is_memory() {
    let zeros = vec![0; 2 << 20];
    let ratio = DecompressionError::Ratio { limit: 200 };
    assert_eq!(refusal("gzip", gzip(&zeros)).await, ratio);
    // A frame of nothing but blocks that repeat one byte: 4 bytes for 128 KiB each.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    (0..1000).for_each(|_| bomb.extend([0x02, 0x00, 0x10, b'x']));
    assert_eq!(refusal("zstd", bomb).await, ratio);
    assert_eq!(refusal("gzip, gzip", gzip(&gzip(&zeros))).await, ratio);
    let codings = DecompressionError::Codings { limit: 3 };
    assert_eq!(refusal("gzip, gzip, gzip, gzip", gzip(b"x")).await, codings);
}

async fn limited(limits: Decompression, content: &[u8]) -> Result<usize, DecompressionError> {
    let (http, _) = target("gzip", gzip(content), 100);
    let page = http.get("http://shop.test/").decompression(limits).send().await.unwrap();
    match page.max_bytes(64 << 20).bytes().await {
        Ok(bytes) => Ok(bytes.len()),
        Err(HttpError::Decompression(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_may_become_as_long_as_the_limit_and_not_one_byte_longer() {
    let limits = Decompression::new().max_bytes(1000);
    assert_eq!(limited(limits, &[b'x'; 1000]).await, Ok(1000));
    let too_large = DecompressionError::TooLarge { limit: 1000 };
    assert_eq!(limited(limits, &[b'x'; 1001]).await, Err(too_large));
}

#[tokio::test]
async fn the_ratio_counts_once_more_than_1_mib_has_come_out() {
    let limits = Decompression::new().max_ratio(10);
    assert_eq!(limited(limits, &vec![0; 1 << 20]).await, Ok(1 << 20));
    let ratio = DecompressionError::Ratio { limit: 10 };
    assert_eq!(limited(limits, &vec![0; (1 << 20) + 1]).await, Err(ratio));
    assert_eq!(limited(limits.max_ratio(2000), &vec![0; 2 << 20]).await, Ok(2 << 20));
}

#[tokio::test]
async fn cut_and_broken_bodies_are_told_apart() {
    let text = b"some text of some length, some text of some length";
    for (coding, whole) in [("gzip", gzip(text)), ("zstd", zstd(text)), ("br", BROTLI.to_vec())] {
        for end in 1..whole.len() {
            let error = refusal(coding, whole[..end].to_vec()).await;
            assert_eq!(error, DecompressionError::Truncated, "{coding} {end}");
        }
        let trailing = [&whole[..], b"garbage that is no member, frame or stream"].concat();
        assert_eq!(refusal(coding, trailing).await, DecompressionError::Malformed, "{coding}");
    }
    assert_eq!(refusal("zstd", b"no frame at all".to_vec()).await, DecompressionError::Malformed);
    let mut wide = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70, 0x01, 0x00, 0x00];
    assert_eq!(refusal("zstd", wide.clone()).await, DecompressionError::Window);
    wide[5] = 0x68;
    assert_eq!(decoded("zstd", wide, 1).await.unwrap(), "");
    let mut broken = zstd(text);
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(refusal("zstd", broken).await, DecompressionError::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_coded_comes_out_whatever_the_pieces(
        content in proptest::collection::vec(0_u8..4, 0..4000),
        piece in 1_usize..2000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (coding, coded) in [("gzip", gzip(&content)), ("zstd", zstd(&content))] {
            let bytes = runtime.block_on(decoded(coding, coded, piece)).unwrap();
            prop_assert_eq!(&bytes[..], &content[..]);
        }
    }

    #[test]
    fn no_body_panics(content in proptest::collection::vec(any::<u8>(), 0..2000), piece in 1_usize..100) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let frame = [&[0x28, 0xb5, 0x2f, 0xfd], &content[..]].concat();
        let member = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], &content[..]].concat();
        for (coding, coded) in [("br", content), ("zstd", frame), ("gzip", member)] {
            let _ = runtime.block_on(decoded(coding, coded, piece));
        }
    }
}
