"""A real Chromium without a window, driven over its DevTools protocol."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 30.0

KEYS = {"Enter": 13, "Escape": 27, "Tab": 9}


def find_browser() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page. `complaints` are its uncaught errors, failed policies and console errors."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []

    async def listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if future := self._waiting.pop(message.get("id", 0), None):
                future.set_result(message)
            elif message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:1000])
            elif message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(message["params"]["entry"]["text"])

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(self._waiting[number], PATIENCE)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until the expression is true, and says what the page shows when it never is."""
        for _ in range(int(PATIENCE / 0.05)):
            if await self.run(f"Boolean({script})"):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never true: {script}\n{await self.text()}\n{self.complaints}")

    async def shows(self, text: str) -> None:
        await self.until(f"document.body.innerText.includes({json.dumps(text)})")

    async def text(self) -> str:
        return str(await self.run("document.body.innerText"))

    async def press(self, key: str) -> None:
        """One key, as if struck: a letter, or one of `KEYS`."""
        code = KEYS.get(key, ord(key[0].upper()))
        typed = {"text": "\r" if key == "Enter" else key} if key not in ("Escape", "Tab") else {}
        await self.command("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **typed)
        await self.command("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def write(self, selector: str, text: str) -> None:
        """Into the field, replacing what is there."""
        await self.until(f"document.querySelector({json.dumps(selector)})")
        await self.run(f"(field => (field.focus(), field.select()))(document.querySelector({json.dumps(selector)}))")
        await self.command("Input.insertText", text=text)

    async def fill(self, label: str, text: str) -> None:
        """Into the field with this label, replacing what is there."""
        await self.until(_labelled(label))
        await self.run(f"(field => (field.focus(), field.select()))({_labelled(label)})")
        await self.command("Input.insertText", text=text)

    async def tick(self, label: str) -> None:
        await self.until(_labelled(label))
        await self.run(f"{_labelled(label)}.click()")

    async def attach(self, selector: str, *paths: Path) -> None:
        """Files to a file field, as if chosen."""
        root = (await self.command("DOM.getDocument"))["root"]["nodeId"]
        field = await self.command("DOM.querySelector", nodeId=root, selector=selector)
        await self.command("DOM.setFileInputFiles", nodeId=field["nodeId"], files=[str(path) for path in paths])

    async def go(self, view: str) -> None:
        """To the view with this address, once it is drawn."""
        await self.run(f"location.hash = '#/{view}'")
        await self.until("document.querySelector('main h1') && !document.querySelector('.waiting')")

    async def click(self, text: str) -> None:
        """The button or link with this text, once it can be clicked."""
        found = (
            f"[...document.querySelectorAll('button:enabled, a')].find(e => e.innerText.trim() === {json.dumps(text)})"
        )
        await self.until(found)
        await self.run(f"{found}.click()")


def _labelled(label: str) -> str:
    """An expression for the control whose label begins with this line."""
    first = "each.textContent.trim().toLowerCase().startsWith"
    return f"[...document.querySelectorAll('label')].find(each => {first}({json.dumps(label.lower())}))?.control"


@asynccontextmanager
async def opened(program: str, url: str, *, width: int = 1280, height: int = 860) -> AsyncIterator[Tab]:
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with connect(await _address(Path(profile)), max_size=None) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Runtime", "Log", "Page"):
                    await tab.command(f"{domain}.enable")
                sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                await tab.command("Emulation.setDeviceMetricsOverride", **sizes)
                await tab.command("Page.navigate", url=url)
                try:
                    yield tab
                finally:
                    listening.cancel()
        finally:
            process.terminate()
            await process.wait()


async def _address(profile: Path) -> str:
    """Where the page's socket is, once the browser has told its port."""
    told = profile / "DevToolsActivePort"
    async with httpx.AsyncClient() as http:
        for _ in range(int(PATIENCE / 0.1)):
            await asyncio.sleep(0.1)
            if not told.exists() or not (lines := told.read_text().splitlines()):
                continue
            pages = (await http.get(f"http://127.0.0.1:{lines[0]}/json/list")).json()
            if found := [page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"]:
                return str(found[0])
    raise AssertionError("the browser did not start")
