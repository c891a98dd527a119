"""Fills a prompt template, and refuses templates that could do more than that.

Templates are Jinja, cut down to variables, `if`, `for`, `set` and harmless filters: no calls, no imports, no arithmetic that
grows. What a template can cost is thereby bounded by what it is given. A line `=== user ===` parts what the model is
told (above) from what is put in place of the user's message (below); values can never add such a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.prompts.records import RenderedPrompt

MAX_TEMPLATE_CHARACTERS = 64_000
MAX_RENDERED_CHARACTERS = 2_000_000
MAX_RENDER_SECONDS = 1.0
MAX_LOOP_DEPTH = 2

_USER_LINE = re.compile(r"^=== user ===[ \t]*\n?", re.MULTILINE)
_FILTERS = frozenset(
    {
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "indent",
        "int",
        "items",
        "join",
    }
    | {
        "last",
        "length",
        "list",
        "lower",
        "max",
        "min",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "selectattr",
        "sort",
    }
    | {"string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount"}
)
_FORBIDDEN: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Call, "calls"),
    (nodes.Macro, "macros"),
    (nodes.CallBlock, "call blocks"),
    (nodes.FilterBlock, "filter blocks"),
    (nodes.Include, "includes"),
    (nodes.Import, "imports"),
    (nodes.FromImport, "imports"),
    (nodes.Extends, "inheritance"),
    (nodes.Block, "blocks"),
    (nodes.Mul, "multiplication"),
    (nodes.Pow, "powers"),
    (nodes.Mod, "the operator `%`"),
    (nodes.ScopedEvalContextModifier, "evaluation contexts"),
    (nodes.EvalContextModifier, "evaluation contexts"),
)

# Prompts are plain text for a model, never HTML for a browser: escaping would change what the model reads.
_environment = SandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)


def check(template: str) -> frozenset[str]:
    """The variables a template wants; raises when it is not a template we would fill."""
    if not template.strip():
        raise InvalidInput("The template is empty. Write what the model should do.", param="template")
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        raise InvalidInput(
            f"The template has {len(template):,} characters; {MAX_TEMPLATE_CHARACTERS:,} is the most.", param="template"
        )
    wanted: set[str] = set()
    for part in _parts(template):
        try:
            tree = _environment.parse(part)
        except TemplateSyntaxError as error:
            raise InvalidInput(f"Line {error.lineno} of the template: {error.message}", param="template") from error
        _refuse_what_grows(tree)
        wanted |= meta.find_undeclared_variables(tree)
    return frozenset(wanted)


def render(template: str, values: Mapping[str, object]) -> RenderedPrompt:
    """Fill a template. A variable that is not there is an error, not an empty text."""
    filled = [_fill(part, values).strip() for part in _compiled(template)]
    return RenderedPrompt(system=filled[0], user=filled[1] if len(filled) > 1 else None)


@lru_cache(maxsize=256)
def _compiled(template: str) -> tuple[Template, ...]:
    check(template)
    return tuple(_environment.from_string(part) for part in _parts(template))


def _parts(template: str) -> list[str]:
    parts = _USER_LINE.split(template.replace("\r\n", "\n"))
    if len(parts) > 2:
        raise InvalidInput("The template has two lines `=== user ===`. Keep one.", param="template")
    return parts


def _fill(template: Template, values: Mapping[str, object]) -> str:
    deadline = clock.monotonic_ns() + int(MAX_RENDER_SECONDS * 1e9)
    pieces: list[str] = []
    length = 0
    try:
        for piece in template.generate(dict(values)):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_RENDERED_CHARACTERS:
                raise InvalidInput(f"The prompt grows beyond {MAX_RENDERED_CHARACTERS:,} characters. Pass it less.")
            if clock.monotonic_ns() > deadline:
                raise InvalidInput(f"The prompt takes longer than {MAX_RENDER_SECONDS:g} s to fill. Make it simpler.")
    except UndefinedError as error:
        raise InvalidInput(
            f"The prompt template: {error.message}. Known: {sorted(values)}.", param="template"
        ) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise InvalidInput(f"The prompt template cannot be filled: {error}", param="template") from error
    return "".join(pieces)


def _refuse_what_grows(tree: nodes.Template) -> None:
    for kind, name in _FORBIDDEN:
        found = tree.find(kind)
        if found is not None:
            raise InvalidInput(
                f"Line {found.lineno} of the template uses {name}. Templates may use variables, `if`, `for` and filters.",
                param="template",
            )
    for used in tree.find_all(nodes.Filter):
        if used.name not in _FILTERS:
            raise InvalidInput(
                f"Line {used.lineno}: the filter `{used.name}` is not available. There are: {sorted(_FILTERS)}.",
                param="template",
            )
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, int | float) and abs(constant.value) > 10_000:
            raise InvalidInput(f"Line {constant.lineno}: the number {constant.value} is too large.", param="template")
    if _loop_depth(tree) > MAX_LOOP_DEPTH:
        raise InvalidInput(f"Loops are nested deeper than {MAX_LOOP_DEPTH}.", param="template")


def _loop_depth(node: nodes.Node) -> int:
    below = max((_loop_depth(child) for child in node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)
