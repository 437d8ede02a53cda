"""The parts of a web page that are about the page: navigation, scripts, contents lists."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TAGS = frozenset(
    "script style noscript template nav footer aside form svg math iframe object embed canvas audio video "
    "select input textarea head link meta title base".split()
)
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog"})
_NAMES = re.compile(
    r"^(?:nav|navbar|navheader|navfooter|navigation|main-?nav|site-?nav|topnav|menu|sidebar|sphinxsidebar|toc|"
    r"table-of-contents|breadcrumbs?|footer|site-?footer|site-?header|footnotes?|headerlink|related|"
    r"pagination|pager|cookie(?:s|-banner|-consent)?|skip-?link|share|social|mw-editsection|mw-jump-link|"
    r"printfooter|interlanguage-link|vector-(?:menu|dropdown|header|toc|page-toolbar)[\w-]*|hatnote|toctree-wrapper|catlinks|navbox|reflist|mw-references-wrap|noprint|mobile-nav)$",
    re.IGNORECASE,
)
_KEEP_MAIN_FROM = 0.3


def is_boilerplate(element: "HtmlElement") -> bool:
    tag = element.tag
    if not isinstance(tag, str) or tag.lower() in _TAGS or element.get("role") in _ROLES:
        return True
    if tag in ("body", "html", "main", "article"):
        return False
    if tag == "header" and not any(parent.tag in ("article", "main") for parent in element.iterancestors()):
        return element.find(".//h1") is None
    names = (*element.get("class", "").split(), element.get("id") or "")
    return any(_NAMES.match(name) for name in names)


def main_part(root: "HtmlElement") -> "HtmlElement":
    """`<main>` or the element with its role, unless most of the text stands elsewhere."""
    found = root.xpath("//main | //*[@role='main']")
    body = root.find("body")
    whole = body if body is not None else root
    if len(found) == 1 and _length(found[0]) >= _KEEP_MAIN_FROM * _length(whole):
        return found[0]
    return whole


def _length(element: "HtmlElement") -> int:
    return len(element.text_content())
