//! Allocations and time of one call, each client for itself: `cargo bench`. The times beside each
//! other are in `oxg-bench calls`.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use divan::{AllocProfiler, Bencher};
use oxg_bench::clients::{self, Candidate};
use oxg_bench::stand_in;
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = ["oxg-sdk", "hyper-util", "reqwest"])]
fn session(bencher: Bencher<'_, '_>, name: &str) {
    let (socket, token) = stand_in_broker();
    run(bencher, name, clients::typed(socket, token).unwrap());
}

#[divan::bench(args = ["oxg-sdk", "hyper-util"])]
fn page(bencher: Bencher<'_, '_>, name: &str) {
    let (socket, token) = stand_in_broker();
    run(bencher, name, clients::egress(socket, token, "http://shop.test/").unwrap());
}

fn run(bencher: Bencher<'_, '_>, name: &str, candidates: Vec<Candidate>) {
    let candidate = candidates.into_iter().find(|one| one.name == name).unwrap();
    let runtime = runtime();
    runtime.block_on(candidate.call()).unwrap();
    bencher.bench_local(|| runtime.block_on(candidate.call()).unwrap());
}

/// The socket and the token's file of a server that lives as long as the process.
fn stand_in_broker() -> &'static (PathBuf, PathBuf) {
    static PLACE: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    PLACE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap().keep();
        let (socket, token) = (directory.join("broker.sock"), directory.join("token"));
        std::fs::write(&token, "bench-token-0123456789abcdef\n").unwrap();
        let path = socket.clone();
        thread::spawn(move || runtime().block_on(stand_in::serve(&path)).unwrap());
        while !socket.exists() {
            thread::sleep(Duration::from_millis(5));
        }
        (socket, token)
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
