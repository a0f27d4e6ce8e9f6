#!/usr/bin/env -S python3 -B
"""Reports pages that do not say in which language they are.

The task: {"url": "https://shop.test/"}

A plugin writes nothing outside its workspace: with -B, Python leaves no compiled files beside this.
"""

import json
import re
import signal
import sys
import threading

import broker

WAIT = 2  # seconds for a task; SIGTERM is heard in between
STOPPING = threading.Event()


def check(task):
    """Does one task."""
    url = task["input"]["url"]
    page = broker.call("GET", url, **{"Oxg-Task-Id": task["task_id"]})
    if not re.search(rb"<html[^>]*\slang=", page, re.IGNORECASE):
        finding = {"type": "web.lang.missing", "message": "the page does not say its language"}
        broker.report(task["task_id"], finding | {"severity": "info", "target": url})


def handle(task):
    """Does one task, and says what became of it."""
    lease = broker.Lease(task)
    if STOPPING.is_set():
        return lease.say("release", STOPPING)
    try:
        check(task)
    except broker.Refused as refused:
        again = refused.code in ("unavailable", "rate_limited", "deadline_exceeded")
        return lease.say("fail", STOPPING, retryable=again, reason=str(refused))
    except broker.LOST as error:
        return lease.say("fail", STOPPING, retryable=True, reason=repr(error))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # Input that is not as it should be does not become better by another attempt.
        reason = f"the task cannot be done: {error!r}"
        return lease.say("fail", STOPPING, retryable=False, reason=reason)
    return lease.say("complete", STOPPING)


def main():
    signal.signal(signal.SIGTERM, lambda *_: STOPPING.set())
    session = json.loads(broker.call("GET", "/v1/session"))
    if session["protocol"].split(".")[0] != "1":
        raise ValueError(f"the broker speaks version {session['protocol']}, not 1")
    while not STOPPING.is_set():
        wanted = {"max": 1, "wait_ms": WAIT * 1000, "lease_ms": 30_000}
        leased = broker.post("/v1/tasks/lease", wanted, WAIT)
        for task in leased["deliveries"]:
            handle(task)
        if leased["draining"]:
            break


def run():
    """Runs the plugin; the exit code says how it ended, and the last line on stderr why."""
    try:
        return main()
    except broker.Refused as refused:
        busy = refused.code in ("unavailable", "rate_limited", "draining")
        code, why = (75 if busy else 77), refused
    except broker.LOST as error:
        code, why = 69, f"the broker cannot be reached: {error!r}"
    except (LookupError, TypeError, ValueError) as error:
        code, why = 76, f"not started as a plugin, or not by a broker of version 1: {error!r}"
    print(f"error: {why}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
