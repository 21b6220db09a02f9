"""Formulas as MathML, which browsers draw themselves: pages need no script and no network."""

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.util.math import get_node_equation_number


def _convert(node, block):
    source = node.astext()
    if block and "\\\\" in source:
        source = f"\\begin{{align}}{source}\\end{{align}}"
    return latex2mathml.tex2mathml(source, as_block=block)


def visit_inline(self, node):
    """Write one formula of a text."""
    self.body.append(self.starttag(node, "span", "", CLASS="math") + _convert(node, False) + "</span>")
    raise nodes.SkipNode


def visit_block(self, node):
    """Write one displayed formula, with its number where it has one."""
    self.body.append(self.starttag(node, "div", "", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(_convert(node, True) + "</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer `native`."""
    app.add_html_math_renderer("native", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
