use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::time::Duration;

use oxg_redact::Redactor;
use tracing::Dispatch;
use tracing::dispatcher::get_default;
use tracing::subscriber::NoSubscriber;

use super::layer::LogLayer;

/// How long a panic waits until its line is written: the process may end with it.
const LAST_WORDS: Duration = Duration::from_millis(500);

thread_local! {
    /// Where this thread panicked last; the payload does not say.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes every panic of the process a log event, redacted, instead of text on stderr. Where
/// `RUST_BACKTRACE` asks for it, the event has the backtrace too.
pub(crate) fn install(redactor: Redactor) {
    std::panic::set_hook(Box::new(move |info| report(info, &redactor)));
}

fn report(info: &PanicHookInfo<'_>, redactor: &Redactor) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    LOCATION.with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = Some(location.clone());
        }
    });
    let message = message(info.payload());
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured)
        .then(|| tracing::field::display(backtrace));
    if get_default(Dispatch::is::<NoSubscriber>) {
        let text = redactor.redact(&message);
        let text = super::printable(&text);
        let _ = writeln!(std::io::stderr(), "panicked at {location}: {text}");
        return;
    }
    tracing::error!(location, backtrace, "panicked: {message}");
    get_default(|dispatch| {
        if let Some(layer) = dispatch.downcast_ref::<LogLayer>() {
            layer.flush(LAST_WORDS);
        }
    });
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

/// Where this thread panicked last, as far as the hook is installed.
pub(crate) fn last_location() -> Option<String> {
    LOCATION.with(|last| last.try_borrow_mut().ok()?.take())
}
