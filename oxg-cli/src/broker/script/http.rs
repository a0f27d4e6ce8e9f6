//! `oxg broker http`: one request of a plugin that is a script.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oxg_sdk::channel::{Body, BrokerChannel};
use oxg_sdk::clients::http::{HttpClient, HttpResponse, Redirect, secret};
use oxg_sdk::env::Environment;
use oxg_sdk::http::{HeaderName, HeaderValue, Method};

use super::Failed;

pub(crate) const EXIT_CODES: &str = "\
Where the broker is and who asks is read from OXG_BROKER and OXG_TOKEN_FILE, which a launcher sets.

Exit codes:
   0  the target answered, whatever its status
   1  with --fail: the target answered with 400 or more
   2  wrong usage, or a URL, header or file that is not what it should be
  65  the request or the answer is not taken: malformed, too large, a redirect that leads nowhere
  68  the target cannot be reached, or TLS with it failed
  69  the broker cannot be reached
  70  the broker failed
  74  the answer cannot be written
  75  busy, or not done in time; try again later
  76  the target does not speak HTTP properly, or broke off
  77  denied: the manifest does not allow it, or the token is not valid";

#[derive(Debug, clap::Args)]
pub(crate) struct HttpArgs {
    /// GET, POST and so on.
    method: Method,

    /// Where to.
    url: String,

    /// Write the body to this file, whole or not at all, instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// A header field. Repeatable.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// Send `Authorization: Bearer` with this secret, which the broker fills in.
    #[arg(long, value_name = "SECRET")]
    bearer: Option<String>,

    /// The body of the request; with `@`, a file's content.
    #[arg(short, long, value_name = "TEXT|@FILE")]
    data: Option<String>,

    /// Exit with 1, and write nothing, when the target answers with 400 or more.
    #[arg(short, long)]
    fail: bool,

    /// Follow so many redirects, to other hosts too. Without it, those within the origin.
    #[arg(short = 'L', long, value_name = "COUNT")]
    follow: Option<u32>,

    /// The time for all of it, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write NAME: VALUE")?;
    let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
    let value = HeaderValue::try_from(value.trim()).map_err(|error| error.to_string())?;
    Ok((name, value))
}

pub(super) async fn run(args: HttpArgs) -> Result<(), Failed> {
    let environment = Environment::of_process()?;
    let channel = BrokerChannel::builder(&environment.broker)?.token(environment.token).build();
    let mut request = HttpClient::new(channel)
        .request(args.method, args.url)
        .timeout(Duration::from_secs(args.timeout));
    for (name, value) in args.headers {
        request = request.header(name, value);
    }
    if let Some(name) = args.bearer {
        request = request.header("authorization", secret(&name).bearer());
    }
    if let Some(hops) = args.follow {
        request = request.redirect(Redirect::follow(hops));
    }
    if let Some(data) = args.data {
        request = request.body(match data.strip_prefix('@') {
            Some(path) => Body::file(path)
                .await
                .map_err(|error| Failed::Usage(format!("cannot read {path}: {error}")))?,
            None => data.into(),
        });
    }
    let answer = request.send().await?;
    let answer = if args.fail { answer.error_for_status()? } else { answer };
    match args.output {
        Some(path) => to_file(answer, &path).await,
        None => copy(answer, &mut io::stdout().lock(), Path::new("standard output")).await,
    }
}

async fn to_file(answer: HttpResponse, path: &Path) -> Result<(), Failed> {
    let failed = |source| Failed::File { what: "write", path: path.to_owned(), source };
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".oxg-")
        .tempfile_in(beside.unwrap_or(Path::new(".")))
        .map_err(failed)?;
    copy(answer, &mut file, path).await?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

async fn copy(
    mut answer: HttpResponse,
    out: &mut impl io::Write,
    path: &Path,
) -> Result<(), Failed> {
    let failed = |source| Failed::File { what: "write", path: path.to_owned(), source };
    while let Some(chunk) = answer.chunk().await? {
        out.write_all(&chunk).map_err(failed)?;
    }
    out.flush().map_err(failed)
}
