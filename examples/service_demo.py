"""`make demo-service`: a proving service, its users, and a web page that believes neither.

Makes a service on loopback from nothing, registers a credit model, proves inferences through the client, opens the web
app in headless Chromium, verifies a real receipt there, refuses a tampered one, and watches the dashboard under load.
Screenshots are left in out/demo-service. Ends with an error if anything is not as it should be.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

import zkseal
from zkseal.client import Client
from zkseal.client.jobs import Job
from zkseal.client.models import RemoteModel
from zkseal.files import save_proving_key, save_receipt
from zkseal.receipts import Receipt
from zkseal.zoo import MODELS

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo-service"
WEB_APP = ROOT / "web" / "app" / "dist"
CHROMIUM = ROOT / ".venv-debian" / "browser" / "bin" / "chromium"
CONTEXT = b"loan application 4711"
LOAD = 30
PAUSE_S = 0.2
PATIENCE_S = 60


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Prints what is done, then what came of it and how long it took."""
    remarks: list[str] = []
    start = time.perf_counter()
    yield remarks
    print(f"  {what:<46}{time.perf_counter() - start:>7.2f} s   {'; '.join(remarks)}", flush=True)


# The service. ---------------------------------------------------------------------------------------------------------


def command(*words: str | Path) -> dict[str, str]:
    """Runs `zkseal` and reads what it prints as JSON."""
    done = subprocess.run([*zkseal_program(), *words, "--json"], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"zkseal {words[0]} {words[1]} failed: {done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def zkseal_program() -> list[str]:
    return [sys.executable, "-m", "zkseal"]


@contextmanager
def served(settings: Path, log: Path) -> Iterator[str]:
    """A running service with the web app, until the block ends; its URL. It has to end in good order."""
    words: list[str | Path] = [
        *zkseal_program(),
        "serve",
        "--config",
        settings,
        "--port",
        "0",
        "--web-app",
        WEB_APP,
        "--json",
    ]
    with log.open("w") as errors, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"the service did not start: {log.read_text()}")
            yield json.loads(line)["url"]
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE_S) != 0:
                raise SystemExit(f"the service ended with {process.returncode}: {log.read_text()[-2000:]}")
        finally:
            process.kill()


# The browser. ---------------------------------------------------------------------------------------------------------


@dataclass
class Visitor:
    """A page of the service in Chromium. What it asks for is watched: nothing may leave the service."""

    page: Page
    origin: str
    requests: list[str] = field(default_factory=list)

    @staticmethod
    def at(browser: Browser, url: str) -> Visitor:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        visitor = Visitor(page, f"{urlsplit(url).scheme}://{urlsplit(url).netloc}")
        page.on("request", lambda request: visitor.requests.append(request.url))
        page.on("pageerror", lambda error: visitor.fail(f"the page failed: {error}"))
        page.goto(url)
        return visitor

    def fail(self, reason: str) -> None:
        raise SystemExit(reason)

    def photograph(self, name: str) -> None:
        """In both themes."""
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme)
            self.page.screenshot(path=OUT / f"{name}-{theme}.png", full_page=True)

    def close(self, *secrets: str) -> None:
        """Nothing went elsewhere, and no secret stands in a URL or in the browser's storage."""
        stored = self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        elsewhere = [url for url in self.requests if not url.startswith(self.origin)]
        leaked = [url for url in self.requests if any(secret in url for secret in secrets)]
        if elsewhere or leaked or any(secret in stored for secret in secrets):
            raise SystemExit(f"the page asked {elsewhere or leaked}, or stored a secret")
        self.page.close()


def verdict(visitor: Visitor, receipt: Path, word: str) -> str:
    """Chooses a receipt; what the page says of it in full, once it has come to this word."""
    visitor.page.get_by_label("Choose a receipt").set_input_files(receipt)
    expect(visitor.page.get_by_role("heading", name=word, exact=True)).to_be_visible(timeout=PATIENCE_S * 1000)
    return visitor.page.locator(".verdict .lead").inner_text()


def shown_numbers(visitor: Visitor, name: str) -> list[float]:
    """The numbers of a public output, as the page's JSON has them."""
    found = json.loads(visitor.page.locator("pre.json").text_content() or "")
    [port] = [port for port in found["outputs"] if port["name"] == name]
    return [float(value) for value in port["values"]]


def tampered(receipt: Receipt) -> Receipt:
    """The receipt with the first number of its output changed."""
    output = receipt.statement.output
    integers = output.arrays()
    integers[min(integers)][0] ^= 1
    changed = type(output).of(integers, output.commitments)
    return replace(receipt, statement=replace(receipt.statement, output=changed))


# The demo. ------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Runs the demo; raises if anything is not as it should be."""
    print("zkseal demo: a proving service, and a page that verifies what it says\n")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        people = make_model(folder)
        with step("make a service: settings, keys, database") as remarks:
            made = command("service", "init", folder / "service")
            operator = command(
                *("service", "add-key", "main", "--name", "dashboard", "--scopes", "operator"),
                *("--config", made["settings"]),
            )["api_key"]
            remarks.append("a tenant, and an operator's key that can only look")
        with served(Path(made["settings"]), folder / "service.log") as url, Client(url, made["api_key"]) as client:
            print(f"  serving at {url}\n")
            model, receipt, probabilities = prove(client, folder, people)
            with sync_playwright() as playwright:
                arguments = ["--font-render-hinting=none", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
                verify_in_browser(browser, url, folder, receipt, probabilities)
                watch_dashboard(browser, url, client, model, people, operator)
                browser.close()
        log = (folder / "service.log").read_text()
        if made["api_key"] in log or operator in log:
            raise SystemExit("an API key stands in the service's log")
    print(f"\nEverything that was claimed is proved. Screenshots: {OUT.relative_to(ROOT)}")


def make_model(folder: Path) -> np.ndarray:
    """Writes the proving key `credit.zkp`; people who ask for a loan, one a row."""
    with step("compile mlp_credit, commit to its weights") as remarks:
        zoo = MODELS["mlp_credit"]()
        proving_key, verifying_key = zkseal.setup(zkseal.compile(zoo.model, zoo.calibration))
        save_proving_key(folder / "credit.zkp", proving_key)
        remarks.append(f"model {verifying_key.model_id.hex()[:16]}")
    return np.asarray(zoo.held_out)


def prove(client: Client, folder: Path, people: np.ndarray) -> tuple[RemoteModel, Receipt, list[float]]:
    """Registers the model and proves two people's results through the service."""
    with step("register the model") as remarks:
        model = client.register(folder / "credit.zkp", name="credit")
        remarks.append("the client checked that its key has that id")
    with step("prove a person's result") as remarks:
        result = client.prove(model, people[:1], context=CONTEXT)
        probabilities = [float(value) for value in result.outputs["probabilities"].reshape(-1)]
        remarks.append(f"receipt of {len(result.receipt.to_cbor()):,} bytes, verified by the client")
    with step("ask the service what the receipt proves") as remarks:
        client.verify_there(result.receipt, context=CONTEXT)
        remarks.append("it agrees")
    return model, result.receipt, probabilities


def verify_in_browser(
    browser: Browser, url: str, folder: Path, receipt: Receipt, probabilities: Sequence[float]
) -> None:
    """The page verifies the receipt, with a key that it asks the service for, and refuses a tampered one."""
    save_receipt(folder / "receipt.zkr", receipt)
    save_receipt(folder / "tampered.zkr", tampered(receipt))
    visitor = Visitor.at(browser, f"{url}/")
    with step("open the web app, choose the receipt") as remarks:
        visitor.photograph("verifier-empty")
        verdict(visitor, folder / "receipt.zkr", "Not verified")
        remarks.append("without a key nothing is proved")
    with step("ask for the key, verify in the browser") as remarks:
        visitor.page.get_by_label("Model id that you trust").fill(receipt.statement.model_id.hex())
        visitor.page.get_by_label("Context: what the receipt has to be for").select_option(label="Text")
        visitor.page.get_by_label("Context, exactly").fill(CONTEXT.decode())
        visitor.page.get_by_role("button", name="Ask this site for the key").click()
        remarks.append(verdict(visitor, folder / "receipt.zkr", "Proved"))
        remarks.append(visitor.page.locator(".verdict .took").inner_text())
        visitor.photograph("verifier-proved")
        if shown_numbers(visitor, "probabilities") != list(probabilities):
            raise SystemExit("the page shows other numbers than were proved")
    with step("choose a tampered receipt") as remarks:
        remarks.append(verdict(visitor, folder / "tampered.zkr", "Rejected"))
        visitor.photograph("verifier-tampered")
    visitor.close()


def watch_dashboard(
    browser: Browser, url: str, client: Client, model: RemoteModel, people: np.ndarray, key: str
) -> None:
    """The dashboard under load: live numbers, and the right count when all is done."""
    visitor = Visitor.at(browser, f"{url}/dashboard/")
    page = visitor.page
    visitor.photograph("dashboard-sign-in")
    with step("open the dashboard under load") as remarks, Load(client, model, people) as load:
        page.get_by_label("API key of an operator").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Live")
        running = page.get_by_role("region", name="Running now").get_by_role("progressbar").first
        expect(running).to_be_visible(timeout=PATIENCE_S * 1000)
        remarks.append(f"{tile(page, 'Waiting')} waiting, {tile(page, 'Running')} running")
        visitor.photograph("dashboard-load")
    with step(f"all {len(load.jobs)} proofs, verified by the client") as remarks:
        for job in load.jobs:
            job.result(PATIENCE_S)
        # One more receipt: that of the beginning.
        kept = page.locator(".tile", has_text="Receipts kept").locator(".figure")
        expect(kept).to_have_text(str(len(load.jobs) + 1))
        visitor.photograph("dashboard-after")
        remarks.append(f"the dashboard counts {tile(page, 'Receipts kept')} receipts")
    visitor.close(key)


class Load:
    """Asks for proofs, `LOAD` and then as many as it takes, until its block ends."""

    def __init__(self, client: Client, model: RemoteModel, people: np.ndarray) -> None:
        self.jobs: list[Job] = []
        self._client, self._model, self._people = client, model, people
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while len(self.jobs) < LOAD or not self._enough.is_set():
            row = len(self.jobs) % len(self._people)
            self.jobs.append(self._client.submit(self._model, self._people[row : row + 1], context=CONTEXT))
            time.sleep(0.0 if len(self.jobs) < LOAD else PAUSE_S)


def tile(page: Page, title: str) -> str:
    """The number on a tile."""
    return page.locator(".tile", has=page.get_by_text(title, exact=True)).locator(".figure").inner_text()


if __name__ == "__main__":
    main()
