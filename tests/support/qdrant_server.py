"""Qdrant's engine behind the routes its client uses, for tests: several processes can share it, and it fails
on request.

`with running_qdrant(folder) as server:` starts it in a process of its own; `server.url` is for clients,
`server.fail(...)` makes the next requests fail, `server.kill()` and `server.start()` are what they say.
It speaks what the adapters speak: collections, aliases, payload indexes, points, query, count, facet. One segment, no
cluster, no authentication. What it gets wrong against a real server is not for it to show: see
docker-compose.yml for a real one.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from aiohttp import web

Json = dict[str, Any]
VERSION = "1.20.0"
DISTANCES = {"Dot": edge.Distance.Dot, "Cosine": edge.Distance.Cosine, "Euclid": edge.Distance.Euclid}
SCHEMAS = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "bool": edge.PayloadSchemaType.Bool,
    "float": edge.PayloadSchemaType.Float,
    "datetime": edge.PayloadSchemaType.Datetime,
}
SHADOW = "__shadow_"
"""The engine's Python binding takes a bool in a match for a number: bools are kept as words as well."""


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Collection:
    """One engine shard and the configuration it was made with."""

    def __init__(self, folder: Path, config: Json | None) -> None:
        self._folder = folder
        self.config = config or json.loads((folder / "collection.json").read_text())
        if config is None:
            self._shard = edge.EdgeShard.load(str(folder / "shard"))
        else:
            folder.mkdir(parents=True)
            self._shard = edge.EdgeShard.create(str(folder / "shard"), _engine_config(config))
            (folder / "collection.json").write_text(json.dumps(config))

    def info(self) -> Json:
        shown = self._shard.info()
        params = {key: self.config.get(key) or {} for key in ("vectors", "sparse_vectors")}
        hnsw = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000}
        optimizer = {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1_000,
            "default_segment_number": 1,
            "flush_interval_sec": 5,
        }
        return {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": shown.points_count,
            "segments_count": shown.segments_count,
            "payload_schema": {
                name: {"data_type": _named(index.data_type), "points": index.points}
                for name, index in shown.payload_schema.items()
                if not name.startswith(SHADOW)
            },
            "config": {
                "params": params,
                "hnsw_config": hnsw | (self.config.get("hnsw_config") or {}),
                "optimizer_config": optimizer,
                "metadata": self.config.get("metadata"),
            },
        }

    def create_index(self, body: Json) -> Json:
        wanted = body["field_schema"]
        kind = wanted if isinstance(wanted, str) else wanted["type"]
        if kind not in SCHEMAS:
            raise Refused(400, f"payload index of type {kind} is not supported here")
        name = body["field_name"]
        self._shard.update(edge.UpdateOperation.create_field_index(name, SCHEMAS[kind]))
        if kind == "bool":
            shadow = edge.UpdateOperation.create_field_index(SHADOW + name, SCHEMAS["keyword"])
            self._shard.update(shadow)
        return _done()

    def upsert(self, body: Json) -> Json:
        points = [
            edge.Point(point["id"], _vectors(point["vector"]), _with_shadows(point.get("payload") or {}))
            for point in body["points"]
        ]
        self._shard.update(edge.UpdateOperation.upsert_points(points))
        return _done()

    def delete(self, body: Json) -> Json:
        if "points" in body:
            self._shard.update(edge.UpdateOperation.delete_points(body["points"]))
        else:
            self._shard.update(edge.UpdateOperation.delete_points_by_filter(_filter(body["filter"])))
        return _done()

    def retrieve(self, body: Json) -> list[Json]:
        payload = body.get("with_payload", True)
        records = self._shard.retrieve(body["ids"], with_payload=payload, with_vector=False)
        return [{"id": str(record.id), "payload": _shown(record.payload)} for record in records]

    def query(self, body: Json) -> Json:
        wanted = body["query"]
        vector = wanted.get("nearest", wanted) if isinstance(wanted, dict) else wanted
        request = edge.QueryRequest(
            limit=body.get("limit") or 10,
            query=edge.Query.Nearest(_vector(vector), body.get("using")),
            filter=_filter(body.get("filter")),
            params=edge.SearchParams(exact=bool((body.get("params") or {}).get("exact"))),
            with_payload=body.get("with_payload") or False,
        )
        return {"points": [_scored(point) for point in self._shard.query(request)]}

    def count(self, body: Json) -> Json:
        request = edge.CountRequest(exact=body.get("exact", True), filter=_filter(body.get("filter")))
        return {"count": self._shard.count(request)}

    def facet(self, body: Json) -> Json:
        request = edge.FacetRequest(
            body["key"],
            limit=body.get("limit") or 10,
            exact=bool(body.get("exact")),
            filter=_filter(body.get("filter")),
        )
        return {"hits": [{"value": hit.value, "count": hit.count} for hit in self._shard.facet(request).hits]}

    def close(self) -> None:
        self._shard.flush()
        self._shard.close()

    def drop(self) -> None:
        self._shard.close()
        shutil.rmtree(self._folder)


def _done() -> Json:
    return {"operation_id": 0, "status": "completed"}


def _named(kind: Any) -> str:
    return next(name for name, one in SCHEMAS.items() if one == kind)


def _engine_config(config: Json) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(size=one["size"], distance=DISTANCES[one["distance"]])
            for name, one in (config.get("vectors") or {}).items()
        },
        sparse_vectors={name: edge.EdgeSparseVectorParams() for name in (config.get("sparse_vectors") or {})},
    )


def _vectors(given: Json) -> Any:
    return {name: _vector(one) for name, one in given.items()}


def _vector(given: Any) -> Any:
    if isinstance(given, dict):
        return edge.SparseVector(given["indices"], given["values"])
    return [float(number) for number in given]


def _with_shadows(payload: Json) -> Json:
    shadows = {SHADOW + key: str(value) for key, value in payload.items() if isinstance(value, bool)}
    return {key: value for key, value in payload.items() if value is not None} | shadows


def _shown(payload: Json | None) -> Json:
    return {key: value for key, value in (payload or {}).items() if not key.startswith(SHADOW)}


def _scored(point: Any) -> Json:
    return {
        "id": str(point.id),
        "version": point.version,
        "score": point.score,
        "payload": _shown(point.payload),
    }


def _filter(given: Json | None) -> Any:
    if given is None:
        return None
    parts = {key: given.get(key) or [] for key in ("must", "should", "must_not")}
    return edge.Filter(**{key: [_condition(one) for one in many] for key, many in parts.items() if many})


def _condition(given: Json) -> Any:
    if "has_id" in given:
        return edge.HasIdCondition(set(given["has_id"]))
    if "is_empty" in given:
        return edge.IsEmptyCondition(given["is_empty"]["key"])
    if given.keys() <= {"must", "should", "must_not", "min_should"}:
        return _filter(given)
    match, between = given.get("match"), given.get("range")
    if "key" in given and between:
        limits = {key: value for key, value in between.items() if value is not None}
        return edge.FieldCondition(given["key"], range=edge.RangeFloat(**limits))
    if match is None or "key" not in given:
        raise Refused(400, f"condition {given} is not supported here")
    if "any" in match:
        return edge.FieldCondition(given["key"], match=edge.MatchAny(match["any"]))
    if isinstance(match["value"], bool):
        return edge.FieldCondition(SHADOW + given["key"], match=edge.MatchValue(str(match["value"])))
    return edge.FieldCondition(given["key"], match=edge.MatchValue(match["value"]))


@dataclass
class Fault:
    """What the next `times` requests to routes containing `path` meet."""

    times: int
    status: int = 503
    path: str = ""
    delay: float = 0.0
    """Seconds of silence first; with status 0 the request is served after them."""


@dataclass
class Engine:
    """All collections of a folder."""

    folder: Path
    collections: dict[str, Collection] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def load(self) -> None:
        for kept in sorted(self.folder.glob("*/collection.json")):
            self.collections[kept.parent.name] = Collection(kept.parent, None)
        kept_aliases = self.folder / "aliases.json"
        self.aliases = json.loads(kept_aliases.read_text()) if kept_aliases.exists() else {}

    def create(self, name: str, config: Json) -> bool:
        if name in self.collections:
            raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
        self.collections[name] = Collection(self.folder / name, config)
        return True

    def get(self, name: str) -> Collection:
        if name not in self.collections:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return self.collections[name]

    def drop(self, name: str) -> bool:
        if name in self.collections:
            self.collections.pop(name).drop()
            gone = [alias for alias, kept in self.aliases.items() if kept == name]
            self.change_aliases([{"delete_alias": {"alias_name": alias}} for alias in gone])
        return True

    def shown_aliases(self) -> list[Json]:
        return [{"alias_name": alias, "collection_name": name} for alias, name in self.aliases.items()]

    def change_aliases(self, actions: list[Json]) -> bool:
        for action in actions:
            if wanted := action.get("create_alias"):
                self.get(wanted["collection_name"])
                self.aliases[wanted["alias_name"]] = wanted["collection_name"]
            else:
                self.aliases.pop(action["delete_alias"]["alias_name"], None)
        (self.folder / "aliases.json").write_text(json.dumps(self.aliases))
        return True

    def fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path in path:
                fault.times -= 1
                return fault
        return None


ENGINE = web.AppKey("engine", Engine)
Work = Callable[[Engine, str, Json], Any]
ROUTES: dict[tuple[str, str], Work] = {
    ("GET", "/collections"): lambda e, n, b: {"collections": [{"name": name} for name in e.collections]},
    ("GET", "/aliases"): lambda e, n, b: {"aliases": e.shown_aliases()},
    ("POST", "/collections/aliases"): lambda e, n, b: e.change_aliases(b["actions"]),
    ("GET", "/collections/{name}"): lambda e, n, b: e.get(n).info(),
    ("GET", "/collections/{name}/exists"): lambda e, n, b: {"exists": n in e.collections},
    ("PUT", "/collections/{name}"): lambda e, n, b: e.create(n, b),
    ("DELETE", "/collections/{name}"): lambda e, n, b: e.drop(n),
    ("PUT", "/collections/{name}/index"): lambda e, n, b: e.get(n).create_index(b),
    ("PUT", "/collections/{name}/points"): lambda e, n, b: e.get(n).upsert(b),
    ("POST", "/collections/{name}/points"): lambda e, n, b: e.get(n).retrieve(b),
    ("POST", "/collections/{name}/points/delete"): lambda e, n, b: e.get(n).delete(b),
    ("POST", "/collections/{name}/points/query"): lambda e, n, b: e.get(n).query(b),
    ("POST", "/collections/{name}/points/count"): lambda e, n, b: e.get(n).count(b),
    ("POST", "/collections/{name}/facet"): lambda e, n, b: e.get(n).facet(b),
}


def _handler(work: Work) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        engine, body = request.app[ENGINE], await request.json() if request.can_read_body else {}
        if fault := engine.fault(request.path):
            await asyncio.sleep(fault.delay)
            if fault.status:
                return _error(fault.status, "fault on request")
        async with engine.lock:
            try:
                result = await asyncio.to_thread(work, engine, request.match_info.get("name", ""), body)
            except Refused as refusal:
                return _error(refusal.status, str(refusal))
            except Exception as error:  # the engine's errors have no type of their own
                return _error(400, f"{type(error).__name__}: {error}")
        return web.json_response({"result": result, "status": "ok", "time": 0.0})

    return handle


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"status": {"error": message}, "time": 0.0}, status=status)


async def _set_faults(request: web.Request) -> web.Response:
    request.app[ENGINE].faults = [Fault(**one) for one in await request.json()]
    return web.json_response({})


async def _about(request: web.Request) -> web.Response:
    return web.json_response({"title": "qdrant - vector search engine", "version": VERSION})


async def _close(app: web.Application) -> None:
    for collection in app[ENGINE].collections.values():
        collection.close()


def application(folder: Path) -> web.Application:
    app = web.Application(client_max_size=64 * 2**20)
    app[ENGINE] = Engine(folder)
    app[ENGINE].load()
    app.router.add_get("/", _about)
    app.router.add_get("/readyz", _about)
    app.router.add_put("/faults", _set_faults)
    for (method, path), work in ROUTES.items():
        app.router.add_route(method, path, _handler(work))
    app.on_cleanup.append(_close)
    return app


class QdrantProcess:
    """The server as others see it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, str(self._folder), str(self._port)]
        self._process = subprocess.Popen(command)
        _wait(self.url, self._process)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def fail(self, *faults: Fault) -> None:
        """Instead of the faults there were; none at all heals it."""
        body = json.dumps([vars(fault) for fault in faults]).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/faults", body, headers, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/readyz", timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError("the Qdrant test server did not start")


@contextlib.contextmanager
def running_qdrant(folder: Path) -> Iterator[QdrantProcess]:
    server = QdrantProcess(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    web.run_app(application(arguments.folder), host="127.0.0.1", port=arguments.port, print=None)
