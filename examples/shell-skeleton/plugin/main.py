"""Reports cookies that lack the usual protection.

The task: {"url": "https://shop.test/", "set_cookie": ["sid=1; Path=/", ...]}
"""

import json
import pathlib
import subprocess
import sys

PROTECTION = {
    "secure": ("med", "it is sent over plain HTTP too"),
    "httponly": ("low", "scripts of the page can read it"),
    "samesite": ("low", "it depends on the browser which sites send it along"),
}
DENIED = 77


def broker(*arguments):
    """Runs a command of the broker; whatever it refuses ends the task."""
    subprocess.run(["0xgenctl", "broker", *arguments], check=True, stdout=subprocess.DEVNULL)


def weaknesses(set_cookie):
    """Name of the cookie, and what it lacks."""
    name, *attributes = (part.strip() for part in set_cookie.split(";"))
    present = {attribute.split("=")[0].lower() for attribute in attributes}
    return name.split("=")[0], [word for word in PROTECTION if word not in present]


def main(task_file):
    task = json.loads(pathlib.Path(task_file).read_text())["input"]
    report = {}
    for header in task["set_cookie"]:
        cookie, missing = weaknesses(header)
        report[cookie] = missing
        for word in missing:
            severity, why = PROTECTION[word]
            broker(
                "finding", "emit", "--task", task_file,
                "--type", f"web.cookie.{word}", "--severity", severity,
                "--message", f"The cookie {cookie} has no {word} attribute: {why}",
                "--target", task["url"], "--meta", f"cookie={cookie}",
            )
    report_file = pathlib.Path(task_file).with_name("cookies.json")
    report_file.write_text(json.dumps(report))
    broker("artifact", "put", "cookies.json", str(report_file), "--task", task_file)
    broker("task", "complete", task_file, "--output", json.dumps({"cookies": len(report)}))


if __name__ == "__main__":
    path = sys.argv[1]
    try:
        main(path)
    except (KeyError, TypeError, ValueError) as error:
        # Input that is not as it should be does not become better by another attempt.
        broker("task", "fail", path, "--reason", f"the task cannot be read: {error!r}")
    except subprocess.CalledProcessError as error:
        if error.returncode != DENIED:
            raise
        broker("task", "fail", path, "--reason", f"denied: {' '.join(error.cmd[1:4])}")
