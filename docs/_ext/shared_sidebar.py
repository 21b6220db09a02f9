"""Make the sidebar of an entry of the API reference from that of the entry before.

Furo resolves the whole tree of contents for each page, which took half of the time of a build with 260 entries. All
entries under one page of contents have the same sidebar, but for the entry that is marked.
"""

_MARKED = ' current current-page"><a class="current reference internal" href="#">'
_PLAIN = '"><a class="reference internal" href="{}">'
_FOLDER = "api/generated/"


def with_other_page_marked(html, marked, page):
    """Return a sidebar in which `page` is marked in place of `marked`; None if it does not have each of them once."""
    plain = _PLAIN.format(page)
    if html.count(_MARKED) != 1 or html.count(plain) != 1:
        return None
    other = html.replace(plain, "\0").replace(_MARKED, _PLAIN.format(marked))
    return other.replace("\0", _MARKED)


class _Sidebars:
    def __init__(self):
        self.made = {}  # parent -> URI of an entry, its sidebar
        self.found = None

    def before(self, app, pagename, _template, context, _doctree):
        """Take the tree from Furo where a sidebar of the same parent is known."""
        self.found = None
        if not pagename.startswith(_FOLDER) or "toctree" not in context:
            return
        earlier = self.made.get(_parent(app, pagename))
        if earlier is not None:
            self.found = with_other_page_marked(earlier[1], earlier[0], _uri(pagename))
            if self.found is not None:
                del context["toctree"]

    def after(self, app, pagename, _template, context, _doctree):
        """Set the sidebar, or keep Furo's for the next entries."""
        if self.found is not None:
            context["furo_navigation_tree"] = self.found
        elif pagename.startswith(_FOLDER) and "furo_navigation_tree" in context:
            self.made[_parent(app, pagename)] = _uri(pagename), context["furo_navigation_tree"]


def _uri(pagename):
    return pagename.removeprefix(_FOLDER) + ".html"


def _parent(app, pagename):
    includes = app.env.toctree_includes
    return next((parent for parent, pages in includes.items() if pagename in pages), None)


def setup(app):
    """Register one handler before Furo's and one after it."""
    sidebars = _Sidebars()
    app.connect("html-page-context", sidebars.before, priority=100)
    app.connect("html-page-context", sidebars.after, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
