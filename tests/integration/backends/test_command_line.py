"""What the commands refuse, in which words, and with which exit code."""

import asyncio
import json
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.support.postgres import renamed
from tests.support.processes import COMMAND, Api, Deployment, Worker, data, eventually, upload

from adapters.storage.postgres import Presence

QUESTION = "How do I keep my Debian system up to date?"


def run(deployment: Deployment, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = deployment.env(**settings)
    return subprocess.run([*COMMAND, *arguments], env=env, capture_output=True, text=True, timeout=120, cwd="/")


def test_an_older_schema_is_refused_and_migrate_brings_it_up_to_date(
    deployment: Deployment, empty_database: str
) -> None:
    for command in (("serve", "--port", "0"), ("worker",), ("reindex",)):
        refused = run(deployment, *command, DATABASE_URL=empty_database)
        assert refused.returncode == 1
        assert "Run: supportrag migrate" in " ".join(refused.stderr.split())
    assert run(deployment, "migrate", DATABASE_URL=empty_database).returncode == 0
    again = run(deployment, "migrate", DATABASE_URL=empty_database)
    assert (again.returncode, "applied" in again.stdout) == (0, False)
    assert run(deployment, "check", DATABASE_URL=empty_database).returncode == 0


def test_a_worker_beside_an_index_inside_another_process_is_refused(deployment: Deployment) -> None:
    for setting, value in (("VECTOR_URL", "faiss://"), ("REDIS_URL", "memory://"), ("DATABASE_URL", "memory://")):
        refused = run(deployment, "worker", **{setting: value})
        assert refused.returncode == 2
        assert f"SUPPORTRAG_{setting}={value}" in "".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("alone", "command", "settings"),
    [
        (True, ("worker",), {}),
        (True, ("serve", "--port", "0"), {"VECTOR_URL": "faiss://"}),
        (False, ("serve", "--port", "0"), {"REDIS_URL": "memory://"}),
    ],
)
async def test_processes_that_could_not_know_of_each_other_are_refused(
    deployment: Deployment, alone: bool, command: tuple[str, ...], settings: dict[str, str]
) -> None:
    first = Presence(deployment.database_url, alone=alone)
    assert await first.enter() == []
    refused = await asyncio.to_thread(run, deployment, *command, **settings)
    await first.leave()
    said = "".join(refused.stderr.split())
    assert refused.returncode == 2
    assert "Anotherprocesshasthisdatabase(supportrag" in said
    assert all(f"SUPPORTRAG_{name}={value}" in said for name, value in settings.items())


def test_a_database_that_is_away_is_said_so_at_once(deployment: Deployment) -> None:
    refused = run(deployment, "serve", DATABASE_URL="postgresql://me:secret@127.0.0.1:9/nothing")
    assert refused.returncode == 1
    assert "127.0.0.1:9/nothing cannot be reached" in refused.stderr
    assert "secret" not in refused.stderr


@pytest.mark.parametrize("command", [("migrate",), ("serve", "--port", "0")])
def test_a_database_that_the_server_does_not_know_is_a_wrong_setting(
    deployment: Deployment, command: tuple[str, ...]
) -> None:
    refused = run(deployment, *command, DATABASE_URL=renamed(deployment.database_url, "no_such_database"))
    assert (refused.returncode, "SUPPORTRAG_DATABASE_URL" in refused.stderr) == (2, True)


def test_check_fails_when_a_backend_that_is_configured_is_away(deployment: Deployment) -> None:
    checked = run(deployment, "check", "--json", REDIS_URL="redis://127.0.0.1:9")
    found = json.loads(checked.stdout)
    assert (found["redis"], found["postgres"], found["service"]) == ("unhealthy", "healthy", "degraded")
    assert checked.returncode == 1


def test_a_new_key_is_all_that_is_on_the_output_and_good_until_it_is_revoked(deployment: Deployment) -> None:
    api = deployment.api()
    made = run(deployment, "keys", "create", "partner", "--scope", "read")
    key_id, key = made.stderr.split()[0], made.stdout.removesuffix("\n")
    me = {"url": f"{api.url}/api/v1/me", "headers": {"Authorization": f"Bearer {key}"}}
    assert httpx.get(**me).status_code == 200
    assert run(deployment, "keys", "revoke", key_id).returncode == 0
    eventually(lambda: httpx.get(**me).status_code == 401, 5)


def test_sigterm_ends_a_worker_and_a_server_within_the_time_an_orchestrator_gives(deployment: Deployment) -> None:
    api, worker = deployment.api(), deployment.worker()
    assert api.stop() < 25
    assert worker.stop() < 25
    assert "worker_stopped" in worker.output()


async def test_what_is_kept_in_a_folder_is_found_by_the_next_process(tmp_path: Path, deployment: Deployment) -> None:
    folder = tmp_path / "kept"
    local = {"DATABASE_URL": "memory://", "REDIS_URL": "memory://", "VECTOR_URL": "faiss://"}
    api = Api(deployment.env(**local), tmp_path / "first.log", "--data", str(folder))
    deployment.processes.append(api)
    api.start()
    async with api.client() as client:
        await upload(client, {"faq": [(QUESTION, "Run apt update and apt upgrade.")]})
    first = await asked(api)
    second = run(deployment, "serve", "--data", str(folder), **local)
    assert (second.returncode, "in use" in second.stderr) == (1, True)
    api.kill()
    again = Api(deployment.env(**local), tmp_path / "second.log", "--data", str(folder))
    deployment.processes.append(again)
    again.start()
    assert await asked(again) == first
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600
    assert again.stop() < 25
    assert not (folder / "postgres" / "postmaster.pid").exists(), "its PostgreSQL outlives it"


async def asked(api: Api) -> str:
    """The id of the pair that answers, once what was uploaded is let in."""
    async with api.client() as client:
        for _ in range(100):
            answer = await data(client, "POST", "/api/v1/queries", json={"question": QUESTION})
            if answer["action"] == "auto_reply":
                return str(answer["sources"][0]["qa_id"])
            await asyncio.sleep(0.2)
    raise AssertionError("never answered")


def test_the_scheduler_of_a_worker_survives_the_loss_of_redis(deployment: Deployment) -> None:
    worker: Worker = deployment.worker()
    deployment.redis.kill()
    eventually(lambda: worker.is_alive, 1)
    deployment.redis.start()
    assert worker.is_alive
    assert worker.stop() < 25
