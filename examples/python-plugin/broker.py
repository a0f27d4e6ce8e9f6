"""The broker API in Python, with nothing but the standard library."""

import http.client
import json
import os
import pathlib
import socket
import threading
import time

TIMEOUT = 8  # seconds for a call, beyond what it asks the broker to wait
LOST = (OSError, http.client.HTTPException)  # the broker is gone, or does not speak HTTP


class Refused(Exception):
    """The broker said no. `code` is that of the protocol."""

    def __init__(self, code, problem):
        super().__init__(f"{code}: {problem.get('detail', '')}")
        self.code = code
        self.retry_after = problem.get("retry_after_ms", 500) / 1000


class Connection(http.client.HTTPConnection):
    """A connection to where `OXG_BROKER` says the broker is."""

    def connect(self):
        scheme, place = os.environ["OXG_BROKER"].split(":", 1)
        if scheme == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(place)
        else:
            host, port = place.strip("/").rsplit(":", 1)
            self.sock = socket.create_connection((host.strip("[]"), int(port)), self.timeout)


def token():
    """The session's token, read again for each call: it may change."""
    file = os.environ.get("OXG_TOKEN_FILE")
    return pathlib.Path(file).read_text().strip() if file else os.environ["OXG_TOKEN"]


def call(method, target, body=None, wait=0, **headers):
    """One call. A target with scheme and host goes out through the broker."""
    field = "Authorization" if target.startswith("/") else "Proxy-Authorization"
    headers |= {field: f"Bearer {token()}", "Oxg-Protocol": "1.0"}
    headers["Oxg-Deadline-Ms"] = str((wait + TIMEOUT) * 1000)
    connection = Connection("broker", timeout=wait + TIMEOUT)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    # What bears this field is the broker's own word; all else is the target's, whatever its status.
    if code := answer.getheader("oxg-error"):
        raise Refused(code, json.loads(content))
    return content


def post(path, message, wait=0):
    """A call with JSON, and its answer."""
    content = call("POST", path, json.dumps(message), wait)
    return json.loads(content) if content else None


def report(task_id, *findings):
    """Reports findings, a line each; the broker answers each with a line."""
    lines = "\n".join(json.dumps(finding) for finding in findings)
    receipts = call("POST", "/v1/findings", lines, **{"Oxg-Task-Id": task_id}).splitlines()
    for problem in filter(None, (json.loads(line).get("rejected") for line in receipts)):
        raise ValueError(problem["detail"])


class Lease:
    """The right to a task. It is extended whenever a third of it has passed."""

    def __init__(self, delivery):
        self.path = f"/v1/tasks/{delivery['task_id']}"
        self.token = delivery["lease_token"]
        self.lost, self.done = False, threading.Event()
        self.lasts(delivery)
        threading.Thread(target=self.beat, daemon=True).start()

    def lasts(self, answer):
        self.left = answer["lease_expires_in_ms"] / 1000
        self.ends = time.monotonic() + self.left

    def beat(self):
        while not self.done.wait(self.left / 3):
            try:
                self.lasts(post(f"{self.path}/extend", {"lease_token": self.token, "lease_ms": 30_000}))
            except Refused as refused:
                self.lost = refused.code == "lease_lost"
                if self.lost:
                    return
            except LOST:
                pass  # it comes sooner and sooner, until the lease has ended

    def say(self, word, stopping, **members):
        """Says what became of the task: again and again, the same word, while the lease lasts."""
        self.done.set()
        while not self.lost and time.monotonic() < self.ends:
            try:
                return post(f"{self.path}/{word}", {"lease_token": self.token, **members})
            except Refused as refused:
                if refused.code == "lease_lost":
                    return None  # it is somebody else's by now
                if refused.code != "unavailable" or stopping.is_set():
                    raise
                time.sleep(refused.retry_after)
            except LOST:
                if stopping.wait(0.5):
                    raise
        raise TimeoutError("the lease ended before the broker heard of the task")
