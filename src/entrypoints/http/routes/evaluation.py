"""How good the answers are: judging them, the sets of questions to judge them by, and calibrating confidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct, field

from application.use_cases.calibration import CalibrateConfidence, Calibrated, TakeFitBack
from application.use_cases.evaluation import (
    BrowseDatasets,
    BrowseEvaluations,
    KeepDataset,
    NewDataset,
    RequestEvaluation,
    Wish,
)
from domain.access import Scope
from domain.calibrating import Worth
from domain.errors import Conflict, NotFound, ServiceUnavailable
from domain.evaluation import ALL_METRICS, MAX_SAMPLES, Dataset, DatasetRow, Evaluation, Judged, Metric, Spread
from domain.jobs import Job
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page, pending
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.config import ConfigChangedOut
from entrypoints.http.routes.wire import AnswerText, Id, QuestionText
from entrypoints.http.security import Caller

ROUTE = "/api/v1/evaluation"
MAX_CONTEXTS = 50

Metrics = Annotated[list[Metric], Meta(min_length=1, max_length=len(ALL_METRICS))]
Score = Annotated[float, Meta(description="0 to 1; null where the sample lacks what the metric needs")]


class EvaluateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """With `query_ids` the `dataset_id` is only a label; without them it names a stored dataset."""

    dataset_id: Id | None = None
    query_ids: Annotated[list[Id], Meta(max_length=MAX_SAMPLES)] = []
    metrics: Metrics = field(default_factory=lambda: list(ALL_METRICS))
    judge: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """`built-in`, or `ragas` where a language model is configured; by default the best that there is."""

    def to_wish(self) -> Wish:
        return Wish(self.dataset_id, tuple(self.query_ids), tuple(self.metrics), self.judge)


class EvaluationStarted(Struct, kw_only=True):
    job_id: str
    eval_id: str
    dataset_id: str
    status: str
    progress: float
    total: int

    @staticmethod
    def of(evaluation: Evaluation, job: Job) -> "EvaluationStarted":
        return EvaluationStarted(
            job_id=job.id,
            eval_id=evaluation.id,
            dataset_id=evaluation.dataset_id or "",
            status=evaluation.status,
            progress=job.progress,
            total=evaluation.total,
        )


class SpreadOut(Struct, kw_only=True):
    """Over the samples that have the metric; null where none has."""

    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    count: int

    @staticmethod
    def of(found: Spread | None) -> "SpreadOut":
        if found is None:
            return SpreadOut(mean=None, std=None, min=None, max=None, count=0)
        return SpreadOut(mean=found.mean, std=found.std, min=found.min, max=found.max, count=found.count)


class SampleOut(Struct, kw_only=True):
    query_id: str
    """Of the recorded query, or the row's own."""
    question: str | None
    """Of a dataset's row; that of a recorded query is at `/queries/{query_id}`."""
    action: str | None
    error: str | None
    context_precision: Score | None = None
    context_recall: Score | None = None
    faithfulness: Score | None = None
    answer_relevancy: Score | None = None

    @staticmethod
    def of(judged: Judged) -> "SampleOut":
        scores = {metric.value: judged.scores.get(metric) for metric in ALL_METRICS}
        return SampleOut(
            query_id=judged.sample_id,
            question=judged.question,
            action=judged.action,
            error=judged.error,
            **scores,
        )


class EvaluationSummary(Struct, kw_only=True):
    eval_id: str
    dataset_id: str
    job_id: str
    status: str
    judge: str
    """`built-in` or `ragas`; empty until one was chosen."""
    judge_note: str | None
    """Why it is not the judge that one might expect, or why nothing came of it."""
    metrics: Mapping[str, SpreadOut]
    total: int
    judged: int
    failed: int
    handed_over: int
    """Of those judged, the questions that a person was to answer: they have no answer to judge."""
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]

    @staticmethod
    def of(evaluation: Evaluation) -> "EvaluationSummary":
        return EvaluationSummary(**_summary(evaluation))


class EvaluationOut(EvaluationSummary, kw_only=True):
    per_query: list[SampleOut]

    @staticmethod
    def of(evaluation: Evaluation) -> "EvaluationOut":
        samples = [SampleOut.of(judged) for judged in evaluation.results]
        return EvaluationOut(per_query=samples, **_summary(evaluation))


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "eval_id": evaluation.id,
        "dataset_id": evaluation.dataset_id or "",
        "job_id": evaluation.job_id or "",
        "status": evaluation.status,
        "judge": evaluation.judge,
        "judge_note": evaluation.note,
        "metrics": {metric: SpreadOut.of(found) for metric, found in evaluation.spreads().items()},
        "total": evaluation.total,
        "judged": len(evaluation.results) - evaluation.failed,
        "failed": evaluation.failed,
        "handed_over": evaluation.handed_over,
        "created_at": evaluation.created_at,
        "updated_at": evaluation.updated_at,
        "links": _links(evaluation),
    }


def _links(evaluation: Evaluation) -> dict[str, str]:
    return {"self": f"{ROUTE}/results/{evaluation.id}", "job": f"/api/v1/jobs/{evaluation.job_id}"}


class EvaluationList(Struct, kw_only=True):
    evaluations: list[EvaluationSummary]
    pagination: Pagination


class RowIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent is asked of the service when the dataset is evaluated."""

    question: QuestionText
    id: Id | None = None
    answer: AnswerText | None = None
    contexts: Annotated[list[AnswerText], Meta(max_length=MAX_CONTEXTS)] = []
    reference: AnswerText | None = None
    """What a right answer would say."""

    def to_row(self) -> DatasetRow:
        return DatasetRow(self.question, self.id or "", self.answer, tuple(self.contexts), self.reference)


class DatasetIn(Struct, kw_only=True, forbid_unknown_fields=True):
    dataset_id: Id
    rows: Annotated[list[RowIn], Meta(min_length=1, max_length=MAX_SAMPLES)]
    description: Annotated[str, Meta(max_length=2000)] = ""
    metadata: dict[Annotated[str, Meta(max_length=128)], Any] = {}
    replace: bool = False
    """Put it in the place of one of that name."""

    def to_new(self) -> NewDataset:
        rows = tuple(row.to_row() for row in self.rows)
        return NewDataset(self.dataset_id, rows, self.description, self.metadata, self.replace)


class DatasetSummary(Struct, kw_only=True):
    dataset_id: str
    description: str
    rows_count: int
    version: int
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]

    @staticmethod
    def of(dataset: Dataset) -> "DatasetSummary":
        return DatasetSummary(**_described(dataset))


class DatasetOut(DatasetSummary, kw_only=True):
    rows: list[DatasetRow]

    @staticmethod
    def of(dataset: Dataset) -> "DatasetOut":
        return DatasetOut(rows=list(dataset.rows), **_described(dataset))


def _described(dataset: Dataset) -> dict[str, Any]:
    return {
        "dataset_id": dataset.id,
        "description": dataset.description,
        "rows_count": len(dataset.rows),
        "version": dataset.version,
        "metadata": dataset.metadata,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
        "links": {"self": f"{ROUTE}/datasets/{dataset.id}", "evaluate": f"{ROUTE}/ragas"},
    }


class DatasetList(Struct, kw_only=True):
    datasets: list[DatasetSummary]
    pagination: Pagination


class DatasetDeleted(Struct, kw_only=True):
    dataset_id: str
    status: str = "deleted"


class CalibrateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    dry_run: bool = False
    force: bool = False
    """Apply it even where it foretells held-out labels no better than what is in force."""


class WorthOut(Struct, kw_only=True):
    log_loss: float
    ece: float

    @staticmethod
    def of(found: Worth) -> "WorthOut":
        return WorthOut(log_loss=found.loss, ece=found.error)


class CalibratedOut(Struct, kw_only=True):
    labels: int
    by_feedback: int
    by_resolution: int
    right: int
    """Of the labels, those that say an answer was right."""
    slope: float
    shift: float
    before: WorthOut
    """Of the confidence in force, on these labels."""
    after: WorthOut
    """Of the fit, cross-validated: each label judged by a fit that has not seen it."""
    applied: bool
    reason: str | None
    number: int
    """Of the change in the configuration's history; 0 when nothing was changed."""

    @staticmethod
    def of(done: Calibrated) -> "CalibratedOut":
        found = done.fit
        return CalibratedOut(
            labels=found.labels,
            by_feedback=done.by_feedback,
            by_resolution=done.by_resolution,
            right=found.right,
            slope=found.setting.slope,
            shift=found.setting.shift,
            before=WorthOut.of(found.before),
            after=WorthOut.of(found.after),
            applied=done.applied,
            reason=done.reason,
            number=done.change.number if done.change else 0,
        )


FIT_LINKS = {"config": "/api/v1/config", "history": "/api/v1/config/history", "rollback": f"{ROUTE}/calibrate/rollback"}


class EvaluationController(Controller):
    path = ROUTE
    tags = ("evaluation",)

    @post("/ragas", status_code=202, operation_id="evaluateAnswers", opt=rules(raises=(NotFound,)))
    async def evaluate(
        self, data: JSONBody[EvaluateIn], caller: Caller, request_evaluation: NamedDependency[RequestEvaluation]
    ) -> Envelope[EvaluationStarted]:
        """Have recorded answers judged, or a dataset's questions asked and their answers judged; a job does it."""
        evaluation, job = await request_evaluation(caller, data.to_wish())
        own = f"/api/v1/jobs/{job.id}"
        links = {"poll": own, "cancel": f"{own}/cancel", "results": f"{ROUTE}/results/{evaluation.id}"}
        return pending(EvaluationStarted.of(evaluation, job), links=links)

    @get("/results", operation_id="listEvaluations", dependencies=paged("created_at", "id"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_evaluations: NamedDependency[BrowseEvaluations],
        dataset_id: FromQuery[Id | None] = None,
    ) -> Envelope[EvaluationList]:
        """List evaluations with their means."""
        found = await browse_evaluations.page(caller, paging, dataset_id)
        items = [EvaluationSummary.of(each) for each in found.items]
        return page(EvaluationList(evaluations=items, pagination=Pagination.of(found)), found)

    @get("/results/{eval_id:str}", operation_id="getEvaluation", opt=rules(raises=(NotFound,)))
    async def one(
        self, eval_id: FromPath[Id], caller: Caller, browse_evaluations: NamedDependency[BrowseEvaluations]
    ) -> Envelope[EvaluationOut]:
        """Mean, deviation, least and most of each metric, and the scores of every sample judged so far."""
        evaluation = await browse_evaluations.one(caller, eval_id)
        return ok(EvaluationOut.of(evaluation), links=_links(evaluation))

    @post("/datasets", status_code=201, operation_id="addDataset", opt=rules(raises=(Conflict,)))
    async def add_dataset(
        self, data: JSONBody[DatasetIn], caller: Caller, keep_dataset: NamedDependency[KeepDataset]
    ) -> Envelope[DatasetSummary]:
        """Keep a set of questions to judge the service by."""
        out = DatasetSummary.of(await keep_dataset(caller, data.to_new()))
        return created(out, links=out.links)

    @get("/datasets", operation_id="listDatasets", dependencies=paged("created_at", "id"))
    async def datasets(
        self, paging: Paging, caller: Caller, browse_datasets: NamedDependency[BrowseDatasets]
    ) -> Envelope[DatasetList]:
        """List datasets."""
        found = await browse_datasets.page(caller, paging)
        items = [DatasetSummary.of(each) for each in found.items]
        return page(DatasetList(datasets=items, pagination=Pagination.of(found)), found)

    @get("/datasets/{dataset_id:str}", operation_id="getDataset", opt=rules(raises=(NotFound,)))
    async def dataset(
        self, dataset_id: FromPath[Id], caller: Caller, browse_datasets: NamedDependency[BrowseDatasets]
    ) -> Envelope[DatasetOut]:
        """A dataset with its rows."""
        out = DatasetOut.of(await browse_datasets.one(caller, dataset_id))
        return ok(out, links=out.links)

    @delete("/datasets/{dataset_id:str}", status_code=200, operation_id="deleteDataset", opt=rules(raises=(NotFound,)))
    async def forget_dataset(
        self, dataset_id: FromPath[Id], caller: Caller, keep_dataset: NamedDependency[KeepDataset]
    ) -> Envelope[DatasetDeleted]:
        """Delete a dataset; what was judged of it stays."""
        await keep_dataset.forget(caller, dataset_id)
        return ok(DatasetDeleted(dataset_id=dataset_id), links={"datasets": f"{ROUTE}/datasets"})

    @post(
        "/calibrate",
        status_code=200,
        operation_id="calibrateConfidence",
        opt=rules(scope=Scope.ADMIN, raises=(Conflict, ServiceUnavailable)),
    )
    async def calibrate(
        self,
        caller: Caller,
        calibrate: NamedDependency[CalibrateConfidence],
        data: JSONBody[CalibrateIn | None] = None,
    ) -> Envelope[CalibratedOut]:
        """Fit the confidence to feedback and operators' answers; a part of the configuration from then on."""
        asked = data or CalibrateIn()
        done = await calibrate(caller, dry_run=asked.dry_run, force=asked.force)
        return ok(CalibratedOut.of(done), links=FIT_LINKS)

    @post(
        "/calibrate/rollback",
        status_code=200,
        operation_id="takeCalibrationBack",
        opt=rules(scope=Scope.ADMIN, raises=(Conflict,)),
    )
    async def take_back(
        self, caller: Caller, take_fit_back: NamedDependency[TakeFitBack]
    ) -> Envelope[ConfigChangedOut]:
        """Put the calibration before the newest one back; all other settings stay."""
        return ok(ConfigChangedOut.of(await take_fit_back(caller)), links=FIT_LINKS)
