"""A server and a worker as their operators run them: what one does for the other."""

from tests.support.processes import Deployment, data, upload, within
from tests.support.receivers import receiving

PAIR = ("How long can I return a lamp?", "Lamps can be returned within 30 days.")


async def test_what_happens_in_the_server_is_told_to_webhooks_by_the_worker(deployment: Deployment) -> None:
    deployment.settings["OUTBOUND_ALLOW"] = "127.0.0.1"
    api = deployment.api()
    deployment.worker()
    async with receiving() as receiver, api.client() as client:
        hook = {"name": "shop", "url": receiver.url, "events": ["document.*", "query.completed"]}
        await data(client, "POST", "/api/v1/webhooks", json=hook)
        await upload(client, {"lamps": [PAIR]})

        async def told() -> bool:
            await data(client, "POST", "/api/v1/queries", json={"question": PAIR[0]})
            return any(b"query.completed" in request for request in receiver.requests)

        assert await within(30, told), deployment.processes[1].output()
        assert any(b"document.ingested" in request for request in receiver.requests)
