"""A receiver of webhooks on a local port, that shows, verifies and answers what comes in."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer
from aiohttp import web

from domain.signing import body_signature, key_bytes, same, standard_signature, timed_signature
from entrypoints.client import ApiClient
from entrypoints.commands.terminal import console, errors

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it came in: which of its three signatures hold for the secret."""

    event_type: str
    event_id: str
    attempt: str
    signatures: Mapping[str, bool]
    body: str

    @property
    def verified(self) -> bool:
        return bool(self.signatures) and all(self.signatures.values())


def received(headers: Mapping[str, str], body: bytes, secret: str | None) -> Delivery:
    return Delivery(
        event_type=headers.get("X-Event-Type", "?"),
        event_id=headers.get("X-Event-ID", "?"),
        attempt=headers.get("X-Delivery-Attempt", "?"),
        signatures=checked(headers, body, key_bytes(secret)) if secret else {},
        body=body.decode("utf-8", "replace"),
    )


def checked(headers: Mapping[str, str], body: bytes, key: bytes) -> dict[str, bool]:
    """By header: whether its signature is that of the body."""
    stamp, message = headers.get("webhook-timestamp", ""), headers.get("webhook-id", "")
    expected = {
        "X-Signature": body_signature(key, body),
        "X-Webhook-Signature": timed_signature(key, headers.get("X-Webhook-Timestamp", ""), body),
        "webhook-signature": standard_signature(key, message, stamp, body),
    }
    return {name: any(same(one, text) for one in headers.get(name, "").split()) for name, text in expected.items()}


async def receive(
    port: int, secret: str | None, status: int, client: ApiClient | None, events: list[str], as_json: bool
) -> None:
    known = {"secret": secret}

    async def answer(request: web.Request) -> web.Response:
        delivery = received(request.headers, await request.read(), known["secret"])
        show(delivery, as_json)
        refused = bool(delivery.signatures) and not delivery.verified
        return web.json_response({"status": "received"}, status=401 if refused else status)

    runner, address = await serve(answer, port)
    webhook = client.register_webhook(f"{address}/", events) if client else None
    if webhook is not None:
        known["secret"] = webhook["secret"]
    (errors if as_json else console).print(f"Listening on {address}/", highlight=False)
    try:
        await asyncio.Event().wait()
    finally:
        if client is not None and webhook is not None:
            client.delete_webhook(webhook["webhook_id"])
        await runner.cleanup()


async def serve(handler: Handler, port: int) -> tuple[web.AppRunner, str]:
    """The running receiver, and its address."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


def show(delivery: Delivery, as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {"event_type": delivery.event_type, "event_id": delivery.event_id}
        shown |= {"attempt": delivery.attempt, "signatures": dict(delivery.signatures), "body": delivery.body}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    marks = " ".join(f"{name} {'✓' if good else '✗'}" for name, good in delivery.signatures.items())
    head = f"{delivery.event_type}  {delivery.event_id}  attempt {delivery.attempt}  {marks or 'not verified'}"
    console.print(head, style="bold", highlight=False, markup=False)
    console.print(delivery.body, highlight=False, markup=False)
