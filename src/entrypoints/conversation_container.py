"""The part of the composition that talks with people, and lets people talk."""

from typing import Any

from dependency_injector import containers, providers

from application.use_cases import channels, chat, erasure, escalations, handing_over, history, sessions, users
from application.use_cases.mentions import ForgetMentions


class ConversationContainer(containers.DeclarativeContainer):
    store: providers.Dependency[Any] = providers.Dependency()
    ask: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    languages: providers.Dependency[Any] = providers.Dependency()
    messengers: providers.Dependency[Any] = providers.Dependency()
    cache: providers.Dependency[Any] = providers.Dependency()
    deliveries: providers.Dependency[Any] = providers.Dependency()
    log_book: providers.Dependency[Any] = providers.Dependency()
    cipher: providers.Dependency[Any] = providers.Dependency()
    signal: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    ids: providers.Dependency[Any] = providers.Dependency()

    open_session = providers.Singleton(sessions.OpenSession, store, clock, ids)
    browse_sessions = providers.Singleton(sessions.BrowseSessions, store, clock)
    close_session = providers.Singleton(sessions.CloseSession, store, clock)
    expire_sessions = providers.Singleton(sessions.ExpireSessions, store, clock)

    browse_users = providers.Singleton(users.BrowseUsers, store)
    edit_user = providers.Singleton(users.EditUser, store, clock)
    erase_user = providers.Singleton(erasure.EraseUser, store, signal, clock, ids)
    forget_mentions = providers.Singleton(ForgetMentions, store, deliveries, log_book, cipher, clock)
    erase_person = providers.Singleton(erasure.ErasePerson, store, forget_mentions, cache, clock)
    export_user = providers.Singleton(users.ExportUser, store)
    browse_history = providers.Singleton(history.BrowseHistory, store)
    forget_history = providers.Singleton(history.ForgetHistory, store, clock)

    converse = providers.Singleton(chat.Converse, ask, ids)

    hand_over = providers.Singleton(handing_over.HandOver, store, languages, views, clock, ids)
    browse_escalations = providers.Singleton(escalations.BrowseEscalations, store)
    assign_escalation = providers.Singleton(escalations.AssignEscalation, store, clock)
    speak_as_operator = providers.Singleton(escalations.SpeakAsOperator, store, signal, clock, ids)
    resolve_escalation = providers.Singleton(escalations.ResolveEscalation, store, languages, views, signal, clock, ids)

    post_to_channel = providers.Singleton(channels.PostToChannel, store, messengers, clock, ids)
    take_from_channel = providers.Singleton(channels.TakeFromChannel, store, messengers, signal, clock, ids)
    send_message = providers.Singleton(channels.SendMessage, store, messengers, clock)
