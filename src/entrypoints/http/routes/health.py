"""How the service is."""

from typing import Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from application.use_cases.health import CheckHealth, Component, Condition, Health
from entrypoints.http.app import rules
from entrypoints.http.envelope import EnvelopeResponse, HealthEnvelope

SERVICE = "support-rag-v1.0.0"

State = Literal["healthy", "degraded", "unhealthy", "disabled"]


class DependenciesOut(Struct, kw_only=True):
    postgres: State
    qdrant: State
    redis: State
    openai: State
    langfuse: State


class ComponentOut(Struct, kw_only=True):
    status: State
    latency_ms: float | None
    stand_in: str | None
    """What serves in the place of a part that is not in use."""
    problem: str | None
    lag: int | None
    """Of the index: how many changes it has still to learn of."""

    @staticmethod
    def of(component: Component) -> "ComponentOut":
        return ComponentOut(
            status=component.condition.value,
            latency_ms=component.latency_ms,
            stand_in=component.stand_in,
            problem=component.problem,
            lag=component.lag,
        )


class HealthOut(Struct, kw_only=True):
    service: str
    uptime_seconds: int
    dependencies: DependenciesOut
    components: dict[str, ComponentOut]
    status: str
    database: str
    redis: str
    llm_api: str

    @staticmethod
    def of(health: Health) -> "HealthOut":
        states: dict[str, State] = {name: component.condition.value for name, component in health.components.items()}
        return HealthOut(
            service=SERVICE,
            uptime_seconds=health.uptime_seconds,
            dependencies=DependenciesOut(**{name: states[name] for name in DependenciesOut.__struct_fields__}),
            components={name: ComponentOut.of(component) for name, component in health.components.items()},
            status=_word(health.condition),
            database=_word(health.components["postgres"].condition),
            redis=_word(health.components["redis"].condition),
            llm_api=_word(health.components["openai"].condition),
        )


def _word(condition: Condition) -> str:
    """What stands in for a part that is not in use does its work: that is ok."""
    return "ok" if condition in (Condition.HEALTHY, Condition.DISABLED) else str(condition)


class HealthController(Controller):
    tags = ("system",)

    @get("/health", operation_id="getHealth", opt=rules(public=True))
    async def health(self, check_health: NamedDependency[CheckHealth]) -> Response[HealthEnvelope[HealthOut]]:
        """Whether the service and all parts that are configured are well; 503 when one of them is not."""
        return _answer(await check_health())

    @get("/api/v1/health", operation_id="getApiHealth", opt=rules(public=True))
    async def api_health(self, check_health: NamedDependency[CheckHealth]) -> Response[HealthEnvelope[HealthOut]]:
        """The same, under the API's own path."""
        return _answer(await check_health())


def _answer(health: Health) -> Response[HealthEnvelope[HealthOut]]:
    envelope = HealthEnvelope(status=health.condition.value, data=HealthOut.of(health))  # type: ignore[arg-type]
    return EnvelopeResponse(envelope, status_code=200 if health.is_whole else 503)
