"""Rollover from Python, with the standard library alone: create, wait, download, check, and read the bill.

    ROLLOVER_URL=http://127.0.0.1:8787 ROLLOVER_API_KEY=rk_... python3 rollover_example.py "two bears and three apples"
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ["ROLLOVER_URL"]
KEY = os.environ["ROLLOVER_API_KEY"]
TRIES = 5


class Refused(Exception):
    """The API's own words: problem["code"] is stable, problem["errors"] names each fault by a JSON Pointer."""

    def __init__(self, problem):
        super().__init__(problem["detail"])
        self.problem = problem


def call(method, path, body=None, wait_seconds=None):
    """The answer as a dict. What may succeed later is tried again, under one Idempotency-Key: nothing is charged twice."""
    headers = {"Authorization": f"Bearer {KEY}"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if body is not None:
        headers["Content-Type"] = "application/json"
    if wait_seconds is not None:
        headers["Prefer"] = f"wait={wait_seconds}"
    data = None if body is None else json.dumps(body).encode()
    for attempt in range(1, TRIES + 1):
        request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if not problem["retryable"] or attempt == TRIES:
                raise Refused(problem) from None
            time.sleep(float(error.headers.get("Retry-After", attempt)))
        except (urllib.error.URLError, ConnectionError):
            if attempt == TRIES:
                raise
            time.sleep(attempt)


def generate(prompt, nfe_budget, **terms):
    """The generation once it has ended, however it ended."""
    generation = call("POST", "/v1/generations", {"prompt": prompt, "nfe_budget": nfe_budget, **terms}, wait_seconds=20)
    while generation["finished_at"] is None:
        time.sleep(0.5)
        generation = call("GET", f"/v1/generations/{generation['id']}", wait_seconds=20)
    return generation


def download(output, path):
    """Saves an image by its presigned link, which needs no key, and checks it against its hash."""
    with urllib.request.urlopen(output["url"], timeout=90) as answer:
        image = answer.read()
    if hashlib.sha256(image).hexdigest() != output["sha256"]:
        raise ValueError("the image is not what was stored")
    with open(path, "wb") as file:
        file.write(image)


def main(prompt, path="out.png"):
    generation = generate(prompt, nfe_budget=60, seed=7)
    if generation["status"] != "succeeded":
        raise SystemExit(f"{generation['status']}: {generation['error']}")
    download(generation["outputs"][0], path)
    usage, counts = generation["usage"], generation["result"]["counts"]
    print(f"{path}: asked {counts['asked']}, found {counts['found']}")
    print(f"{usage['nfe_used']} of {usage['nfe_held']} NFEs, ${usage['price_micro_usd'] / 1e6:.6f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refusal:
        raise SystemExit(f"{refusal.problem['code']}: {refusal}") from None
