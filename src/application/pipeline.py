"""The answering pipeline: one traced method per step, in the order of `STEPS`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from application.answer_memory import AnswerMemory
from application.generation import Brief, Emit, Writer
from application.ports.cache import CachedAnswer, CacheScope
from application.ports.guardrails import Detectors
from application.ports.models import (
    Candidate,
    ChatMessage,
    GenerationOptions,
    LanguageDetector,
    LanguageModel,
    Reranker,
)
from application.ports.storage import DOCUMENTS, Store
from application.retrieval import Retrieved, Retriever
from application.tenants import TenantView
from application.trace import StepTimer
from domain import confidence as certainty
from domain import escalation
from domain.errors import DeadlineExceeded, InvalidInput, ServiceUnavailable
from domain.guardrails import Direction, Screening, StreamRedactor, rules_for, screen
from domain.prompts import rewrite_prompt
from domain.qa_pairs import QAPair
from domain.queries import Action, Answer, EscalationVerdict, Question, Source, Turn, checked_text
from domain.ranking import Fusion, Ranked
from domain.retrieval import Filters
from domain.rewriting import leans_on_history, stand_alone
from domain.tracing import Step

EXCERPT = 300
CREDIBLE = 0.25
"""Below this confidence the best candidate says nothing about what the question is about."""
RERANKED = 20


class Blocked(InvalidInput):
    """The question was refused by a guardrail."""


@dataclass(slots=True)
class Run:
    """One question on its way through the pipeline: what went in, and what is known so far."""

    tenant: TenantView
    question: Question
    history: Sequence[Turn] = ()
    earlier_questions: Sequence[str] = ()
    """What the person asked before in this session."""
    emit: Emit | None = None
    filters: Filters = field(default_factory=Filters)
    timer: StepTimer = field(default_factory=StepTimer)
    text: str = ""
    """The question as it may be recorded."""
    shown: tuple[str, str] = ("", "")
    """The question last shown in a trace, and how."""
    language: str = "en"
    standalone: str = ""
    found: Retrieved | None = None
    confidence: float | None = None
    logit: float | None = None
    verdict: EscalationVerdict | None = None
    sources: tuple[Source, ...] = ()
    category: str | None = None
    intent: str | None = None
    answer: Answer | None = None
    degraded: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        wanted = self.question.options.timeout_seconds
        return float(wanted or self.tenant.settings.limits.query_timeout_seconds)

    @property
    def fusion(self) -> Fusion:
        retrieval = self.tenant.settings.retrieval
        wanted = self.question.options.use_hybrid_search
        hybrid = retrieval.use_hybrid_search if wanted is None else wanted
        return Fusion(retrieval.vector_weight, retrieval.bm25_weight, hybrid)

    def degrade(self, *parts: str) -> None:
        self.degraded += [part for part in parts if part not in self.degraded]


class AnswerPipeline:
    def __init__(
        self,
        store: Store,
        retriever: Retriever,
        memory: AnswerMemory,
        writer: Writer,
        reranker: Reranker | None,
        rewriter: LanguageModel | None,
        detectors: Detectors,
        languages: LanguageDetector,
        calibration: certainty.Calibration,
    ) -> None:
        self._store, self._retriever, self._memory, self._writer = store, retriever, memory, writer
        self._reranker, self._rewriter, self._detectors = reranker, rewriter, detectors
        self._languages, self._calibration = languages, calibration

    async def __call__(self, run: Run) -> Answer:
        """The answer, or the decision that a person should give it. Raises `Blocked`, `DeadlineExceeded`,
        or `ServiceUnavailable` when the store itself is gone; what `run` knows by then stays readable."""
        try:
            async with asyncio.timeout(run.seconds):
                return await self._answer(run)
        except TimeoutError as error:
            raise DeadlineExceeded(f"No answer within {run.seconds:g} seconds.") from error

    def admit(self, run: Run) -> None:
        """Only the checks on the question, for one that a person will answer. Raises `Blocked`."""
        self._screen_question(run)
        self._detect_language(run)

    async def _answer(self, run: Run) -> Answer:
        self.admit(run)
        await self._rewrite(run)
        scope = _scope(run)
        if not self._uses_cache(run):
            await self._work_out(run)
        elif not await self._recall(run, scope):
            await self._work_out_once(run, scope)
        assert run.answer is not None  # noqa: S101 - every way through sets it
        return run.answer

    async def _work_out_once(self, run: Run, scope: CacheScope) -> None:
        async def work() -> None:
            await self._work_out(run)
            await self._keep(run, scope)

        mine = await self._memory.once(scope, run.standalone, work)
        if not mine and not await self._recall(run, scope):
            await work()

    async def _work_out(self, run: Run) -> None:
        await self._retrieve(run)
        await self._rerank(run)
        await self._route(run)
        await self._generate(run)

    def _screen_question(self, run: Run) -> None:
        with run.timer.step(Step.INPUT_GUARDRAILS, question=self.redacted(run.question.text)) as step:
            text = checked_text(run.question.text, run.tenant.settings.limits.max_query_length)
            result = self._screen(run, text, Direction.INPUT)
            run.text = result.text
            step.say("passed", guardrails_passed=result.verdict != "blocked", findings=_kinds(result))
            if result.blocked_by is not None:
                step.say("blocked")
                rule = result.blocked_by
                details = {"rule_id": rule.rule_id, "severity": rule.severity}
                raise Blocked(rule.error_message, field="question", details=details)

    def _screen(self, run: Run, text: str, direction: Direction, allowed: Sequence[str] = ()) -> Screening:
        rules = rules_for(run.tenant.settings.guardrails)
        return screen(text, self._detectors.find(text, direction, run.language), rules, allowed)

    def _shown(self, run: Run) -> str:
        """The question as traces show it."""
        text = run.standalone or run.text
        if run.shown[0] != text:
            run.shown = (text, self.redacted(text, run.language))
        return run.shown[1]

    def redacted(self, text: str, language: str = "en") -> str:
        """The text without personal data and secrets, for traces."""
        return screen(text, self._detectors.find(text, Direction.OUTPUT, language), rules_for({})).text

    def _detect_language(self, run: Run) -> None:
        with run.timer.step(Step.LANGUAGE_DETECTION, question=self._shown(run)) as step:
            hint = run.question.language_hint
            detected = self._languages.detect(run.text)
            run.language = hint or detected.language
            step.say(language=run.language, confidence=1.0 if hint else round(detected.confidence, 3))

    async def _rewrite(self, run: Run) -> None:
        with run.timer.step(Step.QUERY_REWRITING, question=self._shown(run)) as step:
            run.standalone = await self._stand_alone(run)
            changed = run.standalone != run.text
            step.say("success" if changed else "skipped", rewritten=changed, by=self._rewriter_name(changed))
            if changed:
                run.metadata["standalone_question"] = run.standalone

    def _rewriter_name(self, changed: bool) -> str | None:
        return ("llm" if self._rewriter else "rule") if changed else None

    async def _stand_alone(self, run: Run) -> str:
        if not run.history or run.filters.metadata or not leans_on_history(run.text, run.language):
            # Filtered to one subject, the turn before only distracts (measured: docs/quality.md).
            return run.text
        if self._rewriter is not None:
            prompt = [ChatMessage(role, text) for role, text in rewrite_prompt(run.text, run.history)]
            try:
                written = await self._rewriter.complete(prompt, GenerationOptions(0.0, 120, min(10.0, run.seconds / 3)))
                return written.text.strip() or run.text
            except (ServiceUnavailable, DeadlineExceeded):
                run.degrade("llm")
        return stand_alone(run.text, run.language, run.history)

    def _uses_cache(self, run: Run) -> bool:
        return run.tenant.settings.cache.enabled and run.question.options.use_cache

    async def _recall(self, run: Run, scope: CacheScope) -> bool:
        with run.timer.step(Step.CACHE_LOOKUP, question=self._shown(run)) as step:
            lookup = await self._memory.look_up(scope, run.standalone, run.tenant.settings.cache)
            step.say("success" if lookup.found else "skipped", hit=lookup.found is not None, how=lookup.how)
        if lookup.found is None:
            return False
        known = lookup.found
        run.category, run.intent, run.confidence = known.category, known.intent, known.answer.confidence
        run.sources = known.answer.sources
        await self._route(run, from_cache=known.answer)
        if run.verdict is None and run.emit is not None and known.answer.text:
            await _emit_words(run.emit, known.answer.text)
        return True

    async def _keep(self, run: Run, scope: CacheScope) -> None:
        worth = run.answer is not None and run.answer.action is Action.AUTO_REPLY and not run.degraded
        if worth and run.answer is not None:
            entry = CachedAnswer(run.standalone, run.answer, run.category, run.intent)
            await self._memory.keep(scope, run.standalone, entry, run.tenant.settings.cache)

    async def _retrieve(self, run: Run) -> None:
        with run.timer.step(Step.RETRIEVAL, question=self._shown(run)) as step:
            run.found = await self._retriever(
                run.tenant.tenant_id, run.standalone, run.language, run.filters, run.fusion
            )
            run.degrade(*run.found.degraded)
            best = run.found.ranked[: run.tenant.settings.retrieval.top_k]
            step.say(
                "degraded" if run.found.degraded else "success",
                mode=run.found.mode,
                docs=[r.id for r in best],
                scores=[round(r.relevance, 4) for r in best],
            )

    async def _rerank(self, run: Run) -> None:
        with run.timer.step(Step.RERANKING, question=self._shown(run)) as step:
            wanted = run.question.options.use_reranking
            on = run.tenant.settings.retrieval.use_reranking if wanted is None else wanted
            if self._reranker is None or not on or run.found is None or not run.found.ranked:
                step.say("skipped", reranker=None)
                return
            step.say(reranker=self._reranker.name)
            try:
                run.found = await self._reranked(self._reranker, run.standalone, run.found)
            except ServiceUnavailable:
                run.degrade("reranker")
                step.say("degraded")

    async def _reranked(self, reranker: Reranker, question: str, found: Retrieved) -> Retrieved:
        head, tail = found.ranked[:RERANKED], found.ranked[RERANKED:]
        candidates = [_candidate(r, found.pairs[r.id]) for r in head]
        scores = dict(zip((r.id for r in head), await reranker.rerank(question, candidates), strict=True))
        ordered = sorted(head, key=lambda r: -scores[r.id])
        return replace(found, ranked=(*ordered, *tail))

    async def _route(self, run: Run, from_cache: Answer | None = None) -> None:
        with run.timer.step(Step.ROUTING, question=self._shown(run)) as step:
            if from_cache is None:
                await self._judge(run)
            run.verdict = escalation.decide(self._evidence(run), run.tenant.settings.escalation)
            action = Action.ESCALATE if run.verdict else Action.AUTO_REPLY
            step.say(action=action, confidence=run.confidence, reason=run.verdict.code if run.verdict else None)
        if run.verdict is not None:
            run.answer = self._escalated(run)
        elif from_cache is not None:
            run.answer = replace(from_cache, cache_hit=True, metadata={**from_cache.metadata, **run.metadata})

    async def _judge(self, run: Run) -> None:
        """How sure we may be of the best candidate, and what it says of the question."""
        if run.found is None or not run.found.ranked:
            return
        found = certainty.evidence(run.found.ranked)
        run.confidence = round(certainty.confidence(found, self._calibration), 4)
        run.logit = certainty.logit(found, self._calibration) if found else None
        top = run.found.top
        if top is not None:
            run.category, run.intent = top.metadata.category, top.metadata.intent
        run.sources = await self._sources(run, run.found)

    def _evidence(self, run: Run) -> escalation.Evidence:
        top = run.found.top if run.found else None
        return escalation.Evidence(
            question=run.text,
            language=run.language,
            confidence=run.confidence,
            category=run.category if (run.confidence or 0.0) >= CREDIBLE else None,
            requires_handoff=bool(top and top.metadata.requires_handoff),
            intent_weight=run.tenant.intent_weights.get(run.intent or "", 0.0),
            times_asked=escalation.times_asked(run.text, run.earlier_questions),
        )

    async def _generate(self, run: Run) -> None:
        if run.verdict is not None or run.found is None:
            return
        with run.timer.step(Step.GENERATION, question=self._shown(run)) as step:
            pairs = [run.found.pairs[source.qa_id] for source in run.sources]
            brief = Brief(run.standalone, run.language, pairs, run.history, _generation_options(run))
            allowed = [pair.answer for pair in pairs]
            redactor = self._redactor(run, allowed)
            generated = await self._writer(brief, redactor)
            run.degrade(*generated.degraded)
            run.metadata |= {"generation_mode": generated.mode, "model": generated.model}
            step.say(mode=generated.mode, model=generated.model, unsupported=len(generated.unsupported))
        await self._screen_answer(run, generated.text, allowed, redactor if generated.emitted else None)

    def _redactor(self, run: Run, allowed: Sequence[str]) -> "_Outlet | None":
        if run.emit is None:
            return None
        rules = rules_for(run.tenant.settings.guardrails)
        find = lambda text: self._detectors.find(text, Direction.OUTPUT, run.language)  # noqa: E731
        return _Outlet(StreamRedactor(find, rules, allowed), run.emit)

    async def _screen_answer(self, run: Run, text: str, allowed: Sequence[str], outlet: "_Outlet | None") -> None:
        with run.timer.step(Step.OUTPUT_GUARDRAILS, question=self._shown(run)) as step:
            result = self._screen(run, text, Direction.OUTPUT, allowed)
            step.say("blocked" if result.blocked_by else "passed", findings=_kinds(result), verdict=result.verdict)
            if outlet is not None:
                await outlet.finish()
            if result.blocked_by is not None and outlet is None:
                policy = run.tenant.settings.escalation
                run.verdict = escalation.verdict(escalation.Reason.UNSUPPORTED, run.category, policy)
                run.answer = self._escalated(run)
                return
            if run.emit is not None and outlet is None:
                await _emit_words(run.emit, result.text)
            run.answer = self._replied(run, result.text)

    def _replied(self, run: Run, text: str) -> Answer:
        return Answer(text, run.confidence or 0.0, Action.AUTO_REPLY, run.sources, metadata=self._metadata(run))

    def _escalated(self, run: Run) -> Answer:
        return Answer(
            None, run.confidence or 0.0, Action.ESCALATE, (), escalation=run.verdict, metadata=self._metadata(run)
        )

    def _metadata(self, run: Run) -> dict[str, Any]:
        found = run.found
        answer_language = run.language if run.metadata.get("generation_mode") == "llm" else None
        if answer_language is None and run.verdict is None and run.sources:
            answer_language = run.sources[0].language
        return {
            "retrieval_mode": found.mode if found else "none",
            "documents_checked": found.checked if found else 0,
            "documents_used": len(run.sources) if run.verdict is None else 0,
            "language_detected": run.language,
            "answer_language": answer_language,
            "degraded": list(run.degraded),
            **run.metadata,
        }

    async def _sources(self, run: Run, found: Retrieved) -> tuple[Source, ...]:
        settings = run.tenant.settings.retrieval
        best = found.ranked[: settings.top_k]
        kept = [r for n, r in enumerate(best) if n == 0 or r.similarity >= settings.similarity_threshold]
        async with self._store.begin(run.tenant.tenant_id) as uow:
            documents = await uow[DOCUMENTS].get_many(list({found.pairs[r.id].document_id for r in kept}))
        titles = {document.id: document.title for document in documents}
        return tuple(_source(r, found.pairs[r.id], titles) for r in kept)


@dataclass(slots=True)
class _Outlet:
    """Where generated pieces leave: through the redactor, to the person."""

    redactor: StreamRedactor
    emit: Emit

    async def __call__(self, piece: str) -> None:
        ready = self.redactor.feed(piece)
        if ready:
            await self.emit(ready)

    async def finish(self) -> None:
        rest = self.redactor.finish()
        if rest:
            await self.emit(rest)


async def _emit_words(emit: Emit, text: str) -> None:
    """Word by word, so that a reader sees an approved answer come the way a written one does."""
    start = 0
    while start < len(text):
        end = text.find(" ", start + 1)
        end = len(text) if end < 0 else end
        await emit(text[start:end])
        start = end


def _candidate(ranked: Ranked, pair: QAPair) -> Candidate:
    return Candidate(pair.id, pair.question, pair.answer, ranked.relevance)


def _source(ranked: Ranked, pair: QAPair, titles: dict[str, str]) -> Source:
    text = pair.answer
    return Source(
        document_id=pair.document_id,
        qa_id=pair.id,
        title=titles.get(pair.document_id, pair.question),
        question=pair.question,
        excerpt=text if len(text) <= EXCERPT else f"{text[:EXCERPT].rsplit(' ', 1)[0]}…",
        relevance_score=round(ranked.similarity, 4),
        category=pair.metadata.category,
        intent=pair.metadata.intent,
        url=pair.metadata.url,
        language=pair.language,
    )


def _scope(run: Run) -> CacheScope:
    wanted = run.question.options
    options = [wanted.use_hybrid_search, wanted.use_reranking, wanted.temperature, wanted.max_tokens]
    filters = json.dumps(dict(run.filters.metadata), sort_keys=True)
    view = run.tenant
    return CacheScope(view.tenant_id, view.knowledge_version, run.language, filters, json.dumps(options))


def _generation_options(run: Run) -> GenerationOptions:
    settings, wanted = run.tenant.settings.generation, run.question.options
    left = max(0.5, run.seconds - run.timer.elapsed_ms / 1000 - 0.5)
    return GenerationOptions(
        temperature=settings.temperature if wanted.temperature is None else wanted.temperature,
        max_tokens=wanted.max_tokens or settings.max_tokens,
        timeout_seconds=min(20.0, left),
    )


def _kinds(result: Screening) -> list[str]:
    return sorted({finding.kind for finding in result.findings})
