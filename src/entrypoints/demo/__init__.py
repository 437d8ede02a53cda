"""A real FAQ in four languages, so that the first question can be asked at once. NOTICE has its terms."""

from importlib.resources import files

from application.ports.storage import CATEGORIES, DOCUMENTS
from application.use_cases.ingestion import IncomingFile
from domain.access import DEFAULT_TENANT, PLATFORM_TENANT, Caller, Principal, Scope, Tier
from domain.taxonomy import Category
from entrypoints.container import Container
from entrypoints.settings import Settings

ROOT = "debian-faq"
CHAPTERS = {
    "basic-defs": "Definitions and overview",
    "choosing": "Choosing a Debian distribution",
    "compatibility": "Compatibility issues",
    "contributing": "Contributing to the Debian project",
    "customizing": "Customizing your installation",
    "faqinfo": "About this FAQ",
    "ftparchives": "The Debian archives",
    "getting-debian": "Getting and installing Debian",
    "kernel": "Debian and the kernel",
    "nextrelease": "Changes expected in the next release",
    "pkg-basics": "Basics of package management",
    "pkgtools": "Package management tools",
    "redistributing": "Redistributing Debian",
    "software": "Software available in Debian",
    "support": "Getting support",
    "uptodate": "Keeping a system up to date",
}
TITLES = {
    "en": "The Debian GNU/Linux FAQ",
    "de": "Die Debian-GNU/Linux-FAQ",
    "fr": "La FAQ Debian GNU/Linux",
    "ru": "ЧаВо по Debian GNU/Linux",
}


async def load_demo(container: Container) -> int:
    """Stages and commits the FAQ the way any file is; how many pairs that were. Does nothing where documents
    are already."""
    caller = _operator(container.settings())
    async with container.store().begin(caller.tenant_id) as uow:
        if await uow[DOCUMENTS].count():
            return 0
    total = 0
    for language, title in TITLES.items():
        content = files(__package__).joinpath(f"debian-faq.{language}.json").read_bytes()
        file = IncomingFile(f"debian-faq.{language}.json", content, "application/json")
        metadata = {"title": title, "source": ROOT, "language": language}
        staged = await container.stage_file()(caller, file, metadata)
        total += (await container.commit_draft()(caller, staged.draft_id)).pairs_committed
    await _name_chapters(container, caller)
    return total


def _operator(settings: Settings) -> Caller:
    """The tenant that the first key, or no key at all, acts for."""
    tenant = DEFAULT_TENANT if settings.auth == "off" else PLATFORM_TENANT
    return Caller(Principal(tenant, frozenset({Scope.ADMIN}), Tier.ENTERPRISE))


async def _name_chapters(container: Container, caller: Caller) -> None:
    now = container.clock().now()
    async with container.store().begin(caller.tenant_id) as uow:
        await uow[CATEGORIES].save(Category(id=ROOT, created_at=now, updated_at=now, name=TITLES["en"]))
        for label, name in CHAPTERS.items():
            known = await uow[CATEGORIES].find(label)
            chapter = known or Category(id=label, created_at=now, updated_at=now, name=name)
            chapter.name, chapter.parent_category = name, ROOT
            await uow[CATEGORIES].save(chapter)
        await uow.touch_knowledge()
        await uow.commit()
