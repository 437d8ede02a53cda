"""THE composition root: which part keeps which promise, and what each use-case gets."""

from dependency_injector import containers, providers

from application.answer_memory import AnswerMemory
from application.classification import ExampleClassifier
from application.committing import Committer
from application.embedding import PairVectors
from application.examples import ExampleVectorStore
from application.finding import Finder
from application.generation import Writer
from application.hints import EventHint
from application.indexing import Indexer
from application.meaning import Meaning
from application.pipeline import AnswerPipeline
from application.questions import QuestionVectors
from application.retrieval import Retriever
from application.staging import Stager
from application.tenants import TenantViews
from application.use_cases import (
    arrivals,
    documents,
    fetching,
    health,
    ingestion,
    jobs,
    pairs,
    queries,
    reviewing,
    searching,
    staging,
)
from application.use_cases import upkeep as keeping
from application.use_cases.answering import AskQuestion
from application.use_cases.batches import AnswerBatch, SubmitBatch
from application.use_cases.job_running import JobRunner
from application.use_cases.reindexing import FillBeside, Reindex, RequestReindex
from application.use_cases.upkeep import Upkeep
from application.watching import QuestionWatch
from entrypoints import parts
from entrypoints.access_container import AccessContainer
from entrypoints.conversation_container import ConversationContainer
from entrypoints.judging_container import JudgingContainer
from entrypoints.seeing_container import SeeingContainer
from entrypoints.settings import Settings
from entrypoints.steering_container import SteeringContainer
from entrypoints.webhook_container import WebhookContainer


class Container(containers.DeclarativeContainer):
    settings = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(parts.clock)
    ids = providers.Singleton(parts.ids)
    redis = providers.Selector(
        settings.provided.redis,
        memory=providers.Object(None),
        redis=providers.Singleton(parts.redis, settings),
    )
    signal = providers.Selector(
        settings.provided.redis,
        memory=providers.Singleton(parts.signal),
        redis=providers.Singleton(parts.redis_signal, redis),
    )
    hint = providers.Singleton(EventHint, signal, clock)
    store = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(parts.memory_store, clock, ids, hint),
        postgres=providers.Singleton(parts.postgres_store, settings, clock, ids, hint),
    )
    presence = providers.Selector(
        settings.provided.database,
        memory=providers.Object(None),
        postgres=providers.Singleton(parts.presence, settings),
    )
    embedder = providers.Selector(
        settings.provided.embedder_kind,
        **{
            "bundled": providers.Singleton(parts.bundled, settings),
            "sentence-transformers": providers.Singleton(parts.sentence_transformers, settings),
            "openai": providers.Singleton(parts.openai_embedder, settings),
        },
    )
    detectors = providers.Singleton(parts.detectors)
    clean = providers.Singleton(parts.clean, detectors)
    numbers = providers.Singleton(parts.numbers)
    tracer = providers.Singleton(parts.tracer, settings, clean)
    llm = providers.Selector(
        settings.provided.llm_kind,
        extractive=providers.Object(None),
        openai=providers.Singleton(
            parts.traced_model, providers.Singleton(parts.openai_model, settings), tracer, numbers
        ),
    )
    reranker = providers.Selector(
        settings.provided.reranker_kind,
        **{
            "built-in": providers.Singleton(parts.built_in_reranker),
            "none": providers.Object(None),
            "cross-encoder": providers.Singleton(parts.cross_encoder, settings),
        },
    )
    qdrant = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Object(None),
        qdrant=providers.Singleton(parts.qdrant_client, settings),
    )
    archive = providers.Selector(
        settings.provided.database,
        memory=providers.Object(None),
        postgres=providers.Singleton(parts.postgres_archive, store),
    )
    question_archive = providers.Selector(
        settings.provided.database,
        memory=providers.Object(None),
        postgres=providers.Singleton(parts.postgres_question_archive, store),
    )
    breaker = providers.Singleton(parts.breaker)
    vectors = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(parts.faiss, settings),
        qdrant=providers.Singleton(parts.qdrant, qdrant, breaker),
    )
    lexical = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(parts.memory_lexical),
        qdrant=providers.Singleton(parts.qdrant_lexical, settings, qdrant, breaker, store),
    )
    languages = providers.Singleton(parts.languages)
    extractor = providers.Singleton(parts.extractor)
    cache = providers.Selector(
        settings.provided.redis,
        memory=providers.Singleton(parts.answer_cache, clock),
        redis=providers.Singleton(parts.redis_answer_cache, redis),
    )

    profile = providers.Singleton(parts.profile, settings)
    calibration = providers.Singleton(parts.calibration, settings)
    defaults = providers.Singleton(parts.tenant_defaults, settings)
    views = providers.Singleton(TenantViews, store, defaults, calibration)
    examples = providers.Singleton(ExampleVectorStore, embedder, clock)
    trainer = providers.Singleton(parts.trainer)
    classifier = providers.Singleton(ExampleClassifier, store, embedder, profile, examples, trainer)
    embedded = providers.Singleton(PairVectors, embedder, archive)
    indexer = providers.Singleton(Indexer, store, embedded, vectors, lexical, profile, clock, ids)
    retriever = providers.Singleton(Retriever, store, embedder, vectors, lexical, profile)
    memory = providers.Singleton(AnswerMemory, cache, embedder, profile)
    meaning = providers.Singleton(Meaning, embedder, profile)
    writer = providers.Singleton(Writer, llm, meaning)
    finder = providers.Singleton(Finder, store, retriever, lexical)
    pipeline = providers.Singleton(AnswerPipeline, store, finder, memory, writer, reranker, llm, detectors, languages)
    stager = providers.Singleton(Stager, store, languages, classifier, lexical, clock, ids)
    committer = providers.Singleton(Committer, indexer, defaults, clock, ids)

    deliveries = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(parts.memory_deliveries, store),
        postgres=providers.Singleton(parts.postgres_deliveries, store),
    )
    guard = providers.Singleton(parts.guard, settings)
    sender = providers.Singleton(parts.sender, guard)
    fetcher = providers.Singleton(parts.fetcher, guard)
    cipher = providers.Singleton(parts.cipher, settings)
    webhooks = providers.Container(
        WebhookContainer,
        store=store,
        numbers=numbers,
        queue=deliveries,
        sender=sender,
        cipher=cipher,
        bounds=providers.Singleton(parts.webhook_bounds, settings, guard),
        signal=signal,
        clock=clock,
        ids=ids,
    )

    issuer = providers.Singleton(parts.issuer, settings, clock)
    access = providers.Container(
        AccessContainer,
        settings=settings,
        store=store,
        cipher=cipher,
        signer=providers.Singleton(parts.signer),
        issuer=issuer,
        own_limiter=providers.Singleton(parts.memory_limiter),
        shared_limiter=providers.Selector(
            settings.provided.redis,
            memory=providers.Object(None),
            redis=providers.Singleton(parts.redis_limiter, settings),
        ),
        numbers=numbers,
        clock=clock,
        ids=ids,
    )
    watch = providers.Singleton(QuestionWatch, tracer, numbers)
    ask = providers.Singleton(AskQuestion, store, pipeline, views, clock, ids, watch)
    submit_batch = providers.Singleton(SubmitBatch, store, webhooks.register_webhook, signal, clock, ids)
    browse_queries = providers.Singleton(queries.BrowseQueries, store)
    give_feedback = providers.Singleton(queries.GiveFeedback, store, clock, ids)
    search = providers.Singleton(searching.SearchKnowledge, store, retriever, views, languages)
    search_further = providers.Singleton(searching.SearchFurther, store, search, languages)
    browse_jobs = providers.Singleton(jobs.BrowseJobs, store, clock)
    watch_job = providers.Singleton(jobs.WatchJob, browse_jobs, signal)
    cancel_job = providers.Singleton(jobs.CancelJob, store, clock)
    fill_beside = providers.Singleton(FillBeside, store, indexer, clock)
    request_reindex = providers.Singleton(RequestReindex, store, signal, clock, ids)
    accept_upload = providers.Singleton(ingestion.AcceptUpload, store, webhooks.register_webhook, signal, clock, ids)
    browse_review = providers.Singleton(reviewing.BrowseReview, store)
    review_pairs = providers.Singleton(reviewing.ReviewPairs, store, committer, indexer, views, signal, clock, ids)
    split_pair = providers.Singleton(reviewing.SplitPair, store, committer, indexer, views, clock, ids)
    browse_documents = providers.Singleton(documents.BrowseDocuments, store)
    archive_document = providers.Singleton(documents.ArchiveDocument, store, indexer, clock)
    restore_document = providers.Singleton(documents.RestoreDocument, store, indexer, clock)
    edit_document = providers.Singleton(documents.EditDocument, store, archive_document, restore_document, clock)
    browse_versions = providers.Singleton(documents.BrowseVersions, store)
    restore_version = providers.Singleton(documents.RestoreVersion, store, committer, indexer, clock)
    browse_pairs = providers.Singleton(pairs.BrowsePairs, store, lexical)
    edit_pair = providers.Singleton(pairs.EditPair, store, committer, indexer, languages, views, clock)
    add_pair = providers.Singleton(pairs.AddPair, store, committer, indexer, languages, views, clock, ids)
    move_pair = providers.Singleton(pairs.MovePair, store, committer, indexer, clock)
    stage_file = providers.Singleton(staging.StageFile, store, extractor, stager, views, clock, ids)
    add_chunks = providers.Singleton(staging.AddChunks, store, languages, views, clock, ids)
    edit_chunks = providers.Singleton(staging.EditChunks, store, views, clock)
    remove_staged = providers.Singleton(staging.RemoveStaged, store)
    commit_draft = providers.Singleton(staging.CommitDraft, store, committer, indexer, clock)
    browse_drafts = providers.Singleton(staging.BrowseDrafts, store, clock)
    expire_drafts = providers.Singleton(staging.ExpireDrafts, store, clock)

    steering = providers.Container(
        SteeringContainer,
        settings=settings,
        store=store,
        views=views,
        defaults=defaults,
        examples=examples,
        detectors=detectors,
        languages=languages,
        clock=clock,
        classifier=classifier,
        committer=committer,
        indexer=indexer,
        cache=cache,
    )

    insights = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(parts.memory_insights, store),
        postgres=providers.Singleton(parts.postgres_insights, store),
    )
    log_book = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(parts.memory_log_book, settings),
        postgres=providers.Singleton(parts.postgres_log_book, settings, store),
    )
    check_health = providers.Singleton(
        health.CheckHealth, providers.Singleton(parts.health_parts, settings, store, vectors, cache, llm), clock
    )
    seeing = providers.Container(
        SeeingContainer,
        settings=settings,
        own_tenant=providers.Singleton(parts.operators_tenant, settings),
        store=store,
        insights=insights,
        question_vectors=providers.Singleton(QuestionVectors, embedder, profile, question_archive),
        grouper=providers.Singleton(parts.grouper),
        retriever=retriever,
        views=views,
        clean=clean,
        deliveries=deliveries,
        check_health=check_health,
        numbers=numbers,
        log_book=log_book,
        log_lines=providers.Singleton(parts.log_lines, settings, clean, log_book),
        cipher=cipher,
        clock=clock,
    )

    judges = providers.Singleton(parts.judges, embedder, profile, languages, llm)
    judging = providers.Container(
        JudgingContainer,
        store=store,
        pipeline=pipeline,
        views=views,
        judges=judges,
        embedder=embedder,
        profile=profile,
        constants=calibration,
        change_config=steering.change_config,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    messengers = providers.Singleton(parts.messengers, settings)
    channel_secrets = providers.Singleton(parts.channel_secrets, settings)
    conversations = providers.Container(
        ConversationContainer,
        store=store,
        ask=ask,
        views=views,
        languages=languages,
        messengers=messengers,
        cache=cache,
        deliveries=deliveries,
        log_book=log_book,
        cipher=cipher,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    process_upload = providers.Singleton(
        ingestion.ProcessUpload, store, extractor, stager, committer, indexer, views, clock
    )
    handlers = providers.Singleton(
        parts.handlers,
        tracer,
        numbers,
        seeing.report_error,
        document_upload=process_upload,
        incoming_message=providers.Singleton(arrivals.AnswerMessage, store, ask, clock),
        document_fetch=providers.Singleton(fetching.FetchDocument, store, fetcher, process_upload, clock, ids),
        ingestion=providers.Singleton(reviewing.FinishIngestion, indexer, clock),
        reindex=providers.Singleton(Reindex, store, indexer, clock),
        batch=providers.Singleton(AnswerBatch, store, ask, clock),
        evaluation=judging.evaluate,
        erasure=conversations.erase_person,
        channel_message=conversations.send_message,
    )
    runner = providers.Singleton(JobRunner, store, store, handlers, signal, clock, ids)
    upkeep = providers.Singleton(
        Upkeep,
        store,
        indexer,
        providers.Singleton(
            parts.chores,
            store,
            providers.Singleton(keeping.ForgetOldQuestions, store, clock, settings.provided.retention_days),
            expire_drafts,
            conversations.expire_sessions,
            webhooks.forget,
            access.report_key_age,
            seeing.chores,
        ),
        clock,
    )
    schedule = providers.Singleton(parts.saq_schedule, settings, upkeep)


def build(settings: Settings) -> Container:
    """The wired system; nothing is opened yet."""
    return Container(settings=settings)
