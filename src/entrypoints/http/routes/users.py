"""People who ask: what is known of them, taking it along, forgetting it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.use_cases.erasure import EraseUser
from application.use_cases.users import Belongings, BrowseUsers, EditUser, ExportUser, UserChanges, UserView
from domain.access import Scope
from domain.errors import NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok, pending
from entrypoints.http.routes.escalations import EscalationOut
from entrypoints.http.routes.queries import QueryOut
from entrypoints.http.routes.sessions import ANONYMOUS, MessageOut, Metadata, SessionOut
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

ADMIN = rules(scope=Scope.ADMIN, raises=(NotFound,))
Language = Annotated[str, Meta(pattern="^[a-z]{2}$", description="ISO 639-1")]


class UserIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """`metadata` is laid over what is there; null takes a key away."""

    preferred_language: Language | None = None
    metadata: Metadata = {}

    def to_changes(self) -> UserChanges:
        return UserChanges(self.preferred_language, self.metadata)


class UserOut(Struct, kw_only=True):
    user_id: str
    created_at: datetime
    updated_at: datetime
    total_queries: int
    total_sessions: int
    average_satisfaction: float | None
    preferred_language: str
    last_activity: datetime
    metadata: Mapping[str, Any]

    @staticmethod
    def of(view: UserView) -> "UserOut":
        return UserOut(
            user_id=view.profile.id,
            created_at=view.profile.created_at,
            updated_at=view.profile.updated_at,
            total_queries=view.total_queries,
            total_sessions=view.total_sessions,
            average_satisfaction=view.average_satisfaction,
            preferred_language=view.preferred_language,
            last_activity=view.last_activity,
            metadata=view.profile.metadata,
        )


class UserChanged(Struct, kw_only=True):
    user_id: str
    updated_at: datetime
    metadata: Mapping[str, Any]


class MessageKept(MessageOut, kw_only=True):
    session_id: str


class UserExport(Struct, kw_only=True):
    user_id: str
    profile: Mapping[str, Any]
    sessions: list[SessionOut]
    messages: list[MessageKept]
    queries: list[QueryOut]
    escalations: list[EscalationOut]

    @staticmethod
    def of(user_id: str, kept: Belongings) -> "UserExport":
        profile = kept.profile
        return UserExport(
            user_id=user_id,
            profile={
                "created_at": profile.created_at,
                "preferred_language": profile.preferred_language,
                "metadata": profile.metadata,
            }
            if profile
            else {},
            sessions=[
                SessionOut(
                    session_id=session.id,
                    user_id=session.user_id or ANONYMOUS,
                    created_at=session.created_at,
                    expires_at=session.expires_at,
                    state=session.state,
                    metadata=session.metadata,
                )
                for session in kept.sessions
            ],
            messages=[
                MessageKept(
                    message_id=message.id,
                    session_id=message.session_id,
                    role=message.role,
                    content=message.content,
                    timestamp=message.created_at,
                )
                for message in kept.messages
            ],
            queries=[QueryOut.of(query) for query in kept.queries],
            escalations=[EscalationOut.of(each) for each in kept.escalations],
        )


class ErasureOut(Struct, kw_only=True):
    user_id: str
    job_id: str
    status: str


def user_links(user_id: str) -> dict[str, str]:
    own = f"/api/v1/users/{user_id}"
    return {"self": own, "history": f"/api/v1/history?user_id={user_id}", "export": f"{own}/export"}


class UsersController(Controller):
    path = "/api/v1/users"
    tags = ("users",)

    @get("/{user_id:str}", operation_id="getUser", opt=rules(raises=(NotFound,)))
    async def one(
        self, user_id: FromPath[Id], caller: Caller, browse_users: NamedDependency[BrowseUsers]
    ) -> Envelope[UserOut]:
        """A person's profile and what they did."""
        return ok(UserOut.of(await browse_users.one(caller, user_id)), links=user_links(user_id))

    @put("/{user_id:str}", operation_id="updateUser")
    async def update(
        self,
        user_id: FromPath[Id],
        data: JSONBody[UserIn],
        caller: Caller,
        edit_user: NamedDependency[EditUser],
    ) -> Envelope[UserChanged]:
        """Change a profile, or begin one."""
        profile = await edit_user(caller, user_id, data.to_changes())
        out = UserChanged(user_id=profile.id, updated_at=profile.updated_at, metadata=profile.metadata)
        return ok(out, links=user_links(user_id))

    @delete("/{user_id:str}", status_code=202, operation_id="eraseUser", opt=ADMIN)
    async def erase(
        self, user_id: FromPath[Id], caller: Caller, erase_user: NamedDependency[EraseUser]
    ) -> Envelope[ErasureOut]:
        """Erase everything that is kept of a person; a job does it."""
        job = await erase_user(caller, user_id)
        links = {"poll": f"/api/v1/jobs/{job.id}"}
        return pending(ErasureOut(user_id=user_id, job_id=job.id, status=job.status), links=links)

    @get("/{user_id:str}/export", operation_id="exportUser", opt=ADMIN)
    async def export(
        self, user_id: FromPath[Id], caller: Caller, export_user: NamedDependency[ExportUser]
    ) -> Envelope[UserExport]:
        """Everything that is kept of a person."""
        kept = await export_user(caller, user_id)
        return ok(UserExport.of(user_id, kept), links=user_links(user_id))
