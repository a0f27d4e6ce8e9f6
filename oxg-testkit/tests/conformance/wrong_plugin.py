#!/usr/bin/env -S python3 -B
"""The plugin of examples/python-plugin with one thing wrong, which the argument names."""

import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples/python-plugin"))
import broker  # noqa: E402
import main  # noqa: E402

right_call, right_post, right_say = broker.call, broker.post, broker.Lease.say
right_token, right_check, right_report = broker.token, main.check, broker.report


def right():
    """Nothing is wrong."""


def no_token():
    broker.token = lambda: "none"


def tells_its_token():
    print("token:", right_token())


def tells_its_token_in_a_finding():
    main.check = lambda task: right_report(
        task["task_id"],
        {"type": "x", "message": right_token().encode().hex(), "severity": "info"},
    )


def keeps_its_token_in_a_file():
    pathlib.Path(os.environ["OXG_WORKSPACE"], "notes").write_text(right_token())


def tells_the_token_of_a_lease():
    def say(lease, *arguments, **members):
        print(lease.token)
        return right_say(lease, *arguments, **members)

    broker.Lease.say = say


def other_version():
    right_put = broker.Connection.putheader

    def putheader(connection, name, *values):
        return right_put(connection, name, *(["2.0"] if name == "Oxg-Protocol" else values))

    broker.Connection.putheader = putheader


def odd_deadline():
    broker.TIMEOUT = 10_000


def tunnels():
    right_work = main.check

    def check(task):
        right_call("CONNECT", "shop.test:443", **{"Proxy-Authorization": "Bearer " + right_token()})
        right_work(task)

    main.check = check


def forgets_the_file():
    broker.token = lambda: os.environ.get("OXG_TOKEN") or right_token()


def reads_its_token_once():
    token = right_token()
    broker.token = lambda: token


def takes_any_version():
    main.json.loads = lambda text: {"protocol": "1.0"} if b'"2.0"' in text else json.JSONDecoder().decode(text.decode())


def asks_for_nothing():
    def post(path, message, wait=0):
        return right_post(path, message | ({"max": 65} if "max" in message else {}), wait)

    broker.post = post


def says_it_twice():
    def say(lease, *arguments, **members):
        right_say(lease, *arguments, **members)
        return right_say(lease, *arguments, **members)

    broker.Lease.say = say


def insists():
    """A word that came too late is said again."""

    def post(path, message, wait=0):
        try:
            return right_post(path, message, wait)
        except broker.Refused:
            return right_post(path, message, wait)

    broker.post = post


def changes_its_mind():
    """A word whose answer is lost becomes another word."""

    def post(path, message, wait=0):
        try:
            return right_post(path, message, wait)
        except broker.LOST:
            path = path.replace("/complete", "/fail")
            return right_post(path, message | {"retryable": True, "reason": "lost"}, wait)

    broker.post = post


def has_no_heart():
    broker.Lease.beat = lambda lease: None


def completes_anything():
    def check(task):
        try:
            right_check(task)
        except (LookupError, TypeError, ValueError):
            pass

    main.check = check


def fails_for_now():
    def say(lease, word, stopping, **members):
        if word == "fail":
            members["retryable"] = True
        return right_say(lease, word, stopping, **members)

    broker.Lease.say = say


def gives_no_reason():
    def say(lease, word, stopping, **members):
        if word == "fail":
            members["reason"] = " "
        return right_say(lease, word, stopping, **members)

    broker.Lease.say = say


def asks_again():
    """What is denied is asked for once more."""

    def call(*arguments, **more):
        try:
            return right_call(*arguments, **more)
        except broker.Refused:
            return right_call(*arguments, **more)

    broker.call = call


def floods():
    """What fails is tried again, at once and for ever."""

    def call(*arguments, **more):
        while True:
            try:
                return right_call(*arguments, **more)
            except (broker.Refused, *broker.LOST):
                time.sleep(0.01)

    broker.call = call


def is_deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    main.signal.signal = lambda *_: None


def drops_its_task():
    """SIGTERM ends it at once."""
    main.signal.signal = lambda *_: None


def odd_finding():
    def report(task_id, *findings):
        right_call("POST", "/v1/findings", json.dumps({"type": "x"}), **{"Oxg-Task-Id": task_id})

    broker.report = report


def takes_half_for_the_whole():
    response = broker.http.client.HTTPResponse
    right_read = response.read

    def read(answer):
        try:
            return right_read(answer)
        except broker.http.client.IncompleteRead as half:
            return half.partial

    response.read = read


def goes_on_leasing():
    right_posted = broker.post

    def post(path, message, wait=0):
        answer = right_posted(path, message, wait)
        if answer and "draining" in answer:
            answer["draining"] = False
        return answer

    broker.post = post


def crashes():
    os.kill(os.getpid(), signal.SIGABRT)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
    main.run()
