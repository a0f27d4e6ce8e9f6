//! The command behind `bench/run.sh`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use clap::{Parser, Subcommand};
use oxg_bench::calls::{self, Plan};
use oxg_bench::clients;
use oxg_bench::load::{self, Report, Way};
use oxg_bench::target::Target;
use oxg_bench::{Result, broker, memory, stand_in};
use secrecy::ExposeSecret as _;
use tokio::runtime::Runtime;

/// Measures the way out. Every table is markdown.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Time per call over a Unix socket, beside other clients; then the whole way to a target.
    Calls {
        /// Turns of each candidate.
        #[arg(long, default_value_t = 60)]
        rounds: usize,
        /// Calls of a turn.
        #[arg(long, default_value_t = 400)]
        calls: usize,
    },
    /// Serve a target, and print where.
    Target,
    /// Serve a broker whose plugin may reach the target, and print where, and the token.
    Broker {
        /// The target's port of this machine.
        #[arg(long)]
        port: u16,
    },
    /// Throughput of several ways to one target, beside each other.
    Load {
        /// The target, as `http://127.0.0.1:PORT`.
        #[arg(long)]
        target: String,
        /// A proxy, as `NAME=127.0.0.1:PORT` or `NAME=127.0.0.1:PORT@TOKEN_FILE`. Repeatable.
        #[arg(long = "proxy")]
        proxies: Vec<Proxy>,
        /// Seconds for each way, size and number of connections, in a round.
        #[arg(long, default_value_t = 1.5)]
        seconds: f64,
        /// Rounds.
        #[arg(long, default_value_t = 2)]
        rounds: usize,
        /// Connections.
        #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256])]
        connections: Vec<usize>,
        /// Bytes of a body.
        #[arg(long, value_delimiter = ',', default_values_t = [1 << 10, 10 << 20])]
        sizes: Vec<u64>,
    },
    /// Memory of a broker that `broker` started.
    Memory {
        /// Its process.
        #[arg(long)]
        pid: u32,
        /// Where it is, as `oxg=127.0.0.1:PORT@TOKEN_FILE`.
        #[arg(long)]
        proxy: Proxy,
        /// The target, as `http://127.0.0.1:PORT`.
        #[arg(long)]
        target: String,
        /// Seconds with 256 busy connections.
        #[arg(long, default_value_t = 6)]
        seconds: u64,
        /// How much goes through, each way.
        #[arg(long, default_value_t = 10)]
        gib: u64,
    },
}

#[derive(Debug, Clone)]
struct Proxy {
    name: String,
    address: SocketAddr,
    token: Option<PathBuf>,
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, place) = text.split_once('=').ok_or("expected NAME=ADDRESS")?;
        let (address, token) = match place.split_once('@') {
            Some((address, token)) => (address, Some(token.into())),
            None => (place, None),
        };
        let address = address.parse().map_err(|_| format!("{address} is not an address"))?;
        Ok(Self { name: name.to_owned(), address, token })
    }
}

impl Proxy {
    fn way(self) -> Result<Way> {
        let token = match self.token {
            Some(file) => {
                Some(format!("Bearer {}", std::fs::read_to_string(file)?.trim()).parse()?)
            }
            None => None,
        };
        Ok(Way { name: self.name, proxy: Some(self.address), token })
    }
}

fn main() -> Result<()> {
    let runtime = runtime()?;
    match Args::parse().command {
        Command::Calls { rounds, calls } => measure_calls(&runtime, rounds, calls),
        Command::Target => runtime.block_on(async {
            let target = Target::bind().await?;
            say(&format!("http://{}", target.address()))?;
            target.serve().await
        }),
        Command::Broker { port } => runtime.block_on(serve_broker(port)),
        Command::Load { target, proxies, seconds, rounds, connections, sizes } => {
            let mut ways = vec![Way { name: "direct".to_owned(), proxy: None, token: None }];
            for proxy in proxies {
                ways.push(proxy.way()?);
            }
            let time = Duration::from_secs_f64(seconds);
            println!("| body | connections | way | requests/s | MB/s | p99 ms | failed |");
            println!("|---|---|---|---|---|---|---|");
            for size in sizes {
                let uri = format!("{target}/bytes/{size}").parse()?;
                for &connections in &connections {
                    let mut reports = Vec::new();
                    ways.iter().try_for_each(|_| Report::new().map(|new| reports.push(new)))?;
                    for _ in 0..rounds {
                        for (way, report) in ways.iter().zip(&mut reports) {
                            let one = load::run(way, &uri, connections, time);
                            report.add(&runtime.block_on(one)?)?;
                        }
                    }
                    for (way, report) in ways.iter().zip(&reports) {
                        let (size, name, columns) = (in_words(size), &way.name, report.columns());
                        println!("| {size} | {connections} | {name} | {columns} |");
                    }
                }
            }
            Ok(())
        }
        Command::Memory { pid, proxy, target, seconds, gib } => {
            println!("| broker | RSS MiB | PSS MiB | peak RSS MiB |");
            println!("|---|---|---|---|");
            let way = proxy.way()?;
            let rows = runtime.block_on(memory::measure(pid, &way, &target, seconds, gib))?;
            print!("{rows}");
            Ok(())
        }
    }
}

fn measure_calls(runtime: &Runtime, rounds: usize, calls: usize) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("token"), "bench-token-0123456789abcdef\n")?;
    serve_apart(serve_stand_in(path("stand-in.sock")))?;
    let (send, receive) = std::sync::mpsc::channel();
    serve_apart(async move {
        let target = Target::bind().await?;
        send.send(target.address())?;
        target.serve().await
    })?;
    let target = receive.recv()?;
    let (socket, keep, token) = (path("broker.sock"), path("keep"), path("real-token"));
    let (listening, session) = (socket.clone(), token.clone());
    serve_apart(async move {
        let (broker, session_) = broker::open(&keep, target.port())?;
        let listener = broker.listen_unix(&listening)?;
        std::fs::write(session, session_.token().expose_secret())?;
        std::future::pending::<()>().await;
        drop(listener);
        Ok(())
    })?;
    for file in [&path("stand-in.sock"), &socket, &token] {
        wait_for(file)?;
    }

    println!("| call | client | µs | ratio | CPU µs | ratio | p50 µs | p99 µs |");
    println!("|---|---|---|---|---|---|---|---|");
    let page = format!("http://{target}/bytes/1024");
    for at_a_time in [1, 16] {
        let plan = Plan { rounds, calls, at_a_time };
        let report = |what: &str, base, candidates: Vec<_>| -> Result<()> {
            let timings = runtime.block_on(calls::measure(plan, &candidates))?;
            print!("{}", calls::rows(&format!("{what}, {at_a_time} at a time"), base, &timings));
            Ok(())
        };
        let stand_in = path("stand-in.sock");
        report("session", "hyper-util", clients::typed(&stand_in, &path("token"))?)?;
        let egress = clients::egress(&stand_in, &path("token"), "http://shop.test/")?;
        report("1 KiB page", "hyper-util", egress)?;
        let mut whole = clients::egress(&socket, &token, &page)?;
        whole.push(clients::direct(&page)?);
        report("1 KiB through a broker", "hyper-util, no broker", whole)?;
    }
    Ok(())
}

async fn serve_stand_in(socket: PathBuf) -> Result<()> {
    stand_in::serve(&socket).await
}

async fn serve_broker(port: u16) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (broker, session) = broker::open(&directory.path().join("keep"), port)?;
    let listener = broker.listen_tcp(([127, 0, 0, 1], 0).into()).await?;
    let token = directory.path().join("token");
    std::fs::write(&token, session.token().expose_secret())?;
    let address = listener.endpoint().to_string().replace("http://", "");
    say(&format!("{address}@{}", token.display()))?;
    // Whoever started it ends it by closing its standard input.
    let closed =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    closed.await??;
    Ok(())
}

/// Runs a server on a thread and a runtime of its own, until the process ends.
fn serve_apart(server: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let runtime = runtime()?;
    thread::spawn(move || {
        if let Err(error) = runtime.block_on(server) {
            eprintln!("a server ended: {error}");
            std::process::exit(1);
        }
    });
    Ok(())
}

fn wait_for(file: &Path) -> Result<()> {
    for _ in 0..1000 {
        if file.exists() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(format!("{} did not appear", file.display()).into())
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn in_words(size: u64) -> String {
    match size {
        size if size >= 1 << 20 => format!("{} MiB", size >> 20),
        size => format!("{} KiB", size >> 10),
    }
}
