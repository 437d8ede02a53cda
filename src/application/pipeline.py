"""The answering pipeline: one traced method per step, in the order of `STEPS`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from application.answer_memory import AnswerMemory
from application.finding import Finder
from application.generation import Brief, Writer
from application.outlet import Outlet, emit_words
from application.ports.cache import CachedAnswer, CacheScope
from application.ports.guardrails import Detectors
from application.ports.models import (
    Candidate,
    LanguageDetector,
    LanguageModel,
    Reranker,
)
from application.ports.storage import Store
from application.retrieval import Retrieved
from application.rewriting import Rewriter
from application.run import Run
from application.sourcing import sources_of
from domain import confidence as certainty
from domain import escalation
from domain.errors import DeadlineExceeded, InvalidInput, ServiceUnavailable
from domain.guardrails import Direction, Screening, StreamRedactor, rules_for, screen
from domain.qa_pairs import QAPair
from domain.queries import Action, Answer, checked_text
from domain.ranking import Ranked
from domain.tracing import Step

CREDIBLE = 0.25
"""Below this confidence the best candidate says nothing about what the question is about."""
RERANKED = 20


class Blocked(InvalidInput):
    """The question was refused by a guardrail."""


class AnswerPipeline:
    def __init__(
        self,
        store: Store,
        finder: Finder,
        memory: AnswerMemory,
        writer: Writer,
        reranker: Reranker | None,
        rewriter: LanguageModel | None,
        detectors: Detectors,
        languages: LanguageDetector,
    ) -> None:
        self._store, self._finder, self._memory, self._writer = store, finder, memory, writer
        self._reranker, self._rewriter, self._detectors = reranker, Rewriter(rewriter), detectors
        self._languages = languages

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
        scope = run.scope
        if not run.uses_cache:
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
            run.standalone, by = await self._rewriter(run)
            run.subject = await self._finder.subject(run)
            changed = run.standalone != run.text
            step.say("success" if changed else "skipped", rewritten=changed, by=by, subject=dict(run.subject))
            if changed:
                run.metadata["standalone_question"] = run.standalone
            if run.subject:
                run.metadata["subject"] = dict(run.subject)

    async def _recall(self, run: Run, scope: CacheScope) -> bool:
        with run.timer.step(Step.CACHE_LOOKUP, question=self._shown(run)) as step:
            lookup = await self._memory.look_up(scope, run.standalone, run.tenant.settings.cache)
            step.say("success" if lookup.found else "skipped", hit=lookup.found is not None, how=lookup.how)
        if lookup.found is None:
            return False
        known = lookup.found
        run.category, run.intent, run.confidence = known.category, known.intent, known.answer.confidence
        run.logit, run.candidate = known.logit, known.candidate
        run.sources = known.answer.sources
        await self._route(run, from_cache=known.answer)
        if run.verdict is None and run.emit is not None and known.answer.text:
            await emit_words(run.emit, known.answer.text)
        return True

    async def _keep(self, run: Run, scope: CacheScope) -> None:
        worth = run.answer is not None and run.answer.action is Action.AUTO_REPLY and not run.degraded
        if worth and run.answer is not None:
            entry = CachedAnswer(run.standalone, run.answer, run.category, run.intent, run.logit, run.candidate)
            await self._memory.keep(scope, run.standalone, entry, run.tenant.settings.cache)

    async def _retrieve(self, run: Run) -> None:
        with run.timer.step(Step.RETRIEVAL, question=self._shown(run)) as step:
            run.found = await self._finder(run)
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
            run.answer = run.handed_over()
        elif from_cache is not None:
            run.answer = replace(from_cache, cache_hit=True, metadata={**from_cache.metadata, **run.metadata})

    async def _judge(self, run: Run) -> None:
        """How sure we may be of the best candidate, and what it says of the question."""
        if run.found is None or not run.found.ranked:
            return
        found = certainty.evidence(run.found.ranked)
        run.confidence = round(certainty.confidence(found, run.tenant.calibration), 4)
        run.logit = certainty.logit(found, run.tenant.calibration) if found else None
        run.candidate = run.found.ranked[0].id
        top = run.found.top
        if top is not None:
            run.category, run.intent = top.metadata.category, top.metadata.intent
        run.sources = await sources_of(self._store, run.tenant.tenant_id, run.found, run.tenant.settings.retrieval)

    def _evidence(self, run: Run) -> escalation.Evidence:
        top = run.found.top if run.found else None
        return escalation.Evidence(
            question=run.text,
            language=run.language,
            confidence=run.confidence,
            answers=run.sources[0].question if run.sources else None,
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
            brief = Brief(run.standalone, run.language, pairs, run.history, run.generation_options)
            allowed = [pair.answer for pair in pairs]
            redactor = self._redactor(run, allowed)
            generated = await self._writer(brief, redactor)
            run.degrade(*generated.degraded)
            run.metadata |= {"generation_mode": generated.mode, "model": generated.model}
            step.say(mode=generated.mode, model=generated.model, unsupported=len(generated.unsupported))
        if generated.declined:
            run.verdict = escalation.verdict(escalation.Reason.NO_SOURCE, run.category, run.tenant.settings.escalation)
            run.answer = run.handed_over()
            return
        await self._screen_answer(run, generated.text, allowed, redactor if generated.emitted else None)

    def _redactor(self, run: Run, allowed: Sequence[str]) -> Outlet | None:
        if run.emit is None:
            return None
        rules = rules_for(run.tenant.settings.guardrails)
        find = lambda text: self._detectors.find(text, Direction.OUTPUT, run.language)  # noqa: E731
        return Outlet(StreamRedactor(find, rules, allowed), run.emit)

    async def _screen_answer(self, run: Run, text: str, allowed: Sequence[str], outlet: Outlet | None) -> None:
        with run.timer.step(Step.OUTPUT_GUARDRAILS, question=self._shown(run)) as step:
            result = self._screen(run, text, Direction.OUTPUT, allowed)
            step.say("blocked" if result.blocked_by else "passed", findings=_kinds(result), verdict=result.verdict)
            if outlet is not None:
                await outlet.finish()
            if result.blocked_by is not None and outlet is None:
                policy = run.tenant.settings.escalation
                run.verdict = escalation.verdict(escalation.Reason.UNSUPPORTED, run.category, policy)
                run.answer = run.handed_over()
                return
            if run.emit is not None and outlet is None:
                await emit_words(run.emit, result.text)
            run.answer = run.replied(result.text)


def _candidate(ranked: Ranked, pair: QAPair) -> Candidate:
    return Candidate(pair.id, pair.question, pair.answer, ranked.relevance)


def _kinds(result: Screening) -> list[str]:
    return sorted({finding.kind for finding in result.findings})
