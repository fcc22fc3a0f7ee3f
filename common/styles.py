"""Computed styles kept across documents.

WeasyPrint computes the style of every element of every document anew: a third of a certificate. Our documents are filled
from a few templates, so an element of the same kind under the same parent has the same style; it is computed once. The
pages are the same to the byte (tests/pdf). Written against WeasyPrint 70, which is pinned.
"""

from typing import Any

MOST = 4000
# What our stylesheets cannot see: no selector and no attr() in a property names these.
UNSEEN = frozenset({"href", "src", "alt", "content", "charset", "name", "scope", "data-foot", "data-page", "data-of"})

Found = list[tuple[str | None, Any]]


def keeping(base: Any, memory: dict[tuple[Any, ...], Found]) -> Any:
    """A StyleFor that looks into `memory` first; one memory per set of stylesheets."""
    import weasyprint.css as css

    class Styles(base):
        def __init__(self, html: Any, sheets: Any, hints: bool, fonts: Any, targets: Any) -> None:
            self._cascaded_styles: dict[Any, Any] = {}
            self._computed_styles: dict[Any, Any] = {}
            self.initial_page_sizes = {"box": None, "area": None}
            self._sheets, self.font_config = sheets, fonts
            if len(memory) > MOST:
                memory.clear()
            for element in html.wrapper_element.iter_subtree():
                node = element.etree_element
                parent = element.parent.etree_element if element.parent else None
                above = 0 if parent is None else id(self._computed_styles[parent, None])  # kept alive by the memory
                seen = tuple(pair for pair in node.attrib.items() if pair[0] not in UNSEEN)
                key = (above, node.tag, seen)
                if key not in memory:
                    memory[key] = self._compute(element, node, parent, html, targets)
                for pseudo, style in memory[key]:
                    self._computed_styles[node, pseudo] = style

        def _compute(self, element: Any, node: Any, parent: Any, html: Any, targets: Any) -> Found:
            cascaded = self._cascaded_styles
            alone = node.makeelement(node.tag, node.attrib)  # its attributes, without what is inside it
            for specificity, _element, declarations, base_url in css.find_style_attributes(alone, False, html.base_url):
                for name, value, important in css.preprocess_declarations(base_url, declarations):
                    self._lay(
                        node, None, name, value, css.declaration_precedence("author", important), css.inf, specificity
                    )
            for sheet, origin, sheet_specificity in self._sheets:
                for specificity, _order, pseudo, (declarations, layer) in sheet.matcher.match(element):
                    order = css.inf if layer is None else sheet.layers.index(layer)
                    for name, value, important in declarations:
                        precedence = css.declaration_precedence(origin, important)
                        self._lay(node, pseudo, name, value, precedence, order, sheet_specificity or specificity)
            wanted = {"root": html.etree_element, "base_url": html.base_url, "target_collector": targets}
            self.set_computed_styles(node, parent=parent, **wanted)
            pseudos = [pseudo for _node, pseudo in cascaded if pseudo]
            for pseudo in pseudos:
                self.set_computed_styles(node, parent=node, pseudo_type=pseudo, **wanted)
            cascaded.clear()
            return [(pseudo, self._computed_styles[node, pseudo]) for pseudo in (None, *pseudos)]

        def _lay(
            self, node: Any, pseudo: Any, name: str, value: Any, precedence: int, order: Any, specificity: Any
        ) -> None:
            style = self._cascaded_styles.setdefault((node, pseudo), {})
            weight = (precedence, order, specificity)
            old = style.get(name, (None, None))[1]
            if old is None or old <= weight:
                style[name] = value, weight

    return Styles
