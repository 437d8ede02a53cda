"""Numbers for Prometheus."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from application.use_cases.metrics import ShowMetrics
from domain.access import Scope
from entrypoints.http.app import rules
from entrypoints.http.security import Caller

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsController(Controller):
    tags = ("observability",)

    @get("/metrics", operation_id="scrapeMetrics", opt=rules(scope=Scope.ADMIN), media_type=CONTENT_TYPE)
    async def scrape(self, caller: Caller, show_metrics: NamedDependency[ShowMetrics]) -> Response[bytes]:
        """Numbers of this process in the text format of Prometheus; the metrics token opens it, too."""
        return Response(await show_metrics(caller), media_type=CONTENT_TYPE)
