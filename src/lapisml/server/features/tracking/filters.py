"""The filter and order language of searches, as MLflow's users write it.

A filter is a list of comparisons joined by AND: ``metrics.acc > 0.9 AND tags.`data set` ILIKE '%iris%'``.
`parse_filter` and `parse_order` turn text into data, told by a `Grammar` what may be compared; no SQL here.
Grammar: https://mlflow.org/docs/latest/search-runs.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lapisml.server.features.tracking.limits import invalid

Value = str | float | int | tuple[str, ...] | None

NUMBER_OPERATORS = frozenset({"=", "!=", ">", ">=", "<", "<="})
TEXT_OPERATORS = frozenset({"=", "!=", "LIKE", "ILIKE"})
LIST_OPERATORS = frozenset({"IN", "NOT IN"})
NULL_OPERATORS = frozenset({"IS NULL", "IS NOT NULL"})
_ORDERING = frozenset({">", ">=", "<", "<="})

_MAX_FILTER_LENGTH = 100_000
_MAX_CLAUSES = 200
_MAX_PATTERN_LENGTH = 250
_MOST_UNBOUNDED = 4

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<symbol>!=|<>|>=|<=|=|>|<|\(|\)|,)
      | (?P<word>(?:`[^`]*`|[^\s'"`=<>!(),.]+)(?:\.(?:[^\s'"`=<>!(),]*`[^`]*`|"[^"]*"|[^\s'"`=<>!(),]+))?)
    )""",
    re.VERBOSE,
)


class Clause(NamedTuple):
    """One comparison: ``entity.key operator value``; entity ``attribute`` for an object's own fields."""

    entity: str
    key: str
    operator: str
    value: Value


class Order(NamedTuple):
    """One criterion of an order."""

    entity: str
    key: str
    ascending: bool


@dataclass(frozen=True)
class Grammar:
    """What a search may compare.

    Attributes:
        entities: written prefix → entity (``attribute``, ``metric``, ``param``, ``tag``, ``dataset``).
        attributes: written name → name of the object's field.
        numeric: fields that hold numbers.
        orderable: fields that an order may name.
        order_entities: entities that an order may name.
        order_names: further written names of fields that an order may name.
        listable: fields that take IN and NOT IN.
        nullable: entities that take IS NULL and IS NOT NULL.
        dataset_keys: what of a dataset may be compared.
        mixed: entities whose values are numbers or texts, and take the comparisons of both.
        regular: texts may be compared with a regular expression (RLIKE).
        operators: (entity, key) or (entity, "") → the only comparisons it takes, where that is special.
    """

    entities: Mapping[str, str]
    attributes: Mapping[str, str]
    numeric: frozenset[str]
    orderable: frozenset[str]
    listable: frozenset[str]
    nullable: frozenset[str] = frozenset({"param", "tag"})
    dataset_keys: frozenset[str] = frozenset({"name", "digest", "context"})
    order_entities: frozenset[str] = frozenset({"attribute"})
    order_names: Mapping[str, str] = field(default_factory=dict)
    mixed: frozenset[str] = frozenset()
    regular: bool = False
    operators: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


class _Token(NamedTuple):
    kind: str
    text: str


def parse_filter(text: str | None, grammar: Grammar) -> list[Clause]:
    """Parse a filter.

    Raises:
        LapisError: Usage, with what was expected.
    """
    if text is None or not text.strip():
        return []
    if len(text) > _MAX_FILTER_LENGTH:
        raise invalid(f"A filter may have at most {_MAX_FILTER_LENGTH} characters.")
    reader = _Reader(_tokens(text, "filter"))
    clauses = [_clause(reader, grammar)]
    while not reader.at_end:
        if not reader.take_word("AND"):
            raise invalid(f"Invalid clause(s) in filter string: expected AND before {reader.peek().text[:80]!r}.")
        clauses.append(_clause(reader, grammar))
        if len(clauses) > _MAX_CLAUSES:
            raise invalid(f"A filter may have at most {_MAX_CLAUSES} comparisons.")
    return clauses


def parse_order(text: str, grammar: Grammar) -> Order:
    """Parse one criterion such as ``metrics.acc DESC``.

    Raises:
        LapisError: Usage.
    """
    reader = _Reader(_tokens(text, "order_by clause"))
    fields = {**grammar.attributes, **{name: name for name in grammar.orderable}, **grammar.order_names}
    entity, key = _identifier(reader.take("word", "a column to order by"), grammar, fields)
    if entity not in grammar.order_entities:
        raise invalid(f"Invalid order_by entity: {entity}")
    if entity == "attribute" and key not in grammar.orderable:
        raise invalid(f"Invalid order_by key '{key}'; valid keys are {sorted(grammar.orderable)}.")
    ascending = reader.take_word("ASC") or not reader.take_word("DESC")
    if not reader.at_end:
        raise invalid(f"Invalid order_by clause {text[:80]!r}: expected ASC or DESC after the column.")
    return Order(entity, key, ascending)


def _tokens(text: str, what: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise invalid(f"Invalid {what}: cannot read it from {text[position : position + 40].strip()!r} on.")
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


class _Reader:
    """Reads tokens one after the other."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def peek(self) -> _Token:
        return _Token("end", "the end") if self.at_end else self._tokens[self._at]

    def next(self) -> _Token:
        token = self.peek()
        self._at += 1
        return token

    def take(self, kind: str, expected: str) -> str:
        token = self.peek()
        if token.kind != kind:
            raise invalid(f"Invalid clause: expected {expected}, found {token.text[:80]!r}.")
        self._at += 1
        return token.text

    def take_word(self, word: str) -> bool:
        token = self.peek()
        if token.kind == "word" and token.text.upper() == word:
            self._at += 1
            return True
        return False

    def take_symbol(self, symbol: str) -> bool:
        if self.peek() == _Token("symbol", symbol):
            self._at += 1
            return True
        return False


def _clause(reader: _Reader, grammar: Grammar) -> Clause:
    written = reader.take("word", "a column such as metrics.accuracy")
    entity, key = _identifier(written, grammar, grammar.attributes)
    operator = _operator(reader)
    allowed = _allowed_operators(entity, key, grammar)
    if operator not in allowed:
        raise invalid(f"Invalid comparator '{operator}' for {entity} '{key}'; it takes one of {sorted(allowed)}.")
    if operator in NULL_OPERATORS:
        return Clause(entity, key, operator, None)
    if operator in LIST_OPERATORS:
        return Clause(entity, key, operator, _list(reader))
    if entity == "metric" or (entity == "attribute" and key in grammar.numeric):
        return Clause(entity, key, operator, _number(reader, key))
    if entity in grammar.mixed and (operator in _ORDERING or reader.peek().kind == "number"):
        return Clause(entity, key, operator, _number(reader, key))
    if operator == "RLIKE":
        return Clause(entity, key, operator, _pattern(_text(reader, entity, key)))
    return Clause(entity, key, operator, _text(reader, entity, key))


def _identifier(written: str, grammar: Grammar, fields: Mapping[str, str]) -> tuple[str, str]:
    match = re.fullmatch(r"(`[^`]*`|[^.`]+)(?:\.(.+))?", written, re.DOTALL)
    if match is None:
        raise invalid(f"Invalid identifier {written[:80]!r}.")
    prefix, key = match.group(1).strip("`"), match.group(2)
    entity = "attribute"
    if key is None:
        key = prefix
    elif prefix in grammar.entities:
        entity = grammar.entities[prefix]
        key = key.strip("`") if key.startswith("`") else key.strip('"')
    else:
        raise invalid(f"Invalid entity type '{prefix[:80]}'. Valid values are {sorted(grammar.entities)}.")
    if entity == "attribute":
        if key not in fields:
            raise invalid(f"Invalid attribute key '{key[:80]}' specified. Valid keys are {sorted(fields)}.")
        key = fields[key]
    if entity == "dataset" and key not in grammar.dataset_keys:
        raise invalid(f"Invalid dataset key '{key[:80]}'. Valid keys are {sorted(grammar.dataset_keys)}.")
    return entity, key


def _operator(reader: _Reader) -> str:
    token = reader.next()
    if token.kind == "symbol" and token.text not in "(),":
        return "!=" if token.text == "<>" else token.text
    word = token.text.upper()
    if word == "NOT" and reader.take_word("IN"):
        return "NOT IN"
    if word == "IS":
        negated = reader.take_word("NOT")
        if reader.take_word("NULL"):
            return "IS NOT NULL" if negated else "IS NULL"
    if token.kind == "word" and word in ("LIKE", "ILIKE", "RLIKE", "IN"):
        return word
    raise invalid(f"Invalid clause: expected a comparator such as =, !=, >, LIKE or IN, found {token.text[:80]!r}.")


def _allowed_operators(entity: str, key: str, grammar: Grammar) -> frozenset[str]:
    special = grammar.operators.get((entity, key)) or grammar.operators.get((entity, ""))
    if special is not None:
        return special
    if entity == "metric" or (entity == "attribute" and key in grammar.numeric):
        return NUMBER_OPERATORS
    allowed = TEXT_OPERATORS | NUMBER_OPERATORS if entity in grammar.mixed else TEXT_OPERATORS
    if grammar.regular:
        allowed |= {"RLIKE"}
    if entity in grammar.nullable:
        allowed |= NULL_OPERATORS
    if entity == "dataset" or (entity == "attribute" and key in grammar.listable):
        allowed |= LIST_OPERATORS
    return allowed


def _number(reader: _Reader, key: str) -> float | int:
    token = reader.next()
    if token.kind != "number":
        raise invalid(f"Expected a number to compare '{key}' with, found {token.text[:80]!r}.")
    return int(token.text) if re.fullmatch(r"[+-]?\d{1,18}", token.text) else float(token.text)


def _text(reader: _Reader, entity: str, key: str) -> str:
    token = reader.next()
    if token.kind != "text":
        raise invalid(
            f"Expected a quoted string value for {entity} '{key}' (e.g. 'my-value'), found {token.text[:80]!r}."
        )
    return _unquote(token.text)


def _list(reader: _Reader) -> tuple[str, ...]:
    if not reader.take_symbol("("):
        raise invalid(f"Expected a list such as ('a', 'b') after IN, found {reader.peek().text[:80]!r}.")
    values = [_unquote(reader.take("text", "a quoted string in the list"))]
    while reader.take_symbol(","):
        if reader.peek() == _Token("symbol", ")"):
            break
        values.append(_unquote(reader.take("text", "a quoted string in the list")))
    if not reader.take_symbol(")"):
        raise invalid(f"Expected ) at the end of the list, found {reader.peek().text[:80]!r}.")
    return tuple(values)


def _pattern(text: str) -> str:
    """Check a regular expression; one whose matching could take very long is refused.

    Raises:
        LapisError: Usage.
    """
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        raise invalid(f"Invalid regular expression {text[:80]!r}.") from None
    unbounded = re.findall(r"(?<!\\)(?:[*+]|\{\d*,\d*\})", text)
    if len(text) > _MAX_PATTERN_LENGTH or len(unbounded) > _MOST_UNBOUNDED or re.search(r"\)[*+{?]|\\\d", text):
        raise invalid(
            f"A regular expression in a search has at most {_MAX_PATTERN_LENGTH} characters and {_MOST_UNBOUNDED} "
            "repetitions, no repeated group and no back reference."
        )
    return text


def _unquote(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
