"""Another master key, while what the one before has sealed is still wanted."""

import base64
import hmac

from tests.support.system import SystemUnderTest, running

from adapters.delivery.recording import RecordingSender

OLD, NEW = "the master key of last year", "the master key of this year"


async def registered(system: SystemUnderTest) -> tuple[str, str]:
    """The id of a webhook, and the secret that its receiver was given."""
    hook = {"name": "shop", "url": "https://shop.example/hook", "events": ["query.*"]}
    made = await system.data("POST", "/api/v1/webhooks", json=hook)
    return made["webhook_id"], made["secret"]


async def told(system: SystemUnderTest, sender: RecordingSender, webhook_id: str) -> dict[str, str]:
    """The headers of a delivery of this moment, and its body as `body`."""
    await system.data("POST", f"/api/v1/webhooks/{webhook_id}/test")
    await system.container.webhooks.service().run_due()
    return {**sender.posted[-1].headers, "body": sender.posted[-1].body.decode()}


def signature(secret: str, body: str) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), body.encode(), "sha256")).decode()


async def test_what_the_previous_master_key_sealed_still_signs(database_url: str) -> None:
    sender, kept = RecordingSender(), {"database_url": database_url}
    async with running(**kept, master_key=OLD) as system:
        webhook_id, secret = await registered(system)
    async with running(**kept, overrides={"sender": sender}, master_key=NEW, master_key_previous=OLD) as system:
        posted = await told(system, sender, webhook_id)
        assert posted["X-Signature"] == signature(secret, posted["body"])
        rotated = await system.data("POST", f"/api/v1/webhooks/{webhook_id}/rotate-secret", json={"overlap_hours": 0})
    async with running(**kept, overrides={"sender": sender}, master_key=NEW) as system:
        posted = await told(system, sender, webhook_id)
        assert posted["X-Signature"] == signature(rotated["secret"], posted["body"]), "sealed with the new key"
