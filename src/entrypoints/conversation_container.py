"""The part of the composition that talks with people, and lets people talk."""

from typing import Any

from dependency_injector import containers, providers

from application.use_cases import chat, escalations, sessions


class ConversationContainer(containers.DeclarativeContainer):
    store: providers.Dependency[Any] = providers.Dependency()
    ask: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    languages: providers.Dependency[Any] = providers.Dependency()
    signal: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    ids: providers.Dependency[Any] = providers.Dependency()

    open_session = providers.Singleton(sessions.OpenSession, store, clock, ids)
    browse_sessions = providers.Singleton(sessions.BrowseSessions, store, clock)
    close_session = providers.Singleton(sessions.CloseSession, store, clock)
    expire_sessions = providers.Singleton(sessions.ExpireSessions, store, clock)

    converse = providers.Singleton(chat.Converse, ask, ids)

    hand_over = providers.Singleton(escalations.HandOver, store, views, clock, ids)
    browse_escalations = providers.Singleton(escalations.BrowseEscalations, store)
    assign_escalation = providers.Singleton(escalations.AssignEscalation, store, clock)
    speak_as_operator = providers.Singleton(escalations.SpeakAsOperator, store, signal, clock, ids)
    resolve_escalation = providers.Singleton(escalations.ResolveEscalation, store, languages, views, signal, clock, ids)
